"""Signed receipts of a call, as a person's code sees them in it: `receipts` of a call.

It shows what is asked, and passes on what the person wants. Not for: what may be signed
(`call_receipting`), or what is kept (`my_call_receipts`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from visavis.core.errors import Code, UnavailableError
from visavis.core.ids import ConsentKey, Digest
from visavis.sdk.call_receipt_book import KeptReceipt
from visavis.sdk.call_receipting import CallReceipting, Ending, MayNotAsk


@dataclass(frozen=True, slots=True)
class AskedReceipt:
    """A receipt that is asked for. Names are texts of a stranger.

    Attributes:
        id: Which.
        by: Who asks.
        own: It is we.
        at: When it was asked, unix seconds, by the asker's clock.
        since: Since when exactly these members were together, likewise.
        media: "voice" or "video", as the asker says.
        signed: Who has signed, by name; we are among them if `have_signed`.
        missing: Who else must.
        have_signed: We have signed, for good.
    """

    id: Digest
    by: str
    own: bool
    at: int
    since: int
    media: str
    signed: tuple[str, ...]
    missing: tuple[str, ...]
    have_signed: bool


@dataclass(frozen=True, slots=True)
class EndedReceipt:
    """A receipt that is asked for no longer.

    Attributes:
        id: Which.
        own: We had asked.
        asked_by: Who had.
        why: Why it ended.
        by: By whose word, if it was another member's.
        receipt: It, if all have signed. A guest has it here alone, as long as this object is.
    """

    id: Digest
    own: bool
    asked_by: str
    why: Ending
    by: str | None
    receipt: KeptReceipt | None = field(repr=False)


class CallReceiptTalk:
    """Receipts in one call, however often this device comes into it anew.

    Args:
        name: Returns what somebody in it is called.
    """

    def __init__(self, name: Callable[[ConsentKey], str]) -> None:
        self._name = name
        self._receipting: CallReceipting | None = None
        self._before: list[EndedReceipt] = []
        self._changed = asyncio.Event()
        self._is_over = False

    @property
    def asked(self) -> AskedReceipt | None:
        """What is asked now; None: nothing."""
        receipting = self._receipting
        if receipting is None or receipting.going is None:
            return None
        going, own = receipting.going, receipting.own
        others = [key for key in sorted(going.members) if key != own]
        return AskedReceipt(
            going.id,
            self._name(going.by),
            going.by == own,
            going.facts.at,
            going.facts.since,
            going.facts.media.value,
            tuple(self._name(key) for key in others if key in going.signatures),
            tuple(self._name(key) for key in others if key not in going.signatures),
            own in going.signatures,
        )

    @property
    def ended(self) -> tuple[EndedReceipt, ...]:
        """What is asked no longer, in the order in which it ended."""
        receipting = self._receipting
        if receipting is None:
            return tuple(self._before)
        own = receipting.own
        now = [
            EndedReceipt(
                one.id,
                one.asked_by == own,
                self._name(one.asked_by),
                one.why,
                None if one.by is None else self._name(one.by),
                one.receipt,
            )
            for one in receipting.over
        ]
        return (*self._before, *now)

    @property
    def may_not_ask(self) -> MayNotAsk | None:
        """Why we cannot ask now; None: we can."""
        return MayNotAsk.UNABLE if self._receipting is None else self._receipting.may_not_ask

    def ask(self) -> Digest:
        """Ask everybody in the call to sign a receipt of it, and sign it; return its id.

        It is for good: whoever holds it may show it to anybody.

        Raises:
            UnavailableError: CONFLICT, we may not ask now. Nothing was said.
        """
        return self._need().ask()

    def sign(self, which: Digest) -> None:
        """Sign what is asked, for good. UnavailableError: CONFLICT, it is asked no longer."""
        self._need().sign(which)

    def refuse(self, which: Digest) -> None:
        """Do not sign it. UnavailableError: CONFLICT, it is asked no longer."""
        self._need().refuse(which)

    async def changes(self) -> AsyncIterator[None]:
        """Yield now and whenever something changed, until the call ends."""
        while not self._is_over:
            changed = self._changed
            yield
            await changed.wait()

    # For the service

    def bind(self, receipting: CallReceipting) -> None:
        """Follow one entry into the call."""
        self._before = list(self.ended)
        self._receipting = receipting
        self.changed()

    def changed(self) -> None:
        """Note that something may have changed."""
        self._changed.set()
        self._changed = asyncio.Event()

    def over(self) -> None:
        """Note that the call is over. Harmless when repeated."""
        self._is_over = True
        self.changed()

    def _need(self) -> CallReceipting:
        if self._receipting is None:
            raise UnavailableError(Code.CONFLICT, "we are in no call")
        return self._receipting


__all__ = ["AskedReceipt", "CallReceiptTalk", "EndedReceipt", "Ending", "MayNotAsk"]
