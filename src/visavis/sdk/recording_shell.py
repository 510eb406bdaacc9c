"""Consent to recordings of one call on one device, from our entry into it to the end (P17).

    begin, members, ready, hear, ended     what happens in the call, told by its shell
    ask, agree, refuse, withdraw, stop     what the person does

It runs the machine (`core/recording`), signs what that says, and reads what others signed. What
follows from an epoch is done before `members` returns: so nothing is recorded of an epoch that the
machine was not told of.

Not for: what a person's code sees of it (`recording_objects`), or recording (`Recorder`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, assert_never

from visavis.core import recording_statements as s
from visavis.core import recording_types as t
from visavis.core.content_recording import RecordingSaid
from visavis.core.errors import Code, PeerError, UnavailableError, UsageError
from visavis.core.ids import ConsentKey, Digest
from visavis.core.recording import begin, step
from visavis.media.frame_tap import FrameTap, Track
from visavis.sdk.recording_answers import Asked, OwnAnswers
from visavis.sdk.recording_asking import Asking
from visavis.sdk.recording_hold import Hold
from visavis.sdk.recording_means import Recorder, SaidStatement, Wanted
from visavis.sdk.recording_mine import OwnRequests
from visavis.sdk.recording_parts import (
    Known,
    MayNotAsk,
    Over,
    RecordingParts,
    Shown,
    all_refused,
)
from visavis.sdk.recording_shares import CallShares
from visavis.sdk.recording_speech import Speech, ask_of, event_of
from visavis.sdk.recording_told import Told

_KINDS: Final[Mapping[Track, t.Kind]] = {
    "audio": t.Kind.AUDIO,
    "video": t.Kind.VIDEO,
    "screen": t.Kind.SCREEN,
}


class RecordingShell:
    """Consent to recordings of one call, on one device.

    Args:
        parts: What it is made from.

    Attributes:
        dropped: Statements that were dropped, by code: for tests.
        leaves: Whose leaf of the call's group is whose.
    """

    def __init__(self, parts: RecordingParts) -> None:
        self._parts = parts
        call, own, means = parts.call, parts.own, parts.means
        self._speech = Speech(call, own, parts.unix, parts.say)
        self._shares = CallShares(means, call, rng=parts.rng, unix=parts.unix, spawn=parts.spawn)
        self._mine = OwnRequests(own, self._speech, self._shares, self._new_recorder, parts.name)
        self._asking = Asking(
            parts, self._speech, self._shares, self._mine, lambda: self._in_call, self._feed
        )
        self._answers = OwnAnswers(parts, self._speech, self._shares)
        self._hold = Hold(parts.frames, parts.monotonic, lambda now: self._feed(t.HoldEnded(now)))
        self._told = Told()
        self._state: t.State | None = None
        self._shown: dict[Digest, Shown] = {}
        self._over: dict[Digest, Over] = {}
        self.dropped: Counter[Code] = Counter()
        self.leaves: Mapping[int, ConsentKey] = {}

    # What is so now

    @property
    def own(self) -> ConsentKey:
        """Our consent key."""
        return self._parts.own.key

    @property
    def state(self) -> t.State | None:
        """The machine's state; None before `begin`."""
        return self._state

    @property
    def asks(self) -> tuple[Digest, ...]:
        """All requests that we know to go on, ours too: whoever comes is told of them."""
        state = self._in_call
        return () if state is None else tuple(state.asks)

    @property
    def known(self) -> tuple[Known, ...]:
        """The same, with what is asked."""
        state = self._in_call
        asks = () if state is None else state.asks.items()
        found = ((one, self._request_of(one), ask) for one, ask in asks)
        return tuple(Known(one, request, ask) for one, request, ask in found if request)

    @property
    def recent(self) -> list[RecordingSaid]:
        """What we said last, for who may have missed it."""
        return self._speech.recent(lambda ask: ask in self.asks)

    @property
    def shown(self) -> tuple[Shown, ...]:
        """What is recorded now, or may be."""
        return tuple(self._shown.values())

    @property
    def over(self) -> tuple[Over, ...]:
        """What is asked no longer, in the order in which it ended."""
        return tuple(self._over.values())

    def has_refused(self, ask: Digest) -> bool:
        """Say whether the person here said no to a request."""
        return self._answers.has_refused(ask)

    @property
    def may_not_ask(self) -> MayNotAsk | None:
        """Why the person cannot ask now; None: they can."""
        return self._asking.may_not_ask

    # What happens in the call

    def begin(self, members: t.Members, never: t.Members) -> None:
        """Take the first epoch of ours, before any frame key of it is in place."""
        if self._state is not None:
            raise UsageError("it has begun")
        self._follow(begin(self.own, members, never, self._parts.monotonic()))

    def members(self, members: t.Members, never: t.Members) -> None:
        """Take a later epoch, before any frame key of it is in place."""
        # No statement could name them all.
        if len(members) > s.MAX_MEMBERS and self._mine_now is not None:
            self.stop()
        self._feed(t.MembersChanged(members, never))

    def ready(self, by: ConsentKey, asks: Sequence[Digest]) -> None:
        """Take that a member can open the newest epoch, and what it knows to be asked."""
        self._feed(t.MemberReady(by, frozenset(asks)))

    def hear(self, key: ConsentKey, said: RecordingSaid) -> None:
        """Take what a member said; dropped unless it is theirs, of this call, and in its place.

        Args:
            key: The consent key of the leaf that MLS says has said it.
            said: It.
        """
        try:
            self._heard(key, s.read_statement(said.statement), said)
        except PeerError as error:
            self.dropped[error.code] += 1

    def _heard(self, key: ConsentKey, statement: s.Statement, said: RecordingSaid) -> None:
        # CK-981: what was said by another, or in another call, is no word of theirs in this.
        if statement.key != key or statement.call != self._speech.call:
            raise PeerError(Code.UNEXPECTED, "CK-981 a statement of another, or elsewhere")
        before, ask = self._in_call, ask_of(statement)
        if before is None:
            return
        self._told.hear(ask, statement)
        if isinstance(statement, s.RecordingGrant) and statement.clear:
            request = self._request_of(ask)
            # CK-931, of an export: the machine knows nothing of that.
            if request is not None and not request.clear:
                raise PeerError(Code.UNEXPECTED, "CK-931 a yes to an export that nobody asked for")
        made = step(before, event_of(key, statement))
        for effect in made.effects:
            if isinstance(effect, t.Reject):
                raise PeerError(effect.code, "not in its place")
        if isinstance(statement, s.RecordingAsk):
            self._answers.asked(ask, Asked(statement, said.statement))
        elif ask in before.asks and self._mine.find(ask) is not None:
            self._mine.heard(
                before,
                SaidStatement(said.statement, statement),
                said,
                wanted=lambda: ask in self.asks,
                refused=lambda code: self.dropped.update([code]),
            )
        self._follow(made, key)
        if ask not in self.asks and self._told.is_never_recorded(ask):
            self._answers.unlay(ask)  # nothing will ever be played with our share

    def ended(self) -> None:
        """We are out of it: nothing is signed or recorded any more. Harmless when repeated."""
        self._hold.forget()
        mine, state = self._mine_now, self._in_call
        if mine is not None and state is not None:
            # The others see that we are gone; the file has its end signed all the same.
            head = self._speech.head(state.said + 1)
            self._mine.note(s.RecordingEnd(*head, mine.id))
        self._feed(t.CallEnded())

    # What the person does

    async def ask(self, wanted: Wanted) -> Digest:
        """Ask all members; return the request.

        Raises:
            UnavailableError: CONFLICT, the person may not ask now (`may_not_ask`); or why no share
                of the keys could be laid. Nothing was said.
            PeerError: TOO_LARGE. Likewise.
            UsageError: Nobody can ask for that.
        """
        return await self._asking.ask(wanted)

    async def agree(self, ask: Digest, kinds: t.Kinds, *, clear: bool = False) -> None:
        """Agree to some of what a member asks for.

        Args:
            ask: The request.
            kinds: To what of it.
            clear: To an export that is not sealed, too; it cannot be taken back.

        Raises:
            UnavailableError: CONFLICT, it is asked no longer; or why no share of the keys could be
                laid. Nothing was said.
            UsageError: Nobody asked for that.
        """
        request = self._require_asked(ask).request
        if not kinds or not kinds <= request.kinds or (clear and not request.clear):
            raise UsageError("nobody asked for that")

        def say() -> None:
            self._require_asked(ask)
            self._feed(t.PersonAgreed(ask, kinds))

        await self._answers.agree(ask, clear=clear, say=say)

    def refuse(self, ask: Digest) -> None:
        """Do not agree. UnavailableError: CONFLICT, it is asked no longer."""
        self._require_asked(ask)
        self._feed(t.PersonRefused(ask))

    def withdraw(self, ask: Digest) -> None:
        """Take back each yes of ours to a request, by whichever key. The shares are deleted.

        That of this entry is said in the call while it is asked; all others go in the book.

        Raises:
            UnavailableError: NO_YES, none stands. Nothing is said or changed.
        """
        known = None if self._in_call is None else self._in_call.asks.get(ask)
        is_said = known is not None and self.own in known.grants
        if is_said:
            self._feed(t.PersonWithdrew(ask))
        if not self._answers.take_back(ask) and not is_said:
            raise UnavailableError(Code.NO_YES)

    def stop(self) -> None:
        """End what we asked. UnavailableError: CONFLICT, we ask for nothing."""
        mine = self._mine_now
        if mine is None:
            raise UnavailableError(Code.CONFLICT, "we ask for nothing")
        self._feed(t.PersonStopped(mine.id))

    @property
    def _mine_now(self) -> Known | None:
        return next((one for one in self.known if one.ask.by == self.own), None)

    # The machine

    @property
    def _in_call(self) -> t.InCall | None:
        return self._state if isinstance(self._state, t.InCall) else None

    def _feed(self, event: t.Event) -> None:
        state = self._in_call
        if state is not None:
            self._follow(step(state, event))

    def _follow(self, made: t.Step, by: ConsentKey | None = None) -> None:
        """Take the machine's step, and do what follows.

        Args:
            made: It.
            by: The member that it comes from.
        """
        if self._parts.confidential():
            made = all_refused(made)
        self._state = made.state
        for effect in made.effects:
            self._carry_out(effect, by)
        self._parts.changed()

    def _carry_out(self, effect: t.Effect, by: ConsentKey | None) -> None:
        match effect:
            case t.HoldMedia(until):
                self._hold.hold(until)
            case t.ReleaseMedia():
                self._hold.release()
            case t.SendAsk(ask):
                self._mine.send(ask)
            case t.SendAskAgain(ask):
                self._mine.send_again(ask)
            case t.SendProgress(ask, number, kinds):
                assert self._in_call is not None  # nothing is said after the end
                head, members = self._speech.head(number), self._in_call.members
                self._mine.tell(s.RecordingProgress(*head, ask, kinds, members))
            case t.SendEnd(ask, number):
                self._mine.tell(s.RecordingEnd(*self._speech.head(number), ask))
            case t.SendGrant():
                self._answers.grant(effect)
            case t.SendRefusal():
                self._answers.refuse(effect)
            case t.SendWithdrawal():
                self._answers.withdraw(effect)
            case t.Record(ask, kinds):
                self._mine.record(ask, kinds)
                # While nothing is recorded, no frame takes the way to a recorder.
                frames = self._parts.frames
                frames.tap = (frames.tap or FrameTap(self._take)) if kinds else None
            case t.Show(ask, who, kinds):
                self._shown.pop(ask, None)
                if kinds:
                    self._shown[ask] = Shown(ask, who, kinds)
            case t.TellOver(ask, reason):
                request = self._request_of(ask)
                if request is not None:
                    self._over[ask] = Over(ask, request, reason, by)
                self._mine.over(ask)
            case t.AskPerson() | t.Reject():
                pass  # it stands in `known` until it is answered; a rejected one came to no step
            case _:
                assert_never(effect)

    # Kit

    def _new_recorder(self) -> Recorder:
        make = self._parts.means.recorder
        if make is None:
            raise UsageError("nothing can be recorded here")
        return make(self._parts.own, self._parts.title(), self._cannot_write)

    def _take(self, leaf: int | None, track: Track, at: float, data: bytes) -> bool:
        key = self.own if leaf is None else self.leaves.get(leaf)
        return key is not None and self._mine.frame(key, _KINDS[track], at, data)

    def _cannot_write(self) -> None:
        if self._mine_now is not None:
            self.stop()

    def _request_of(self, ask: Digest) -> s.RecordingAsk | None:
        asked = self._answers.find(ask)
        return self._mine.find(ask) if asked is None else asked.request

    def _require_asked(self, ask: Digest) -> Asked:
        asked = self._answers.find(ask)
        if asked is None or ask not in self.asks:
            raise UnavailableError(Code.CONFLICT, "this is asked no longer")
        return asked
