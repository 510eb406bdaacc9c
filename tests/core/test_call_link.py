"""Call links, their lobby's seal, and guests: what is made opens, and nothing else does."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import get_args

import pytest
from tests.core.content_examples import FAMILIES, Family
from tests.core.lobby_examples import LOBBY_EXAMPLES, LOBBY_FAMILIES, LOBBY_NAMES
from tests.core.room_examples import ROOM_FAMILIES
from tests.scenario.call_world import Dice

from visavis.core import base64url, cbor, content_lobby
from visavis.core.call_link import CallLink
from visavis.core.content_fields import Content
from visavis.core.content_room_fields import MAX_COMMIT, MAX_KNOCK
from visavis.core.errors import Code, PeerError, UsageError
from visavis.core.guest import Guest, is_guest, sign_pass, with_guests
from visavis.core.identity import identity_hash, identity_public_key
from visavis.core.ids import (
    AccountId,
    CallId,
    DeviceId,
    IdentityKey,
    LinkSecret,
    LobbyKey,
    Signature,
    SignatureKey,
)
from visavis.core.invite import Invite
from visavis.core.lobby import (
    guest_seal,
    lobby_public_key,
    lobby_room,
    lobby_room_key,
    open_knock,
)
from visavis.core.room_door import STEP

RNG = Dice(14)
HOST = IdentityKey(RNG(32))
SECRET, LOBBY = LinkSecret(RNG(32)), RNG(32)
LINK = CallLink(
    "https://visavis.example", SECRET, lobby_public_key(LOBBY), identity_hash(HOST), 1_800_000_000
)
every = pytest.mark.parametrize(("family", "example"), LOBBY_EXAMPLES, ids=LOBBY_NAMES)

# ---- The link ------------------------------------------------------------------------------------


def test_a_link_comes_back() -> None:
    text = LINK.to_link()
    assert text.startswith("https://visavis.example/#call=")
    assert CallLink.from_link(f"  {text}\n") == LINK
    assert LINK.is_host(HOST)
    assert not LINK.is_host(IdentityKey(RNG(32)))
    shown = repr(LINK)
    assert bytes(SECRET).hex() not in shown
    assert base64url.encode(bytes(SECRET)) not in shown


def test_whatever_is_no_whole_link_is_mistyped() -> None:
    """CK-900"""
    text = LINK.to_link()
    body = cbor.decode_map(base64url.decode(text.partition("#call=")[2]))

    def with_body(**changes: object) -> str:
        changed = {name: one for name, one in {**body, **changes}.items() if one is not None}
        return f"{LINK.origin}/#call={base64url.encode(cbor.encode(changed))}"

    assert CallLink.from_link(with_body()) == LINK  # the control
    cases = [text[:length] for length in range(len(text))]
    cases += [f"{text}A", text.replace("https", "ftp"), text.replace("/#call=", "/i#")]
    cases += [with_body(s=bytes(31)), with_body(k=bytes(33)), with_body(h=None), with_body(x=1)]
    cases += [with_body(e=-1), with_body(e=True), with_body(v=2), "x" * 1025]
    for case in cases:
        with pytest.raises(PeerError, match="CK-900") as refused:
            CallLink.from_link(case)
        assert refused.value.code is Code.MISTYPED
    with pytest.raises(PeerError):
        Invite.from_link(text)


def test_a_link_expires() -> None:
    """CK-901"""
    assert LINK.require_fresh(LINK.expires_at - 1) is LINK
    with pytest.raises(PeerError, match="CK-901") as refused:
        LINK.require_fresh(LINK.expires_at)
    assert refused.value.code is Code.EXPIRED


# ---- The lobby -----------------------------------------------------------------------------------


def test_place_and_keys_follow_from_the_link() -> None:
    room = lobby_room(SECRET)
    assert room == lobby_room(SECRET)
    assert room != lobby_room(LinkSecret(RNG(32)))
    assert bytes(room) not in bytes(SECRET)
    # Who has the link cannot enter the room, whose key comes from the lobby's private one.
    key = lobby_room_key(LOBBY)
    assert bytes(key) not in {bytes(SECRET), LOBBY, bytes(LINK.lobby)}
    assert key != lobby_room_key(RNG(32))


def test_both_ways() -> None:
    mine = guest_seal(SECRET, LINK.lobby, RNG(32))
    knock = mine.knock(b"Dana" * 10, RNG)
    assert len(knock) == STEP
    assert b"Dana" not in knock
    theirs, content = open_knock(SECRET, LOBBY, knock)
    assert content == b"Dana" * 10
    assert theirs.guest == mine.guest
    answer = theirs.answer(b"welcome" * 3_000, RNG)
    assert len(answer) % STEP == 0
    assert mine.open_answer(answer) == b"welcome" * 3_000
    assert len(mine.knock(bytes(STEP), RNG)) == 2 * STEP
    assert "LobbySeal()" in repr(mine)


def test_only_for_this_lobby_and_this_guest() -> None:
    """CK-902, CK-903: not without the link, not with the link of another, nobody else's."""
    private = RNG(32)
    mine = guest_seal(SECRET, LINK.lobby, private)
    knock = mine.knock(b"Dana", RNG)
    other_secret, other_lobby = LinkSecret(RNG(32)), RNG(32)
    of_other_link = guest_seal(other_secret, LINK.lobby, private)
    of_other_lobby = guest_seal(SECRET, lobby_public_key(other_lobby), private)
    bad = [
        of_other_link.knock(b"Dana", RNG),
        of_other_lobby.knock(b"Dana", RNG),
        knock[:-1],
        b"",
        bytes(32),
        bytes(len(knock)),  # a key of small order
        knock[:-1] + bytes([knock[-1] ^ 1]),
        bytes([knock[0] ^ 1]) + knock[1:],
        mine.answer(b"Dana", RNG),
    ]
    for body in bad:
        with pytest.raises(PeerError, match="CK-902") as refused:
            open_knock(SECRET, LOBBY, body)
        assert refused.value.code is Code.DECRYPTION
    # Whoever else has the link can read neither what a guest says nor what it is answered.
    with pytest.raises(PeerError, match="CK-902"):
        open_knock(SECRET, other_lobby, knock)
    theirs, _ = open_knock(SECRET, LOBBY, knock)
    answer = theirs.answer(b"a pass", RNG)
    assert mine.open_answer(answer) == b"a pass"  # the control
    another = guest_seal(SECRET, LINK.lobby, RNG(32))
    for seal in (another, of_other_link, of_other_lobby):
        with pytest.raises(PeerError, match="CK-903"):
            seal.open_answer(answer)
    for sealed in (knock, answer[:-1], answer[:7], b""):
        with pytest.raises(PeerError, match="CK-903"):
            mine.open_answer(sealed)
    with pytest.raises(PeerError, match="CK-902"):
        guest_seal(SECRET, LobbyKey(bytes(32)), private)


def test_what_does_not_fit() -> None:
    seal = guest_seal(SECRET, LINK.lobby, RNG(32))
    for too_long in (lambda: seal.knock(bytes(MAX_KNOCK), RNG),
                     lambda: seal.answer(bytes(MAX_COMMIT), RNG)):  # fmt: skip
        with pytest.raises(PeerError) as refused:
            too_long()
        assert refused.value.code is Code.TOO_LARGE
    biggest = content_lobby.LobbyWelcome(bytes(content_lobby.MAX_WELCOME))
    assert len(seal.answer(content_lobby.encode_to_guest(biggest), RNG)) <= MAX_COMMIT


def test_who_asks_has_worked() -> None:
    """CK-904"""
    seal, other = (guest_seal(SECRET, LINK.lobby, RNG(32)) for _ in range(2))
    nonce = seal.solve_work()
    seal.check_work(nonce)
    for case in (lambda: other.check_work(nonce), lambda: seal.check_work(bytes(7) + b"\xff")):
        with pytest.raises(PeerError, match="CK-904"):
            case()


# ---- What is said there --------------------------------------------------------------------------


def test_there_is_an_example_of_every_message() -> None:
    declared = {*get_args(content_lobby.ToHost), *get_args(content_lobby.ToGuest)}
    assert {type(example) for _, example in LOBBY_EXAMPLES} == declared


@every
def test_goes_one_way_only(family: Family, example: Content) -> None:
    """CK-913"""
    data = family.encode(example)
    assert family.decode(data) == example
    assert repr(example) == f"{type(example).__name__}(~)"
    for other in (*LOBBY_FAMILIES, *ROOM_FAMILIES, *FAMILIES):
        if other is not family:
            with pytest.raises(PeerError):
                other.decode(data)
    for length in range(len(data)):
        with pytest.raises(PeerError):
            family.decode(data[:length])


@pytest.mark.parametrize("t", ["lobby.shout", "", 1, None])
def test_unknown_words_are_refused(t: object) -> None:
    raw: dict[str, object] = {"v": 1} if t is None else {"v": 1, "t": t}
    for family in LOBBY_FAMILIES:
        with pytest.raises(PeerError, match="CK-913"):
            family.decode(cbor.encode(raw))


@pytest.mark.parametrize("name", ["", "a\nb", "\u202egnp.exe", "x" * 65, "a\x00"])
def test_a_name_is_one_short_line(name: str) -> None:
    ask = content_lobby.LobbyAsk(SignatureKey(RNG(32)), "Dana", bytes(8))
    content_lobby.encode_to_host(ask)
    with pytest.raises((PeerError, UsageError)):
        content_lobby.encode_to_host(replace(ask, name=name))


# ---- Guests --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Leaf:
    identity: bytes
    signature_key: bytes


DEVICE_KEY = RNG(32)
DEVICE_PUBLIC = bytes(identity_public_key(DEVICE_KEY))
CALL, KEY = CallId(RNG(16)), SignatureKey(RNG(32))
DANA = Guest(
    KEY,
    "Dana",
    AccountId(RNG(16)),
    DeviceId(RNG(16)),
    sign_pass(CALL, KEY, "Dana", DEVICE_KEY),
)


def leaf_of(guest: Guest) -> Leaf:
    return Leaf(guest.to_identity(), bytes(guest.key))


def test_a_guest_comes_back_from_its_leaf() -> None:
    leaf = leaf_of(DANA)
    assert is_guest(leaf)
    assert Guest.of(leaf) == DANA
    DANA.require_pass(CALL, DEVICE_PUBLIC)
    assert "Dana" not in repr(DANA)


def test_a_credential_that_is_not_this_leafs() -> None:
    """CK-906"""
    raw = cbor.decode_map(DANA.to_identity())
    bad = [
        Leaf(DANA.to_identity(), RNG(32)),
        Leaf(cbor.encode({**raw, "type": "member"}), bytes(KEY)),
        Leaf(cbor.encode({**raw, "more": 1}), bytes(KEY)),
        Leaf(cbor.encode({**raw, "name": "a\nb"}), bytes(KEY)),
        Leaf(cbor.encode({**raw, "pass": bytes(63)}), bytes(KEY)),
        Leaf(b"not a map", bytes(KEY)),
    ]
    for leaf in bad:
        with pytest.raises(PeerError, match="CK-906"):
            Guest.of(leaf)


def test_a_pass_is_for_one_call_one_key_and_one_name() -> None:
    """CK-907"""
    other_key = SignatureKey(RNG(32))
    cases = [
        (DANA, CallId(RNG(16)), DEVICE_PUBLIC),
        (replace(DANA, name="Anna"), CALL, DEVICE_PUBLIC),
        (replace(DANA, key=other_key), CALL, DEVICE_PUBLIC),
        (replace(DANA, signature=Signature(bytes(64))), CALL, DEVICE_PUBLIC),
        (DANA, CALL, bytes(identity_public_key(RNG(32)))),
        (DANA, CALL, None),
    ]
    for guest, call, key in cases:
        with pytest.raises(PeerError, match="CK-907") as refused:
            guest.require_pass(call, key)
        assert refused.value.code is Code.BAD_CREDENTIAL


def test_members_are_judged_as_ever_and_no_leaf_becomes_another() -> None:
    """CK-909"""
    judged: list[object] = []

    def members(new: object, replaces: object) -> None:
        judged.append((new, replaces))
        if replaces is not None:
            raise PeerError(Code.BAD_CREDENTIAL, "not a member's")

    validate = with_guests(members)
    dana, member = leaf_of(DANA), Leaf(b"a member", RNG(32))
    validate(dana, None)
    validate(dana, dana)
    assert judged == []
    validate(member, None)
    assert judged == [(member, None)]
    eve = leaf_of(replace(DANA, key=SignatureKey(RNG(32)), name="Eve"))
    for before in (eve, member):
        with pytest.raises(PeerError, match="CK-909"):
            validate(dana, before)
    with pytest.raises(PeerError, match="not a member's"):
        validate(member, dana)
    with pytest.raises(PeerError, match="CK-906"):
        validate(Leaf(DANA.to_identity(), RNG(32)), None)


def test_nothing_of_the_link_is_in_what_the_server_sees() -> None:
    """Neither secret nor name is in a knock; the control: both are in what it is made of."""
    seal = guest_seal(SECRET, LINK.lobby, RNG(32))
    ask = content_lobby.LobbyAsk(KEY, "Dana of the link", bytes(8))
    content = content_lobby.encode_to_host(ask)
    seen = bytes(lobby_room(SECRET)) + seal.knock(content, RNG) + bytes(lobby_room_key(LOBBY))
    for secret in (bytes(SECRET), LOBBY, b"Dana of the link", bytes(LINK.lobby), bytes(KEY)):
        assert secret not in seen
    assert b"Dana of the link" in content
    assert bytes(SECRET) in base64url.decode(LINK.to_link().partition("#call=")[2])
