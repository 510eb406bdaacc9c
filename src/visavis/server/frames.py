"""The binary frames of `/v1/send` and `/v1/receive`, and what each check refuses.

Send, one WebSocket message per envelope (big-endian)::

    client: request_id u32 | class u8 (0 call, 1 durable) | mailbox 16 | capability 32 | envelope
    server: (request_id u32 | status u8) one or more times

Receive::

    client: device token 48                  first message; nothing else is read before it
    server: 0x00                             ready
    server: 0x01 | class u8 | delivery_id 16 | envelope
    server: 0x03                             once: all that waited has been written
    client: 0x02 | delivery_id 16 one or more times

An envelope is exactly 1, 8, 64 or 256 KiB (protocol.md P1), so a frame has one of four lengths and
every other length is refused before anything is looked at.
"""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Final

from visavis.core.envelope import BUCKETS
from visavis.core.errors import Code, PeerError
from visavis.ports.bus import DELIVERY_ID_BYTES, Parcel

SEND_HEADER: Final = struct.Struct("!IB16s32s")
ANSWER: Final = struct.Struct("!IB")
SEND_FRAME_SIZES: Final = frozenset(SEND_HEADER.size + bucket for bucket in BUCKETS)
MAX_FRAME_BYTES: Final = max(SEND_FRAME_SIZES)
"""The WebSocket layer closes a connection that announces a longer message before reading it."""

TOKEN_BYTES: Final = 48
READY: Final = b"\x00"
CAUGHT_UP: Final = b"\x03"
"""All that was held and stored at connect time has been written; the same for everybody."""
_DELIVER: Final = b"\x01"
_ACK: Final = 0x02
MAX_ACKS_PER_FRAME: Final = 1024


class Status(IntEnum):
    """The answer to one send. What a person reads about each is in `core/errors.py`."""

    ACCEPTED = 0
    """Call: passed on or held. Durable: stored, and it survives a crash."""
    REFUSED = 1
    """Unknown, expired or revoked capability, or another mailbox's: one answer (P12)."""
    QUOTA = 2
    MALFORMED = 3
    UNAVAILABLE = 4
    """Not done, try later: busy, or the disk is full."""


class Close(IntEnum):
    """WebSocket close codes this server gives a reason with (RFC 6455, 7.4)."""

    NORMAL = 1000
    UNSUPPORTED = 1003
    POLICY = 1008
    TRY_AGAIN = 1013
    TOKEN = 4401
    """The device token is unknown, or its device was removed."""
    EVICTED = 4403
    """A member of the call room had this one cut off."""
    REPLACED = 4409
    """The same device opened a newer connection."""


def deliver_frame(parcel: Parcel) -> bytes:
    """Return the server's frame for one parcel."""
    return b"".join(
        (_DELIVER, bytes((parcel.envelope_class,)), parcel.delivery_id, parcel.envelope)
    )


def parse_acks(frame: bytes) -> list[bytes]:
    """Return the delivery ids that a client acknowledges (CK-474).

    Raises:
        PeerError: MALFORMED for another first byte, a length that is no whole number of ids, no
            id at all, or more ids than a frame may hold.
    """
    count, rest = divmod(len(frame) - 1, DELIVERY_ID_BYTES)
    if not frame or frame[0] != _ACK or rest or not 1 <= count <= MAX_ACKS_PER_FRAME:
        raise PeerError(Code.MALFORMED, "CK-474: not an acknowledgement")
    return [
        frame[start : start + DELIVERY_ID_BYTES]
        for start in range(1, len(frame), DELIVERY_ID_BYTES)
    ]
