"""A device's consent key in a call: an extension of its leaf in the call's group (P17).

The leaf is signed by the device, so the members know whose the key is; it is seen by members alone,
so nobody else does. Beside the key stands whether this device is never to be recorded.

    extension of type 0xF0A2, data = CBOR {"v": 1, "key": 32 bytes, "never": bool}

Not for: what is signed with it (`recording_statements`), or what follows (`recording`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from visavis.core import cbor
from visavis.core.content_fields import (
    VERSION,
    Fixed,
    Flag,
    Record,
    decode_fields,
    encode_fields,
)
from visavis.core.errors import Code, PeerError
from visavis.core.ids import ConsentKey
from visavis.core.mls import Extension, MemberInfo, find_extension

EXTENSION: Final = 0xF0A2
"""Of the private-use range (RFC 9420, 17.3)."""


@dataclass(frozen=True, slots=True, repr=False)
class ConsentLeaf(Record):
    """What a leaf says about recording its owner."""

    key: Annotated[ConsentKey, Fixed(ConsentKey)]
    """With which this device signs about recording this call, and no other."""
    never: Annotated[bool, Flag()]
    """Its owner is never to be recorded: nobody is asked."""


def consent_extension(consent: ConsentLeaf) -> Extension:
    """Return the extension for our own leaf."""
    return Extension(EXTENSION, cbor.encode({"v": VERSION, **encode_fields(consent)}))


def consent_of(member: MemberInfo) -> ConsentLeaf:
    """Return what a member's leaf says.

    Raises:
        PeerError: BAD_CREDENTIAL (CK-937), it says nothing of it, or not in this form.
    """
    # CK-937: of somebody without a key nobody could tell what they agreed to.
    data = find_extension(member.extensions, EXTENSION)
    if data is None:
        raise PeerError(Code.BAD_CREDENTIAL, "CK-937 a leaf without a consent key")
    try:
        return decode_fields(ConsentLeaf, cbor.decode_versioned(data, VERSION))
    except PeerError:
        raise PeerError(Code.BAD_CREDENTIAL, "CK-937 a consent key of another form") from None


def require_own_keys(members: Sequence[MemberInfo]) -> None:
    """Require that no two members have one consent key.

    Raises:
        PeerError: BAD_CREDENTIAL (CK-938), or as `consent_of`.
    """
    # CK-938: else the yes of one would be the yes of both.
    keys = [consent_of(member).key for member in members]
    if len(set(keys)) < len(keys):
        raise PeerError(Code.BAD_CREDENTIAL, "CK-938 one consent key for two")
