"""Signed receipts of a call: everybody signs, or nobody keeps anything (R-14)."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from tests.sdk.receipt_room import CALL, THREE, UNIX, Person, Room, story

from visavis.core import call_receipt as r
from visavis.core.call_receipt_file import verify_file
from visavis.core.content_receipt import ReceiptAsk, ReceiptRefused, ReceiptSigned
from visavis.core.errors import Code, UnavailableError
from visavis.core.ids import CallId, Digest
from visavis.sdk.call_receipting import Ending, MayNotAsk


def all_kept(room: Room) -> list[int]:
    return [len(one.kept) for one in room.people.values()]


def ask_of(by: Person, room: Room, **changed: object) -> ReceiptAsk:
    """Return a request as somebody says it, whatever it says."""
    given: dict[str, Any] = {
        "call": CALL,
        "members": room.members,
        "at": room.unix(),
        "since": UNIX,
        "signer": by,
    }
    given |= changed
    opened = tuple(
        r.encode_field(name, room.rng(r.SALT), value)
        for name, value in zip(r.Field, (given["at"], "video", given["since"]), strict=True)
    )
    terms = r.make_terms(given["call"], given["members"], opened)
    signature = r.sign_terms(terms, given["signer"].own.private)
    return ReceiptAsk(terms, opened, signature)


# Everybody signs


@pytest.mark.parametrize("names", [THREE[:2], THREE])
def test_all_sign_and_each_holds_the_same_receipt(names: tuple[str, ...]) -> None:
    @story(*names)
    async def tell(room: Room) -> None:
        await asyncio.sleep(60)
        which = room["anna"].receipting.ask()
        room.deliver()
        for name in names[1:]:
            assert all_kept(room) == [0] * len(names)
            going = room[name].receipting.going
            assert going is not None
            assert (going.by, going.facts.at, going.facts.since, going.facts.media) == (
                room["anna"].key,
                UNIX + 60,
                UNIX,
                "video",
            )
            room[name].receipting.sign(which)
            room.deliver()
        assert all_kept(room) == [1] * len(names)
        files = set()
        for one in room.people.values():
            (kept,) = one.kept
            assert (kept.id, kept.call, kept.own) == (which, CALL, one.key)
            assert (kept.facts.at, kept.facts.since, kept.facts.media) == (UNIX + 60, UNIX, "video")
            assert sorted(kept.names) == sorted(["", *(name for name in names if name != one.name)])
            files.add(kept.file(kept.fields))
            assert one.endings == [Ending.COMPLETE]
            assert one.dropped == {}
        assert len(files) == 1
        checked = verify_file(files.pop())
        assert checked.terms.members == room.members
        assert checked.disclosed == {"at": UNIX + 60, "since": UNIX, "media": "video"}


def test_what_is_not_shown_is_not_in_the_file() -> None:
    @story("anna", "bob")
    async def tell(room: Room) -> None:
        which = room["anna"].receipting.ask()
        room.deliver()
        room["bob"].receipting.sign(which)
        (kept,) = room["bob"].kept
        checked = verify_file(kept.file(["media"]))
        assert checked.disclosed == {"media": "video"}
        checked = verify_file(kept.file([]))
        assert checked.disclosed == {}


def test_signing_twice_is_one_signature() -> None:
    @story(*THREE)
    async def tell(room: Room) -> None:
        which = room["anna"].receipting.ask()
        room.deliver()
        room["bob"].receipting.sign(which)
        room["bob"].receipting.sign(which)
        assert len(room["bob"].said) == 1
        with pytest.raises(UnavailableError):
            room["carl"].receipting.sign(Digest(bytes(32)))
        with pytest.raises(UnavailableError):
            room["carl"].receipting.refuse(Digest(bytes(32)))
        room.deliver()
        assert all_kept(room) == [0, 0, 0]


# Nobody keeps anything


def test_one_refuses_and_nobody_keeps_anything() -> None:
    @story(*THREE)
    async def tell(room: Room) -> None:
        which = room["anna"].receipting.ask()
        room.deliver()
        room["bob"].receipting.sign(which)
        room.deliver()
        room["carl"].receipting.refuse(which)
        room.deliver()
        for one in room.people.values():
            (over,) = one.receipting.over
            assert (over.id, over.why, over.receipt) == (which, Ending.REFUSED, None)
            assert over.by == (None if one.name == "carl" else room["carl"].key)
            assert one.receipting.going is None
        with pytest.raises(UnavailableError):
            room["carl"].receipting.sign(which)
        # Whoever changed their mind cannot sign it any more, either.
        late = ReceiptSigned(which, r.sign_terms(_terms(room["anna"]), room["carl"].own.private))
        room["anna"].hear(room["carl"], late)
        assert all_kept(room) == [0, 0, 0]
        assert room["anna"].dropped == {Code.UNEXPECTED: 1}


def _terms(one: Person) -> bytes:
    (asked,) = [said for said in one.said if isinstance(said, ReceiptAsk)]
    return asked.terms


def test_who_asked_takes_it_back() -> None:
    @story(*THREE)
    async def tell(room: Room) -> None:
        which = room["anna"].receipting.ask()
        room.deliver()
        room["anna"].receipting.refuse(which)
        room.deliver()
        assert all(one.endings == [Ending.REFUSED] for one in room.people.values())
        assert all_kept(room) == [0, 0, 0]


def test_silence_is_no() -> None:
    @story(*THREE)
    async def tell(room: Room) -> None:
        which = room["anna"].receipting.ask()
        room.deliver()
        room["bob"].receipting.sign(which)
        room.deliver()
        await asyncio.sleep(r.ASK_S - 1)
        assert room["anna"].endings == []
        await asyncio.sleep(2)
        assert all(one.endings == [Ending.LATE] for one in room.people.values())
        with pytest.raises(UnavailableError) as late:
            room["carl"].receipting.sign(which)
        assert late.value.code is Code.CONFLICT
        assert all_kept(room) == [0, 0, 0]


def test_each_has_its_own_two_minutes() -> None:
    @story("anna", "bob")
    async def tell(room: Room) -> None:
        first = room["anna"].receipting.ask()
        room.deliver()
        await asyncio.sleep(r.ASK_S - 20)
        room["bob"].receipting.refuse(first)
        room.deliver()
        second = room["anna"].receipting.ask()
        room.deliver()
        await asyncio.sleep(60)
        room["bob"].receipting.sign(second)
        room.deliver()
        assert all_kept(room) == [1, 1]


def test_fresh_keys_end_nothing() -> None:
    @story("anna", "bob")
    async def tell(room: Room) -> None:
        await asyncio.sleep(300)
        which = room["anna"].receipting.ask()
        room.tell()
        room.deliver()
        room.tell()
        room["bob"].receipting.sign(which)
        room.deliver()
        assert [one.kept[0].facts.since for one in room.here] == [UNIX, UNIX]


@pytest.mark.parametrize("comes", [True, False])
def test_who_comes_or_leaves_ends_it(comes: bool) -> None:
    @story(*THREE)
    async def tell(room: Room) -> None:
        which = room["anna"].receipting.ask()
        room.deliver()
        room["bob"].receipting.sign(which)
        room.deliver()
        if comes:
            room.comes("dora")
        else:
            room.goes("carl")
        assert [one.endings for one in room.here if one.name != "dora"] == [[Ending.CHANGED]] * (
            3 if comes else 2
        )
        with pytest.raises(UnavailableError):
            room["carl"].receipting.sign(which)
        # And the next one is of those who are there then, since then.
        await asyncio.sleep(5)
        again = room["bob"].receipting.ask()
        room.deliver()
        for one in room.here:
            if one.name != "bob":
                one.receipting.sign(again)
        room.deliver()
        assert [len(one.kept) for one in room.here] == [1] * len(room.here)
        assert {one.kept[0].facts.since for one in room.here} == {UNIX}


def test_since_is_when_those_came_together() -> None:
    @story("anna", "bob")
    async def tell(room: Room) -> None:
        await asyncio.sleep(500)
        room.comes("carl")
        await asyncio.sleep(500)
        room["carl"].receipting.ask()
        room.deliver()
        going = room["anna"].receipting.going
        assert going is not None
        assert (going.facts.at, going.facts.since) == (UNIX + 1_000, UNIX + 500)


def test_the_end_of_the_call_ends_it() -> None:
    @story("anna", "bob")
    async def tell(room: Room) -> None:
        which = room["anna"].receipting.ask()
        room.deliver()
        room["bob"].receipting.ended()
        assert room["bob"].endings == [Ending.CALL_OVER]
        assert room["bob"].receipting.may_not_ask is MayNotAsk.UNABLE
        with pytest.raises(UnavailableError):
            room["bob"].receipting.sign(which)
        room["bob"].hear(room["anna"], ask_of(room["anna"], room))
        assert room["bob"].receipting.going is None


# Who may ask, and when


def test_one_at_a_time_and_three_by_one() -> None:
    @story(*THREE)
    async def tell(room: Room) -> None:
        anna, bob = room["anna"].receipting, room["bob"].receipting
        for _ in range(3):
            which = anna.ask()
            room.deliver()
            assert bob.may_not_ask is MayNotAsk.ASKED
            with pytest.raises(UnavailableError):
                bob.ask()
            bob.refuse(which)
            room.deliver()
        assert anna.may_not_ask is MayNotAsk.TOO_OFTEN
        with pytest.raises(UnavailableError):
            anna.ask()
        assert bob.may_not_ask is None
        # A changed program that asks a fourth time is asked back by nobody.
        room["carl"].hear(room["anna"], ask_of(room["anna"], room))
        assert room["carl"].receipting.going is None
        assert room["carl"].dropped == {Code.UNEXPECTED: 1}


def test_nobody_asks_alone_or_before_the_call() -> None:
    @story("anna")
    async def tell(room: Room) -> None:
        assert room["anna"].receipting.may_not_ask is MayNotAsk.ALONE
        before = Person(room, "bob")
        assert before.receipting.may_not_ask is MayNotAsk.UNABLE


def test_of_two_at_once_all_keep_to_the_one_with_the_smaller_id() -> None:
    @story(*THREE)
    async def tell(room: Room) -> None:
        ids = {name: room[name].receipting.ask() for name in ("anna", "bob")}
        room.deliver()
        winner = min(ids, key=ids.__getitem__)
        loser = max(ids, key=ids.__getitem__)
        for one in room.people.values():
            assert one.receipting.going is not None
            assert one.receipting.going.id == ids[winner]
        assert room[loser].endings == [Ending.CROSSED]
        for name in (loser, "carl"):
            room[name].receipting.sign(ids[winner])
        room.deliver()
        assert [one.kept[0].id for one in room.people.values()] == [ids[winner]] * 3


def test_nothing_is_asked_or_kept_in_a_confidential_call() -> None:
    @story("anna", "bob")
    async def tell(room: Room) -> None:
        room["bob"].confidential = True
        assert room["bob"].receipting.may_not_ask is MayNotAsk.CONFIDENTIAL
        with pytest.raises(UnavailableError):
            room["bob"].receipting.ask()
        room["anna"].receipting.ask()
        room.deliver()
        assert room["bob"].receipting.going is None
        assert room["bob"].said == []
        assert room["bob"].dropped == {Code.UNEXPECTED: 1}
        assert all_kept(room) == [0, 0]


def test_a_call_that_turns_out_to_be_confidential_keeps_nothing() -> None:
    @story("anna", "bob")
    async def tell(room: Room) -> None:
        which = room["anna"].receipting.ask()
        room.deliver()
        for one in room.people.values():
            one.confidential = True
        room["anna"].hear(
            room["bob"],
            ReceiptSigned(which, r.sign_terms(_terms(room["anna"]), room["bob"].own.private)),
        )
        with pytest.raises(UnavailableError):
            room["bob"].receipting.sign(which)
        assert all_kept(room) == [0, 0]


# What members may not say


def test_a_request_that_does_not_hold_is_dropped() -> None:
    @story(*THREE)
    async def tell(room: Room) -> None:
        anna, bob, carl = (room[name] for name in THREE)
        bob.hear(anna, ask_of(anna, room, at=UNIX, since=UNIX + 1))
        assert bob.receipting.dropped.pop(Code.MALFORMED) == 1
        await asyncio.sleep(1_000)
        now = room.unix()
        wrong = [
            {"call": CallId(bytes(16))},
            {"members": frozenset([anna.key, bob.key])},
            {"members": room.members | {Person(room, "eve").key}},
            {"at": now - 121},
            {"at": now + 121},
            {"since": UNIX + 121},
            {"since": UNIX - 121},
            {"signer": carl},
        ]
        for changed in wrong:
            bob.hear(anna, ask_of(anna, room, **changed))
            assert bob.receipting.going is None, changed
        assert sum(bob.dropped.values()) == len(wrong)
        eve = Person(room, "eve")
        bob.hear(eve, ask_of(eve, room))
        assert bob.receipting.going is None
        good = ask_of(anna, room)
        other = ask_of(anna, room)
        bob.hear(anna, replace(good, fields=other.fields))
        bob.hear(anna, replace(good, terms=other.terms))
        bob.hear(anna, replace(good, terms=good.terms + b"\0"))
        assert bob.receipting.going is None
        bob.hear(anna, ask_of(anna, room, at=now - 120, since=UNIX + 120))
        assert bob.receipting.going is not None, "the control"


def test_a_signature_of_another_or_for_another_receipt_counts_for_nothing() -> None:
    @story(*THREE)
    async def tell(room: Room) -> None:
        anna, bob, carl = (room[name] for name in THREE)
        which = anna.receipting.ask()
        room.deliver()
        terms = _terms(anna)
        good = r.sign_terms(terms, bob.own.private)
        for forged in (
            ReceiptSigned(which, r.sign_terms(terms, carl.own.private)),
            ReceiptSigned(which, type(good)(bytes(64))),
            ReceiptSigned(Digest(bytes(32)), good),
        ):
            anna.hear(bob, forged)
        going = anna.receipting.going
        assert going is not None
        assert going.signatures.keys() == {anna.key}
        # Nobody signs in another's name, or who is not there.
        anna.hear(carl, ReceiptSigned(which, good))
        anna.hear(Person(room, "eve"), ReceiptSigned(which, good))
        anna.hear(Person(room, "eve"), ReceiptRefused(which))
        anna.hear(carl, ReceiptRefused(Digest(bytes(32))))
        assert going.signatures.keys() == {anna.key}
        assert anna.receipting.going is going
        anna.hear(bob, ReceiptSigned(which, good))
        assert going.signatures.keys() == {anna.key, bob.key}, "the control"


def test_what_is_said_again_changes_nothing() -> None:
    @story(*THREE)
    async def tell(room: Room) -> None:
        anna, bob, carl = (room[name] for name in THREE)
        which = anna.receipting.ask()
        room.deliver()
        bob.receipting.sign(which)
        room.deliver()
        for said in anna.said:
            carl.hear(anna, said)
        for said in bob.said:
            carl.hear(bob, said)
        assert carl.dropped == {Code.REPLAYED: 1}
        carl.receipting.sign(which)
        room.deliver()
        assert all_kept(room) == [1, 1, 1]
        for by in (anna, bob, carl):
            for said in by.said:
                for to in room.here:
                    if to is not by:
                        to.hear(by, said)
        assert all_kept(room) == [1, 1, 1]
        assert all(one.receipting.going is None for one in room.here)
        assert anna.receipting.may_not_ask is None


def test_who_missed_it_hears_it_when_they_are_back() -> None:
    @story("anna", "bob")
    async def tell(room: Room) -> None:
        anna, bob = room["anna"], room["bob"]
        which = anna.receipting.ask()
        room.lose()
        for said in anna.receipting.recent:
            bob.hear(anna, said)
        bob.receipting.sign(which)
        room.lose()
        assert len(bob.kept) == 1
        assert anna.kept == []
        for said in bob.receipting.recent:
            anna.hear(bob, said)
        assert all_kept(room) == [1, 1]
