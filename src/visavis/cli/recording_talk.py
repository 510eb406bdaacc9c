"""Recording in a call at the terminal: what is asked, what is recorded, a yes taken back.

Whoever is asked reads all that is asked, and answers by keys that have nothing chosen beforehand.
Doing nothing is a no. What is recorded is shown for as long as it is, under a picture too.

Not for: what counts as a yes (`core/recording`), or the way there (`recording_objects`).
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Final, Protocol

from visavis.cli.beside import Beside, say_nobody_asked
from visavis.cli.output import Output, plain
from visavis.cli.recording_question import choose, disclose, why_ended
from visavis.cli.recording_words import in_words, listed, short
from visavis.core.errors import UnavailableError, VisavisError
from visavis.core.ids import Digest
from visavis.core.recording_types import Kind, Kinds
from visavis.sdk.recording_objects import AskedOfUs, CallRecording, MayNotAsk, Wanted

if TYPE_CHECKING:
    from visavis.cli.keys import Keys
    from visavis.cli.recording_wish import RecordingWish

NOT_NOW: Final = {
    MayNotAsk.UNABLE: "the call was not connected, or nothing can be recorded here",
    MayNotAsk.ALONE: "nobody else was in the call",
    MayNotAsk.HELD: "you had not answered what others asked",
}
"""Why nobody can be asked yet; it may pass."""

NEVER: Final = {
    MayNotAsk.ASKED: "you ask already",
    MayNotAsk.TOO_OFTEN: "you have asked three times in this call, and nobody may ask more often",
    MayNotAsk.CONFIDENTIAL: "the call is confidential, and nobody records one",
}


class Picture(Protocol):
    """What may have the terminal."""

    def banner(self, text: str) -> None:
        """Set a line under it that stands out; "" for none."""
        ...

    def giving_way(self) -> AbstractContextManager[None]:
        """Give the terminal back as long as the block lasts."""
        ...


class RecordingTalk:
    """Recording in one call, as the person at the terminal sees it.

    Args:
        out: Where it is said.
        recording: The call's.
        screen: Its picture.
        wish: What the person wants.
        picture: Whether the call has pictures.
        guest: We are a guest: no account keeps our yes.
        writes: What is typed is text for the other side, so no key answers anything.
    """

    def __init__(
        self,
        out: Output,
        recording: CallRecording,
        screen: Picture,
        wish: RecordingWish,
        *,
        picture: bool,
        guest: bool = False,
        writes: bool = False,
    ) -> None:
        self._out = out
        self._recording = recording
        self._screen = screen
        self._wish = wish
        self._wanted = frozenset({Kind.AUDIO, Kind.VIDEO} if picture else {Kind.AUDIO})
        self._guest = guest
        self._writes = writes
        self._keys: Keys | None = None
        self._beside = Beside()
        self._askers: dict[Digest, str] = {}
        self._asked: set[Digest] = set()  # the person here is, or was, asked and has not agreed
        self._agreed: set[Digest] = set()
        self._shown: dict[Digest, tuple[str, bool, Kinds]] = {}
        self._ended: set[Digest] = set()
        self._answers: dict[str, Kinds] = {}
        self._held = False
        self._own: Digest | None = None
        self._is_settled = wish.purpose is None  # we have asked, or never can
        self._why_not: MayNotAsk | None = MayNotAsk.UNABLE
        self._was_recorded = False

    @contextlib.asynccontextmanager
    async def during(self, keys: Keys | None) -> AsyncIterator[None]:
        """Show and ask as long as the block lasts.

        Args:
            keys: What the person presses; None: nobody can be asked.
        """
        self._keys = keys
        self._beside.spawn(self._run())
        try:
            yield
        finally:
            if self._recording.own is not None:  # so that the file has a signed end
                with contextlib.suppress(UnavailableError):
                    self._recording.stop()
            failures = await self._beside.end()
            self._screen.banner("")
            if self._was_recorded:
                self._out.say("What was recorded is on this device: visavis recordings")
            elif self._wish.purpose is not None and self._own is None and not self._is_settled:
                why = NOT_NOW.get(self._why_not or MayNotAsk.UNABLE, "")
                self._out.say(f"Nobody was asked, and nothing was recorded: {why}.")
            if failures:
                raise failures[0]

    def result(self) -> dict[str, Any]:
        """Return what came of our own wish, for scripts; nothing if there was none."""
        if self._wish.purpose is None:
            return {}
        own = None if self._own is None else bytes(self._own).hex()
        answers = {name: sorted(kinds) for name, kinds in self._answers.items()}
        return {
            "recording": {
                "asked": own is not None,
                "id": own,
                "recorded": self._was_recorded,
                "agreed": answers,
            }
        }

    async def _run(self) -> None:
        async for _ in self._recording.changes():
            self._tell_held()
            self._ask_here()
            self._tell_recorded()
            self._tell_answers()
            self._tell_ended()
            self._ask_there()

    # What is so

    def _tell_held(self) -> None:
        if self._recording.held == self._held:
            return
        self._held = self._recording.held
        self._out.say(
            "You neither hear nor are heard yet: first it is told what others ask to record, and "
            "you answer."
            if self._held
            else "You hear, and are heard, now."
        )

    def _tell_recorded(self) -> None:
        now = {one.id: (plain(one.by), one.own, one.kinds) for one in self._recording.recorded}
        for ask, (by, own, kinds) in now.items():
            if self._shown.get(ask) != (by, own, kinds):
                self._was_recorded = self._was_recorded or own
                who = "You record" if own else f"[bold]{by}[/] records"
                self._out.bell()
                self._out.say(
                    f"[bold white on red] RECORDED [/] {who}, or may at any moment: "
                    f"{in_words(kinds)}, of everybody in this call.{self._way_back(own=own)}"
                )
        for ask in self._shown.keys() - now.keys():
            by, own, _ = self._shown[ask]
            self._out.bell()
            self._out.say(f"[bold reverse] NOT RECORDED [/] {self._no_more(ask, by, own=own)}")
        if now != self._shown:
            self._shown = now
            by_whom = [
                f"{'you' if one.own else _clean(one.by)}: {in_words(one.kinds)}"
                for one in self._recording.recorded
            ]
            self._screen.banner(f" RECORDED by {'; '.join(by_whom)} " if by_whom else "")
        self._arm()

    def _no_more(self, ask: Digest, by: str, *, own: bool) -> str:
        """Say that somebody records nothing any more."""
        words = "You record nothing" if own else f"[bold]{by}[/] records nothing"
        if not self._goes_on(ask):
            return f"{words} any more."
        return f"{words} for now: somebody is here who has not agreed. It is still asked."

    def _goes_on(self, ask: Digest) -> bool:
        own = self._recording.own
        asked = (one.id for one in self._recording.requests if not one.refused)
        return ask in asked or (own is not None and own.id == ask)

    def _tell_ended(self) -> None:
        for one in self._recording.ended:
            if one.id not in self._ended:
                self._ended.add(one.id)
                self._agreed.discard(one.id)
                words = why_ended(one, self._askers.get(one.id), ours=self._have_refused(one.id))
                if words:
                    self._out.say(words)
        self._arm()

    # Others ask

    def _ask_here(self) -> None:
        for one in self._recording.requests:
            self._askers[one.id] = one.by
            if one.agreed is not None:
                self._agreed.add(one.id)
                self._asked.discard(one.id)
            elif not one.refused and one.id not in self._asked:
                self._asked.add(one.id)
                self._beside.spawn(self._answer(one))

    async def _answer(self, one: AskedOfUs) -> None:
        """Ask the person here, and say what they say."""
        self._out.bell()
        if self._wish.agree:
            disclose(self._out, one, guest=self._guest)
            await self._agree(one, one.request.kinds, clear=one.request.clear)
            return
        if self._keys is None:
            disclose(self._out, one, guest=self._guest)
            say_nobody_asked(self._out, writes=self._writes)
            return
        async with self._keys.turn():
            if not self._stands(one.id):
                return
            with self._screen.giving_way(), self._out.free():
                disclose(self._out, one, guest=self._guest)
                choice = await choose(self._out, one, self._keys, lambda: self._stands(one.id))
                if choice is None:
                    self._out.say("This is asked no longer.")
                elif choice[0]:
                    await self._agree(one, choice[0], clear=choice[1])
                else:
                    with contextlib.suppress(UnavailableError):  # asked no longer: as good as no
                        self._recording.refuse(one.id)

    async def _agree(self, one: AskedOfUs, kinds: Kinds, *, clear: bool) -> None:
        try:
            await self._recording.agree(one.id, kinds, clear=clear)
        except VisavisError as error:
            self._out.say(f"[bold red]{plain(error.describe())}[/]")
            self._out.say(
                "So your yes was not said: it counts as no answer, which is no. They may ask again."
            )
            return
        # Whoever comes just now has not heard this yes: then it is asked once more.
        self._asked.discard(one.id)
        self._agreed.add(one.id)
        export = ", and to an export" if clear else ""
        later = "" if self._guest else f" After the call: visavis consents withdraw {short(one.id)}"
        self._out.say(
            f"You have agreed to {in_words(kinds)}{export}.{self._way_back(own=False)}{later}"
        )
        self._arm()

    def _have_refused(self, ask: Digest) -> bool:
        return any(one.id == ask and one.refused for one in self._recording.requests)

    def _stands(self, ask: Digest) -> bool:
        """Say whether a request waits for our answer."""
        return any(
            one.id == ask and one.agreed is None and not one.refused
            for one in self._recording.requests
        )

    # Taking back

    def _way_back(self, *, own: bool) -> str:
        if self._keys is None:
            return ""
        return " Press w to end it." if own else " Press w to take your yes back at once."

    def _arm(self) -> None:
        """Let the key work where there is something to take back, or it is to be said why not."""
        if self._keys is None:
            return
        if self._askers or self._recording.own is not None:
            self._keys.always["w"] = self._take_back
        else:
            self._keys.always.pop("w", None)

    def _take_back(self) -> None:
        if not self._agreed and self._recording.own is None:
            later = "" if self._guest else " What is over: visavis consents withdraw ID"
            self._out.say(
                "There is no yes of yours to take back now: what you have not agreed to is a no. "
                f"Nothing was changed.{later}"
            )
        for ask in tuple(self._agreed):
            try:
                self._recording.withdraw(ask)
            except UnavailableError as error:  # pressed twice
                self._out.say(plain(error.describe()))
            else:
                self._out.say(
                    "Taken back at once. Your half of the key is being deleted: what was recorded "
                    "of you is not played any more."
                )
        if self._recording.own is not None:
            with contextlib.suppress(UnavailableError):
                self._recording.stop()

    # We ask

    def _ask_there(self) -> None:
        if self._is_settled:
            return
        reason = self._why_not = self._recording.may_not_ask
        if reason in NOT_NOW:
            return
        self._is_settled = True
        if reason is None:
            self._beside.spawn(self._ask())
            return
        why = NEVER.get(reason) or (
            f"{listed([plain(one) for one in self._recording.never_names])} is never to be recorded"
        )
        self._out.say(f"Nobody was asked, and nothing is recorded: {why}.")

    async def _ask(self) -> None:
        wish = self._wish
        assert wish.purpose is not None  # else it is settled
        wanted = Wanted(
            self._wanted, wish.purpose, clear=wish.export_to is not None, named=wish.export_to
        )
        try:
            self._own = await self._recording.ask(wanted)
        except VisavisError as error:
            self._out.say(f"[bold red]{plain(error.describe())}[/]")
            self._out.say("So nobody was asked, and nothing is recorded. The call goes on.")
            return
        export = ", and an export" if wanted.clear else ""
        self._out.say(
            f"Everybody here is asked to agree: {in_words(self._wanted)}{export}. Nothing is "
            "recorded until all have; no answer is a no."
        )

    def _tell_answers(self) -> None:
        own = self._recording.own
        for name, kinds in () if own is None else own.answers:
            if kinds is not None and self._answers.get(name) != kinds:
                self._answers[name] = kinds
                self._out.say(f"[bold]{plain(name)}[/] agrees to {in_words(kinds)}.")


def _clean(text: str) -> str:
    """Make a stranger's text safe to print where brackets are no styles."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
