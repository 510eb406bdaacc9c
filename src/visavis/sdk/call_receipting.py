"""Signed receipts of one call on one device, from our entry into it to the end (R-14).

    members, hear, ended     what happens in the call, told by its shell
    ask, sign, refuse        what the person does

Everybody who is there signs the same terms, or nobody keeps anything. One receipt is asked for at a
time: of two that were asked for at once, all keep to the one with the smaller id.

Not for: what is signed (`core/call_receipt`), what is kept of it (`call_receipt_book`), or what a
person's code sees of it (`call_receipt_objects`).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from visavis.core import call_receipt as r
from visavis.core.content_receipt import AboutReceipt, ReceiptAsk, ReceiptRefused, ReceiptSigned
from visavis.core.errors import Code, PeerError, UnavailableError
from visavis.core.ids import CallId, ConsentKey, Digest, Rng, Signature
from visavis.core.recording_statements import MAX_MEMBERS
from visavis.core.recording_types import Members
from visavis.sdk.call_receipt_book import KeptReceipt
from visavis.sdk.consent_key import OwnConsent
from visavis.sdk.recording_means import ReceiptKeeper

Say = Callable[[AboutReceipt], None]
"""Says something to all members, after what was said before; never raises."""


class MayNotAsk(StrEnum):
    """Why the person cannot ask for a receipt now."""

    ALONE = "alone"
    ASKED = "asked"
    """One is asked for already, by whomever."""
    TOO_OFTEN = "too_often"
    CONFIDENTIAL = "confidential"
    UNABLE = "unable"
    """The call is not connected, or too many are in it."""


class Ending(StrEnum):
    """Why a receipt is asked for no longer."""

    COMPLETE = "complete"
    """All have signed: each of them holds it."""
    REFUSED = "refused"
    CHANGED = "changed"
    """Somebody came or left."""
    LATE = "late"
    """Not all had answered in time."""
    CROSSED = "crossed"
    """Somebody asked at the same moment, and all keep to theirs."""
    CALL_OVER = "call_over"


@dataclass(frozen=True, slots=True)
class ReceiptParts:
    """What it is made from. Never printed.

    Attributes:
        call: The call.
        own: Our consent key of this entry.
        book: Keeps what is complete; None: it is in memory, as long as the call's object.
        rng: Random bytes.
        unix: Returns unix seconds.
        say: Says something to all members.
        media: Returns what the call is here: "voice" or "video".
        confidential: Returns whether nothing may be asked or kept, here or there.
        title: Returns with whom the call is.
        name: Returns what somebody in it is called.
        changed: Told that something may have changed.
    """

    call: CallId
    own: OwnConsent = field(repr=False)
    book: ReceiptKeeper | None = field(repr=False)
    rng: Rng = field(repr=False)
    unix: Callable[[], int] = field(repr=False)
    say: Say = field(repr=False)
    media: Callable[[], str] = field(repr=False)
    confidential: Callable[[], bool] = field(default=lambda: False, repr=False)
    title: Callable[[], str] = field(default=str, repr=False)
    name: Callable[[ConsentKey], str] = field(default=lambda _: "", repr=False)
    changed: Callable[[], None] = field(default=lambda: None, repr=False)


@dataclass(slots=True)
class Going:
    """A receipt that is asked for.

    Attributes:
        id: SHA-256 of its terms.
        by: Who asks.
        terms: What is signed, its bytes.
        members: Who must sign.
        opened: What the terms commit to.
        facts: What that says.
        signatures: Of whom there is one.
    """

    id: Digest
    by: ConsentKey
    terms: bytes = field(repr=False)
    members: Members
    opened: tuple[bytes, ...] = field(repr=False)
    facts: r.Facts
    signatures: dict[ConsentKey, Signature] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ended:
    """A receipt that is asked for no longer.

    Attributes:
        id: Which.
        asked_by: Who asked.
        why: Why.
        by: By whose word, if it was a member's.
        receipt: It, if it is complete.
    """

    id: Digest
    asked_by: ConsentKey
    why: Ending
    by: ConsentKey | None
    receipt: KeptReceipt | None


class CallReceipting:
    """Signed receipts of one call, on one device.

    Args:
        parts: What it is made from.

    Attributes:
        dropped: What was said and dropped, by code: for tests.
        over: What is asked no longer, in the order in which it ended.
    """

    def __init__(self, parts: ReceiptParts) -> None:
        self._parts = parts
        self._members: Members = frozenset()
        self._since = 0
        self._going: Going | None = None
        self._counts: Counter[ConsentKey] = Counter()
        self._known: set[Digest] = set()
        self._recent: list[AboutReceipt] = []
        self._timer: asyncio.TimerHandle | None = None
        self._is_over = False
        self.dropped: Counter[Code] = Counter()
        self.over: list[Ended] = []

    # What is so now

    @property
    def own(self) -> ConsentKey:
        """Our consent key."""
        return self._parts.own.key

    @property
    def going(self) -> Going | None:
        """What is asked now."""
        return self._going

    @property
    def members(self) -> Members:
        """Who is there."""
        return self._members

    @property
    def recent(self) -> tuple[AboutReceipt, ...]:
        """What we said of the newest receipt, for who may have missed it."""
        return tuple(self._recent)

    @property
    def may_not_ask(self) -> MayNotAsk | None:
        """Why the person cannot ask now; None: they can."""
        if self._parts.confidential():
            return MayNotAsk.CONFIDENTIAL
        if self._is_over or not self._members or len(self._members) > MAX_MEMBERS:
            return MayNotAsk.UNABLE
        if self._members == {self.own}:
            return MayNotAsk.ALONE
        if self._going is not None:
            return MayNotAsk.ASKED
        return MayNotAsk.TOO_OFTEN if self._counts[self.own] >= r.MAX_ASKS else None

    # What happens in the call

    def follow(self, members: Members) -> None:
        """Take who is there now: whoever comes or leaves ends what is asked."""
        if members == self._members:
            return
        self._members, self._since = members, self._parts.unix()
        self._end(Ending.CHANGED)
        self._parts.changed()

    def hear(self, key: ConsentKey, said: AboutReceipt) -> None:
        """Take what a member said; dropped unless it is in its place and says what is so.

        Args:
            key: The consent key of the leaf that MLS says has said it.
            said: It.
        """
        try:
            self._heard(key, said)
        except PeerError as error:
            self.dropped[error.code] += 1

    def ended(self) -> None:
        """We are out of it: nothing is signed any more. Harmless when repeated."""
        self._is_over = True
        self._end(Ending.CALL_OVER)
        self._recent.clear()

    # What the person does

    def ask(self) -> Digest:
        """Ask everybody who is there to sign a receipt, and sign it ourselves; return its id.

        Raises:
            UnavailableError: CONFLICT, the person may not ask now (`may_not_ask`). Nothing was
                said.
        """
        why = self.may_not_ask
        if why is not None:
            raise UnavailableError(Code.CONFLICT, f"no receipt can be asked for now: {why}")
        parts, now = self._parts, self._parts.unix()
        facts = r.Facts(now, r.Media(parts.media()), min(self._since, now))
        opened = r.open_fields(facts, parts.rng)
        terms = r.make_terms(parts.call, self._members, opened)
        signature, which = r.sign_terms(terms, parts.own.private), r.terms_digest(terms)
        self._counts[self.own] += 1
        signatures = {self.own: signature}
        self._begin(Going(which, self.own, terms, self._members, opened, facts, signatures))
        self._say(ReceiptAsk(terms, opened, signature))
        return which

    def sign(self, which: Digest) -> None:
        """Sign what is asked; it is for good. Harmless when repeated.

        Raises:
            UnavailableError: CONFLICT, it is asked no longer.
        """
        going = self._require(which)
        if self.own in going.signatures:
            return
        signature = r.sign_terms(going.terms, self._parts.own.private)
        self._say(ReceiptSigned(going.id, signature))
        self._signed(going, self.own, signature)

    def refuse(self, which: Digest) -> None:
        """Do not sign, or take back what we ask: nobody keeps anything of it.

        Raises:
            UnavailableError: CONFLICT, it is asked no longer.
        """
        going = self._require(which)
        self._say(ReceiptRefused(going.id))
        self._end(Ending.REFUSED)

    # What members say

    def _heard(self, key: ConsentKey, said: AboutReceipt) -> None:
        # CK-1005: a confidential call leaves nothing behind, whoever asks.
        if self._is_over or self._parts.confidential():
            raise PeerError(Code.UNEXPECTED, "CK-1005 no receipt of this call")
        if isinstance(said, ReceiptAsk):
            self._asked(key, said)
            return
        going = self._going
        # CK-1004: what is said of another receipt is no word about this one.
        if going is None or said.of != going.id or key not in self._members:
            raise PeerError(Code.UNEXPECTED, "CK-1004 nobody asks for that now")
        if isinstance(said, ReceiptRefused):
            self._end(Ending.REFUSED, key)
        elif key not in going.signatures:
            r.verify_signature(going.terms, key, said.signature)
            self._signed(going, key, said.signature)

    def _asked(self, key: ConsentKey, said: ReceiptAsk) -> None:
        members, terms = self._members, r.read_terms(said.terms)
        r.check_members(terms, self._parts.call, members, key)
        facts = r.check_opened(terms, said.fields)
        r.check_times(facts, self._parts.unix(), self._since)
        r.verify_signature(said.terms, key, said.signature)
        which = r.terms_digest(said.terms)
        # CK-1005: what was asked once is not asked again by saying it again.
        if which in self._known:
            raise PeerError(Code.REPLAYED, "CK-1005 this was asked already")
        # CK-1005: else a member could keep everybody busy with questions.
        if self._counts[key] >= r.MAX_ASKS:
            raise PeerError(Code.UNEXPECTED, "CK-1005 they have asked three times")
        self._counts[key] += 1
        before = self._going
        if before is not None and before.id < which:
            self._known.add(which)
            raise PeerError(Code.UNEXPECTED, "CK-1005 another one is asked for")
        self._end(Ending.CROSSED)
        signatures = {key: said.signature}
        self._begin(Going(which, key, said.terms, members, said.fields, facts, signatures))

    # The one that is asked for

    def _begin(self, going: Going) -> None:
        self._going = going
        self._known.add(going.id)
        self._recent.clear()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(r.ASK_S, self._end, Ending.LATE)
        self._parts.changed()

    def _signed(self, going: Going, key: ConsentKey, signature: Signature) -> None:
        going.signatures[key] = signature
        if going.signatures.keys() == self._members:
            self._end(Ending.COMPLETE)
        else:
            self._parts.changed()

    def _end(self, why: Ending, by: ConsentKey | None = None) -> None:
        going, timer = self._going, self._timer
        if timer is not None:
            timer.cancel()
        self._going = self._timer = None
        if going is None:
            return
        receipt = self._keep(going) if why is Ending.COMPLETE else None
        self.over.append(Ended(going.id, going.by, why, by, receipt))
        self._parts.changed()

    def _keep(self, going: Going) -> KeptReceipt:
        parts, order = self._parts, sorted(going.members)
        names = tuple("" if key == self.own else parts.name(key) for key in order)
        signatures = tuple(going.signatures[key] for key in order)
        binding = None
        if parts.book is not None:
            # While that key is there. It leaves this device only if the person shows themselves.
            binding = r.sign_binding(going.terms, parts.own.private, parts.book.device)
        receipt = r.Receipt(going.terms, signatures, going.opened)
        kept = KeptReceipt(
            going.id, parts.call, self.own, binding, parts.title(), names, receipt, going.facts
        )
        if parts.book is not None:
            parts.book.keep(kept)
        return kept

    # Kit

    def _say(self, said: AboutReceipt) -> None:
        self._recent.append(said)
        self._parts.say(said)

    def _require(self, which: Digest) -> Going:
        going = self._going
        # CK-1005: a call may turn out to be a confidential one after somebody asked in it.
        if going is None or going.id != which or self._parts.confidential():
            raise UnavailableError(Code.CONFLICT, "this is asked no longer")
        return going
