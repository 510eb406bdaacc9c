"""JPEG (ITU-T T.81, Annex B): segments are kept by a list, everything else goes.

Kept: what decodes the picture, the JFIF header without its thumbnail, ICC profiles, Adobe's note
on colours, and the orientation. So EXIF, GPS, XMP, IPTC, maker notes and comments go, and whatever
follows the end of the picture: further pictures (which have EXIF of their own), films, trailers.
"""

from __future__ import annotations

from typing import Final

from visavis.core.strip_kit import UnknownShapeError, number, orientation_of, orientation_only

_SOI, _EOI, _SOS, _TEM = 0xD8, 0xD9, 0xDA, 0x01
_RESTARTS: Final = range(0xD0, 0xD8)
_APP0, _APP1, _APP2, _APP14 = 0xE0, 0xE1, 0xE2, 0xEE
_DECODING: Final = frozenset(range(0xC0, 0xE0)) - frozenset(range(0xD0, 0xDA)) - {0xC8}
"""Frame headers, tables, scans, restart intervals: without one of these there is no picture."""
_EXIF: Final = b"Exif\0\0"


def strip_jpeg(data: bytes) -> bytes:
    """Return the picture with nothing but what shows it.

    Raises:
        UnknownShapeError: Damaged before its first scan.
    """
    if number(data, 0, 2) != 0xFFD8:
        raise UnknownShapeError
    segments: list[bytes] = []
    orientation: int | None = None
    at, has_scan = 2, False
    while at < len(data) or not has_scan:
        marker, at = _marker(data, at)
        if marker == _EOI:
            segments.append(b"\xff\xd9")
            break
        if marker in _RESTARTS or marker in {0x00, _SOI, _TEM}:
            raise UnknownShapeError
        end = at + number(data, at, 2)
        if end < at + 2 or end > len(data):
            raise UnknownShapeError
        body = data[at + 2 : end]
        at = end
        if marker == _APP1 and body.startswith(_EXIF) and orientation is None:
            orientation = orientation_of(body[len(_EXIF) :])
        kept = _kept(marker, body)
        if kept is None:
            continue
        segments.append(_segment(marker, kept))
        if marker == _SOS:
            has_scan = True
            end = _end_of_scan(data, at)
            segments.append(data[at:end])
            at = end
    if not has_scan:
        raise UnknownShapeError
    if orientation is not None:
        first = 1 if segments[0][1] == _APP0 else 0
        segments.insert(first, _segment(_APP1, _EXIF + orientation_only(orientation)))
    return b"\xff\xd8" + b"".join(segments)


def _marker(data: bytes, at: int) -> tuple[int, int]:
    """Return the marker at a place, and what follows it; any number of 0xFF may stand before."""
    if number(data, at, 1) != 0xFF:
        raise UnknownShapeError
    while number(data, at, 1) == 0xFF:
        at += 1
    return data[at], at + 1


def _kept(marker: int, body: bytes) -> bytes | None:
    if marker in _DECODING:
        return body
    if marker == _APP0 and body.startswith(b"JFIF\0") and len(body) >= 14:
        return body[:12] + b"\0\0"  # without the thumbnail
    if marker == _APP2 and body.startswith(b"ICC_PROFILE\0"):
        return body
    if marker == _APP14 and body.startswith(b"Adobe") and len(body) >= 12:
        return body[:12]
    return None


def _segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(body) + 2).to_bytes(2, "big") + body


def _end_of_scan(data: bytes, at: int) -> int:
    """Return where the next segment begins: the data of a scan has no marker but restarts."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            return len(data)
        if data[at + 1] != 0 and data[at + 1] not in _RESTARTS:
            if data[at + 1] != 0xFF:
                return at
            at += 1
        else:
            at += 2
