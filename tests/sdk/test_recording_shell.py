"""Consent to recordings of a call, on all its devices: asked, answered, recorded, over (P17)."""

from __future__ import annotations

import asyncio

import pytest
from tests.core.recorder import BOTH, SOUND
from tests.core.webm_examples import delta_frame, key_frame
from tests.sdk.recording_room import (
    CALL,
    DOWN,
    NOTHING,
    OPUS,
    ORDERS,
    THREE,
    TITLE,
    UNIX,
    WANTED,
    FakeBook,
    Person,
    Room,
    asked,
    recorded,
    story,
)

from visavis.core import recording_statements as s
from visavis.core.content_recording import RecordingSaid
from visavis.core.errors import Code, UnavailableError, UsageError
from visavis.core.ids import Digest
from visavis.core.recording import members_hash
from visavis.core.recording_types import Kind, OverReason
from visavis.sdk.recording_means import Answered
from visavis.sdk.recording_parts import MayNotAsk, Shown


def require_over(room: Room, ask: Digest, reason: OverReason, by: str | None) -> None:
    """Require that a request is over for all who are there, and by whose word."""
    for one in room.here:
        (over,) = [done for done in one.shell.over if done.id == ask]
        assert over.reason is reason, one.name
        assert over.by in {None, room[by].key if by else None}, one.name
        assert over.request.purpose == WANTED.purpose
        assert (one.shell.asks, one.shell.known, one.shell.shown) == ((), (), ())


# Asked and agreed to


@ORDERS
def test_all_agree_and_it_is_recorded(seed: int) -> None:
    @story(*THREE, seed=seed)
    async def _(room: Room) -> None:
        anna, bob, carl = (room[name] for name in THREE)
        assert [one.shell.may_not_ask for one in room.here] == [None] * 3
        ask = await asked(room)
        for one in room.here:
            assert one.shell.asks == (ask,)
            (known,) = one.shell.known
            assert (known.id, known.ask.by) == (ask, anna.key)
            assert one.shell.shown == ()
        request = bob.shell.known[0].request
        assert request == carl.shell.known[0].request == anna.shell.known[0].request
        assert (request.purpose, request.days, request.kinds) == (WANTED.purpose, 7, BOTH)
        assert (request.at, request.call, request.key) == (UNIX, s.call_reference(CALL), anna.key)
        assert (anna.shell.may_not_ask, bob.shell.may_not_ask) == (MayNotAsk.ASKED, None)
        await bob.shell.agree(ask, BOTH)
        await room.settle()
        assert anna.recorder is not None
        assert anna.recorder.recorded == NOTHING, "silence is no"
        changes = [one.changes for one in room.here]
        await carl.shell.agree(ask, SOUND)
        await room.settle()
        assert anna.recorder.recorded == SOUND, "what each agreed to"
        for one in room.here:
            assert one.shell.shown == (Shown(ask, anna.key, SOUND),)
            assert one.dropped == {}
        assert all(one.changes > before for one, before in zip(room.here, changes, strict=True))
        await carl.shell.agree(ask, BOTH)  # and the rest, after all
        await room.settle()
        assert anna.recorder.recorded == BOTH
        assert (bob.recorder, carl.recorder, anna.recorders_made) == (None, None, 1)
        assert anna.recorder.shares == {
            one.key: laid.share for one in room.here for laid in one.laid
        }
        assert [len(one.laid) for one in room.here] == [1, 1, 1], "one share each"


def test_what_the_recorder_is_told_in_order() -> None:
    @story(*THREE)
    async def _(room: Room) -> None:
        anna, bob, carl = (room[name] for name in THREE)
        ask = await asked(room)
        assert anna.told() == [("said", "RecordingAsk", "anna"), ("share", "anna")]
        await bob.shell.agree(ask, BOTH)
        await room.settle()
        three = room.names(room.members)
        grant = ("said", "RecordingGrant", "bob")
        assert anna.told() == [("among", three), grant, ("share", "bob")]
        anna.shares.gate.clear()  # Carl's share takes its time
        await carl.shell.agree(ask, BOTH)
        await room.settle()
        assert anna.told() == [
            ("said", "RecordingGrant", "carl"),
            ("record", BOTH),
            ("said", "RecordingProgress", "anna"),
        ]
        anna.shares.gate.set()
        await room.settle()
        assert anna.told() == [("share", "carl")]
        bob.shell.withdraw(ask)
        await room.settle()
        assert anna.told() == [
            ("said", "RecordingWithdrawal", "bob"),
            ("said", "RecordingEnd", "anna"),
            ("record", NOTHING),
            ("over",),
        ]


def test_the_share_lies_there_before_a_yes_is_said() -> None:
    @story("anna", "bob")
    async def _(room: Room) -> None:
        anna, bob = room["anna"], room["bob"]
        ask = await recorded(room)
        for one, what in ((anna, "RecordingAsk"), (bob, "RecordingGrant")):
            order = [entry for entry in one.log if entry[0] in {"laying", "lay", "say"}][:3]
            assert [entry[0] for entry in order] == ["laying", "lay", "say"]
            assert order[2] == ("say", what)
            (laid,) = one.laid
            (said, *_) = one.said
            assert (said.slot, said.read) == (laid.slot, laid.read)
            assert laid.delete not in (laid.read, laid.slot, laid.share)
        grant = bob.statements()[0]
        assert isinstance(grant, s.RecordingGrant)
        assert grant.share == Digest.sha256(bob.laid[0].share)
        assert (grant.ask, grant.members, grant.clear) == (ask, members_hash(room.members), False)
        # What else is said names no share.
        assert [one.slot for one in anna.said[1:]] == [None]
        assert anna.words() == ["Ask", "Progress"]
        progress = anna.statements()[1]
        assert isinstance(progress, s.RecordingProgress)
        assert (progress.kinds, progress.members) == (BOTH, room.members)


def test_silence_is_no() -> None:
    @story(*THREE)
    async def _(room: Room) -> None:
        ask = await asked(room)
        await room["bob"].shell.agree(ask, BOTH)
        await asyncio.sleep(3_600)
        await room.settle()
        assert [one.shell.shown for one in room.here] == [(), (), ()]
        assert ("record", BOTH) not in room["anna"].told()
        assert room["carl"].log == []
        assert room["anna"].words() == ["Ask"]


@ORDERS
def test_one_refuses(seed: int) -> None:
    @story(*THREE, seed=seed)
    async def _(room: Room) -> None:
        anna, bob, carl = (room[name] for name in THREE)
        ask = await asked(room)
        await bob.shell.agree(ask, BOTH)
        carl.shell.refuse(ask)
        assert [one.has_refused(ask) for one in (bob.shell, carl.shell)] == [False, True]
        await room.settle()
        assert anna.shell.over[0].reason is OverReason.REFUSED
        assert anna.shell.over[0].by == carl.key
        # Whether the no or the end of it came first, it is over by another's word.
        assert bob.shell.over[0].reason in {OverReason.REFUSED, OverReason.STOPPED}
        assert bob.shell.over[0].by in {carl.key, anna.key}
        assert carl.shell.over[0].by is None
        assert [one.shell.asks for one in room.here] == [(), (), ()]
        assert anna.recorder is not None
        assert anna.recorder.recorded == NOTHING
        assert anna.words() == ["Ask", "End"]
        assert anna.laid == [], "nothing was sealed with it"
        assert carl.laid == []
        with pytest.raises(UnavailableError) as refused:
            await bob.shell.agree(ask, BOTH)
        assert refused.value.code is Code.CONFLICT
        # The call goes on, and it may be asked anew.
        again = await recorded(room)
        assert again != ask
        assert anna.recorder.recorded == BOTH
        assert [one.shell.has_refused(again) for one in room.here] == [False] * 3


def test_who_refuses_says_so_and_lays_nothing() -> None:
    @story("anna", "bob")
    async def _(room: Room) -> None:
        bob = room["bob"]
        ask = await asked(room)
        bob.shell.refuse(ask)
        await room.settle()
        require_over(room, ask, OverReason.REFUSED, "bob")
        assert bob.words() == ["Refusal"]
        assert bob.did("lay", "delete") == []
        (answered,) = [entry[1] for entry in bob.log if entry[0] == "answered"]
        assert answered.slot is None
        for late in (bob.shell.refuse, bob.shell.withdraw):
            with pytest.raises(UnavailableError):
                late(ask)
        assert bob.words() == ["Refusal"], "nothing is said twice"


def test_a_yes_and_then_a_no() -> None:
    @story(*THREE)
    async def _(room: Room) -> None:
        bob = room["bob"]
        ask = await asked(room)
        await bob.shell.agree(ask, BOTH)
        await room.settle()
        bob.shell.refuse(ask)
        await room.settle()
        assert bob.laid == []
        assert bob.did("say", "delete") == ["say", "say", "delete"]
        with pytest.raises(UnavailableError):
            bob.shell.withdraw(ask)


@ORDERS
def test_a_yes_is_taken_back(seed: int) -> None:
    @story(*THREE, seed=seed)
    async def _(room: Room) -> None:
        anna, bob, carl = (room[name] for name in THREE)
        ask = await recorded(room)
        share = bob.laid[0]
        bob.shell.withdraw(ask)
        assert bob.shell.shown == (), "at once"
        await room.settle()
        assert anna.recorder is not None
        assert anna.recorder.recorded == NOTHING
        assert anna.shell.over[0].reason is OverReason.WITHDRAWN
        assert anna.shell.over[0].by == bob.key
        assert bob.shell.over[0].by is None
        assert [one.shell.shown for one in room.here] == [(), (), ()]
        # It is said first, and then the share goes; those of the others stay.
        did = [entry for entry in bob.log if entry[0] != "take_back"][-4:]
        assert [entry[0] for entry in did] == ["say", "leaving", "delete", "gone"]
        assert did[0] == ("say", "RecordingWithdrawal")
        assert {entry[1] for entry in did[1:]} == {share.slot}
        assert share.slot not in room.lying
        assert len(anna.laid) == len(carl.laid) == 1, "what was recorded is played with them"
        with pytest.raises(UnavailableError):
            bob.shell.withdraw(ask)
        assert not bob.shell.has_refused(ask)
        assert (await recorded(room)) != ask
        assert bob.laid[0].share != share.share, "another recording, another share"


def test_a_yes_is_taken_back_when_all_is_over() -> None:
    """Nothing is said in the call any more: it is taken back in the book, and the share goes."""

    @story("anna", "bob")
    async def _(room: Room) -> None:
        anna, bob = room["anna"], room["bob"]
        ask = await recorded(room)
        anna.shell.stop()
        await room.settle()
        assert len(bob.laid) == 1
        said = bob.words()
        bob.shell.withdraw(ask)
        await room.settle()
        assert (bob.laid, bob.words()) == ([], said)
        did = bob.did("take_back", "leaving", "delete", "gone")
        assert did == ["take_back", "leaving", "delete", "gone"]
        again = await recorded(room)
        room.goes("bob")
        assert len(bob.laid) == 1
        bob.shell.withdraw(again)
        await room.settle()
        assert bob.laid == []
        assert [entry[1] for entry in bob.log if entry[0] == "take_back"] == [ask, again]


def test_a_share_goes_also_if_the_book_cannot_be_written() -> None:
    class FullBook(FakeBook):
        def take_back(self, ask: Digest) -> tuple[()]:
            super().take_back(ask)
            raise OSError("no space is left")

    @story("anna", "bob", book=FullBook([]))
    async def _(room: Room) -> None:
        bob = room["bob"]
        ask = await recorded(room)
        room["anna"].shell.stop()
        await room.settle()
        with pytest.raises(OSError, match="no space"):
            bob.shell.withdraw(ask)
        await room.settle()
        assert len(room.lying) == 1, "that of who asked"


def test_a_yes_to_what_is_over_is_taken_back_without_a_book() -> None:
    """As with guests."""

    @story("anna", "bob", book=None)
    async def _(room: Room) -> None:
        bob = room["bob"]
        ask = await recorded(room)
        room["anna"].shell.stop()
        await room.settle()
        assert len(room.lying) == 2
        bob.shell.withdraw(ask)
        await room.settle()
        assert len(room.lying) == 1


@ORDERS
def test_who_asked_stops(seed: int) -> None:
    @story(*THREE, seed=seed)
    async def _(room: Room) -> None:
        anna = room["anna"]
        ask = await recorded(room)
        anna.told()
        anna.shell.stop()
        assert anna.told() == [("said", "RecordingEnd", "anna"), ("record", NOTHING), ("over",)]
        await room.settle()
        require_over(room, ask, OverReason.STOPPED, "anna")
        assert len(anna.laid) == 1, "something is sealed with it"
        for one in room.here:
            with pytest.raises(UnavailableError) as refused:
                one.shell.stop()
            assert refused.value.code is Code.CONFLICT


def test_what_was_asked_and_never_recorded_leaves_no_share_of_who_asked() -> None:
    @story("anna", "bob")
    async def _(room: Room) -> None:
        await asked(room)
        assert len(room["anna"].laid) == 1
        room["anna"].shell.stop()
        await room.settle()
        assert room["anna"].laid == []
        assert room["anna"].did("leaving", "delete", "gone") == ["leaving", "delete", "gone"]


def test_what_cannot_be_written_is_not_recorded() -> None:
    """The disk is full, say: it is ended for all, and whoever asked may ask anew."""

    @story("anna", "bob")
    async def _(room: Room) -> None:
        anna, bob = room.here
        await recorded(room)
        assert anna.recorder is not None
        for _ in range(2):  # and harmless when it is over
            anna.recorder.cannot_write()
            await room.settle()
            assert [one.shell.over[0].reason for one in room.here] == [OverReason.STOPPED] * 2
            assert (bob.shell.shown, anna.words()) == ((), ["Ask", "Progress", "End"])
        assert anna.recorder.recorded == NOTHING
        assert await recorded(room)


def test_frames_are_taken_by_the_leaves_of_the_group() -> None:
    @story("anna", "bob")
    async def _(room: Room) -> None:
        anna, bob = room.here
        assert anna.gate.tap is None, "nobody records"
        ask = await recorded(room)
        tap = anna.gate.tap
        assert tap is not None
        assert bob.gate.tap is None
        anna.shell.leaves = {3: bob.key}
        assert [tap.opened(leaf, "audio", 0, OPUS) for leaf in (3, 4)] == [False, False]
        assert tap.opened(3, "video", 0, delta_frame()), "it wants a key frame"
        assert not tap.opened(3, "video", 3_000, key_frame())
        assert not tap.opened(4, "video", 0, delta_frame()), "nobody has this leaf"
        tap.sent(anna, "screen", key_frame())
        tap.sent(anna, "audio", OPUS)
        tap.opened(3, "audio", 960, OPUS)  # what waits of ours goes with theirs
        await room.settle()
        assert anna.recorder is not None
        assert anna.recorder.proof(ask).ok
        assert {(part.key, part.kind) for part in anna.recorder.parts(ask)} == {
            (anna.key, Kind.AUDIO),
            (bob.key, Kind.AUDIO),
            (bob.key, Kind.VIDEO),
        }
        anna.shell.stop()
        assert anna.gate.tap is None, "nobody records any more"


def test_what_is_kept_of_an_answer() -> None:
    @story("anna", "bob")
    async def _(room: Room) -> None:
        anna, bob = room["anna"], room["bob"]
        ask = await recorded(room)
        slot = bob.laid[0].slot
        bob.shell.withdraw(ask)
        await room.settle()
        kept = [entry[1] for entry in bob.log if entry[0] == "answered"]
        request = anna.said[0].statement
        assert kept == [
            Answered(CALL, bob.own, request, bob.said[0].statement, slot, "anna", TITLE),
            Answered(CALL, bob.own, request, bob.said[1].statement, slot, "anna", TITLE),
        ]
        assert [entry for entry in anna.log if entry[0] == "answered"] == []
        assert bytes(bob.own.private).hex() not in repr(kept)
        # It is kept before it is said: what others know must be known here after a crash.
        order = [entry[0] for entry in bob.log if entry[0] in {"answered", "say"}]
        assert order == ["answered", "say"] * 2


def test_a_yes_that_was_on_its_way_when_it_ended() -> None:
    """Nothing of it is told to whatever records, and it is no breach."""

    @story(*THREE)
    async def _(room: Room) -> None:
        anna, bob, carl = room.here
        ask = await asked(room)
        await bob.shell.agree(ask, BOTH)
        carl.shell.refuse(ask)
        room.deliver("carl", "anna")
        anna.told()
        await room.settle()
        assert (anna.told(), anna.dropped) == ([], {})


# The end


@ORDERS
def test_the_call_is_over_in_the_middle(seed: int) -> None:
    @story(*THREE, seed=seed)
    async def _(room: Room) -> None:
        anna, bob = room["anna"], room["bob"]
        ask = await recorded(room)
        words = anna.words()
        anna.told()
        anna.shell.ended()
        assert anna.told() == [("said", "RecordingEnd", "anna"), ("record", NOTHING), ("over",)]
        assert anna.words() == words, "who is out says nothing"
        anna.shell.ended()
        assert anna.told() == []
        assert (anna.shell.shown, anna.shell.asks, anna.shell.known) == ((), (), ())
        assert [over.reason for over in anna.shell.over] == [OverReason.CALL_OVER]
        assert len(anna.laid) == 1
        assert anna.recorder is not None
        anna.recorder.hear(room.members, 1)
        proof = anna.recorder.proof(ask)
        assert (proof.ok, proof.ended) == (True, True), "its end is signed in the file"
        await bob.shell.agree(ask, SOUND)
        await room.settle()
        assert anna.told() == []
        room.here.remove(anna)
        for one in room.here:
            one.shell.members(room.members, room.never)
            assert one.shell.over[0].reason is OverReason.GONE
            assert (one.shell.shown, one.shell.over[0].by) == ((), None)
        for call in (anna.shell.stop, lambda: anna.shell.refuse(ask)):
            with pytest.raises(UnavailableError):
                call()
        with pytest.raises(UnavailableError):
            await anna.shell.agree(ask, BOTH)
        assert anna.words() == words


def test_what_was_asked_goes_with_who_asked_and_stays_with_who_leaves() -> None:
    @story(*THREE)
    async def _(room: Room) -> None:
        anna = room["anna"]
        await recorded(room)
        anna.told()
        room.goes("carl")
        await room.settle()
        assert anna.told() == [], "a yes stands while members only leave"
        assert anna.recorder is not None
        assert anna.recorder.recorded == BOTH
        room.goes("bob")
        assert anna.shell.may_not_ask is MayNotAsk.ALONE
        anna.shell.stop()


def test_it_begins_once() -> None:
    @story("anna")
    async def _(room: Room) -> None:
        anna = room["anna"]
        with pytest.raises(UsageError):
            anna.shell.begin(room.members, room.never)
        early = Person(room, "bob")
        early.shell.members(room.members, room.never)
        early.shell.ready(anna.key, [])
        early.shell.hear(anna.key, RecordingSaid(b""))
        early.shell.ended()
        assert (early.shell.state, early.shell.asks, early.dropped) == (
            None,
            (),
            {Code.MALFORMED: 1},
        )


def test_nothing_secret_is_printed() -> None:
    @story("anna", "bob")
    async def _(room: Room) -> None:
        await recorded(room)
        for one in room.here:
            (laid,) = one.laid
            text = f"{one.parts!r}{one.shell.known!r}{one.shell.over!r}{laid!r}{WANTED!r}"
            for secret in (one.own.private, laid.share, laid.read, laid.delete):
                for form in (bytes(secret).hex(), repr(bytes(secret))[2:-1]):
                    assert form not in text
            assert WANTED.purpose not in text


def test_a_server_in_trouble_says_why() -> None:
    @story("anna", "bob")
    async def _(room: Room) -> None:
        room["anna"].shares.fails["lay"].append(DOWN)
        with pytest.raises(UnavailableError) as refused:
            await room["anna"].shell.ask(WANTED)
        assert refused.value is DOWN
