"""Lets clients reach a server from a marked address, so that the address can be searched for.

A plain forwarder on loopback: what connects to it goes on to the server from an address of
127.0.0.0/8 that nothing else uses.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final

MARKED: Final = "127.77.63.9"
"""Where the server sees its clients come from."""

_CHUNK: Final = 1 << 16


@contextlib.asynccontextmanager
async def forwarded(port: int) -> AsyncIterator[int]:
    """Forward a free port to a server on 127.0.0.1, from the marked address.

    Args:
        port: The server's.

    Yields:
        The port that clients connect to.
    """
    tasks: set[asyncio.Task[None]] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        on, back = await asyncio.open_connection("127.0.0.1", port, local_addr=(MARKED, 0))
        for task in (
            asyncio.create_task(pump(reader, back)),
            asyncio.create_task(pump(on, writer)),
        ):
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    front = await asyncio.start_server(connect, "127.0.0.1", 0)
    try:
        yield int(front.sockets[0].getsockname()[1])
    finally:
        front.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
