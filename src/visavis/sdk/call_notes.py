"""What of a call goes into the history, once it is over (R-05).

Made on the device where the call was, from what it saw itself. Not for keeping it
(`call_history.py`): whether anything is kept at all is decided there.
"""

from __future__ import annotations

from typing import Final

from visavis.core.call_effects import EndReason
from visavis.core.call_entry import Direction, Entry, Outcome, Quality, Via, quality_of_trip
from visavis.core.content_records import Media
from visavis.core.ids import AccountId, CallId
from visavis.core.mls import SUITE_ID
from visavis.sdk.call_history import missed_call
from visavis.sdk.call_objects import Call
from visavis.sdk.seam import CallSeam

_UNANSWERED: Final = frozenset({EndReason.CANCELLED, EndReason.NO_ANSWER, EndReason.EXPIRED})
_MISSED: Final = frozenset({EndReason.CANCELLED_THERE, EndReason.NO_ANSWER, EndReason.EXPIRED})
_DECLINED: Final = frozenset({EndReason.DECLINED, EndReason.DECLINED_ELSEWHERE})
_NOT_OURS: Final = frozenset({EndReason.ANSWERED_ELSEWHERE, EndReason.GAVE_WAY})
"""Ends of a call that another device of ours writes down, or that goes on as another call."""


class CallNotes:
    """Notes the calls of one device, each when it is over.

    Args:
        seam: The session.
    """

    def __init__(self, seam: CallSeam) -> None:
        self._seam = seam
        self._began: dict[CallId, tuple[int, bool, CallId | None]] = {}

    def begins(self, call: CallId, *, outgoing: bool, again: CallId | None) -> int:
        """Remember that a call began, and which one it goes on with; return when."""
        now = self._seam.now()
        self._began[call] = (now, outgoing, again)
        return now

    def over(self, call_id: CallId, call: Call) -> None:
        """Note a call that is over; it is forgotten here."""
        at, outgoing, again = self._began.pop(call_id)
        verified = self._seam.is_verified(call.contact)
        if again is not None and call.began_at < at:
            # The other side's program came back into it: for the person here it is one call.
            call_id, at, again = again, call.began_at, None
        entry = entry_of(call, call_id, outgoing=outgoing, at=at, verified=verified)
        if entry is not None and (again is None or call.was_connected):
            self._seam.note_call(entry, again)

    def missed(self, call: CallId, contact: AccountId, media: Media) -> None:
        """Note a call that did not ring here."""
        seam = self._seam
        verified = seam.is_verified(contact)
        seam.note_call(missed_call(call, contact, media, seam.now(), verified=verified), None)


def entry_of(
    call: Call, call_id: CallId, *, outgoing: bool, at: int, verified: bool
) -> Entry | None:
    """Return the entry of a call that is over; None if nothing of it is to be kept here.

    Args:
        call: As the person saw it.
        call_id: Its id.
        outgoing: We called.
        at: Unix seconds when it began.
        verified: The safety number was compared, with the key that spoke.
    """
    outcome = None if call.leaves_no_trace else _outcome(call, outgoing=outgoing)
    if outcome is None:
        return None
    answered = outcome is Outcome.ANSWERED
    return Entry(
        call_id,
        (call.contact,),
        Direction.OUTGOING if outgoing else Direction.INCOMING,
        Media(call.noted_media),
        outcome,
        at,
        call.seconds if answered else 0,
        verified,
        recorded=call.recording.was_recorded,
        via=Via(call.path) if answered else Via.NONE,
        quality=quality_of_trip(call.rtt_ms) if answered else Quality.UNKNOWN,
        suite=SUITE_ID if answered else 0,
    )


def _outcome(call: Call, *, outgoing: bool) -> Outcome | None:
    reason = call.end_reason
    if call.was_connected:
        return Outcome.ANSWERED
    if reason is None or reason in _NOT_OURS:
        return None
    if outgoing:
        return Outcome.UNANSWERED if reason in _UNANSWERED else Outcome.FAILED
    if reason in _DECLINED:
        return Outcome.DECLINED
    return Outcome.MISSED if reason in _MISSED else Outcome.FAILED
