"""What stays of a call of two in the history: that it was recorded, by whomever."""

from __future__ import annotations

from typing import Any, cast

import pytest
from tests.sdk.recording_room import Room, asked

from visavis.cli.history import _row
from visavis.core.content_records import Media
from visavis.core.ids import AccountId, CallId
from visavis.core.recording_types import Kind
from visavis.sdk.call_notes import entry_of
from visavis.sdk.recording_objects import CallRecording
from visavis.testing.virtual_clock import run

CONTACT = AccountId(b"contact".ljust(AccountId.LENGTH, b"."))
CALL_ID = CallId(b"call".ljust(CallId.LENGTH, b"."))


class Talked:
    """A call that was talked in for a minute, as its person saw it."""

    contact = CONTACT
    leaves_no_trace = False
    noted_media = Media.VOICE
    was_connected = True
    end_reason = None
    seconds = 60
    path = "relayed"
    rtt_ms = None

    def __init__(self, recording: CallRecording) -> None:
        self.recording = recording


def follow(room: Room) -> dict[str, CallRecording]:
    """Have each person's code see the recording of the call."""
    found = {}
    for name, person in room.people.items():
        found[name] = CallRecording()
        found[name].bind(person.shell)
    return found


@pytest.mark.parametrize("answer", ["yes", "no", "silence"])
def test_a_call_was_recorded_once_everybody_agreed(answer: str) -> None:
    async def story() -> None:
        room = Room()
        anna, bob = room.comes("anna"), room.comes("bob")
        await room.settle()
        seen = follow(room)
        ask = await asked(room)
        assert not any(one.was_recorded for one in seen.values())
        if answer == "yes":
            await bob.shell.agree(ask, frozenset({Kind.AUDIO}))
        elif answer == "no":
            bob.shell.refuse(ask)
        await room.settle()
        for one in seen.values():
            one.changed()
        if answer == "yes":
            bob.shell.withdraw(ask)  # it was recorded all the same
        await room.settle()
        for person in (anna, bob):
            person.shell.ended()
        for one in seen.values():
            one.over()
            assert one.recorded == ()
            call = cast("Any", Talked(one))
            entry = entry_of(call, CALL_ID, outgoing=True, at=1, verified=False)
            assert entry is not None
            assert entry.recorded is (answer == "yes")
            assert ("recorded" in _row(entry, {})[-1]) is (answer == "yes")

    run(story())
