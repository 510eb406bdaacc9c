"""Several calls on one device: busy, glare, repeats, strangers."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from tests.core.scopes_call import SMALL_STATES, C, O, P, S

from visavis.core import call_effects as do
from visavis.core import call_events as on
from visavis.core.call_board import (
    REMEMBERED_CALLS,
    Act,
    Board,
    BoardEffect,
    BoardStep,
    CallWanted,
    Drop,
    Exchange,
    Happened,
    InviteArrived,
    LiveCall,
    MissedArrived,
    NoteMissed,
    WhyMissed,
    board_step,
    busy_step,
)
from visavis.core.call_effects import EndReason, Handled, Media
from visavis.core.call_types import (
    Accepting,
    Calling,
    Ended,
    Idle,
    InCall,
    Reconnecting,
    Ringing,
)
from visavis.core.content_records import MaySee
from visavis.core.errors import Code, UsageError
from visavis.core.ids import AccountId, CallId, Digest

ANNA, BEN = AccountId(b"a" * 16), AccountId(b"b" * 16)
LOW, MIDDLE, HIGH = CallId(bytes(16)), CallId(b"m" * 16), CallId(b"\xff" * 16)
COMMITMENT = Digest(hashlib.sha256(b"nonce").digest())


def invite(call: CallId, *, contact: AccountId = ANNA, media: Media = Media.VIDEO) -> InviteArrived:
    return InviteArrived(100, contact, P, call, media, COMMITMENT)


def calling(call: CallId, media: Media = Media.VIDEO) -> Board:
    return board_step(Board(O), CallWanted(100, ANNA, call, media)).board


def acts(effects: tuple[BoardEffect, ...], call: CallId) -> list[do.Effect]:
    return [e.effect for e in effects if isinstance(e, Act) and e.call == call]


def test_an_idle_device_rings() -> None:
    result = board_step(Board(O), invite(LOW))
    assert result.board.live is not None
    assert isinstance(result.board.live.state, Ringing)
    assert acts(result.effects, LOW) == [do.SetDeadline(145), do.StartRinging(Media.VIDEO)]


@pytest.mark.parametrize("state", [n for n in SMALL_STATES if n not in {"idle", "ended"}])
def test_a_busy_device_stays_silent(state: str) -> None:
    """CK-350: nothing is sent; only this device's person learns of it."""
    live = LiveCall(BEN, MIDDLE, SMALL_STATES[state])
    board = Board(O, live)
    result = board_step(board, invite(LOW))
    assert result.effects == (NoteMissed(ANNA, LOW, Media.VIDEO, WhyMissed.BUSY),)
    assert result.board.live == live
    # A repeat is not even noted, and the later durable word neither.
    again = board_step(result.board, invite(LOW))
    assert again.effects == (Drop(Code.REPLAYED),)
    assert board_step(again.board, MissedArrived(ANNA, P, LOW, Media.VIDEO)).effects == ()


def test_a_device_in_the_call_of_a_group_stays_silent() -> None:
    """CK-350, as in a call of two; and what goes on with a call goes on with none of ours."""
    result = busy_step(Board(O), invite(LOW))
    assert result.effects == (NoteMissed(ANNA, LOW, Media.VIDEO, WhyMissed.BUSY),)
    assert result.board.live is None
    assert busy_step(result.board, invite(LOW)).effects == (Drop(Code.REPLAYED),)
    assert board_step(result.board, MissedArrived(ANNA, P, LOW, Media.VIDEO)).effects == ()
    again = busy_step(Board(O), replace(invite(HIGH), again=LOW))
    assert again == BoardStep(Board(O), (Drop(Code.UNEXPECTED),))


@pytest.mark.parametrize(
    ("ours", "theirs", "lesser"),
    [
        (Media.VIDEO, Media.VIDEO, Media.VIDEO),
        (Media.VIDEO, Media.VOICE, Media.VOICE),
        (Media.VOICE, Media.VIDEO, Media.VOICE),
        (Media.VOICE, Media.VOICE, Media.VOICE),
    ],
)
def test_glare_the_lower_id_stands_and_is_accepted_with_the_lesser_media(
    ours: Media, theirs: Media, lesser: Media
) -> None:
    gives_way = board_step(calling(MIDDLE, ours), invite(LOW, media=theirs))
    assert gives_way.board.live is not None
    state = gives_way.board.live.state
    assert isinstance(state, Accepting)
    assert state.media is lesser
    assert gives_way.board.live.call == LOW
    assert gives_way.effects[0] == Exchange(given_up=MIDDLE, standing=LOW)
    assert acts(gives_way.effects, MIDDLE) == [
        do.SendCancel(),
        do.StopMedia(),
        do.EraseKeys(),
        do.ReportEnd(EndReason.GAVE_WAY),
    ]
    # It does not ring, not even for a moment.
    assert acts(gives_way.effects, LOW) == [
        do.SetDeadline(145),
        do.SetDeadline(105),
        do.SendAccept(lesser),
        do.TellSiblings(Handled.ACCEPTED),
    ]


def test_glare_the_higher_id_is_ignored_in_silence() -> None:
    before = calling(LOW)
    stands = board_step(before, invite(HIGH))
    assert stands.effects == ()
    assert stands.board.live == before.live
    assert board_step(stands.board, invite(HIGH)).effects == (Drop(Code.REPLAYED),)


def test_equal_ids_are_no_glare_but_a_breach() -> None:
    before = calling(LOW)
    result = board_step(before, invite(LOW))
    assert result.board == before
    assert acts(result.effects, LOW) == [do.Reject(Code.UNEXPECTED)]


def test_calling_somebody_who_rings_here_is_accepting() -> None:
    ringing = board_step(Board(O), invite(HIGH)).board
    result = board_step(ringing, CallWanted(101, ANNA, LOW, Media.VOICE))
    assert result.effects[0] == Exchange(given_up=LOW, standing=HIGH)
    assert do.SendAccept(Media.VOICE) in acts(result.effects, HIGH)
    with pytest.raises(UsageError):
        board_step(ringing, CallWanted(101, BEN, LOW, Media.VOICE))


@pytest.mark.parametrize(
    "state", [n for n in SMALL_STATES if n not in {"idle", "ended", "ringing"}]
)
def test_one_call_at_a_time(state: str) -> None:
    with pytest.raises(UsageError):
        board_step(
            Board(O, LiveCall(ANNA, MIDDLE, SMALL_STATES[state])),
            CallWanted(100, ANNA, LOW, Media.VOICE),
        )


def test_a_declined_call_rings_no_second_time() -> None:
    """CK-360: the caller repeats its invite after a reconnect; the decline stays unseen."""
    ringing = board_step(Board(O), invite(LOW)).board
    declined = board_step(ringing, Happened(LOW, None, on.DeclineRequested()))
    assert declined.board == Board(O, None, (LOW,))
    assert board_step(declined.board, invite(LOW)).effects == (Drop(Code.REPLAYED),)
    # The control: another call does ring.
    assert acts(board_step(declined.board, invite(HIGH)).effects, HIGH)


def test_a_repeated_invite_goes_to_its_call() -> None:
    ringing = board_step(Board(O), invite(LOW))
    assert board_step(ringing.board, invite(LOW)).effects == ()
    changed = InviteArrived(100, ANNA, P, LOW, Media.VIDEO, Digest(b"x" * 32))
    assert acts(board_step(ringing.board, changed).effects, LOW) == [do.Reject(Code.UNEXPECTED)]


def test_another_contact_has_no_say_in_a_call() -> None:
    """CK-361."""
    ringing = board_step(Board(O), invite(LOW)).board
    cancel = on.CancelReceived(P)
    assert board_step(ringing, Happened(LOW, BEN, cancel)).effects == (Drop(Code.UNEXPECTED),)
    assert board_step(ringing, invite(LOW, contact=BEN)).effects == (Drop(Code.UNEXPECTED),)
    assert board_step(ringing, Happened(HIGH, ANNA, cancel)).effects == (Drop(Code.UNEXPECTED),)
    assert board_step(Board(O), Happened(LOW, ANNA, cancel)).effects == (Drop(Code.UNEXPECTED),)
    # The control: from the right contact it ends.
    assert board_step(ringing, Happened(LOW, ANNA, cancel)).board.live is None


def test_missed_tells_the_person_once_and_ends_a_ringing_call() -> None:
    away = board_step(Board(O), MissedArrived(ANNA, P, LOW, Media.VOICE))
    assert away.effects == (NoteMissed(ANNA, LOW, Media.VOICE, WhyMissed.AWAY),)
    assert board_step(away.board, MissedArrived(ANNA, P, LOW, Media.VOICE)).effects == ()
    # A late invite after the durable word rings nobody.
    assert board_step(away.board, invite(LOW)).effects == (Drop(Code.REPLAYED),)
    ringing = board_step(Board(O), invite(HIGH)).board
    ended = board_step(ringing, MissedArrived(ANNA, P, HIGH, Media.VIDEO))
    assert do.ReportEnd(EndReason.CANCELLED_THERE) in acts(ended.effects, HIGH)


CONNECTING = [name for name in SMALL_STATES if name.startswith("connecting")]
TALKING = [name for name in SMALL_STATES if name.startswith(("in_call", "reconnecting"))]


def talking(state: str) -> Board:
    return Board(O, LiveCall(ANNA, C, SMALL_STATES[state]))


def again(call: CallId = C, **changes: object) -> InviteArrived:
    return replace(invite(LOW), again=call, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("may_see", [None, MaySee.RINGING])
@pytest.mark.parametrize("media", [Media.VIDEO, Media.VOICE])
@pytest.mark.parametrize("state", TALKING)
def test_a_device_comes_back_after_a_reload_without_a_tap(
    state: str, media: Media, may_see: MaySee | None
) -> None:
    """CK-380: the old call ends without a word, the new one is accepted, and nothing rings."""
    result = board_step(talking(state), again(media=media, may_see=may_see))
    assert result.board.live is not None
    assert result.board.live.call == LOW
    assert isinstance(result.board.live.state, Accepting)
    assert result.effects[0] == Exchange(given_up=C, standing=LOW)
    assert acts(result.effects, C) == [
        do.StopMedia(),
        do.EraseKeys(),
        do.ReportEnd(EndReason.GAVE_WAY),
    ]
    assert acts(result.effects, LOW) == [
        do.SetDeadline(145),
        do.SetDeadline(105),
        do.SendAccept(media),
        do.TellSiblings(Handled.ACCEPTED),
    ]


@pytest.mark.parametrize("state", TALKING)
def test_who_comes_back_to_a_voice_call_turns_no_camera_on(state: str) -> None:
    """CK-381."""
    live = SMALL_STATES[state]
    assert isinstance(live, InCall | Reconnecting)
    link = replace(live.link, media=Media.VOICE)
    board = Board(O, LiveCall(ANNA, C, replace(live, link=link)))
    effects = acts(board_step(board, again(media=Media.VIDEO)).effects, LOW)
    assert do.SendAccept(Media.VOICE) in effects


@pytest.mark.parametrize("state", [n for n in SMALL_STATES if n not in {"idle", "ended"}])
@pytest.mark.parametrize(
    "event",
    [
        again(device=S),
        again(contact=BEN),
        again(call=HIGH),
        again(contact=BEN, device=S, call=HIGH),
    ],
    ids=["other device", "other contact", "other call", "a stranger"],
)
def test_nobody_else_comes_into_a_call(state: str, event: InviteArrived) -> None:
    """CK-380: and it does not even ring, or leave a mark; calling each other is glare as ever."""
    board = talking(state)
    if isinstance(SMALL_STATES[state], Calling) and event.contact == ANNA:
        assert isinstance(board_step(board, event).effects[0], Exchange)
        return
    assert board_step(board, event) == BoardStep(board, (Drop(Code.UNEXPECTED),))


@pytest.mark.parametrize("state", ["ringing", "accepting", "welcomed", "taken", *CONNECTING])
def test_nobody_comes_back_to_a_call_that_never_stood(state: str) -> None:
    """CK-380: what was not agreed on by both cannot go on."""
    board = talking(state)
    assert board_step(board, again()) == BoardStep(board, (Drop(Code.UNEXPECTED),))


def test_nobody_comes_back_to_a_call_that_is_over() -> None:
    """CK-380: whoever hung up meanwhile is not rung."""
    for board in (Board(O), Board(O, None, (C,))):
        assert board_step(board, again()) == BoardStep(board, (Drop(Code.UNEXPECTED),))


def test_both_come_back_at_once() -> None:
    gives_way = board_step(calling(MIDDLE), again())
    assert gives_way.effects[0] == Exchange(given_up=MIDDLE, standing=LOW)
    assert board_step(calling(LOW), again(call=C)).board.live == calling(LOW).live
    stands = board_step(calling(LOW), replace(again(), call=HIGH))
    assert stands.effects == ()


def test_the_memory_of_calls_is_bounded() -> None:
    board = Board(O)
    for number in range(REMEMBERED_CALLS + 5):
        call = CallId(number.to_bytes(16, "big"))
        board = board_step(board, MissedArrived(ANNA, P, call, Media.VOICE)).board
    assert len(board.over) == REMEMBERED_CALLS
    assert board.over[-1] == CallId((REMEMBERED_CALLS + 4).to_bytes(16, "big"))


def test_a_call_in_progress_runs_on_the_board() -> None:
    board = calling(LOW)
    assert board.live is not None
    assert isinstance(board.live.state, Calling)
    accepted = board_step(board, Happened(LOW, ANNA, on.AcceptReceived(101, S, Media.VOICE)))
    assert do.SendTaken(S) in acts(accepted.effects, LOW)


@pytest.mark.parametrize("state", [Idle(), Ended(MIDDLE, EndReason.HUNG_UP)])
def test_a_live_call_is_neither_idle_nor_ended(state: Idle | Ended) -> None:
    with pytest.raises(UsageError):
        board_step(Board(O, LiveCall(ANNA, MIDDLE, state)), invite(LOW))


def test_in_call_is_kept_apart_by_contact() -> None:
    in_call = SMALL_STATES["in_call_caller"]
    assert isinstance(in_call, InCall)
    board = Board(O, LiveCall(ANNA, MIDDLE, in_call))
    assert board_step(board, Happened(MIDDLE, BEN, on.HangupReceived())).board == board
    assert board_step(board, Happened(MIDDLE, ANNA, on.HangupReceived())).board.live is None
