"""What calls are given for recordings and receipts: what these take of the world around.

Not for: what is done with it (`recording_shell`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from visavis.core import recording_statements as s
from visavis.core.consent_record import Where
from visavis.core.ids import (
    AccountId,
    CallId,
    ConsentKey,
    Digest,
    Secret32,
    ShareKey,
    ShareSlot,
    SignatureKey,
)
from visavis.core.recording_types import Kind, Kinds, Members
from visavis.sdk.call_receipt_book import KeptReceipt
from visavis.sdk.consent_key import OwnConsent
from visavis.sdk.recordings_book import Way


@dataclass(frozen=True, slots=True)
class Laid:
    """A share of a recording's keys, as it is laid at the server (P16). Never printed.

    Attributes:
        slot: Where it lies.
        share: It.
        read: What reads it.
        delete: What deletes it: ours alone.
        expires: First day on which it is gone, in days since 1970 (UTC).
    """

    slot: ShareSlot
    share: Secret32 = field(repr=False)
    read: ShareKey = field(repr=False)
    delete: ShareKey = field(repr=False)
    expires: int


class Shares(Protocol):
    """Where shares of recording keys lie."""

    async def lay(self, laid: Laid) -> None:
        """Lay a share. Harmless when repeated. VisavisError: it may not lie there."""
        ...

    async def read(self, slot: ShareSlot, key: ShareKey) -> Secret32:
        """Return a share.

        Raises:
            UnavailableError: UNAVAILABLE: later, perhaps.
            AuthorizationError: REFUSED: there is none, for this key.
        """
        ...

    async def delete(self, slot: ShareSlot, key: ShareKey) -> None:
        """Delete a share; it is gone when this returns. VisavisError: it may still be there."""
        ...


@dataclass(frozen=True, slots=True)
class SaidStatement:
    """What somebody signed, as it was sent and as it was read."""

    signed: bytes = field(repr=False)
    statement: s.Statement = field(repr=False)


class Recorder(Protocol):
    """Whatever takes a request of ours and what is said about it; calls must return at once."""

    def record(self, ask: Digest, kinds: Kinds) -> None:
        """Record exactly these kinds of all members from now on; none: nothing."""
        ...

    def said(self, said: SaidStatement) -> None:
        """Take what was signed about our request: that first, the rest in the order it came."""
        ...

    def share(self, ask: Digest, key: ConsentKey, share: Secret32, way: Way) -> None:
        """Take a member's share of the key, or ours: before it nothing of them is recorded.

        Args:
            ask: Our request.
            key: Whose share it is.
            share: It. Not to be kept: it is read anew for each playback.
            way: What they are called, and where it is to be had then.
        """
        ...

    def among(self, ask: Digest, members: Members) -> None:
        """Take who is there: among whom the next yes is said."""
        ...

    def frame(self, key: ConsentKey, kind: Kind, at: float, data: bytes) -> bool:
        """Take a frame of a member, or ours; say whether a key frame of it is wanted."""
        ...

    def over(self, ask: Digest) -> None:
        """Note that a request is over."""
        ...


@dataclass(frozen=True, slots=True)
class Answered:
    """Somebody's request and our answer to it, as they were signed.

    Attributes:
        call: In which call.
        own: By which key we are known there.
        request: Theirs.
        answer: Ours.
        slot: Where our share lies, if we laid one for it.
        by: What who asked is called.
        title: With whom the call is.
        where: In which conversation; None: in none.
    """

    call: CallId
    own: OwnConsent = field(repr=False)
    request: bytes = field(repr=False)
    answer: bytes = field(repr=False)
    slot: ShareSlot | None
    by: str
    title: str
    where: Where | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the person wants to record, and for what: nothing of it may be left open (R-46).

    Attributes:
        kinds: What.
        purpose: What for, in their words.
        days: After which nothing of it can be played any more, 1 to 30.
        place: Where it is kept.
        recipients: Who may play it.
        clear: Whether an export is asked for that anybody can play, for ever.
        named: Who else is to get the export, in their words; only with `clear`.
    """

    kinds: Kinds
    purpose: str = field(repr=False)
    days: int = s.MAX_DAYS
    place: s.Place = s.Place.DEVICE
    recipients: s.Recipients = s.Recipients.ASKER
    clear: bool = False
    named: str | None = field(default=None, repr=False)


class ConsentBook(Protocol):
    """Keeps what was agreed to, and which shares of ours lie at the server, over a restart too."""

    def laying(self, call: CallId, laid: Laid) -> None:
        """A share is about to be laid."""
        ...

    def answered(self, answered: Answered) -> None:
        """We answered a request, or took a yes back."""
        ...

    def take_back(self, ask: Digest) -> Sequence[object]:
        """Take back, signed, each yes of ours to a request; return those that stood.

        Not for: one that is said to be taken back in a call. Who recorded is told without us.
        """
        ...

    def leaving(self, slot: ShareSlot) -> None:
        """A share is to be deleted: to be tried again until `gone` is told."""
        ...

    def gone(self, slot: ShareSlot) -> None:
        """A share is deleted."""
        ...


class ReceiptKeeper(Protocol):
    """Keeps signed receipts of calls; `call_receipt_book.CallReceiptBook` is one."""

    @property
    def device(self) -> SignatureKey:
        """Return the signature key of this device: to it our consent key is bound."""
        ...

    def keep(self, kept: KeptReceipt) -> None:
        """Keep a receipt that all have signed."""
        ...


@dataclass(frozen=True, slots=True)
class RecordingMeans:
    """What a device's calls are given for recordings and receipts; what is left out cannot be done.

    Attributes:
        shares: Without it nobody can agree to anything here.
        book: Keeps what we agreed to; without it nothing of it survives a restart.
        recorder: Makes what records one call, given our consent key, with whom the call is, and
            what to tell if nothing can be written any more. Without it nobody can ask here.
        never: Says whether we are never to be recorded in a call with these accounts.
        receipts: Keeps signed receipts; without it they are in memory, with the call's object.
    """

    shares: Shares | None = None
    book: ConsentBook | None = None
    recorder: Callable[[OwnConsent, str, Callable[[], None]], Recorder] | None = None
    never: Callable[[Iterable[AccountId]], bool] = lambda _: False
    receipts: ReceiptKeeper | None = None


NO_MEANS: Final = RecordingMeans()
"""Whoever is asked can only say no."""
