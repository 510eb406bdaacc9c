"""My consents: what its person agreed to, refused and took back, with receipts (R-49, R-52).

A yes can be taken back at any time, in the call or after it, on any device of the account: then our
share of the key is deleted at the server, and no honest client plays our part again. Not for: what
happens in a call (`recording_shell`), or telling who recorded (`consent_telling`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable

from visavis.core import recording_statements as s
from visavis.core.consent_record import ConsentRecord
from visavis.core.errors import AuthorizationError, Code, PeerError, UnavailableError, VisavisError
from visavis.core.identity import sign
from visavis.core.ids import Digest
from visavis.core.recording_receipt import make_receipt
from visavis.sdk.consent_book import OwnConsents, is_over
from visavis.sdk.recording_means import Shares


async def _tell_nobody() -> None:
    """Stands for telling who recorded."""


class MyConsents:
    """What its person said to whoever asked to record.

    Args:
        book: Where it is kept.
        shares: Where our shares lie.
        now: Unix seconds.
        tell: Tells who recorded what was taken back; what it raises is tried again elsewhere.
    """

    def __init__(
        self,
        book: OwnConsents,
        shares: Shares,
        now: Callable[[], int],
        tell: Callable[[], Awaitable[None]] = _tell_nobody,
    ) -> None:
        self._book = book
        self._shares = shares
        self._now = now
        self._tell = tell
        self._look_at = 0

    def all(self) -> list[ConsentRecord]:
        """Return all of them, the oldest request first."""
        return self._book.all()

    def receipt(self, ask: Digest) -> bytes:
        """Return a signed receipt of one of them (`recording_receipt`), as things stand now.

        Of who came into the call again, and answered again, that of the last entry.

        Raises:
            PeerError: REFUSED, there is none.
        """
        known = self._need(ask)[-1]
        consent = known.consent()
        return make_receipt(
            consent.signed,
            known.key,
            lambda label, message: bytes(sign(known.private, label, message)),
        )

    async def withdraw(self, ask: Digest) -> bool:
        """Take back each yes to a request, by whichever of our keys: we are played no more.

        Who recorded is told in the conversation in which the call was, at once or when that can be.

        Returns:
            Whether our shares are gone; if not, they are asked for until they are.

        Raises:
            UnavailableError: NO_YES, none stands.
        """
        given = self._book.take_back(ask)
        if not given:
            raise UnavailableError(Code.NO_YES)
        slots = [one.share.slot for one in given if one.share is not None]
        with contextlib.suppress(UnavailableError):
            await self.delete_due()
        with contextlib.suppress(AuthorizationError, PeerError, UnavailableError):
            await self._tell()
        return all(self._book.share(slot) is None for slot in slots)

    async def delete_due(self) -> None:
        """Delete shares that are to go, those of before a restart and of other devices too.

        Raises:
            UnavailableError: One may still be there.
        """
        complete = True
        for share in self._book.due():
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
            if is_over(known, now):
                self._book.forget(known)
        self._look_at = now + s.DAY_S

    def _need(self, ask: Digest) -> list[ConsentRecord]:
        """Return what was answered to a request; the newest answer last."""
        known = [one for one in self._book.all() if one.ask == ask]
        if not known:
            raise PeerError(Code.REFUSED, "nothing was answered to that")
        return sorted(known, key=lambda one: one.consent().answers[-1].at)
