"""Sealed content: everything that travels end to end, encoded and decoded (docs/protocol).

Seven families, one per place, so that a content decodes only where it belongs:

    encode_outer, decode_...           plaintext of an envelope             content_outer
    encode_inner, decode_...           application message, conversation    content_inner
    encode_in_call, decode_...         application message, call group      content_call
    encode_in_group_call, decode_...   application message, group of a call content_group_call
    encode_sibling, decode_...         application message, self group      content_self
    encode_in_group, decode_...        application message, group of people content_group
    encode_change, decode_...          beside a commit of such a group      content_group

The schema for other readers is docs/protocol/sealed-content.cddl.
"""

from __future__ import annotations

from typing import Final

from visavis.core import cbor
from visavis.core.content_call import InCall
from visavis.core.content_family import Family
from visavis.core.content_fields import AnyRecord, Record, decode_fields, encode_fields
from visavis.core.content_group import GroupChange, InGroup
from visavis.core.content_group_call import InGroupCall
from visavis.core.content_inner import Inner
from visavis.core.content_outer import Outer
from visavis.core.content_self import Sibling
from visavis.core.envelope import MAX_CONTENT

# CK-272: a content that is none of its place is refused there.
_UNKNOWN: Final = "CK-272 no such content here"
_OUTER: Final = Family[Outer](Outer, most=MAX_CONTENT, unknown=_UNKNOWN)
_INNER: Final = Family[Inner](Inner, most=MAX_CONTENT, unknown=_UNKNOWN)
_IN_CALL: Final = Family[InCall](InCall, most=MAX_CONTENT, unknown=_UNKNOWN)
_IN_GROUP_CALL: Final = Family[InGroupCall](InGroupCall, most=MAX_CONTENT, unknown=_UNKNOWN)
_SIBLING: Final = Family[Sibling](Sibling, most=MAX_CONTENT, unknown=_UNKNOWN)
_IN_GROUP: Final = Family[InGroup](InGroup, most=MAX_CONTENT, unknown=_UNKNOWN)
_CHANGE: Final = Family[GroupChange](GroupChange, most=MAX_CONTENT, unknown=_UNKNOWN)


def encode_outer(content: Outer) -> bytes:
    """Encode the plaintext of an envelope.

    Raises:
        PeerError: `TOO_LARGE`.
        UsageError: The content is one that receivers would refuse.
    """
    return _OUTER.encode(content)


def decode_outer(data: bytes) -> Outer:
    """Decode the plaintext of an envelope.

    Raises:
        PeerError: `MALFORMED` (CK-250, CK-271, CK-272).
    """
    return _OUTER.decode(data)


def encode_inner(content: Inner) -> bytes:
    """Encode an application message of a conversation group; raises as `encode_outer`."""
    return _INNER.encode(content)


def decode_inner(data: bytes) -> Inner:
    """Decode an application message of a conversation group; raises as `decode_outer`."""
    return _INNER.decode(data)


def encode_in_call(content: InCall) -> bytes:
    """Encode an application message of a call group; raises as `encode_outer`."""
    return _IN_CALL.encode(content)


def decode_in_call(data: bytes) -> InCall:
    """Decode an application message of a call group; raises as `decode_outer`."""
    return _IN_CALL.decode(data)


def encode_in_group_call(content: InGroupCall) -> bytes:
    """Encode an application message of a group call's group; raises as `encode_outer`."""
    return _IN_GROUP_CALL.encode(content)


def decode_in_group_call(data: bytes) -> InGroupCall:
    """Decode an application message of a group call's group; raises as `decode_outer`."""
    return _IN_GROUP_CALL.decode(data)


def encode_sibling(content: Sibling) -> bytes:
    """Encode an application message of the self group; raises as `encode_outer`."""
    return _SIBLING.encode(content)


def decode_sibling(data: bytes) -> Sibling:
    """Decode an application message of the self group; raises as `decode_outer`."""
    return _SIBLING.decode(data)


def encode_in_group(content: InGroup) -> bytes:
    """Encode an application message of a group of people; raises as `encode_outer`."""
    return _IN_GROUP.encode(content)


def decode_in_group(data: bytes) -> InGroup:
    """Decode an application message of a group of people; raises as `decode_outer`."""
    return _IN_GROUP.decode(data)


def encode_change(content: GroupChange) -> bytes:
    """Encode what a commit of a group of people says beside it; raises as `encode_outer`."""
    return _CHANGE.encode(content)


def decode_change(data: bytes) -> GroupChange:
    """Decode what a commit of a group of people says beside it; raises as `decode_outer`."""
    return _CHANGE.decode(data)


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
