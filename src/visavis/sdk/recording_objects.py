"""Recording with everybody's yes, as a person's code sees it: `recording` of a call.

It shows what is asked and what is or may be recorded, and passes on what the person wants. Not for:
what counts as a yes (`core/recording`), or recording itself (`Recorder`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from visavis.core import recording_types as t
from visavis.core.errors import Code, UnavailableError
from visavis.core.ids import ConsentKey, Digest
from visavis.core.recording_statements import RecordingAsk
from visavis.core.recording_types import Kind, Kinds, OverReason
from visavis.sdk.recording_means import Wanted
from visavis.sdk.recording_parts import Known, MayNotAsk
from visavis.sdk.recording_shell import RecordingShell

NOBODY: Final = "somebody"
"""Whom no name is known of."""


@dataclass(frozen=True, slots=True)
class AskedOfUs:
    """Somebody asks. Names, and words of theirs, are texts of a stranger.

    Attributes:
        id: The request.
        by: Who asks.
        request: All that they say of it.
        agreed: What we agreed to; None: we have not answered, which is no.
        refused: We said no.
    """

    id: Digest
    by: str
    request: RecordingAsk = field(repr=False)
    agreed: Kinds | None
    refused: bool


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is recorded now, or may be.

    Attributes:
        id: Of which request.
        by: Who records.
        own: It is this device.
        kinds: What.
    """

    id: Digest
    by: str
    own: bool
    kinds: Kinds


@dataclass(frozen=True, slots=True)
class OwnAsk:
    """What we ask, while it goes on.

    Attributes:
        id: The request.
        kinds: What.
        answers: Of everybody else who is there, by name: what they agreed to; None: no answer.
        recorded: What is recorded now.
    """

    id: Digest
    kinds: Kinds
    answers: tuple[tuple[str, Kinds | None], ...]
    recorded: Kinds


@dataclass(frozen=True, slots=True)
class EndedAsk:
    """Something that is asked no longer.

    Attributes:
        id: The request.
        own: It was ours.
        reason: Why.
        by: By whose word, if it was another member's.
    """

    id: Digest
    own: bool
    reason: OverReason
    by: str | None


class CallRecording:
    """Recording in one call, however often this device comes into it anew."""

    def __init__(self) -> None:
        self._names: dict[ConsentKey, str] = {}
        self._shell: RecordingShell | None = None
        self._changed = asyncio.Event()
        self._is_over = False
        self._was_recorded = False

    @property
    def requests(self) -> tuple[AskedOfUs, ...]:
        """What others ask: what goes on, and what we said no to."""
        state = self._state
        if self._shell is None or state is None:
            return ()
        going = [
            AskedOfUs(
                one.id,
                self.name(one.ask.by),
                one.request,
                _standing(one.ask, state.own, state.members),
                refused=False,
            )
            for one in self._shell.known
            if one.ask.by != state.own
        ]
        refused = [
            AskedOfUs(one.id, self.name(one.request.key), one.request, None, refused=True)
            for one in self._shell.over
            if self._shell.has_refused(one.id)
        ]
        return (*going, *refused)

    @property
    def recorded(self) -> tuple[Recorded, ...]:
        """What is recorded now, or may be: to be shown for as long as it stands here."""
        if self._shell is None:
            return ()
        own = self._shell.own
        return tuple(
            Recorded(one.id, self.name(one.by), one.by == own, one.kinds)
            for one in self._shell.shown
        )

    @property
    def was_recorded(self) -> bool:
        """Whether anything was shown to be recorded at any time; also once the call is over."""
        return self._was_recorded

    @property
    def own(self) -> OwnAsk | None:
        """What we ask; None: nothing."""
        mine, state = self._mine, self._state
        if mine is None or state is None:
            return None
        answers = tuple(
            (self.name(key), _standing(mine.ask, key, state.members))
            for key in sorted(state.members - {state.own})
        )
        return OwnAsk(mine.id, mine.ask.kinds, answers, mine.ask.recorded)

    @property
    def ended(self) -> tuple[EndedAsk, ...]:
        """What is asked no longer, in the order in which it ended."""
        shell = self._shell
        if shell is None:
            return ()
        return tuple(
            EndedAsk(
                one.id,
                one.request.key == shell.own,
                one.reason,
                None if one.by is None else self.name(one.by),
            )
            for one in shell.over
        )

    @property
    def held(self) -> bool:
        """Whether we neither hear nor are heard yet: others say what is asked, and we answer."""
        state = self._state
        return state is not None and state.held

    @property
    def may_not_ask(self) -> MayNotAsk | None:
        """Why we cannot ask now; None: we can."""
        return MayNotAsk.UNABLE if self._shell is None else self._shell.may_not_ask

    @property
    def never_names(self) -> tuple[str, ...]:
        """Who in the call is never to be recorded."""
        state = self._state
        return () if state is None else tuple(self.name(key) for key in sorted(state.never))

    async def ask(self, wanted: Wanted) -> Digest:
        """Ask everybody in the call; return the request.

        Raises:
            UnavailableError: CONFLICT, we may not ask now; or why it could not be said.
            PeerError: TOO_LARGE.
            UsageError: Nobody can ask for that.
        """
        return await self._need().ask(wanted)

    async def agree(self, ask: Digest, kinds: Kinds, *, clear: bool = False) -> None:
        """Agree to some of what is asked.

        Args:
            ask: The request.
            kinds: To what of it.
            clear: To an export that is not sealed, too; it cannot be taken back.

        Raises:
            UnavailableError: CONFLICT, it is asked no longer; or why it could not be said.
            UsageError: Nobody asked for that.
        """
        await self._need().agree(ask, kinds, clear=clear)

    def refuse(self, ask: Digest) -> None:
        """Do not agree. UnavailableError: CONFLICT, it is asked no longer."""
        self._need().refuse(ask)

    def withdraw(self, ask: Digest) -> None:
        """Take back each yes of ours to a request. UnavailableError: NO_YES, there is none."""
        self._need().withdraw(ask)

    def stop(self) -> None:
        """End what we ask, and record. UnavailableError: CONFLICT, we ask for nothing."""
        self._need().stop()

    async def changes(self) -> AsyncIterator[None]:
        """Yield now and whenever something changed, until the call ends."""
        while not self._is_over:
            changed = self._changed
            yield
            await changed.wait()

    # For the service

    def bind(self, shell: RecordingShell) -> None:
        """Follow one entry into the call."""
        self._shell = shell
        self.changed()

    def learn(self, key: ConsentKey, name: str) -> None:
        """Learn what somebody is called."""
        self._names[key] = name

    def name(self, key: ConsentKey) -> str:
        """Return what somebody is called."""
        return self._names.get(key, NOBODY)

    def changed(self) -> None:
        """Note that something may have changed."""
        if self.recorded:
            self._was_recorded = True
        self._changed.set()
        self._changed = asyncio.Event()

    def over(self) -> None:
        """Note that the call is over. Harmless when repeated."""
        self._is_over = True
        self.changed()

    @property
    def _state(self) -> t.InCall | None:
        state = None if self._shell is None else self._shell.state
        return state if isinstance(state, t.InCall) else None

    @property
    def _mine(self) -> Known | None:
        shell = self._shell
        if shell is None:
            return None
        return next((one for one in shell.known if one.ask.by == shell.own), None)

    def _need(self) -> RecordingShell:
        if self._shell is None:
            raise UnavailableError(Code.CONFLICT, "we are in no call")
        return self._shell


def _standing(ask: t.Ask, key: ConsentKey, members: t.Members) -> Kinds | None:
    """Return to what somebody's yes is that stands among all who are there; None: there is none."""
    grant = ask.grants.get(key)
    return grant.kinds if grant is not None and members <= grant.members else None


__all__ = [
    "AskedOfUs",
    "CallRecording",
    "EndedAsk",
    "Kind",
    "MayNotAsk",
    "OwnAsk",
    "Recorded",
    "Wanted",
]
