"""What others ask in one call, and what we answered.

With a yes goes a share of the keys that is ours, for as long as it is not taken back.

Not for: what is asked now, or what an answer leads to (`recording_shell`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from visavis.core import recording_statements as s
from visavis.core import recording_types as t
from visavis.core.errors import Code, UnavailableError, UsageError
from visavis.core.ids import Digest
from visavis.sdk.recording_means import Answered, Laid
from visavis.sdk.recording_parts import RecordingParts
from visavis.sdk.recording_shares import CallShares
from visavis.sdk.recording_speech import Speech


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of another member, as it was signed."""

    request: s.RecordingAsk = field(repr=False)
    signed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Agreed:
    """A yes of ours: the share that was laid for it, and whether it is to an export, too."""

    laid: Laid
    clear: bool


class OwnAnswers:
    """Our answers in one call.

    Args:
        parts: What the call's consents are made from.
        speech: Signs and sends.
        shares: Lays and deletes.
    """

    def __init__(self, parts: RecordingParts, speech: Speech, shares: CallShares) -> None:
        self._parts = parts
        self._speech = speech
        self._shares = shares
        self._asked: dict[Digest, Asked] = {}
        self._agreed: dict[Digest, _Agreed] = {}
        self._refused: set[Digest] = set()
        self._busy: set[Digest] = set()  # what a yes is being said to

    def asked(self, ask: Digest, asked: Asked) -> None:
        """Keep what a member asks."""
        self._asked[ask] = asked

    def find(self, ask: Digest) -> Asked | None:
        """Return what a member asked."""
        return self._asked.get(ask)

    def has_agreed(self, ask: Digest) -> bool:
        """Say whether there is a yes of ours that was not taken back."""
        return ask in self._agreed

    def has_refused(self, ask: Digest) -> bool:
        """Say whether we said no."""
        return ask in self._refused

    async def agree(self, ask: Digest, *, clear: bool, say: Callable[[], None]) -> None:
        """Lay a share, then say yes.

        Args:
            ask: To what.
            clear: To an export that is not sealed, too.
            say: Has it said. If it raises, the share is deleted again.

        Raises:
            UnavailableError: CONFLICT, a yes is being said to it.
            VisavisError: What `CallShares.lay` and `say` raise.
        """
        if ask in self._busy:
            raise UnavailableError(Code.CONFLICT, "it is being said")
        self._busy.add(ask)
        self._parts.changed()
        try:
            await self._agree(ask, clear=clear, say=say)
        finally:
            self._busy.discard(ask)
            self._parts.changed()

    async def _agree(self, ask: Digest, *, clear: bool, say: Callable[[], None]) -> None:
        before = self._agreed.get(ask)
        # Who is asked anew because somebody came has laid a share: it is of the same recording.
        request = self._need(ask).request
        laid = await self._shares.lay(request.days) if before is None else before.laid
        self._agreed[ask] = _Agreed(laid, clear)
        try:
            say()
        except BaseException:
            if before is None:
                self.unlay(ask)
            else:
                self._agreed[ask] = before
            raise

    def grant(self, effect: t.SendGrant) -> None:
        """Sign a yes and send it, with the way to our share."""
        agreed = self._agreed.get(effect.ask)
        if agreed is None:
            raise UsageError("a share is laid before a yes is said")
        grant = s.RecordingGrant(
            *self._speech.head(effect.number),
            effect.ask,
            effect.kinds,
            effect.members,
            agreed.clear,
            Digest.sha256(agreed.laid.share),
        )
        self._say(effect.ask, grant, agreed.laid)

    def refuse(self, effect: t.SendRefusal) -> None:
        """Sign a no and send it; a yes that was said before is gone with its share."""
        self._refused.add(effect.ask)
        refusal = s.RecordingRefusal(*self._speech.head(effect.number), effect.ask)
        self._say(effect.ask, refusal)
        self.unlay(effect.ask)

    def withdraw(self, effect: t.SendWithdrawal) -> None:
        """Sign that a yes is taken back and send it; then the share goes."""
        # First it is said: who records is not to take a share that is gone for a fault.
        self._say(effect.ask, s.RecordingWithdrawal(*self._speech.head(effect.number), effect.ask))
        self.unlay(effect.ask)

    def take_back(self, ask: Digest) -> bool:
        """Take back in the book, if any, each yes of ours; the share of this entry goes.

        For what is not said in the call: those of other entries and devices, and, once the request
        is over, that of this one.

        Returns:
            Whether there was one.
        """
        book, had = self._parts.means.book, self.has_agreed(ask)
        try:
            return bool(book is not None and book.take_back(ask)) or had
        finally:
            self.unlay(ask)  # also if it could not be written

    def unlay(self, ask: Digest) -> None:
        """Have our share deleted, if there is one."""
        agreed = self._agreed.pop(ask, None)
        if agreed is not None:
            self._shares.remove(agreed.laid)

    def _say(self, ask: Digest, statement: s.Statement, laid: Laid | None = None) -> None:
        signed = self._speech.sign(statement)
        parts, asked, agreed = self._parts, self._need(ask), self._agreed.get(ask)
        if parts.means.book is not None:
            parts.means.book.answered(
                Answered(
                    parts.call,
                    parts.own,
                    asked.signed,
                    signed.signed,
                    None if agreed is None else agreed.laid.slot,
                    parts.name(asked.request.key),
                    parts.title(),
                    parts.where,
                )
            )
        self._speech.say(signed, laid)

    def _need(self, ask: Digest) -> Asked:
        asked = self._asked.get(ask)
        if asked is None:
            raise UsageError("nobody asked for this")
        return asked
