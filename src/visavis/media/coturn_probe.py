"""One STUN question to a relay: is it ours?

A request for an allocation (RFC 8656, 7.2) without credentials, which a relay answers with 401 and
its realm. Used to wait for the start, and by `visavis doctor`.
"""

from __future__ import annotations

import asyncio
import struct
from typing import Final

from visavis.ports.random import Rng

_MAGIC: Final = 0x2112A442
_ALLOCATE_REQUEST: Final = 0x0003
_UDP: Final = struct.pack("!HHB3x", 0x0019, 4, 17)
"""REQUESTED-TRANSPORT (RFC 8656, 18.7)."""
_REALM: Final = 0x0014
_HEADER: Final = struct.Struct("!HHI12s")
_ATTRIBUTE: Final = struct.Struct("!HH")

ANSWER_TIMEOUT_S: Final = 0.25


class _Answer(asyncio.DatagramProtocol):
    def __init__(self, transaction: bytes, result: asyncio.Future[str | None]) -> None:
        self._transaction = transaction
        self._result = result

    def datagram_received(self, data: bytes, addr: object) -> None:
        del addr
        if data[8:20] == self._transaction and not self._result.done():
            self._result.set_result(parse_realm(data))

    def error_received(self, exc: Exception) -> None:
        del exc  # nothing listens on the port yet
        if not self._result.done():
            self._result.set_result(None)


async def realm_of(
    host: str, port: int, rng: Rng, timeout_s: float = ANSWER_TIMEOUT_S
) -> str | None:
    """Return the realm of the relay at an address, "" if it has none, None if nothing answers.

    Args:
        host: IP address or name.
        port: UDP port.
        rng: Source of the transaction id.
        timeout_s: Seconds to wait for the answer.
    """
    loop = asyncio.get_running_loop()
    transaction = rng(12)
    result: asyncio.Future[str | None] = loop.create_future()
    transport, _ = await loop.create_datagram_endpoint(
        lambda: _Answer(transaction, result), remote_addr=(host, port)
    )
    try:
        header = _HEADER.pack(_ALLOCATE_REQUEST, len(_UDP), _MAGIC, transaction)
        transport.sendto(header + _UDP)
        return await asyncio.wait_for(result, timeout_s)
    except TimeoutError:
        return None
    finally:
        transport.close()


def parse_realm(message: bytes) -> str:
    """Return the REALM attribute of a STUN message, or "" (RFC 8489, 14.9)."""
    position = _HEADER.size
    while position + _ATTRIBUTE.size <= len(message):
        kind, length = _ATTRIBUTE.unpack_from(message, position)
        position += _ATTRIBUTE.size
        if kind == _REALM:
            return message[position : position + length].decode("utf-8", "replace")
        position += length + (-length % 4)
    return ""
