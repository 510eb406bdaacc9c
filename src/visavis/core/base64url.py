"""Base64url without padding (RFC 4648, section 5): how bytes travel in JSON and in links."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from visavis.core.errors import Code, PeerError

_ALPHABET: Final = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)


def encode(data: bytes) -> str:
    """Return the text for the bytes, without `=`."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def decode(text: str, length: int | None = None) -> bytes:
    """Return the bytes for the text, strictly: one spelling for each byte string.

    Args:
        text: Letters, digits, `-` and `_` only; no padding, no white space.
        length: Bytes expected, or None for any number.

    Raises:
        PeerError: `MALFORMED` for another alphabet, padding, spare bits or another length.
    """
    if not _ALPHABET.fullmatch(text):
        raise PeerError(Code.MALFORMED, "not base64url")
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error:
        raise PeerError(Code.MALFORMED, "not base64url") from None
    if encode(data) != text:
        raise PeerError(Code.MALFORMED, "base64url with spare bits")
    if length is not None and len(data) != length:
        raise PeerError(Code.MALFORMED, f"base64url of {len(data)} bytes, expected {length}")
    return data
