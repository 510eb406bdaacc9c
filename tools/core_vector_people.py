"""Device lists, credentials and links: accepted, and refused with their codes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from core_vector_kit import OK, Json, flipped, outcome, plain, randbytes

from visavis.core import base64url, cbor
from visavis.core.address import ContactAddress
from visavis.core.credential import (
    Credential,
    UnverifiedCredential,
    check_member,
    credential_identity,
    make_present_validator,
    make_validator,
)
from visavis.core.device_list import (
    DeviceList,
    ListedDevice,
    UnverifiedDeviceList,
    accept_list,
    sign_first,
    sign_successor,
)
from visavis.core.farewell import sign_farewell
from visavis.core.identity import (
    identity_hash,
    identity_public_key,
    sign,
    verify,
)
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

RNG: Final = randbytes("people")
IDENTITY, EVIL, BOBS = (RNG(32) for _ in range(3))
ACCOUNT, BOB = AccountId.random(RNG), AccountId.random(RNG)
LABEL: Final = b"visavis device list v1\0"


@dataclass(frozen=True)
class Person:
    """A device and the private half of its key."""

    listed: ListedDevice
    private: bytes


def _device() -> Person:
    private = RNG(32)
    public = SignatureKey(identity_public_key(private))
    return Person(ListedDevice(DeviceId.random(RNG), public), private)


PHONE, LAPTOP, TABLET = (_device() for _ in range(3))
FIRST: Final = sign_first(ACCOUNT, IDENTITY, [PHONE.listed])
SECOND: Final = sign_successor(FIRST, IDENTITY, [PHONE.listed, LAPTOP.listed])
THIRD: Final = sign_successor(SECOND, IDENTITY, [LAPTOP.listed])
FORK: Final = sign_successor(FIRST, IDENTITY, [TABLET.listed])
FORK_ON: Final = sign_successor(FORK, IDENTITY, [TABLET.listed, PHONE.listed])
EVIL_FIRST: Final = sign_first(ACCOUNT, EVIL, [PHONE.listed])
EVIL_NEXT: Final = sign_successor(EVIL_FIRST, EVIL, [PHONE.listed, TABLET.listed])
BOBS_LIST: Final = sign_first(BOB, BOBS, [TABLET.listed])
REKEYED: Final = replace(PHONE.listed, signature_key=TABLET.listed.signature_key)
REKEYED_LIST: Final = sign_successor(SECOND, IDENTITY, [REKEYED])
FULL: Final = sign_first(
    ACCOUNT,
    IDENTITY,
    [ListedDevice(DeviceId.random(RNG), SignatureKey.random(RNG)) for _ in range(16)],
)
LISTS: Final = [
    *(FIRST, SECOND, THIRD, FORK, FORK_ON, EVIL_FIRST, EVIL_NEXT, BOBS_LIST, REKEYED_LIST, FULL)
]


def number_of(device_list: DeviceList) -> int:
    """Return the number by which rows name a list."""
    return LISTS.index(device_list)


# Device lists


def _resigned(change: Callable[[Json], object], private: bytes = IDENTITY) -> bytes:
    body, _ = cbor.decode(SECOND.data)
    fields = cbor.decode_map(body)
    result = change(fields)
    encoded = cbor.encode(fields if result is None else result)
    return cbor.encode([encoded, sign(private, LABEL, encoded)])


_A, _B = [b"a" * 16, b"A" * 32], [b"b" * 16, b"B" * 32]
_MANY: Final = [[n.to_bytes(16, "big"), n.to_bytes(32, "big")] for n in range(17)]
_CHANGES: Final[list[Json]] = [
    *({"v": 2}, {"v": True}, {"extra": 1}, {"version": 0}, {"version": True}, {"version": 1}),
    *({"version": -1}, {"version": 2**32}, {"version": 2**32 - 1}, {"version": 2**64 - 1}),
    *({"version": 2, "previous": bytes(32)}, {"version": 1, "previous": bytes(32)}),
    *({"previous": b"x"}, {"version": 1, "previous": b""}, {"account": b"x"}, {"identity": b"x"}),
    *({"devices": devices} for devices in ([], {}, [1], [_A], [_B, _A], [_A, _A], [_A, _B])),
    *({"devices": [pair]} for pair in ([b"x", b"A" * 32], [b"a" * 16, b"x"], [*_A, 1], [1, 2])),
    *({"devices": [_A, [b"b" * 16, b"A" * 32]]}, {"devices": _MANY}, {"devices": _MANY[:16]}),
    *({"devices": [_A[:1]]}, {"account": "text"}, {"identity": None}),
]


def _verified(data: bytes) -> DeviceList:
    return UnverifiedDeviceList.parse(data).verify()


def _checked(data: bytes) -> list[str]:
    return [data.hex(), outcome(_verified, data)]


def _signatures() -> list[Json]:
    rows: list[Json] = []
    for label, message in ((b"visavis a\0", b""), (b"visavis device list v1\0", RNG(300))):
        private = RNG(32)
        public, signature = identity_public_key(private), sign(private, label, message)
        tries: list[tuple[bytes, bytes, bytes, bytes]] = [
            (public, label, message, signature),
            (public, b"visavis b\0", message, signature),
            (public, label, message + b"x", signature),
            (public, label, message, flipped(signature, 0)),
            (public, label, message, flipped(signature, 63)),
            (public, label, message, signature[:-1]),
            (public[:-1], label, message, signature),
            (flipped(public, 0), label, message, signature),
            (public, b"other\0", message, signature),
            (public, b"visavis x", message, signature),
            (public, b"visavis \0x\0", message, signature),
        ]
        rows += [
            {
                "private": private.hex() if number == 0 else None,
                "public": each[0].hex(),
                "label": each[1].decode(),
                "message": each[2].hex(),
                "signature": each[3].hex(),
                "outcome": outcome(verify, *each),
            }
            for number, each in enumerate(tries)
        ]
    return rows


@dataclass(frozen=True)
class _Leaf:
    identity: bytes
    signature_key: bytes


def _leaf(listed: ListedDevice, device_list: DeviceList) -> _Leaf:
    return _Leaf(credential_identity(listed.device_id, device_list), listed.signature_key)


def _credential(identity: bytes, signature_key: bytes) -> Credential:
    return UnverifiedCredential.parse(identity).verify(signature_key)


def _credentials() -> list[list[str]]:
    good = _leaf(PHONE.listed, SECOND)
    raw = cbor.decode_map(good.identity)
    changes: list[Json] = [
        *({}, {"account": BOB}, {"account": b"x"}, {"device": TABLET.listed.device_id}),
        *({"device": LAPTOP.listed.device_id}, {"list": FIRST.data}, {"list": THIRD.data}),
        *({"list": EVIL_FIRST.data}, {"list": b"x"}, {"list": None}, {"extra": 1}),
        {"list": flipped(SECOND.data, -1)},
    ]
    rows = [(cbor.encode(raw | change), good.signature_key) for change in changes]
    rows += [(cbor.encode({k: v for k, v in raw.items() if k != key}), b"") for key in raw]
    rows += [(good.identity, LAPTOP.listed.signature_key), (b"", b""), (b"\x80", b"")]
    return [
        [
            identity.hex(),
            key.hex(),
            outcome(_credential, identity, key),
        ]
        for identity, key in rows
    ]


def _members() -> list[Json]:
    """Every leaf of a few before every newest list, coming in, present, and replacing another."""
    leaves = [
        _leaf(PHONE.listed, FIRST),
        _leaf(PHONE.listed, SECOND),
        _leaf(LAPTOP.listed, SECOND),
        _leaf(PHONE.listed, EVIL_FIRST),
        _leaf(TABLET.listed, BOBS_LIST),
        _leaf(REKEYED, REKEYED_LIST),
    ]
    rows: list[Json] = []
    for newest in (None, FIRST, SECOND, THIRD, FORK, REKEYED_LIST):
        known = {BOB: BOBS_LIST} | ({} if newest is None else {ACCOUNT: newest})
        for new in leaves:
            row: Json = {
                "newest": [None if newest is None else number_of(newest)],
                "leaf": plain(new),
                "checked": outcome(check_member, known.get, new),
                "present": outcome(make_present_validator(known.get), new, None),
                "coming": outcome(make_validator(known.get), new, None),
                "replacing": [outcome(make_validator(known.get), new, old) for old in leaves],
            }
            rows.append(row)
    return rows


def identity_vectors() -> Json:
    """Signatures, device lists, which list follows which, credentials, and who may be a member."""
    accepts = []
    for known in LISTS:
        for offered in LISTS:
            found = outcome(accept_list, known, offered)
            held = number_of(accept_list(known, offered)) if found == OK else found
            accepts.append([number_of(known), number_of(offered), held])
    others = [b"", b"\x80", cbor.encode([b"x", b"y"]), cbor.encode([b"x"]), bytes(5000)]
    others += [cbor.encode([b"x", bytes(64)]), cbor.encode([bytes(64), bytes(64), 1])]
    others += [_resigned(lambda fields, c=change: fields.update(c)) for change in _CHANGES]
    others += [
        _resigned(lambda _: [1]),
        _resigned(lambda fields: fields.pop("previous") and None),
        _resigned(lambda _: None, EVIL),
    ]
    return {
        "signatures": _signatures(),
        "identity_private": IDENTITY.hex(),
        "first": {"account": ACCOUNT.hex(), "devices": plain([PHONE.listed])},
        "successor": plain([PHONE.listed, LAPTOP.listed]),
        "lists": [
            {
                **plain(each),
                "digest": each.digest.hex(),
                "hash": identity_hash(each.identity_key).hex(),
            }
            for each in LISTS
        ],
        "others": [_checked(data) for data in others],
        "flips": [_checked(flipped(SECOND.data, at))[1] for at in range(len(SECOND.data))],
        "accepts": accepts,
        "farewell": sign_farewell(IDENTITY, ACCOUNT, PHONE.listed.device_id).hex(),
        "credential": credential_identity(PHONE.listed.device_id, SECOND).hex(),
        "credentials": _credentials(),
        "members": _members(),
    }


# Links


def a_new_address() -> ContactAddress:
    """Return an address that nobody has."""
    return ContactAddress(
        "https://a.example", MailboxId.random(RNG), Capability.random(RNG), SealKey.random(RNG)
    )


INVITE: Final = Invite(a_new_address(), identity_hash(FIRST.identity_key), 1_800_000_000)
PAIRING: Final = PairingLink(a_new_address(), Digest.random(RNG))


def link_vectors() -> Json:
    """Invite and pairing links, each read as either, whole and in every way not."""
    links = [INVITE.to_link(), PAIRING.to_link()]
    tried = [*links, *(f" \t{link}\n" for link in links), "", "hello", "https://a.example"]
    for link in links:
        origin, _, body = link.partition("#")
        raw = cbor.decode_map(base64url.decode(body))
        tried += [link[:n] for n in range(0, len(link), 5)]
        tried += [link + "x", link[:60] + "\n" + link[60:], link * 6, link + " " * 1024]
        tried += [link.replace("a.example", "a.example/x"), link.replace("https", "ftp")]
        tried += [link.replace("/i#", "/d#"), link.replace("/d#", "/i#")]
        changes: list[Json] = [
            *({"v": 2}, {"v": True}, {"z": 1}, {"h": b"short"}, {"h": None}, {"e": -1}),
            *({"e": True}, {"e": 2**40}, {"e": 2**40 + 1}, {"e": 2**64 - 1}, {"e": "soon"}),
            *({"m": b"short"}, {"c": None}, {"s": 7}, {"e": 0}),
        ]
        encoded = [cbor.encode(raw | change) for change in changes]
        encoded += [cbor.encode({k: v for k, v in raw.items() if k != key}) for key in raw]
        tried += [f"{origin}#{base64url.encode(each)}" for each in encoded]
    return {
        "invite": {**plain(INVITE), "link": links[0]},
        "pairing": {**plain(PAIRING), "link": links[1]},
        "links": [
            [
                link,
                outcome(Invite.from_link, link),
                outcome(PairingLink.from_link, link),
            ]
            for link in tried
        ],
        "fresh": [
            [now, outcome(INVITE.require_fresh, now)]
            for now in (0, 1_799_999_999, 1_800_000_000, 1_800_000_001)
        ],
        "inviters": [
            [each.identity_key.hex(), outcome(INVITE.check_inviter, each.identity_key)]
            for each in (FIRST, EVIL_FIRST)
        ],
    }
