"""Sealed content: everything that travels end to end, encoded and decoded (docs/protocol).

Four families, one per place, so that a content decodes only where it belongs:

    encode_outer / decode_outer      plaintext of an envelope            content_outer
    encode_inner / decode_inner      application message, conversation   content_inner
    encode_in_call / decode_in_call  application message, call group     content_call
    encode_sibling / decode_sibling  application message, self group     content_self

The schema for other readers is docs/protocol/sealed-content.cddl.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, cast, get_args

from visavis.core import cbor
from visavis.core.content_call import InCall
from visavis.core.content_fields import (
    VERSION,
    AnyRecord,
    Content,
    Record,
    decode_fields,
    encode_fields,
)
from visavis.core.content_inner import Inner
from visavis.core.content_outer import Outer
from visavis.core.content_self import Sibling
from visavis.core.envelope import MAX_CONTENT
from visavis.core.errors import Code, PeerError, UsageError

_Types = Mapping[tuple[tuple[str, str], ...], type[Content]]


def _by_type(union: object) -> _Types:
    return {tuple(sorted(cls.TYPE.items())): cls for cls in get_args(union)}


_OUTER: Final = _by_type(Outer)
_INNER: Final = _by_type(Inner)
_IN_CALL: Final = _by_type(InCall)
_SIBLING: Final = _by_type(Sibling)


def encode_outer(content: Outer) -> bytes:
    """Encode the plaintext of an envelope.

    Raises:
        PeerError: `TOO_LARGE`.
        UsageError: The content is one that receivers would refuse.
    """
    return _encode(_OUTER, content)


def decode_outer(data: bytes) -> Outer:
    """Decode the plaintext of an envelope.

    Raises:
        PeerError: `MALFORMED` (CK-250, CK-271, CK-272).
    """
    return cast("Outer", _decode(_OUTER, data))


def encode_inner(content: Inner) -> bytes:
    """Encode an application message of a conversation group; raises as `encode_outer`."""
    return _encode(_INNER, content)


def decode_inner(data: bytes) -> Inner:
    """Decode an application message of a conversation group; raises as `decode_outer`."""
    return cast("Inner", _decode(_INNER, data))


def encode_in_call(content: InCall) -> bytes:
    """Encode an application message of a call group; raises as `encode_outer`."""
    return _encode(_IN_CALL, content)


def decode_in_call(data: bytes) -> InCall:
    """Decode an application message of a call group; raises as `decode_outer`."""
    return cast("InCall", _decode(_IN_CALL, data))


def encode_sibling(content: Sibling) -> bytes:
    """Encode an application message of the self group; raises as `encode_outer`."""
    return _encode(_SIBLING, content)


def decode_sibling(data: bytes) -> Sibling:
    """Decode an application message of the self group; raises as `decode_outer`."""
    return cast("Sibling", _decode(_SIBLING, data))


def encode_record(record: Record) -> bytes:
    """Encode a record that stands alone, such as a `ContactRecord` in a vault item.

    Raises:
        PeerError: `TOO_LARGE`.
    """
    return cbor.encode(encode_fields(record))


def decode_record(of: type[AnyRecord], data: bytes) -> AnyRecord:
    """Decode what `encode_record` made.

    Raises:
        PeerError: `MALFORMED` (CK-250, CK-271).
    """
    return decode_fields(of, cbor.decode_map(data))


def _encode(types: _Types, content: Content) -> bytes:
    if types.get(tuple(sorted(content.TYPE.items()))) is not type(content):
        raise UsageError("this content belongs elsewhere")
    data = cbor.encode({"v": VERSION, **content.TYPE, **encode_fields(content)})
    if len(data) > MAX_CONTENT:
        raise PeerError(Code.TOO_LARGE, "content beyond the largest envelope")
    try:
        _decode(types, data)
    except PeerError as error:
        raise UsageError(f"would send what others refuse: {error.detail}") from None
    return data


def _decode(types: _Types, data: bytes) -> Content:
    raw = cbor.decode_versioned(data, VERSION)
    # CK-272: the type is looked up among those of this place only: an in-call message that turns up
    # in a conversation, or a request inside a group, is refused and not acted upon.
    names = ("k", "w") if raw.get("k") == "welcome" else ("k", "t")
    found = {name: raw.pop(name) for name in names if name in raw}
    key = tuple(sorted((name, value) for name, value in found.items() if isinstance(value, str)))
    cls = types.get(key) if len(key) == len(found) else None
    if cls is None:
        raise PeerError(Code.MALFORMED, "CK-272 no such content here")
    return decode_fields(cls, raw)
