"""Call links: the link itself, what is said in the lobby under which keys, and who is a guest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final

from core_vector_kit import Json, flipped, outcome, plain, randbytes
from core_vector_people import EVIL_FIRST, FIRST, LAPTOP, PHONE, SECOND, TABLET

from visavis.core import base64url, cbor
from visavis.core.call_link import CallLink
from visavis.core.content_room_fields import MAX_COMMIT, MAX_KNOCK
from visavis.core.credential import credential_identity
from visavis.core.envelope import NONCE_BYTES, OVERHEAD
from visavis.core.guest import Guest, is_guest, sign_pass, with_guests
from visavis.core.identity import identity_hash, identity_public_key
from visavis.core.ids import CallId, LinkSecret, LobbyKey, SignatureKey
from visavis.core.lobby import (
    guest_seal,
    lobby_public_key,
    lobby_room,
    lobby_room_key,
    open_knock,
)
from visavis.core.room_door import STEP

RNG: Final = randbytes("call link")
SECRET, OTHER_SECRET = LinkSecret.random(RNG), LinkSecret.random(RNG)
PRIVATE, OTHER_PRIVATE, VISIT, OTHER_VISIT = (RNG(32) for _ in range(4))
LINK: Final = CallLink(
    "https://a.example",
    SECRET,
    lobby_public_key(PRIVATE),
    identity_hash(FIRST.identity_key),
    1_800_000_000,
)
SMALL_ORDERS: Final = [bytes(32), (1).to_bytes(32, "little"), (2**255 - 20).to_bytes(32, "little")]


def call_link_vectors() -> Json:
    """One call link, whole and in every way not."""
    link = LINK.to_link()
    tried = [link, f" \t{link}\n", "", "hello", "https://a.example", "https://a.example/#call="]
    origin, _, body = link.partition("#call=")
    raw = cbor.decode_map(base64url.decode(body))
    tried += [link[:n] for n in range(0, len(link), 5)]
    tried += [link + "x", link[:60] + "\n" + link[60:], link * 6, link + " " * 1024]
    tried += [link.replace("a.example", "a.example/x"), link.replace("https", "ftp")]
    tried += [link.replace("/#call=", other) for other in ("/i#", "#call=", "/#Call=", "/#")]
    changes: list[Json] = [
        *({"v": 2}, {"v": True}, {"z": 1}, {"h": b"short"}, {"h": None}, {"e": -1}),
        *({"e": True}, {"e": 2**40}, {"e": 2**40 + 1}, {"e": 2**64 - 1}, {"e": "soon"}),
        *({"s": b"short"}, {"k": None}, {"k": 7}, {"e": 0}),
    ]
    encoded = [cbor.encode(raw | change) for change in changes]
    encoded += [cbor.encode({k: v for k, v in raw.items() if k != key}) for key in raw]
    tried += [f"{origin}#call={base64url.encode(each)}" for each in encoded]
    return {
        "link": {**plain(LINK), "text": link},
        "links": [[each, outcome(CallLink.from_link, each)] for each in tried],
        "fresh": [
            [now, outcome(LINK.require_fresh, now)]
            for now in (0, 1_799_999_999, 1_800_000_000, 1_800_000_001)
        ],
        "hosts": [
            [each.identity_key.hex(), LINK.is_host(each.identity_key)]
            for each in (FIRST, EVIL_FIRST)
        ],
    }


def lobby_seal_vectors() -> Json:
    """Both directions between a guest and the host, and whatever does not open."""
    lobby = lobby_public_key(PRIVATE)
    nonce = RNG(NONCE_BYTES)
    seal, other = guest_seal(SECRET, lobby, VISIT), guest_seal(SECRET, lobby, OTHER_VISIT)

    def fixed(_: int) -> bytes:
        return nonce

    def row(content: int, sealed: bytes) -> list[object]:
        return [content, len(sealed), sha256(sealed).hexdigest()]

    lengths = [0, 1, STEP - OVERHEAD - 32, STEP - OVERHEAD - 31, STEP - OVERHEAD, STEP]
    longest_knock, longest_answer = MAX_KNOCK - OVERHEAD - 32, MAX_COMMIT // STEP * STEP - OVERHEAD
    knock, answer = seal.knock(b"let me in", fixed), seal.answer(b"wait", fixed)
    bodies = {
        "knock": knock,
        "answer": answer,
        "cut": knock[:-1],
        "key": knock[:32],
        "empty": b"",
        "flipped": flipped(knock, -1),
        "nonce": flipped(knock, 32),
        "guest": other.guest + knock[32:],
        "high": flipped(knock, 31)[:31] + bytes([knock[31] ^ 0x80]) + knock[32:],
        **{f"small {n}": key + knock[32:] for n, key in enumerate(SMALL_ORDERS)},
    }
    secrets = {"own": SECRET, "other": OTHER_SECRET}
    privates = {"own": PRIVATE, "other": OTHER_PRIVATE}
    answers = {"answer": answer, "knock": knock[32:], "cut": answer[:-1], "short": b"x"}
    answers["flipped"] = flipped(answer, 20)
    solved = seal.solve_work()
    works = [solved, other.solve_work(), bytes(8), solved[:-1], b""]
    return {
        "secrets": [[name, each.hex()] for name, each in secrets.items()],
        "privates": [[name, each.hex()] for name, each in privates.items()],
        "visit": VISIT.hex(),
        "other_visit": OTHER_VISIT.hex(),
        "nonce": nonce.hex(),
        "guest": seal.guest.hex(),
        "room": lobby_room(SECRET).hex(),
        "room_key": lobby_room_key(PRIVATE).hex(),
        "lobby": lobby.hex(),
        "knocks": [row(n, seal.knock(bytes(n), fixed)) for n in (*lengths, longest_knock)],
        "answers": [row(n, seal.answer(bytes(n), fixed)) for n in (*lengths, longest_answer)],
        "largest": [
            outcome(seal.knock, bytes(longest_knock + 1), fixed),
            outcome(seal.answer, bytes(longest_answer + 1), fixed),
        ],
        "bodies": [[name, body.hex()] for name, body in bodies.items()],
        "opened": [
            [name, s, p, outcome(open_knock, secrets[s], privates[p], body)]
            for name, body in bodies.items()
            for s in secrets
            for p in privates
        ],
        "answered": [
            [body.hex(), outcome(seal.open_answer, body), outcome(other.open_answer, body)]
            for body in answers.values()
        ],
        "works": [[nonce.hex(), outcome(seal.check_work, nonce)] for nonce in works],
        "no_keys": [
            [key.hex(), outcome(guest_seal, SECRET, LobbyKey(key), VISIT)]
            for key in (lobby, *SMALL_ORDERS)
        ],
    }


@dataclass(frozen=True)
class _Leaf:
    identity: bytes
    signature_key: bytes


def guest_vectors() -> Json:
    """Credentials of guests, passes, and which leaf may stand in which one's place."""
    call, key = CallId.random(RNG), SignatureKey(identity_public_key(VISIT))
    own = PHONE.private
    signature = sign_pass(call, key, "Dana", own)
    guest = Guest(key, "Dana", FIRST.account_id, PHONE.listed.device_id, signature)
    raw = cbor.decode_map(guest.to_identity())
    changes: list[Json] = [
        *({}, {"type": "member"}, {"type": None}, {"type": 1}, {"z": 1}, {"key": b"short"}),
        *({"key": LAPTOP.listed.signature_key}, {"name": ""}, {"name": "a\nb"}, {"name": "x" * 64}),
        *({"name": "x" * 65}, {"name": "\u202eanaD"}, {"name": b"Dana"}, {"account": b"x"}),
        *({"device": None}, {"pass": b"x"}, {"pass": bytes(64)}),
    ]
    identities = [cbor.encode(raw | change) for change in changes]
    identities += [cbor.encode({k: v for k, v in raw.items() if k != name}) for name in raw]
    member = credential_identity(PHONE.listed.device_id, SECOND)
    identities += [b"", b"\x80", member]
    another = replace(guest, name="Dan")
    passes = [
        (guest, call, PHONE.listed.signature_key),
        (guest, call, LAPTOP.listed.signature_key),
        (guest, CallId(bytes(16)), PHONE.listed.signature_key),
        (another, call, PHONE.listed.signature_key),
        (replace(guest, key=TABLET.listed.signature_key), call, PHONE.listed.signature_key),
        (replace(guest, signature=sign_pass(call, key, "Dana", VISIT)), call, key),
        (guest, call, None),
    ]
    leaves = [
        _Leaf(guest.to_identity(), key),
        _Leaf(another.to_identity(), key),
        _Leaf(guest.to_identity(), PHONE.listed.signature_key),
        _Leaf(member, PHONE.listed.signature_key),
    ]
    validator = with_guests(lambda _new, _replaces: None)
    return {
        "guest": plain(guest),
        "call": call.hex(),
        "device_private": own.hex(),
        "identity": guest.to_identity().hex(),
        "identities": [
            [each.hex(), is_guest(_Leaf(each, key)), outcome(Guest.of, _Leaf(each, key))]
            for each in identities
        ],
        "other_leaf": outcome(Guest.of, _Leaf(guest.to_identity(), PHONE.listed.signature_key)),
        "passes": [
            {
                "guest": plain(who),
                "call": which.hex(),
                "key": None if signer is None else signer.hex(),
                "outcome": outcome(who.require_pass, which, signer),
            }
            for who, which, signer in passes
        ],
        "leaves": [plain(leaf) for leaf in leaves],
        "coming": [outcome(validator, leaf, None) for leaf in leaves],
        "replacing": [
            [new, old, outcome(validator, leaves[new], leaves[old])]
            for new in range(len(leaves))
            for old in range(len(leaves))
        ],
    }
