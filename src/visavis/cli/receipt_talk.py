"""A signed receipt of a call at the terminal: asked for, signed, refused, and what came of it.

Whoever is asked reads what they would sign, and that it cannot be taken back, before they answer by
keys that have nothing chosen beforehand. Doing nothing is a no.

Not for: what may be signed (`call_receipting`), or what is kept (`history_receipts`).
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from visavis.cli.beside import Beside, say_nobody_asked
from visavis.cli.new_file import write_new
from visavis.cli.output import Output, plain
from visavis.cli.recording_words import listed, short
from visavis.cli.spans import show_time
from visavis.core.errors import UnavailableError, VisavisError
from visavis.core.ids import Digest
from visavis.sdk.call_receipt_objects import (
    AskedReceipt,
    CallReceiptTalk,
    EndedReceipt,
    Ending,
    MayNotAsk,
)

if TYPE_CHECKING:
    from visavis.cli.keys import Keys
    from visavis.cli.recording_talk import Picture
    from visavis.cli.recording_wish import RecordingWish

KEY: Final = "s"
SAVE_KEY: Final = "f"

WHY_NOT: Final = {
    MayNotAsk.ALONE: "nobody else is in the call",
    MayNotAsk.ASKED: "one is asked for already",
    MayNotAsk.TOO_OFTEN: "you have asked three times in this call, and nobody may ask more often",
    MayNotAsk.CONFIDENTIAL: "the call is confidential, and nothing is kept of one",
    MayNotAsk.UNABLE: "the call is not connected, or too many are in it",
}
LATER: Final = frozenset({MayNotAsk.ALONE, MayNotAsk.ASKED, MayNotAsk.UNABLE})
"""What may pass."""


class ReceiptTalk:
    """Signed receipts of one call, as the person at the terminal sees them.

    Args:
        out: Where it is said.
        receipts: The call's.
        screen: Its picture.
        wish: What the person wants.
        guest: We are a guest: nothing is kept here.
        writes: What is typed is text for the other side, so no key answers anything.
    """

    def __init__(
        self,
        out: Output,
        receipts: CallReceiptTalk,
        screen: Picture,
        wish: RecordingWish,
        *,
        guest: bool = False,
        writes: bool = False,
    ) -> None:
        self._out = out
        self._receipts = receipts
        self._screen = screen
        self._wish = wish
        self._guest = guest
        self._writes = writes
        self._keys: Keys | None = None
        self._beside = Beside()
        self._asked: set[Digest] = set()
        self._told = 0
        self._complete: list[EndedReceipt] = []
        self._is_settled = not wish.receipt  # we have asked, or never can
        self._is_hinted = False

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
            if keys is not None:
                keys.always.pop(KEY, None)
                keys.always.pop(SAVE_KEY, None)
            failures = await self._beside.end()
            self._tell_ended()
            if self._complete and not self._guest:
                self._out.say("Signed receipts of calls are here: visavis history receipts")
            if failures:
                raise failures[0]

    def result(self) -> dict[str, Any]:
        """Return what came of it, for scripts; nothing if no receipt was asked for."""
        if not self._wish.receipt and not self._told:
            return {}
        return {"receipts": [bytes(one.id).hex() for one in self._complete]}

    async def _run(self) -> None:
        async for _ in self._receipts.changes():
            self._hint()
            self._ask_here()
            self._tell_ended()
            self._ask_there()

    def _hint(self) -> None:
        """Let the key work as soon as somebody can be asked, and say so once."""
        if self._keys is None or self._is_hinted or self._receipts.may_not_ask is not None:
            return
        self._is_hinted = True
        self._keys.always[KEY] = self._pressed
        self._out.say(f"Press {KEY} to ask for a signed receipt of this call.")

    # Others ask

    def _ask_here(self) -> None:
        one = self._receipts.asked
        if one is not None and not one.own and one.id not in self._asked:
            self._asked.add(one.id)
            self._beside.spawn(self._answer(one))

    async def _answer(self, one: AskedReceipt) -> None:
        self._out.bell()
        if self._wish.sign:
            self._disclose(one)
            self._sign(one)
            return
        if self._keys is None:
            self._disclose(one)
            say_nobody_asked(self._out, writes=self._writes)
            return
        async with self._keys.turn():
            if not self._stands(one):
                return
            with self._screen.giving_way(), self._out.free():
                self._disclose(one)
                self._out.say("Press y to sign it, n if you do not.")
                pressed = await self._keys.press("yn", while_=lambda: self._stands(one))
                if pressed == "y":
                    self._sign(one)
                elif pressed == "n":
                    with contextlib.suppress(UnavailableError):  # asked no longer: as good as no
                        self._receipts.refuse(one.id)
                else:
                    self._out.say("This is asked no longer.")

    def _disclose(self, one: AskedReceipt) -> None:
        """Say what would be signed: before an answer, and nothing of it left out."""
        say, by = self._out.say, f"[bold]{plain(one.by)}[/]"
        since = show_time(one.since)
        say(f"{by} asks everybody here to sign a receipt of this call. All sign, or it is nothing.")
        say(f"  What it says      a {one.media} call, on {show_time(one.at)};")
        say(f"                    those who are here now were together in it since {since}")
        say(f"                    (both by the clock of {by})")
        say("  Who is in it      keys that were made for this call: no names")
        say(f"  Who gets it       you, {self._others(one)}")
        say("  To whom           each may show it to anybody, all of it or a part, and may prove")
        say("                    that a key in it was their own; not that one was yours")
        say("  To take it back   you cannot: a signature is for good")
        say("You need not sign: doing nothing is a no, and the call goes on either way.")

    def _others(self, one: AskedReceipt) -> str:
        return ", ".join(plain(name) for name in (*one.signed, *one.missing))

    def _sign(self, one: AskedReceipt) -> None:
        try:
            self._receipts.sign(one.id)
        except UnavailableError:
            self._out.say("This is asked no longer: you have signed nothing.")
            return
        now = self._receipts.asked
        if now is not None and now.id == one.id:
            missing = listed([plain(name) for name in now.missing])
            self._out.say(f"You have signed. Not yet: {missing}.")

    def _stands(self, one: AskedReceipt) -> bool:
        """Say whether it waits for our answer."""
        now = self._receipts.asked
        return now is not None and now.id == one.id and not now.have_signed

    # We ask

    def _ask_there(self) -> None:
        if self._is_settled:
            return
        reason = self._receipts.may_not_ask
        if reason in LATER:
            return
        self._is_settled = True
        if reason is None:
            self._ask()
        else:
            self._out.say(f"Nobody was asked for a receipt: {WHY_NOT[reason]}.")

    def _ask(self) -> None:
        try:
            self._receipts.ask()
        except UnavailableError:
            self._say_why_not()
            return
        self._out.say(
            "Everybody here is asked to sign a receipt of this call, and you have signed it. If "
            "somebody does not, nobody keeps anything."
        )

    def _say_why_not(self) -> None:
        reason = self._receipts.may_not_ask or MayNotAsk.UNABLE
        self._out.say(f"Nobody can be asked for a receipt now: {WHY_NOT[reason]}.")

    def _pressed(self) -> None:
        one = self._receipts.asked
        if one is not None and one.own:
            with contextlib.suppress(UnavailableError):
                self._receipts.refuse(one.id)
        elif self._receipts.may_not_ask is not None:
            self._say_why_not()
        else:
            self._beside.spawn(self._confirm())

    async def _confirm(self) -> None:
        """Say what it is before it is asked: whoever asks signs, too."""
        keys = self._keys
        assert keys is not None  # one was pressed
        async with keys.turn():
            with self._screen.giving_way(), self._out.free():
                self._out.say(
                    "A signed receipt of this call: you and everybody here sign when it was, since "
                    "when you were together, and whether it has pictures; no names. Each who signs "
                    "gets it and may show it to anybody. A signature is for good."
                )
                self._out.say("Press y to sign it and ask the others, n if you do not want it.")
                stands = lambda: self._receipts.may_not_ask is None  # noqa: E731
                if await keys.press("yn", while_=stands) == "y":
                    self._ask()
                    self._out.say(f"Press {KEY} to take it back, as long as not all have signed.")

    # What came of it

    def _tell_ended(self) -> None:
        ended = self._receipts.ended
        for one in ended[self._told :]:
            if one.why is not Ending.CALL_OVER:
                self._out.say(_words(one))
            if one.own and one.why is Ending.CHANGED:
                self._is_settled = not self._wish.receipt  # it is asked of those who are here now
            if one.receipt is not None:
                self._complete.append(one)
                self._offer_file(one)
        self._told = len(ended)

    def _offer_file(self, one: EndedReceipt) -> None:
        if not self._guest:
            return
        if self._keys is None:
            self._out.say("As a guest you keep nothing here: without a terminal it is not saved.")
            return
        self._out.say(
            f"As a guest you keep nothing here: press {SAVE_KEY} to save it as a file, or it is "
            "gone with this program."
        )
        self._keys.always[SAVE_KEY] = lambda: self._save(one)

    def _save(self, one: EndedReceipt) -> None:
        assert one.receipt is not None  # else nothing was offered
        path = Path(f"call-receipt-{short(one.id)}.vvcall")
        try:
            write_new(path, one.receipt.file(one.receipt.fields))
        except VisavisError as error:
            self._out.say(f"[bold red]{plain(error.describe())}[/]")
            return
        self._out.say(f"Written to {plain(str(path))}, with all that it says.")


def _words(one: EndedReceipt) -> str:
    """Return why something is asked no longer."""
    by = "" if one.by is None else plain(one.by)
    asked_by = "you asked" if one.own else f"{plain(one.asked_by)} asked"
    nothing = "nobody keeps anything of it, and the call goes on."
    match one.why:
        case Ending.COMPLETE:
            return (
                f"[bold]All have signed[/] the receipt of this call ({short(one.id)}): each of you "
                "has it now."
            )
        case Ending.REFUSED if one.by is None:
            return f"You do not sign what {asked_by} for: {nothing}"
        case Ending.REFUSED:
            return f"[bold]{by}[/] does not sign what {asked_by} for: {nothing}"
        case Ending.CHANGED:
            return f"Somebody came or left, so the receipt that {asked_by} for is off: {nothing}"
        case Ending.LATE:
            return f"Not all have signed what {asked_by} for within two minutes: {nothing}"
        case Ending.CROSSED:
            return f"Two asked at the same moment: what {asked_by} for is off, the other stands."
        case Ending.CALL_OVER:
            return ""
