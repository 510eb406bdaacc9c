"""Guests in the MLS group of a call, and in a lobby: what they may do and what is refused."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from tests.sdk.group_call_crew import CALL, NOW, Dice, consent_in, key_package, people

from visavis.core.address import ContactAddress
from visavis.core.content_lobby import (
    LobbyAsk,
    LobbyCome,
    LobbyEnd,
    LobbyEnded,
    LobbyPass,
    LobbyWaiting,
    LobbyWelcome,
    ToHost,
    decode_to_guest,
    encode_to_host,
)
from visavis.core.content_records import Media
from visavis.core.content_room import RoomKnocked, RoomLetIn, ToRoom
from visavis.core.errors import Code, PeerError
from visavis.core.guest import Guest, is_guest, sign_pass, with_guests
from visavis.core.ids import (
    Capability,
    GroupId,
    LinkSecret,
    MailboxId,
    RoomId,
    SealKey,
    Signature,
    SignatureKey,
)
from visavis.core.lobby import LobbySeal, guest_seal, lobby_public_key
from visavis.core.mls import (
    SUITE_ID,
    KeyPackageBundle,
    MemberInfo,
    generate_signature_key,
    new_key_package,
    signature_public_key,
)
from visavis.sdk import call_lobby
from visavis.sdk.call_link_book import OwnLink
from visavis.sdk.call_lobby import Desk, Lobby, Meeting, Visit
from visavis.sdk.consent_key import OwnConsent
from visavis.sdk.group_call_keys import GroupCallKeys
from visavis.sdk.guest_entry import judge
from visavis.sdk.seam import KeyMaterial

RNG = Dice(41)
HOST = people()[0]


class Stranger:
    """A guest's keys of one visit, and whatever credential it makes of them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.private = generate_signature_key(SUITE_ID, RNG)
        self.key = SignatureKey(signature_public_key(SUITE_ID, self.private))
        self.consent = OwnConsent.make(RNG)

    def guest(self, signed_by: bytes = HOST.signature_private) -> Guest:
        signature = sign_pass(CALL, self.key, self.name, signed_by)
        return Guest(self.key, self.name, HOST.account, HOST.device, signature)

    def bundle(self, guest: Guest | None = None) -> KeyPackageBundle:
        return new_key_package(
            identity=(guest or self.guest()).to_identity(),
            signature_private=self.private,
            not_before=NOW - 9,
            not_after=NOW + 9_000,
            rng=RNG,
            leaf_extensions=[self.consent.extension()],
        )


def may_be_in(member: MemberInfo) -> None:
    """Judge as members do, of whom two are in the group."""
    if is_guest(member):
        guest = Guest.of(member)
        keys = {
            (one.account, one.device): signature_public_key(SUITE_ID, one.signature_private)
            for one in people()[:2]
        }
        guest.require_pass(CALL, keys.get((guest.account, guest.device)))


def material(number: int) -> KeyMaterial:
    keys = people()[number]
    return replace(keys, validator=with_guests(keys.validator))


def join_as_member(welcome: bytes, bundle: KeyPackageBundle) -> GroupCallKeys:
    return GroupCallKeys.join(
        welcome, bundle, consent_in(bundle), CALL, material(1), may_be_in, now=NOW, rng=RNG
    )


def call_with(*guests: Stranger) -> list[GroupCallKeys]:
    """Return a call of its host, a second member, and guests."""
    first = GroupCallKeys.found(
        CALL, material(0), OwnConsent.make(RNG), may_be_in, now=NOW, rng=RNG
    )
    member = key_package(1)
    bundles = [member, *(one.bundle() for one in guests)]
    first.offer([first.note(one.key_package, now=NOW) for one in bundles], (), now=NOW)
    welcome = first.won().welcome
    assert welcome is not None
    second = join_as_member(welcome, member)
    others = [
        GroupCallKeys.join(
            welcome, bundle, guest.consent, CALL, judge(), lambda _: None, now=NOW, rng=RNG
        )
        for guest, bundle in zip(guests, bundles[1:], strict=True)
    ]
    return [first, second, *others]


def test_whoever_comes_later_checks_guests_by_the_tree() -> None:
    host, member, guest = call_with(Stranger("Dana"))
    names = [Guest.of(one).name for one in member.members().values() if is_guest(one)]
    assert names == ["Dana"]
    said = guest.encrypt(b"hello")
    for other in (host, member):
        assert other.decrypt(said, now=NOW)[2] == b"hello"
    # As the tree would be if the host were one who lets in whom it likes without a pass.
    forger = GroupCallKeys.found(
        CALL, material(0), OwnConsent.make(RNG), lambda _: None, now=NOW, rng=RNG
    )
    eve = Stranger("Eve")
    member_bundle = key_package(1)
    bad = eve.bundle(eve.guest(signed_by=eve.private))
    forger.offer(
        [forger.note(one.key_package, now=NOW) for one in (member_bundle, bad)], (), now=NOW
    )
    welcome = forger.won().welcome
    assert welcome is not None
    with pytest.raises(PeerError, match="CK-907"):
        join_as_member(welcome, member_bundle)


def test_a_guest_brings_in_nobody() -> None:
    """CK-908: neither a friend of its own, nor somebody who had a pass and was removed."""
    for let_in in (True, False):
        host, member, guest, second = call_with(Stranger("Dana"), Stranger("Dan"))
        friend = Stranger("Eve")
        bundle = friend.bundle() if let_in else friend.bundle(friend.guest(friend.private))
        offer = guest.offer([guest.note(bundle.key_package, now=NOW)], (), now=NOW)
        for other in (host, member, second):
            with pytest.raises(PeerError, match="CK-90[78]"):
                other.apply(offer.commit, now=NOW)
            assert other.epoch == 1
        guest.lost()
        # The control: it may take out who is gone, as anybody in the call may.
        leaf = second.began().own
        offer = guest.offer((), [leaf], now=NOW)
        began = [other.apply(offer.commit, now=NOW) for other in (host, member)]
        assert [one is not None and one.went for one in began] == [frozenset({leaf})] * 2


def test_nobody_but_the_group_lets_guests_in() -> None:
    """CK-851, CK-907: a pass of a device that is not in the group is none."""
    host, member = call_with()
    eve = Stranger("Eve")
    outsider = people()[5]
    signature = sign_pass(CALL, eve.key, eve.name, outsider.signature_private)
    foreign = Guest(eve.key, eve.name, outsider.account, outsider.device, signature)
    for guest in (foreign, eve.guest(eve.private), replace(eve.guest(), name="Anna")):
        for one in (host, member):
            with pytest.raises(PeerError, match="CK-907"):
                one.note(eve.bundle(guest).key_package, now=NOW)
    for one in (host, member):
        one.note(eve.bundle().key_package, now=NOW)


# ---- The lobby -----------------------------------------------------------------------------------


class Door:
    """The lobby's room: notes what is answered."""

    def __init__(self) -> None:
        self.events: asyncio.Queue[Any] = asyncio.Queue()
        self.sent: list[ToRoom] = []
        self.left = False

    async def next(self) -> Any:
        return await self.events.get()

    def send(self, message: ToRoom) -> None:
        self.sent.append(message)

    async def leave(self) -> None:
        self.left = True


class Host:
    """The call, as a lobby sees it."""

    def __init__(self) -> None:
        self.wishes: list[bytes] = []
        self.good = True
        self.used_up: list[OwnLink] = []
        self.room = RoomId(RNG(16))

    def meeting(self) -> Meeting:
        def wish(package: bytes, reply: Any) -> None:
            self.wishes.append(package)
            reply(b"a Welcome")

        return Meeting(CALL, self.room, Media.VOICE, (), wish)

    def changed(self, came: Visit | None = None) -> None:
        del came

    def is_good(self, link: OwnLink) -> bool:
        del link
        return self.good

    def used(self, link: OwnLink) -> None:
        self.used_up.append(link)


class World:
    """A lobby with its door and its host; guests knock with seals of their own."""

    def __init__(self, *, once: bool = False) -> None:
        self.link = OwnLink(
            RNG(16), GroupId(RNG(16)), LinkSecret(RNG(32)), RNG(32), NOW + 900, once
        )
        self.door, self.host = Door(), Host()
        address = ContactAddress(
            "https://x.org", MailboxId(RNG(16)), Capability(RNG(32)), SealKey(RNG(32))
        )
        list_data = b"a device list"
        desk = Desk(HOST, list_data, material(0).validator, address, lambda: NOW, RNG)
        self.lobby = Lobby(self.link, self.door, desk, self.host)

    def seal(self) -> LobbySeal:
        return guest_seal(self.link.secret, lobby_public_key(self.link.private), RNG(32))

    def knock(self, seal: LobbySeal, said: ToHost, number: int = 1) -> Any:
        """Have somebody knock; return what they are answered, or None."""
        before = len(self.door.sent)
        self.lobby._knocked(number, seal.knock(encode_to_host(said), RNG))
        return self.answer(seal) if len(self.door.sent) > before else None

    def answer(self, seal: LobbySeal) -> Any:
        last = self.door.sent[-1]
        assert isinstance(last, RoomLetIn)
        return decode_to_guest(seal.open_answer(last.body))


@pytest.fixture
def no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask without working; that it is asked for has a test of its own."""
    monkeypatch.setattr(LobbySeal, "check_work", lambda *_: None)


async def test_who_asks_without_work_is_not_heard() -> None:
    """CK-904"""
    world, dana = World(), Stranger("Dana")
    seal = world.seal()
    with pytest.raises(PeerError, match="CK-904"):
        world.knock(seal, LobbyAsk(dana.key, "Dana", bytes(7) + b"\xfe"))
    assert world.lobby.waiting() == []
    assert isinstance(
        world.knock(seal, LobbyAsk(dana.key, "Dana", seal.solve_work())), LobbyWaiting
    )


@pytest.mark.usefixtures("no_work")
async def test_what_only_who_was_let_in_may_ask() -> None:
    """CK-910, CK-915"""
    world, dana, eve = World(), Stranger("Dana"), Stranger("Eve")
    seal = world.seal()
    ask, come = LobbyAsk(dana.key, "Dana", bytes(8)), LobbyCome(dana.bundle().key_package)
    with pytest.raises(PeerError, match="CK-915"):
        world.knock(seal, come)
    assert isinstance(world.knock(seal, ask), LobbyWaiting)
    with pytest.raises(PeerError, match="CK-915"):
        world.knock(seal, come)
    for other in (replace(ask, name="Anna"), replace(ask, key=eve.key)):
        with pytest.raises(PeerError, match="CK-915"):
            world.knock(seal, other)
    (visit,) = world.lobby.waiting()
    assert world.lobby.admit(visit)
    given = world.answer(seal)
    assert isinstance(given, LobbyPass)
    assert Signature(given.signature) == dana.guest().signature
    # Whoever has the link and saw Dana's key in the call gets nothing by it.
    thief = world.seal()
    assert isinstance(world.knock(thief, ask), LobbyWaiting)
    with pytest.raises(PeerError, match="CK-915"):
        world.knock(thief, come)
    for bundle in (eve.bundle(), eve.bundle(eve.guest(eve.private))):
        with pytest.raises(PeerError, match="CK-910|CK-907"):
            world.knock(seal, LobbyCome(bundle.key_package))
    assert world.host.wishes == []
    assert world.knock(seal, come) == LobbyWelcome(b"a Welcome")
    assert world.host.wishes == [come.key_package]
    world.lobby.refuse(visit)
    assert world.answer(seal) == LobbyEnded(LobbyEnd.REFUSED)
    with pytest.raises(PeerError, match="CK-915"):
        world.knock(seal, come)
    assert world.knock(seal, ask) == LobbyEnded(LobbyEnd.REFUSED)


@pytest.mark.usefixtures("no_work")
async def test_a_lobby_is_full_at_some_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """CK-911"""
    monkeypatch.setattr(call_lobby, "MAX_WAITING", 2)
    monkeypatch.setattr(call_lobby, "MAX_REFUSED", 2)
    world = World()
    seals = [world.seal() for _ in range(3)]
    asks = [LobbyAsk(Stranger("Dana").key, "Dana", bytes(8)) for _ in seals]
    for seal, ask in zip(seals[:2], asks[:2], strict=True):
        assert isinstance(world.knock(seal, ask), LobbyWaiting)
    with pytest.raises(PeerError, match="CK-911") as full:
        world.knock(seals[2], asks[2])
    assert full.value.code is Code.QUOTA
    assert world.answer(seals[2]) == LobbyEnded(LobbyEnd.FULL)
    for visit in world.lobby.waiting():
        world.lobby.refuse(visit)
    assert isinstance(world.knock(seals[2], asks[2]), LobbyWaiting)
    assert len(world.lobby._visits) <= 3


@pytest.mark.usefixtures("no_work")
async def test_a_link_that_is_over_lets_nobody_in() -> None:
    """CK-914: expired, withdrawn, or used by the one it was for."""
    world, dana = World(), Stranger("Dana")
    waits, late = world.seal(), world.seal()
    ask = LobbyAsk(dana.key, "Dana", bytes(8))
    world.knock(waits, ask)
    (visit,) = world.lobby.waiting()
    world.host.good = False
    assert not world.lobby.admit(visit)
    with pytest.raises(PeerError, match="CK-914"):
        world.knock(late, ask)
    assert world.answer(late) == LobbyEnded(LobbyEnd.CLOSED)
    assert world.knock(waits, ask) == LobbyEnded(LobbyEnd.CLOSED)
    once = World(once=True)
    seals = [once.seal(), once.seal()]
    for seal in seals:
        once.knock(seal, LobbyAsk(Stranger("Dana").key, "Dana", bytes(8)))
    first, second = once.lobby.waiting()
    assert once.lobby.admit(first)
    assert once.host.used_up == [once.link]
    assert not once.lobby.admit(second)
    with pytest.raises(PeerError, match="CK-914"):
        once.knock(once.seal(), ask)


@pytest.mark.usefixtures("no_work")
async def test_who_went_away_waits_no_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_lobby, "SILENT_S", 0.05)
    monkeypatch.setattr(call_lobby, "LOOK_S", 0.02)
    world = World()
    running = asyncio.ensure_future(world.lobby.run())
    seal = world.seal()
    body = seal.knock(encode_to_host(LobbyAsk(Stranger("Dana").key, "Dana", bytes(8))), RNG)
    world.door.events.put_nowait(RoomKnocked(1, b"nonsense"))
    world.door.events.put_nowait(SimpleNamespace())
    world.door.events.put_nowait(RoomKnocked(1, body))
    async with asyncio.timeout(5):
        while not world.lobby.waiting():
            await asyncio.sleep(0.01)
        while world.lobby.waiting():
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await world.lobby.end()
    assert world.door.left
