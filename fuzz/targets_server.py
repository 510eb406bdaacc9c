"""Decoders of the server's own wire: acknowledgements."""

from __future__ import annotations

from typing import Final

from fuzz.engine import Target
from visavis.server.frames import parse_acks


def _acks(data: bytes) -> str:
    ids = parse_acks(data)
    if b"\x02" + b"".join(ids) != data:
        raise AssertionError("acknowledgements re-encode to other bytes")
    return str(len(ids).bit_length())


TARGETS: Final = [
    Target("server.acks", lambda: [b"\x02" + bytes(16 * n) for n in (1, 2, 1024)], _acks),
]
