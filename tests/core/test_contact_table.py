"""Every state of the contact machine against every event: each pair has one asserted outcome.

CK-280 to CK-287 are proven here; the row that proves one names it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import pytest
from tests.core.scopes_contact import (
    ANNA,
    ANNA_2,
    DUE,
    EARLY,
    EVIL,
    EVIL_0,
    EVIL_2,
    SMALL_EVENTS,
    SMALL_STATES,
    THIRD,
    T,
    U,
)

from visavis.core import contact_types as c
from visavis.core.contact import REQUEST_LIFETIME_S, step
from visavis.core.contact_types import State, Step
from visavis.core.errors import Code, UsageError

_ENDED = c.Ended
_REASON = c.EndReason
_PERSON_EVENTS: Final = (
    "invite_created",
    "invite_created_multi",
    "invite_withdrawn",
    "invite_followed",
    "handle_asked",
    "approved",
    "declined",
    "trusted",
    "trusted_other",
    "contact_blocked",
    "unblocked",
    "removed",
)
_REQUESTS: Final = [name for name in SMALL_EVENTS if name.startswith("request")]
_ACCEPTS: Final = [name for name in SMALL_EVENTS if name.startswith("accept")]
_DEVICES: Final = [name for name in SMALL_EVENTS if name.startswith(("devices", "rejoin"))]
_DEADLINES: Final = ["deadline_early", "deadline", "deadline_late"]

MISUSE: Final = "misuse"
Outcome = Step | str


def _same(name: str) -> Step:
    return Step(SMALL_STATES[name])


def _refused(name: str, code: Code) -> Step:
    return Step(SMALL_STATES[name], (c.Reject(code),))


def _asked(person: c.Person, token: object, now: int) -> Step:
    at = now + REQUEST_LIFETIME_S
    assert isinstance(token, type(T))
    return Step(c.Asked(person, token, at), (c.AskPerson(person), c.SetDeadline(at)))


def _requests(name: str, code: Code) -> dict[str, Outcome]:
    return dict.fromkeys(_REQUESTS, _refused(name, code))


def _accepts(name: str, code: Code = Code.UNEXPECTED) -> dict[str, Outcome]:
    return dict.fromkeys(_ACCEPTS, _refused(name, code))


def _devices(name: str, code: Code = Code.UNEXPECTED) -> dict[str, Outcome]:
    return dict.fromkeys(_DEVICES, _refused(name, code))


def _deadlines(name: str, ended: Step | None = None) -> dict[str, Outcome]:
    after = ended or _same(name)
    return {"deadline_early": _same(name), "deadline": after, "deadline_late": after}


def _events(name: str) -> c.RequestReceived:
    event = SMALL_EVENTS[name]
    assert isinstance(event, c.RequestReceived)
    return event


def _stranger() -> dict[str, Outcome]:
    name = "stranger"
    at = REQUEST_LIFETIME_S
    requested = SMALL_STATES["requested"]
    assert isinstance(requested, c.Requested)
    return {
        **dict.fromkeys(_PERSON_EVENTS, MISUSE),
        "invite_created": Step(SMALL_STATES["invited"], (c.SetDeadline(DUE),)),
        "invite_created_multi": Step(SMALL_STATES["invited_multi"], (c.SetDeadline(DUE),)),
        "invite_followed": Step(
            replace(requested, expires_at=at), (c.SendRequest(T), c.SetDeadline(at))
        ),
        "handle_asked": Step(
            replace(requested, inviter=None, expires_at=at), (c.SendRequest(T), c.SetDeadline(at))
        ),
        **{n: _asked(_events(n).person, _events(n).token, EARLY) for n in _REQUESTS},
        "request_late": _asked(ANNA, T, DUE),
        "request_full": _refused(name, Code.QUOTA),  # CK-280
        **_accepts(name),
        **_devices(name),
        **_deadlines(name),
    }


def _invited(name: str) -> dict[str, Outcome]:
    ended = Step(_ENDED(_REASON.EXPIRED), (c.RevokeLink(),))
    withdrawn = Step(_ENDED(_REASON.WITHDRAWN), (c.RevokeLink(),))

    def arrives(event: c.RequestReceived) -> Step:
        if name == "invited_multi":
            return Step(SMALL_STATES[name], (c.BeginContact(event.person, event.token),))
        effects = (c.RevokeLink(), c.CreateConversation(event.person, event.token))  # CK-282
        return Step(c.Accepted(event.person, event.token), effects)

    return {
        **dict.fromkeys(_PERSON_EVENTS, MISUSE),
        "invite_withdrawn": withdrawn,
        "removed": withdrawn,
        **{n: arrives(_events(n)) for n in _REQUESTS},
        "request_late": _refused(name, Code.EXPIRED),  # CK-281
        **_accepts(name),
        **_devices(name),
        **_deadlines(name, ended),
    }


def _requested(name: str) -> dict[str, Outcome]:
    def crosses(event: c.RequestReceived) -> Step:
        if name == "requested":  # ours is the higher hash: they make the group
            return _same(name)
        accepted = c.Accepted(event.person, event.token)
        return Step(accepted, (c.CreateConversation(event.person, event.token),))

    return {
        **dict.fromkeys(_PERSON_EVENTS, MISUSE),
        "removed": Step(_ENDED(_REASON.REMOVED), (c.RevokeAddresses(),)),
        **{n: crosses(_events(n)) for n in _REQUESTS},
        "request_late": _refused(name, Code.EXPIRED),
        "request_evil": _refused(name, Code.UNEXPECTED),
        "request_bob": _refused(name, Code.UNEXPECTED),
        "accept": Step(c.Accepted(ANNA, T), (c.JoinConversation(ANNA),)),
        "accept_late": _refused(name, Code.EXPIRED),
        "accept_other_token": _refused(name, Code.UNEXPECTED),
        "accept_evil": _refused(name, Code.IDENTITY_CHANGED),  # CK-283
        **_devices(name),
        **_deadlines(name, Step(_ENDED(_REASON.EXPIRED), (c.RevokeAddresses(),))),
    }


def _requested_by_handle() -> dict[str, Outcome]:
    """Nobody is pinned: whoever has the token may answer, and no request crosses ours."""
    name = "requested_handle"
    return {
        **_requested(name),
        **_requests(name, Code.UNEXPECTED),
        "accept": Step(c.Accepted(ANNA, T), (c.JoinConversation(ANNA),)),
        "accept_evil": Step(c.Accepted(EVIL, T), (c.JoinConversation(EVIL),)),
    }


def _asking() -> dict[str, Outcome]:
    name = "asked"
    forgotten = (c.ForgetContact(),)
    return {
        **dict.fromkeys(_PERSON_EVENTS, MISUSE),
        "approved": Step(c.Accepted(ANNA, T), (c.CreateConversation(ANNA, T),)),
        "declined": Step(_ENDED(_REASON.DECLINED), forgotten),
        "removed": Step(_ENDED(_REASON.DECLINED), forgotten),
        "contact_blocked": Step(c.Blocked(SMALL_STATES[name]), forgotten),  # type: ignore[arg-type]
        **{n: _same(name) for n in _REQUESTS},
        "request_again": Step(c.Asked(ANNA, U, DUE)),
        "request_newer": Step(c.Asked(ANNA_2, U, DUE)),
        "request_older": _refused(name, Code.REPLAYED),  # CK-287
        "request_evil": _refused(name, Code.IDENTITY_CHANGED),
        "request_bob": _refused(name, Code.BAD_CREDENTIAL),
        **_accepts(name),
        **_devices(name),
        **_deadlines(name, Step(_ENDED(_REASON.EXPIRED), forgotten)),
    }


def _accepted() -> dict[str, Outcome]:
    name = "accepted"
    gone = (c.RevokeAddresses(), c.ForgetContact())
    newer = c.Accepted(ANNA_2, T)

    def suspended(person: c.Person) -> Step:  # CK-285
        return Step(c.Suspended(ANNA, person, T), (c.WarnIdentityChanged(person),))

    return {
        **dict.fromkeys(_PERSON_EVENTS, MISUSE),
        "approved": _same(name),
        "contact_blocked": Step(c.Blocked(c.Accepted(ANNA, T)), (c.RevokeAddresses(),)),
        "removed": Step(_ENDED(_REASON.REMOVED), gone),
        **{n: _same(name) for n in _REQUESTS},  # the token we answered: delivered twice
        "request_again": Step(c.Accepted(ANNA, U), (c.CreateConversation(ANNA, U),)),
        "request_newer": Step(c.Accepted(ANNA_2, U), (c.CreateConversation(ANNA_2, U),)),
        "request_older": _refused(name, Code.REPLAYED),  # CK-287
        "request_evil": _refused(name, Code.IDENTITY_CHANGED),  # CK-284: and not suspended
        "request_bob": _refused(name, Code.BAD_CREDENTIAL),
        **_accepts(name),
        "devices_same": _same(name),
        "devices_newer": Step(newer, (c.RecordDevices(ANNA_2), c.AnnounceDevices(ANNA_2))),
        "devices_older": _refused(name, Code.REPLAYED),  # CK-287
        "devices_evil": suspended(EVIL),
        "devices_evil_newer": suspended(EVIL_2),
        "devices_evil_older": suspended(EVIL_0),
        "devices_third": suspended(THIRD),
        "devices_bob": _refused(name, Code.BAD_CREDENTIAL),
        "rejoin_same": _refused(name, Code.REPLAYED),
        "rejoin_newer": Step(
            newer, (c.RecordDevices(ANNA_2), c.ReaddDevices(ANNA_2), c.AnnounceDevices(ANNA_2))
        ),
        "rejoin_evil": suspended(EVIL),
        **_deadlines(name),
    }


def _suspended() -> dict[str, Outcome]:
    name = "suspended"
    state = SMALL_STATES[name]
    assert isinstance(state, c.Suspended)
    trusted = (c.PinIdentity(EVIL), c.RetryHeld(), c.RevokeAddresses(), c.MintAddresses())

    def offers(person: c.Person) -> Step:
        return Step(replace(state, offered=person), (c.WarnIdentityChanged(person),))

    def speaks(person: c.Person) -> Step:
        return Step(replace(state, person=person), (c.RecordDevices(person),))

    return {
        **dict.fromkeys(_PERSON_EVENTS, MISUSE),
        "trusted": Step(c.Accepted(EVIL, T), trusted),
        "trusted_other": Step(state, (c.WarnIdentityChanged(EVIL),)),  # CK-286
        "approved": _same(name),
        "contact_blocked": Step(c.Blocked(state), (c.RevokeAddresses(),)),
        "removed": Step(_ENDED(_REASON.REMOVED), (c.RevokeAddresses(), c.ForgetContact())),
        **_requests(name, Code.IDENTITY_CHANGED),
        **_accepts(name),
        "devices_same": speaks(ANNA),
        "devices_newer": speaks(ANNA_2),
        "devices_older": _refused(name, Code.REPLAYED),
        "devices_evil": _same(name),
        "devices_evil_newer": offers(EVIL_2),
        "devices_evil_older": _refused(name, Code.REPLAYED),
        "devices_third": offers(THIRD),
        "devices_bob": _refused(name, Code.BAD_CREDENTIAL),
        "rejoin_same": speaks(ANNA),
        "rejoin_newer": speaks(ANNA_2),
        "rejoin_evil": _same(name),
        **_deadlines(name),
    }


def _blocked(name: str) -> dict[str, Outcome]:
    state = SMALL_STATES[name]
    assert isinstance(state, c.Blocked)
    unblocked = {
        "blocked": Step(c.Accepted(ANNA, T), (c.MintAddresses(),)),
        "blocked_asked": Step(_ENDED(_REASON.DECLINED)),
        "blocked_suspended": Step(c.Suspended(ANNA, EVIL, T)),
    }[name]
    return {
        **dict.fromkeys(_PERSON_EVENTS, MISUSE),
        "unblocked": unblocked,
        "removed": Step(_ENDED(_REASON.REMOVED), (c.ForgetContact(),)),
        **{n: _same(name) for n in ("approved", "declined", "contact_blocked")},
        **_requests(name, Code.REFUSED),
        **_accepts(name, Code.REFUSED),
        **_devices(name, Code.REFUSED),
        **_deadlines(name),
    }


def _over() -> dict[str, Outcome]:
    name = "ended"
    return {
        **dict.fromkeys(_PERSON_EVENTS, MISUSE),
        **{n: _same(name) for n in ("approved", "declined", "invite_withdrawn", "removed")},
        **_requests(name, Code.REFUSED),
        **_accepts(name, Code.REFUSED),
        **_devices(name, Code.REFUSED),
        **_deadlines(name),
    }


TABLE: Final[dict[str, dict[str, Outcome]]] = {
    "stranger": _stranger(),
    "invited": _invited("invited"),
    "invited_multi": _invited("invited_multi"),
    "requested": _requested("requested"),
    "requested_low": _requested("requested_low"),
    "requested_handle": _requested_by_handle(),
    "asked": _asking(),
    "accepted": _accepted(),
    "suspended": _suspended(),
    "blocked": _blocked("blocked"),
    "blocked_asked": _blocked("blocked_asked"),
    "blocked_suspended": _blocked("blocked_suspended"),
    "ended": _over(),
}
PAIRS: Final = [(state, event) for state in SMALL_STATES for event in SMALL_EVENTS]


def test_the_table_and_the_scope_are_complete() -> None:
    assert TABLE.keys() == SMALL_STATES.keys()
    for name, row in TABLE.items():
        assert row.keys() == SMALL_EVENTS.keys(), name
    assert {type(state) for state in SMALL_STATES.values()} == set(c.State.__args__)
    assert {type(event) for event in SMALL_EVENTS.values()} == set(c.Event.__args__)
    returned = {
        type(effect)
        for row in TABLE.values()
        for outcome in row.values()
        if isinstance(outcome, Step)
        for effect in outcome.effects
    }
    assert returned == set(c.Effect.__args__)


@pytest.mark.parametrize(("state", "event"), PAIRS, ids=str)
def test_pair(state: str, event: str) -> None:
    expected = TABLE[state][event]
    before: State = SMALL_STATES[state]
    if expected == MISUSE:
        with pytest.raises(UsageError):
            step(before, SMALL_EVENTS[event])
        return
    assert step(before, SMALL_EVENTS[event]) == expected


def test_to_a_requester_no_and_silence_are_alike() -> None:
    """Decline, ignore until expiry, a full queue, an expired link and a block send nothing."""
    sending = (c.SendRequest, c.CreateConversation, c.JoinConversation, c.MintAddresses)
    for state, event in [
        ("asked", "declined"),
        ("asked", "deadline"),
        ("asked", "contact_blocked"),
        ("stranger", "request_full"),
        ("invited", "request_late"),
        ("blocked", "request"),
        ("ended", "request"),
    ]:
        effects = step(SMALL_STATES[state], SMALL_EVENTS[event]).effects
        assert not [effect for effect in effects if isinstance(effect, sending)], (state, event)
    approved = step(SMALL_STATES["asked"], SMALL_EVENTS["approved"]).effects
    assert [effect for effect in approved if isinstance(effect, sending)]  # the control
