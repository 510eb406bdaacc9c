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
    connections: set[asyncio.Task[None]] = set()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            connections.add(task)
            task.add_done_callback(connections.discard)
        on, back = await asyncio.open_connection("127.0.0.1", port, local_addr=(MARKED, 0))
        try:
            await asyncio.gather(_pump(reader, back), _pump(on, writer))
        finally:
            for side in (back, writer):
                side.close()
                with contextlib.suppress(OSError):
                    await side.wait_closed()

    front = await asyncio.start_server(connect, "127.0.0.1", 0)
    try:
        yield int(front.sockets[0].getsockname()[1])
    finally:
        front.close()
        await front.wait_closed()
        for task in tuple(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()
