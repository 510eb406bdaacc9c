"""Properties of the contact machine that no order of events may break."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.scopes_contact import EVIL, SMALL_EVENTS, THIRD

from visavis.core import contact_types as c
from visavis.core.contact import step
from visavis.core.contact_types import Event, State, Stranger
from visavis.core.errors import UsageError

histories = st.lists(st.sampled_from(list(SMALL_EVENTS.values())), max_size=30)
_OUTGOING = (c.CreateConversation, c.MintAddresses, c.ReaddDevices, c.SendRequest)


def _run(history: list[Event]) -> list[tuple[State, Event, c.Step]]:
    state: State = Stranger()
    trace = []
    for event in history:
        try:
            result = step(state, event)
        except UsageError:
            continue
        trace.append((state, event, result))
        state = result.state
    return trace


@settings(deadline=None)  # a busy machine is no failure
@given(histories)
def test_reject_changes_nothing_and_stands_alone(history: list[Event]) -> None:
    for before, _, result in _run(history):
        if any(isinstance(effect, c.Reject) for effect in result.effects):
            assert result.state == before
            assert len(result.effects) == 1


@settings(deadline=None)  # a busy machine is no failure
@given(histories)
def test_ended_is_final_and_silent(history: list[Event]) -> None:
    for before, _, result in _run(history):
        if isinstance(before, c.Ended):
            assert result.state == before
            assert all(isinstance(effect, c.Reject) for effect in result.effects)


@settings(deadline=None)  # a busy machine is no failure
@given(histories)
def test_only_a_person_changes_an_identity(history: list[Event]) -> None:
    """Whoever was accepted stays who they are until the person says otherwise (CK-285, CK-286)."""
    for before, event, result in _run(history):
        match before, result.state:
            case c.Accepted(old), c.Accepted(new):
                assert new.identity_key == old.identity_key
            case c.Suspended(_, offered), c.Accepted(new):
                assert isinstance(event, c.IdentityTrusted)
                assert event.identity_key == offered.identity_key == new.identity_key
            case _:
                pass


@settings(deadline=None)  # a busy machine is no failure
@given(histories)
def test_nothing_goes_out_while_suspended_or_blocked(history: list[Event]) -> None:
    for before, event, result in _run(history):
        if isinstance(before, c.Suspended | c.Blocked) and not isinstance(
            event, c.IdentityTrusted | c.ContactUnblocked
        ):
            assert not [effect for effect in result.effects if isinstance(effect, _OUTGOING)]


@settings(deadline=None)  # a busy machine is no failure
@given(histories)
def test_versions_only_rise_under_one_identity(history: list[Event]) -> None:
    for before, _, result in _run(history):
        match before, result.state:
            case c.Accepted(old), c.Accepted(new) if old.identity_key == new.identity_key:
                assert new.list_version >= old.list_version
            case _:
                pass


@settings(deadline=None)  # a busy machine is no failure
@given(histories)
def test_a_block_or_removal_revokes_what_the_contact_holds(history: list[Event]) -> None:
    for before, event, result in _run(history):
        if isinstance(before, c.Accepted | c.Suspended) and isinstance(
            event, c.ContactBlocked | c.ContactRemoved
        ):
            assert c.RevokeAddresses() in result.effects


def test_the_histories_reach_every_state() -> None:
    """The control: the properties above are not about states that never occur."""
    events = SMALL_EVENTS
    reached = {type(Stranger())}
    for names in (
        ["invite_created", "request", "devices_evil", "contact_blocked", "removed"],
        ["request"],
        ["invite_followed"],
    ):
        reached |= {type(result.state) for _, _, result in _run([events[name] for name in names])}
    assert reached == set(c.State.__args__)
    assert EVIL.identity_key != THIRD.identity_key
