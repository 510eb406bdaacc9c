# ruff: noqa: INP001 - a part of a script, `serve.py`
"""Consent to recordings of people who use the Python SDK, for tests of the web client."""

from __future__ import annotations

from typing import Any, Final

from serve_group_calls import GroupCalls

from visavis.core.ids import ConsentKey, Digest, Secret32
from visavis.core.recording_types import Kind, Kinds, Members
from visavis.sdk.client import Client
from visavis.sdk.recording_means import RecordingMeans, SaidStatement, Way
from visavis.sdk.recording_objects import CallRecording, Wanted

RECORDING_COMMANDS: Final = {
    "recording_can", "recording_ask", "recording_state", "recording_agree", "recording_refuse",
    "recording_withdraw", "recording_stop",
}  # fmt: skip


class Notes:
    """A recorder that notes what it is told."""

    def __init__(self) -> None:
        self.kinds: Kinds = frozenset()
        self.shares: dict[ConsentKey, Secret32] = {}

    def record(self, ask: Digest, kinds: Kinds) -> None:
        """Note what is recorded from now on."""
        del ask
        self.kinds = kinds

    def said(self, said: SaidStatement) -> None:
        """What was said is seen in the call."""

    def share(self, ask: Digest, key: ConsentKey, share: Secret32, way: Way) -> None:
        """Note a share."""
        del ask, way
        self.shares[key] = share

    def among(self, ask: Digest, members: Members) -> None:
        """Who is there is seen in the call."""

    def frame(self, key: ConsentKey, kind: Kind, at: float, data: bytes) -> bool:
        """Nothing is written; no key frame is wanted."""
        del key, kind, at, data
        return False

    def over(self, ask: Digest) -> None:
        """That it is over is seen in the call."""


class Recording:
    """The commands about recording the group call that somebody is in."""

    people: dict[str, Client]
    group_calls: dict[str, GroupCalls]
    notes: dict[str, Notes]

    async def recording_can(self, who: str) -> None:
        """Give somebody what records, before their first call."""
        notes = self.notes[who] = Notes()
        session = self.people[who]._session  # noqa: SLF001 - no option of a client yet
        session.recording = RecordingMeans(session.recording.shares, None, lambda *_: notes)

    async def recording_ask(self, who: str, kinds: list[str], purpose: str) -> str:
        """Ask everybody; returns the request."""
        wanted = Wanted(frozenset(Kind(kind) for kind in kinds), purpose)
        return bytes(await self._of(who).ask(wanted)).hex()

    async def recording_state(self, who: str) -> dict[str, Any]:
        """Return what somebody sees of recording, and what they record."""
        seen, notes = self._of(who), self.notes.get(who, Notes())
        return {
            "held": seen.held,
            "requests": [
                [
                    bytes(one.id).hex(),
                    one.by,
                    one.request.purpose,
                    None if one.agreed is None else sorted(one.agreed),
                ]
                for one in seen.requests
                if not one.refused
            ],
            "recorded": [[one.by, one.own, sorted(one.kinds)] for one in seen.recorded],
            "ended": [[one.own, one.reason.value, one.by] for one in seen.ended],
            "kinds": sorted(notes.kinds),
            "shares": len(notes.shares),
        }

    async def recording_agree(self, who: str, ask: str, kinds: list[str]) -> None:
        """Agree to these kinds."""
        agreed = frozenset(Kind(kind) for kind in kinds)
        await self._of(who).agree(Digest(bytes.fromhex(ask)), agreed)

    async def recording_refuse(self, who: str, ask: str) -> None:
        """Do not agree."""
        self._of(who).refuse(Digest(bytes.fromhex(ask)))

    async def recording_withdraw(self, who: str, ask: str) -> None:
        """Take a yes back."""
        self._of(who).withdraw(Digest(bytes.fromhex(ask)))

    async def recording_stop(self, who: str) -> None:
        """End what somebody asks."""
        self._of(who).stop()

    def _of(self, who: str) -> CallRecording:
        call = self.group_calls[who].call
        assert call is not None
        return call.recording
