"""Deterministic CBOR (RFC 8949, 4.2.1), in the small part of it that Visavis speaks.

Values are maps with text keys, arrays, byte strings, NFC text, integers of 64 bits, booleans and
null. Everything else (floats, tags, indefinite lengths, other simple values) is refused, so that
each value has exactly one encoding and a decoder has nothing to be confused by.

Encoding is done by `cbor2`. Decoding of what strangers sent is done here: general decoders build
dates, regular expressions and big numbers out of tags before we could look at them. Tests compare
both directions with `cbor2`.
"""

from __future__ import annotations

import unicodedata
from typing import Final

import cbor2

from visavis.core.errors import Code, PeerError, UsageError

MAX_DEPTH: Final = 16
"""Nesting of maps and arrays. Higher admits deeper content, and recursion on hostile input."""

_MAX_UINT: Final = 2**64 - 1
_ARGUMENT_SIZES: Final = {24: 1, 25: 2, 26: 4, 27: 8}
_SIMPLE: Final[dict[int, bool | None]] = {20: False, 21: True, 22: None}


def encode(value: object) -> bytes:
    """Encode a value deterministically (RFC 8949, 4.2.1).

    Args:
        value: Built from dict (text keys), list, tuple, bytes, str, int, bool and None only.

    Returns:
        The one encoding of the value.

    Raises:
        UsageError: The value holds another type, text that is not NFC, an integer beyond 64 bits,
            or nests deeper than `MAX_DEPTH`.
    """
    plain = _plain(value, MAX_DEPTH)
    # For text keys cbor2's canonical order (length first) and RFC 8949's (bytewise on the encoded
    # key) are the same, because the length leads the encoding. The tests hold cbor2 to it.
    try:
        return cbor2.dumps(plain, canonical=True)
    except UnicodeEncodeError:
        raise UsageError("CBOR text with half a surrogate pair") from None


def decode(data: bytes) -> object:
    """Decode one deterministically encoded value and nothing after it.

    Never allocates more than a small multiple of the input: lengths are checked against what is
    left before anything is taken.

    Args:
        data: The whole encoding.

    Returns:
        dict (text keys), list, bytes, str, int, bool or None.

    Raises:
        PeerError: `MALFORMED` for anything that `encode` would not have produced (CK-250).
    """
    value, end = _item(data, 0, MAX_DEPTH)
    if end != len(data):
        raise _malformed("bytes after the value")
    return value


def decode_map(data: bytes) -> dict[str, object]:
    """Decode one value and require a map; see `decode`.

    Raises:
        PeerError: `MALFORMED`.
    """
    value = decode(data)
    if not isinstance(value, dict):
        raise _malformed("not a map")
    return value


def decode_versioned(data: bytes, version: int = 1) -> dict[str, object]:
    """Decode a map whose "v" is `version`, and take "v" out.

    To Python `True == 1`, and a map with `true` for 1 would not come out as it went in.

    Raises:
        PeerError: `MALFORMED`.
    """
    fields = decode_map(data)
    found = fields.pop("v", None)
    if found != version or isinstance(found, bool):
        raise _malformed("version")
    return fields


def _malformed(why: str) -> PeerError:
    return PeerError(Code.MALFORMED, f"CK-250 CBOR: {why}")


def _plain(value: object, depth: int) -> object:
    """Copy into exact built-in types: cbor2 would encode dates, decimals and sets in silence."""
    match value:
        case None | bool():
            return value
        case int():
            if not -_MAX_UINT - 1 <= value <= _MAX_UINT:
                raise UsageError("CBOR integer beyond 64 bits")
            return int(value)
        case bytes():
            return bytes(value)
        case str():
            if not unicodedata.is_normalized("NFC", value):
                raise UsageError("CBOR text is not NFC")
            return str(value)
        case list() | tuple():
            _require_depth(depth)
            return [_plain(item, depth - 1) for item in value]
        case dict():
            _require_depth(depth)
            if not all(isinstance(key, str) for key in value):
                raise UsageError("CBOR map keys are text")
            return {_plain(key, 0): _plain(item, depth - 1) for key, item in value.items()}
        case _:
            raise UsageError(f"CBOR cannot carry {type(value).__name__}")


def _require_depth(depth: int) -> None:
    if depth <= 0:
        raise UsageError("CBOR nested too deep")


def _head(data: bytes, at: int) -> tuple[int, int, int, int]:
    """Read an initial byte and its argument: (major type, additional info, argument, next)."""
    if at >= len(data):
        raise _malformed("ends early")
    major, info = data[at] >> 5, data[at] & 0x1F
    at += 1
    if info < 24:
        return major, info, info, at
    size = _ARGUMENT_SIZES.get(info)
    if size is None:  # 28-30 are reserved, 31 is an indefinite length
        raise _malformed("reserved or indefinite length")
    if at + size > len(data):
        raise _malformed("ends early")
    argument = int.from_bytes(data[at : at + size], "big")
    # Shortest form only (RFC 8949, 4.2.1): else one value had several encodings, and two readers
    # could hash or sign different bytes for the same content.
    if argument < (24 if size == 1 else 1 << (4 * size)):
        raise _malformed("not the shortest form")
    return major, info, argument, at + size


def _item(data: bytes, at: int, depth: int) -> tuple[object, int]:
    major, info, argument, at = _head(data, at)
    match major:
        case 0:
            return argument, at
        case 1:
            return -1 - argument, at
        case 2 | 3:
            if argument > len(data) - at:
                raise _malformed("a string longer than the input")
            raw = data[at : at + argument]
            return (raw if major == 2 else _text(raw)), at + argument
        case 4:
            return _array(data, at, argument, depth)
        case 5:
            return _map(data, at, argument, depth)
        case 7 if info in _SIMPLE:
            return _SIMPLE[info], at
        case _:
            raise _malformed("a tag, a float or another simple value")


def _text(raw: bytes) -> str:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise _malformed("text is not UTF-8") from None
    # One spelling per text: "é" in two code points beside "é" in one makes names that look alike
    # and compare unequal.
    if not unicodedata.is_normalized("NFC", text):
        raise _malformed("text is not NFC")
    return text


def _array(data: bytes, at: int, count: int, depth: int) -> tuple[list[object], int]:
    if depth <= 0:
        raise _malformed("nested too deep")
    if count > len(data) - at:  # each item takes a byte at least
        raise _malformed("an array longer than the input")
    items: list[object] = []
    for _ in range(count):
        item, at = _item(data, at, depth - 1)
        items.append(item)
    return items, at


def _map(data: bytes, at: int, count: int, depth: int) -> tuple[dict[str, object], int]:
    if depth <= 0:
        raise _malformed("nested too deep")
    if count > (len(data) - at) // 2:
        raise _malformed("a map longer than the input")
    result: dict[str, object] = {}
    previous = b""
    for _ in range(count):
        start = at
        key, at = _item(data, at, 0)
        if not isinstance(key, str):
            raise _malformed("a map key is not text")
        encoded = data[start:at]
        # Strictly rising encoded keys: sorted, and no key twice (RFC 8949, 4.2.1). With a key
        # twice, two readers may see two contents under one signature.
        if encoded <= previous:
            raise _malformed("map keys out of order or repeated")
        previous = encoded
        result[key], at = _item(data, at, depth - 1)
    return result, at
