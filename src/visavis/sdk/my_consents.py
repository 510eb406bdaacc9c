"""My consents: what its person agreed to, refused and took back, with receipts (R-49, R-52).

A yes can be taken back at any time, in the call or after it: then our share of the key is deleted
at the server, and no honest client plays our part again. Not for: what happens in a call
(`recording_shell`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Final

from visavis.core import recording_statements as s
from visavis.core.errors import Code, PeerError, UnavailableError, VisavisError
from visavis.core.identity import sign
from visavis.core.ids import Digest
from visavis.core.recording_consent import State
from visavis.core.recording_receipt import make_receipt
from visavis.sdk.consent_book import OwnAnswer, OwnConsents
from visavis.sdk.recording_means import Shares

KEEP_S: Final = 3 * 365 * 86_400
"""For how long a consent is kept after the last answer: it may have to be shown later."""


class MyConsents:
    """What this device's person said to whoever asked to record.

    Args:
        book: Where it is kept.
        shares: Where our shares lie.
        now: Unix seconds.
    """

    def __init__(self, book: OwnConsents, shares: Shares, now: Callable[[], int]) -> None:
        self._book = book
        self._shares = shares
        self._now = now
        self._look_at = 0

    def all(self) -> list[OwnAnswer]:
        """Return all of them, the oldest request first."""
        return self._book.all()

    def receipt(self, ask: Digest) -> bytes:
        """Return a signed receipt of one of them (`recording_receipt`), as things stand now.

        Raises:
            PeerError: REFUSED, there is none.
        """
        known = self._need(ask)
        return make_receipt(
            known.signed,
            known.key,
            lambda label, message: bytes(sign(known.private, label, message)),
        )

    async def withdraw(self, ask: Digest) -> bool:
        """Take a yes back after the call: our part of the recording is played no more.

        Returns:
            Whether our share is gone; if not, it is asked for until it is.

        Raises:
            PeerError: REFUSED, there is no yes that stands.
        """
        known = self._need(ask)
        consent = known.consent()
        if consent.state is not State.GIVEN:
            raise PeerError(Code.REFUSED, "there is no yes to take back")
        number = consent.answers[-1].number + 1
        statement = s.RecordingWithdrawal(
            s.call_reference(known.call), known.key, number, self._now(), ask
        )
        self._book.add(known, s.sign_statement(statement, known.private))
        if known.slot is None:
            return True
        self._book.leaving(known.slot)
        with contextlib.suppress(UnavailableError):
            await self.delete_due()
        return self._book.share(known.slot) is None

    async def delete_due(self) -> None:
        """Delete shares that are to go, those of before a restart too.

        Raises:
            UnavailableError: One may still be there.
        """
        complete = True
        for share in list(self._book.due()):
            try:
                await self._shares.delete(share.slot, share.delete)
            except VisavisError:
                complete = False
            else:
                self._book.gone(share.slot)
        if not complete:
            raise UnavailableError(Code.UNAVAILABLE, "a share may still be there")

    def expire_if_due(self) -> None:
        """Do so once a day: it reads all that was ever signed."""
        if self._now() >= self._look_at:
            self.expire()

    def expire(self) -> None:
        """Forget what nobody needs any more."""
        now = self._now()
        for known in self._book.all():
            # By our own answer: a request may have any time, and decides nothing by it.
            if known.consent().answers[-1].at + KEEP_S <= now:
                self._book.forget(known.ask)
        self._look_at = now + s.DAY_S

    def _need(self, ask: Digest) -> OwnAnswer:
        known = self._book.get(ask)
        if known is None:
            raise PeerError(Code.REFUSED, "nothing was answered to that")
        return known
