r"""The file by which one member shows a receipt of a call to whom they choose (R-14).

docs/protocol/call-receipt.md. Canonical JSON (RFC 8785), bytes in base64url:

    {"visavis": "call receipt v1", "terms", "signatures": [in the order of members],
     "disclosed": {name: [salt, value as text], ...}, ? "shown": [shown, ...]}
    shown = {"key", "device", "credential", "binding", "signature"}
    signature = Ed25519 by the device over "visavis call receipt shown v1\0"
                || SHA-256(terms) || key

What is not disclosed cannot be learnt from it. Who shows themselves proves it from both ends: their
consent key signed whose device it is of (in the call), and that device signs that it shows itself.
One alone would let a member pass off another's key as theirs, or theirs as another's.

Pure. Not for: what is signed in the call (`call_receipt`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

from visavis.core import base64url
from visavis.core.call_receipt import (
    Field,
    Media,
    Receipt,
    Terms,
    commitment,
    encode_field,
    read_field,
    read_terms,
    terms_digest,
    verify_binding,
    verify_signature,
)
from visavis.core.credential import UnverifiedCredential
from visavis.core.errors import Code, PeerError, UsageError
from visavis.core.identity import sign, verify
from visavis.core.ids import ConsentKey, Signature, SignatureKey
from visavis.core.recording_jsonld import canonical, is_item
from visavis.core.safety_number import Party

MAX_FILE: Final = 1 << 19
"""Bytes. 64 members who all show themselves need less."""

KIND: Final = "call receipt v1"

_SHOWN_LABEL: Final = b"visavis call receipt shown v1\0"
_NUMBER: Final = re.compile("0|[1-9][0-9]{0,12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Shown:
    """A member's proof that a key of the call was theirs; not checked yet.

    Args:
        key: The consent key.
        device: The signature key of their device.
        credential: The device's credential: it holds the account's signed device list.
        binding: By the consent key (`call_receipt.sign_binding`).
        signature: By the device.
    """

    key: ConsentKey
    device: SignatureKey
    credential: bytes = field(repr=False)
    binding: Signature = field(repr=False)
    signature: Signature = field(repr=False)


@dataclass(frozen=True, slots=True)
class Verified:
    """What a file proves.

    Args:
        terms: What all members signed.
        disclosed: What is disclosed of the fields: `at` and `since` are unix seconds.
        shown: Whose a key is, of those who show themselves.
    """

    terms: Terms
    disclosed: Mapping[Field, int | str]
    shown: Mapping[ConsentKey, Party]


def show_self(
    terms: bytes,
    key: ConsentKey,
    binding: Signature,
    credential: bytes,
    device: SignatureKey,
    private: bytes,
) -> Shown:
    """Prove that a key of the call was ours.

    Args:
        terms: Of the receipt.
        key: Our consent key of that call.
        binding: What it signed then (`call_receipt.sign_binding`).
        credential: Our device's (`credential_identity`).
        device: Our device's signature key, the same that was bound.
        private: Its private half, 32 bytes.

    Raises:
        UsageError: These do not fit together.
    """
    signature = sign(private, _SHOWN_LABEL, terms_digest(terms) + key)
    shown = Shown(key, device, credential, binding, signature)
    try:
        _verify_shown(terms, shown)
    except PeerError as error:
        raise UsageError(f"would show what others refuse: {error.detail}") from None
    return shown


def make_file(
    receipt: Receipt, disclosed: Collection[Field] = (), shown: Sequence[Shown] = ()
) -> bytes:
    """Write a receipt for somebody else.

    Args:
        receipt: What we hold.
        disclosed: Which fields can be read.
        shown: Who shows themselves; in truth ourselves, or nobody.

    Returns:
        The file. Equal for equal arguments.

    Raises:
        UsageError: It is one that others refuse.
    """
    try:
        opened = [read_field(one) for one in receipt.opened]
        kept = {name: (salt, value) for name, salt, value in opened if name in disclosed}
        in_order = tuple(sorted(shown, key=lambda one: one.key))
        data = canonical(_spelt(receipt.terms, receipt.signatures, kept, in_order))
        verify_file(data)
    except PeerError as error:
        raise UsageError(f"would write what others refuse: {error.detail}") from None
    return data


def verify_file(data: bytes) -> Verified:
    """Check a file, and return what it proves.

    Raises:
        PeerError: TOO_LARGE, MALFORMED (CK-1000, CK-1006 to CK-1008), BAD_SIGNATURE (CK-1004),
            BAD_CREDENTIAL (CK-1009).
    """
    return UnverifiedCallReceipt.parse(data).verify()


@dataclass(frozen=True, slots=True)
class UnverifiedCallReceipt:
    """What looks like a receipt of a call, whoever wrote it."""

    _data: bytes = field(repr=False)
    _terms: bytes = field(repr=False)
    _signatures: tuple[Signature, ...] = field(repr=False)
    _disclosed: Mapping[Field, tuple[bytes, int | str]] = field(repr=False)
    _shown: tuple[Shown, ...] = field(repr=False)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Find in a file what it consists of.

        Raises:
            PeerError: TOO_LARGE, MALFORMED (CK-1006).
        """
        # CK-1006: its length is judged before it is read.
        if len(data) > MAX_FILE:
            raise PeerError(Code.TOO_LARGE, "CK-1006 call receipt: too long")
        try:
            return cls(data, *_find(json.loads(data.decode())))
        # CK-1006: whatever else it is, it is no receipt of a call.
        except (ValueError, RecursionError, PeerError):
            raise PeerError(Code.MALFORMED, "CK-1006 call receipt: none, or not whole") from None

    def verify(self) -> Verified:
        """Check that all members signed it, and that it says what they signed.

        Raises:
            PeerError: As `verify_file`.
        """
        whole = canonical(_spelt(self._terms, self._signatures, self._disclosed, self._shown))
        # CK-1006: one spelling. A name that stands twice would be read by some as the one, and by
        # others as the other.
        if whole != self._data:
            raise PeerError(Code.MALFORMED, "CK-1006 call receipt: another spelling")
        terms = read_terms(self._terms)
        members = sorted(terms.members)
        # CK-1007: a receipt is everybody's, or nobody's.
        if len(self._signatures) != len(members):
            raise PeerError(Code.MALFORMED, "CK-1007 call receipt: not signed by all")
        for key, signature in zip(members, self._signatures, strict=True):
            verify_signature(self._terms, key, signature)
        for name, (salt, value) in self._disclosed.items():
            # CK-1008: else anything could be told of a call that was signed for.
            committed = terms.fields[list(Field).index(name)]
            if commitment(encode_field(name, salt, value)) != committed:
                raise PeerError(Code.MALFORMED, "CK-1008 call receipt: another field than signed")
        keys = [one.key for one in self._shown]
        # CK-1009: nobody shows themselves who was not there, and nobody twice.
        if keys != sorted(set(keys)) or not terms.members.issuperset(keys):
            raise PeerError(Code.BAD_CREDENTIAL, "CK-1009 call receipt: shows who was not there")
        shown = {one.key: _verify_shown(self._terms, one) for one in self._shown}
        disclosed = {name: value for name, (_, value) in self._disclosed.items()}
        return Verified(terms, disclosed, shown)


def _verify_shown(terms: bytes, shown: Shown) -> Party:
    # CK-1009: both keys say so, and the account's list has the device.
    try:
        verify_binding(terms, shown.key, shown.device, shown.binding)
        verify(shown.device, _SHOWN_LABEL, terms_digest(terms) + shown.key, shown.signature)
        found = UnverifiedCredential.parse(shown.credential).verify(shown.device)
    except PeerError:
        raise PeerError(Code.BAD_CREDENTIAL, "CK-1009 call receipt: not whose it says") from None
    return Party(found.account_id, found.device_list.identity_key)


def _find(
    whole: object,
) -> tuple[bytes, tuple[Signature, ...], dict[Field, tuple[bytes, int | str]], tuple[Shown, ...]]:
    """Find the parts of a file.

    Raises:
        ValueError: One of them is missing, or something in it is not spelt alike by everybody.
        PeerError: A text is not that of bytes, or not of so many.
    """
    match whole:
        case {
            "visavis": "call receipt v1",
            "terms": str(terms),
            "signatures": [*signatures],
            "disclosed": dict(disclosed),
            **rest,
        } if is_item(whole):
            fields = {Field(name): _field(Field(name), one) for name, one in disclosed.items()}
            signed = tuple(Signature(_bytes(one)) for one in signatures)
            return base64url.decode(terms), signed, fields, _shown(rest.get("shown"))
        case _:
            raise ValueError


def _field(name: Field, one: object) -> tuple[bytes, int | str]:
    match one:
        case [str(salt), str(value)] if name is Field.MEDIA:
            return base64url.decode(salt), Media(value).value
        case [str(salt), str(value)] if _NUMBER.fullmatch(value):
            return base64url.decode(salt), int(value)
        case _:
            raise ValueError


def _shown(raw: object) -> tuple[Shown, ...]:
    if raw is None:
        return ()
    if not isinstance(raw, list) or not raw:
        raise ValueError
    return tuple(_shown_one(one) for one in raw)


def _shown_one(one: object) -> Shown:
    if not isinstance(one, dict):
        raise ValueError  # noqa: TRY004 -- of what was read, not of how it was called
    parts = [_bytes(one.get(name)) for name in _SHOWN]
    key, device, credential, binding, signature = parts
    return Shown(
        ConsentKey(key), SignatureKey(device), credential, Signature(binding), Signature(signature)
    )


_SHOWN: Final = ("key", "device", "credential", "binding", "signature")


def _bytes(text: object) -> bytes:
    if not isinstance(text, str):
        raise ValueError  # noqa: TRY004 -- of what was read, not of how it was called
    return base64url.decode(text)


def _spelt(
    terms: bytes,
    signatures: Sequence[bytes],
    disclosed: Mapping[Field, tuple[bytes, int | str]],
    shown: Sequence[Shown],
) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "visavis": KIND,
        "terms": base64url.encode(terms),
        "signatures": [base64url.encode(one) for one in signatures],
        "disclosed": {
            name.value: [base64url.encode(salt), str(value)]
            for name, (salt, value) in disclosed.items()
        },
    }
    if shown:
        whole["shown"] = [
            {name: base64url.encode(getattr(one, name)) for name in _SHOWN} for one in shown
        ]
    return whole
