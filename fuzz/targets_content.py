"""Decoders of sealed content and of what surrounds it: CBOR, envelopes, addresses, links, lists."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from typing import Any, Final, get_args

from fuzz.engine import Target, round_trip
from visavis.core import (
    base64url,
    cbor,
    content,
    content_room,
    device_list,
    envelope,
    handle_request,
    keywrap,
    work,
)
from visavis.core.address import ContactAddress
from visavis.core.content_call import InCall
from visavis.core.content_fields import (
    Address,
    Array,
    Blob,
    Codec,
    Fixed,
    Flag,
    Mark,
    Maybe,
    Nested,
    Record,
    Text,
    Uint,
    Word,
    schema,
)
from visavis.core.content_group import GroupChange, GroupTerms, InGroup
from visavis.core.content_group_call import InGroupCall
from visavis.core.content_inner import Inner
from visavis.core.content_outer import Outer
from visavis.core.content_records import ContactRecord
from visavis.core.content_room import FromRoom, ToRoom
from visavis.core.content_self import Sibling
from visavis.core.credential import UnverifiedCredential, credential_identity
from visavis.core.device_list import ListedDevice, UnverifiedDeviceList, sign_first
from visavis.core.errors import PeerError
from visavis.core.group_rules import decode_terms, encode_terms
from visavis.core.identity import generate_identity_key, sign
from visavis.core.ids import (
    AccountId,
    Capability,
    DeviceId,
    Digest,
    MailboxId,
    SealKey,
    SignatureKey,
)
from visavis.core.invite import Invite, PairingLink
from visavis.core.recovery import RecoveryCode

RNG: Final = random.Random(1)
KEY: Final = bytes(range(32))
IDENTITY: Final = generate_identity_key(random.Random(3).randbytes)
MAILBOX: Final = MailboxId(bytes(16))


def address() -> ContactAddress:
    """Return a contact address that is the same in every run."""
    return ContactAddress(
        "https://visavis.example", MAILBOX, Capability(KEY), SealKey(bytes(range(1, 33)))
    )


def example(codec: Codec, rnd: random.Random) -> Any:
    """Return a value that a field's codec accepts, whatever contents are added later."""
    match codec:
        case Fixed(of):
            return of(rnd.randbytes(of.LENGTH))
        case Blob(longest, shortest):
            return rnd.randbytes(min(longest, shortest + rnd.randrange(20)))
        case Text(longest, shortest, line):
            text = "voilà, 你好" if line else "voilà,\n你好"
            return text if shortest <= len(text.encode()) <= longest else "0" * shortest
        case Uint(highest, lowest):
            return rnd.choice((lowest, highest, rnd.randint(lowest, highest)))
        case Flag() | Mark():
            return rnd.choice((False, True))
        case Word(of):
            return rnd.choice(list(of))
        case Array(item, most, fewest):
            return tuple(example(item, rnd) for _ in range(min(most, fewest + rnd.randrange(3))))
        case Nested(of):
            return record(of, rnd)
        case Address():
            return address()
        case Maybe(of):
            return rnd.choice((None, example(of, rnd)))
    raise AssertionError(f"no example for {type(codec).__name__}")


def record(of: type[Record], rnd: random.Random) -> Any:
    """Return a record with an example in each field."""
    return of(**{name: example(codec, rnd) for name, codec in schema(of).items()})


def family(
    name: str,
    union: object,
    decode: Callable[[bytes], object],
    encode: Callable[[Any], bytes],
) -> Target:
    """Return the target of one family of contents, with two samples of each type."""

    def samples() -> list[bytes]:
        rnd = random.Random(name)
        return [encode(_fitting(of, rnd)) for of in get_args(union) for _ in range(2)]

    return Target(f"content.{name}", samples, round_trip(decode, encode))


def _fitting(of: type[Any], rnd: random.Random) -> Any:
    """Return a content whose fields fit together, where there is a rule about more than one."""
    while True:
        made = record(of, rnd)
        try:
            made.require_fits()
        except PeerError:
            continue
        return made


def _text(decode: Callable[[str], object], encode: Callable[[Any], str]) -> Callable[[bytes], str]:
    """Return the check of a decoder that takes text; white space around it may be forgiven."""

    def check(data: bytes) -> str:
        text = data.decode("utf-8", "surrogateescape")
        value = decode(text)
        if encode(value) != text.strip():
            raise AssertionError("re-encodes to other text")
        return type(value).__name__

    return check


def _device_list() -> tuple[bytes, bytes]:
    rng = random.Random(2).randbytes
    device = DeviceId(rng(16))
    entry = ListedDevice(device, SignatureKey(rng(32)))
    signed = sign_first(AccountId(rng(16)), IDENTITY, [entry])
    return signed.data, credential_identity(device, signed)


def _check_list(data: bytes) -> str:
    found = UnverifiedDeviceList.parse(data).verify()
    if found.data != data:
        raise AssertionError("a device list keeps other bytes than it was read from")
    return "list"


def _list_body() -> bytes:
    body, _ = cbor.decode(_device_list()[0])  # type: ignore[misc]
    return bytes(body)


def _check_list_body(data: bytes) -> str:
    """Sign the mutated body, so that what is checked behind the signature is reached."""
    signature = sign(IDENTITY, device_list._LIST_LABEL, data)  # noqa: SLF001
    signed = cbor.encode([data, bytes(signature)])
    found = UnverifiedDeviceList.parse(signed).verify()
    again = {
        "v": 1,
        "account": bytes(found.account_id),
        "identity": bytes(found.identity_key),
        "version": found.version,
        "previous": bytes(found.previous),
        "devices": [[bytes(d.device_id), bytes(d.signature_key)] for d in found.devices],
    }
    if cbor.encode(again) != data:
        raise AssertionError("a device list re-encodes to other bytes")
    return "list"


def _body_of(link: str) -> bytes:
    return base64url.decode(link.partition("#")[2])


def _link_body(mark: str, decode: Callable[[str], Any]) -> Callable[[bytes], str]:
    """Wrap mutated CBOR into a link, so that what is checked behind base64url is reached."""

    def check(data: bytes) -> str:
        link = f"https://visavis.example{mark}{base64url.encode(data)}"
        value = decode(link)
        if value.to_link() != link:
            raise AssertionError("a link re-encodes to other text")
        return type(value).__name__

    return check


def _check_credential(data: bytes) -> str:
    UnverifiedCredential.parse(data)
    decoded = cbor.decode_map(data)
    if cbor.encode(decoded) != data:
        raise AssertionError("a credential re-encodes to other bytes")
    return "credential"


def _check_envelope(data: bytes) -> str:
    opened = envelope.open_envelope(MAILBOX, {"us": KEY}, data)
    return f"{opened.name} {len(opened.content)}"


def _check_wrapped(data: bytes) -> str:
    return str(len(keywrap.unwrap(next(iter(keywrap.Purpose)), KEY, data)))


def _recovery(data: bytes) -> str:
    text = data.decode("utf-8", "surrogateescape")
    code = RecoveryCode.from_text(text)
    # What a person types has many spellings; each must lead to one code with one spelling.
    if RecoveryCode.from_text(code.to_text()) != code:
        raise AssertionError("a recovery code does not read back")
    return "code"


def _cbor_samples() -> Iterable[bytes]:
    values: list[object] = [
        0,
        23,
        24,
        2**64 - 1,
        -1,
        -(2**64),
        True,
        None,
        b"bytes" * 9,
        "voilà",
        [],
        {},
        [[[1, "a", b""]], {"a": [None], "bb": {"c": False}}],
        {chr(97 + i) * (1 + i % 3): i * 100 for i in range(20)},
    ]
    return [cbor.encode(value) for value in values]


def _address_check(data: bytes) -> str:
    found = ContactAddress.from_cbor(cbor.decode(data))
    if cbor.encode(found.to_cbor()) != data:
        raise AssertionError("a contact address re-encodes to other bytes")
    return "address"


def handle_address() -> handle_request.HandleAddress:
    """Return the address of a handle, the same in every run."""
    key = handle_request.sealing_key_of(KEY)
    return handle_request.HandleAddress("https://visavis.example", MAILBOX, Capability(KEY), key)


def _any_address_check(data: bytes) -> str:
    found = handle_request.any_address(cbor.decode(data))
    if cbor.encode(found.to_cbor()) != data:
        raise AssertionError("an address re-encodes to other bytes")
    return type(found).__name__


def _handle_request_check(data: bytes) -> str:
    return str(len(handle_request.open_request(MAILBOX, KEY, data)))


def _handle_request() -> bytes:
    paid = handle_request.pay(handle_address(), b"content", work.REQUEST_BITS)
    return handle_request.seal_request(handle_address(), paid, RNG.randbytes)


def _b64_check(data: bytes) -> str:
    text = data.decode("latin-1")
    if base64url.encode(base64url.decode(text)) != text:
        raise AssertionError("base64url re-encodes to other text")
    return "bytes"


def _invite() -> Invite:
    return Invite(address(), Digest(KEY), 2_000_000_000)


TARGETS: Final = [
    Target("cbor", lambda: list(_cbor_samples()), round_trip(cbor.decode, cbor.encode)),
    family("outer", Outer, content.decode_outer, content.encode_outer),
    family("inner", Inner, content.decode_inner, content.encode_inner),
    family("in_call", InCall, content.decode_in_call, content.encode_in_call),
    family(
        "in_group_call",
        InGroupCall,
        content.decode_in_group_call,
        content.encode_in_group_call,
    ),
    family("sibling", Sibling, content.decode_sibling, content.encode_sibling),
    family("in_group", InGroup, content.decode_in_group, content.encode_in_group),
    Target(
        "content.group_change",
        lambda: [content.encode_change(record(GroupChange, random.Random(i))) for i in range(4)],
        round_trip(content.decode_change, content.encode_change),
    ),
    Target(
        "content.group_terms",
        lambda: [
            encode_terms(GroupTerms("Choir", (AccountId(bytes([i] * 16)),))) for i in range(4)
        ],
        round_trip(decode_terms, encode_terms),
    ),
    family("to_room", ToRoom, content_room.decode_to_room, content_room.encode_to_room),
    family("from_room", FromRoom, content_room.decode_from_room, content_room.encode_from_room),
    Target(
        "content.contact_record",
        lambda: [content.encode_record(record(ContactRecord, random.Random(i))) for i in range(4)],
        round_trip(
            lambda data: content.decode_record(ContactRecord, data),
            content.encode_record,  # type: ignore[arg-type]
        ),
    ),
    Target("address", lambda: [cbor.encode(address().to_cbor())], _address_check),
    Target(
        "address.any",
        lambda: [cbor.encode(one.to_cbor()) for one in (address(), handle_address())],
        _any_address_check,
    ),
    Target("envelope.handle_request", lambda: [_handle_request()], _handle_request_check),
    Target(
        "invite",
        lambda: [_invite().to_link().encode()],
        _text(Invite.from_link, Invite.to_link),
    ),
    Target(
        "pairing_link",
        lambda: [PairingLink(address(), Digest(KEY)).to_link().encode()],
        _text(PairingLink.from_link, PairingLink.to_link),
    ),
    Target(
        "invite.body",
        lambda: [_body_of(_invite().to_link())],
        _link_body("/i#", Invite.from_link),
    ),
    Target(
        "pairing_link.body",
        lambda: [_body_of(PairingLink(address(), Digest(KEY)).to_link())],
        _link_body("/d#", PairingLink.from_link),
    ),
    Target("device_list.body", lambda: [_list_body()], _check_list_body),
    Target("device_list", lambda: [_device_list()[0]], _check_list),
    Target("credential", lambda: [_device_list()[1]], _check_credential),
    Target(
        "envelope",
        lambda: [envelope.seal(MAILBOX, KEY, b"x" * n, RNG.randbytes) for n in (0, 995, 996)],
        _check_envelope,
    ),
    Target(
        "keywrap",
        lambda: [keywrap.wrap(next(iter(keywrap.Purpose)), KEY, b"payload", RNG.randbytes)],
        _check_wrapped,
    ),
    Target("recovery_code", lambda: [RecoveryCode(bytes(16)).to_text().encode()], _recovery),
    Target("base64url", lambda: [b"AAEC", b"_-8", b""], _b64_check),
]
