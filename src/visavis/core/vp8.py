"""The head of a VP8 frame (RFC 6386, 9.1): whether it is a key frame, and of what size.

    tag  = 3 bytes, little-endian; bit 0: 0 is a key frame
    head = tag, and for a key frame 9d 01 2a, width u16, height u16 (little-endian; 14 bits count)

Not for: decoding, or the pictures themselves.
"""

from __future__ import annotations

from typing import Final

from visavis.core.errors import Code, PeerError

MAX_SIDE: Final = 2**14 - 1

_TAG: Final = 3
_HEAD: Final = 10
_START_CODE: Final = b"\x9d\x01\x2a"


def key_frame_size(frame: bytes) -> tuple[int, int] | None:
    """Return the width and height of a key frame, in pixels; None for any other frame.

    Args:
        frame: As an encoder gave it, unsealed.

    Raises:
        PeerError: MALFORMED (CK-954), no decoder would take it for a frame.
    """
    # CK-954: a key frame says its size; a frame without its head would be cut or shown as none.
    if len(frame) < _TAG:
        raise _malformed("a VP8 frame without its tag")
    if frame[0] & 1:
        return None
    if len(frame) < _HEAD or frame[_TAG:6] != _START_CODE:
        raise _malformed("a VP8 key frame without its head")
    width, height = (int.from_bytes(frame[at : at + 2], "little") & MAX_SIDE for at in (6, 8))
    if not (width and height):
        raise _malformed("a VP8 key frame without a size")
    return width, height


def _malformed(why: str) -> PeerError:
    return PeerError(Code.MALFORMED, f"CK-954 part: {why}")
