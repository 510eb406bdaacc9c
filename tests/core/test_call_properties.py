"""Random histories of one call: what no order of events may break. The table comes first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.core.scopes_call import SMALL_EVENTS, SMALL_STATES

from visavis.core import call_effects as do
from visavis.core import call_events as on
from visavis.core.call import step
from visavis.core.call_types import Calling, Ended, Idle, Path, Ringing, State
from visavis.core.errors import UsageError

TO_THE_OTHER_SIDE = (
    do.SendInvite,
    do.SendAccept,
    do.SendTaken,
    do.SendCancel,
    do.SendMissed,
    do.SendWelcome,
    do.SendReady,
    do.SendReveal,
    do.SendCandidates,
    do.SendPath,
    do.SendHangup,
    do.RestartIce,
    do.AnswerRestart,
)
NETWORK_PACKETS = (do.GatherCandidates, do.RestartIce, do.AnswerRestart, do.ApplyRestartAnswer)

events = st.sampled_from(list(SMALL_EVENTS.values()))
histories = st.lists(events, max_size=60)
placed = st.just([SMALL_EVENTS["placed"]])
rung = st.just([SMALL_EVENTS["invite"]])


def run(history: list[on.Event]) -> list[tuple[State, on.Event, State, tuple[do.Effect, ...]]]:
    state: State = Idle()
    trail = []
    for event in history:
        try:
            result = step(state, event)
        except UsageError:
            continue
        trail.append((state, event, result.state, result.effects))
        state = result.state
    return trail


@given(st.tuples(placed | rung, histories).map(lambda parts: parts[0] + parts[1]))
def test_an_end_is_final_reported_once_and_erases_keys(history: list[on.Event]) -> None:
    trail = run(history)
    reports = [e for *_, effects in trail for e in effects if isinstance(e, do.ReportEnd)]
    ended = [i for i, (_, _, after, _) in enumerate(trail) if isinstance(after, Ended)]
    assert len(reports) == (1 if ended else 0)
    if not ended:
        return
    assert all(effects == () for *_, effects in trail[ended[0] + 1 :])
    flat = [e for *_, effects in trail for e in effects]
    if any(isinstance(e, do.InstallFrameKeys | do.SendInvite | do.SendAccept) for e in flat):
        # whatever was made for the call is stopped first and erased then, before the word.
        kinds = [type(e) for e in flat]
        assert kinds.index(do.StopMedia) < kinds.index(do.EraseKeys) < kinds.index(do.ReportEnd)
        assert max(i for i, e in enumerate(flat) if isinstance(e, TO_THE_OTHER_SIDE)) < (
            kinds.index(do.EraseKeys)
        )


@given(st.tuples(rung, histories).map(lambda parts: parts[0] + parts[1]))
def test_nothing_leaves_a_callee_before_a_person_accepts(history: list[on.Event]) -> None:
    """CK-350, R-33: no envelope to the caller, no packet to a relay."""
    for _, event, _, effects in run(history):
        if isinstance(event, on.AcceptRequested):
            return
        assert not [e for e in effects if isinstance(e, TO_THE_OTHER_SIDE + NETWORK_PACKETS)]


@given(st.tuples(rung, histories).map(lambda parts: parts[0] + parts[1]))
def test_a_callee_gathers_only_after_taken_and_sends_frames_only_after_the_welcome(
    history: list[on.Event],
) -> None:
    """CK-356."""
    taken = welcome = False
    for _, event, _, effects in run(history):
        taken |= isinstance(event, on.TakenReceived)
        welcome |= isinstance(event, on.WelcomeReceived)
        if any(isinstance(e, do.GatherCandidates | do.SendCandidates) for e in effects):
            assert taken
        if any(isinstance(e, do.StartFrames | do.InstallFrameKeys) for e in effects):
            assert taken
            assert welcome


@given(st.tuples(placed, histories).map(lambda parts: parts[0] + parts[1]))
def test_a_caller_sends_no_frame_before_ready(history: list[on.Event]) -> None:
    """CK-357."""
    ready = False
    for _, event, _, effects in run(history):
        ready |= isinstance(event, on.ReadyReceived)
        if any(isinstance(e, do.StartFrames) for e in effects):
            assert ready


@given(
    st.tuples(placed | rung, histories).map(lambda parts: parts[0] + parts[1]),
)
def test_a_live_call_always_ends_by_time_alone_unless_people_are_talking(
    history: list[on.Event],
) -> None:
    """Nothing hangs for ever: feed the deadlines that were asked for, and nothing else."""
    trail = run(history)
    state = trail[-1][2]
    for _ in range(30):
        if isinstance(state, Ended) or type(state).__name__ == "InCall":
            return
        state = step(state, on.DeadlineReached(1000.0)).state
    raise AssertionError(f"{type(state).__name__} waits for ever")


@given(st.sampled_from(list(SMALL_STATES.values())), events)
def test_a_rejection_changes_nothing(state: State, event: on.Event) -> None:
    try:
        result = step(state, event)
    except UsageError:
        return
    if any(isinstance(e, do.Reject) for e in result.effects):
        assert result.state == state
        assert len(result.effects) == 1


@given(st.tuples(st.just([SMALL_EVENTS["invite_may_see"]]), histories))
def test_a_contact_that_may_see_it_is_told_once_that_it_rings(
    parts: tuple[list[on.Event], list[on.Event]],
) -> None:
    """CK-383: once, at the beginning; and whatever the person does then, nothing but an accept."""
    trail = run([*parts[0], *parts[1]])
    said = [index for index, (*_, effects) in enumerate(trail) if do.SendRinging() in effects]
    assert said == [0]
    for _, event, _, effects in trail:
        if isinstance(event, on.AcceptRequested):
            return
        assert not [e for e in effects if isinstance(e, TO_THE_OTHER_SIDE + NETWORK_PACKETS)]


@given(st.tuples(placed | rung, histories).map(lambda parts: parts[0] + parts[1]))
def test_nothing_is_made_for_the_direct_path_unless_both_allow_it(history: list[on.Event]) -> None:
    """CK-384: our own yes, and theirs by word or by an offer that asks for it."""
    ours = theirs = Path.RELAYED
    for _, event, _, effects in run(history):
        match event:
            case on.PathDecided(_, path):
                ours = path
            case on.PathReceived(_, path):
                theirs = path
            case on.OfferReceived(path=Path.DIRECT):
                theirs = Path.DIRECT
        for effect in effects:
            if isinstance(effect, do.RestartIce | do.AnswerRestart) and effect.path is Path.DIRECT:
                assert ours is theirs is Path.DIRECT


@given(st.tuples(placed | rung, histories).map(lambda parts: parts[0] + parts[1]))
def test_no_frame_passes_once_the_key_changed(history: list[on.Event]) -> None:
    """CK-385: where there may be frames, stopping them is the first thing that is done."""
    for state, event, after, effects in run(history):
        if isinstance(event, on.KeyChanged) and not isinstance(state, Ended):
            assert isinstance(after, Ended)
            may_have_frames = not isinstance(state, Calling | Ringing)
            assert (effects[0] == do.StopFrames()) is may_have_frames
