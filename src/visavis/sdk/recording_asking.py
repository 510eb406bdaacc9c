"""Asking all members of one call: whether the person may, and our share laid before it is said.

Not for: what is asked already (`recording_mine`), or what follows (`recording_shell`).
"""

from __future__ import annotations

from collections.abc import Callable

from visavis.core import recording_statements as s
from visavis.core import recording_types as t
from visavis.core.errors import Code, UnavailableError, UsageError
from visavis.core.ids import Digest
from visavis.sdk.recording_means import Wanted
from visavis.sdk.recording_mine import OwnRequests
from visavis.sdk.recording_parts import MayNotAsk, RecordingParts, may_not_ask_in
from visavis.sdk.recording_shares import CallShares
from visavis.sdk.recording_speech import Speech


class Asking:
    """Asks, one thing at a time.

    Args:
        parts: What the call's consents are made from.
        speech: Words a request.
        shares: Lays and deletes.
        mine: Keeps our requests.
        state: Returns the machine's state; None: we are not in the call.
        feed: Has the machine take an event.
    """

    def __init__(
        self,
        parts: RecordingParts,
        speech: Speech,
        shares: CallShares,
        mine: OwnRequests,
        state: Callable[[], t.InCall | None],
        feed: Callable[[t.Event], None],
    ) -> None:
        self._parts = parts
        self._speech = speech
        self._shares = shares
        self._mine = mine
        self._state = state
        self._feed = feed
        self._is_asking = False

    @property
    def may_not_ask(self) -> MayNotAsk | None:
        """Why the person cannot ask now; None: they can."""
        return MayNotAsk.ASKED if self._is_asking else self._may_not_ask()

    async def ask(self, wanted: Wanted) -> Digest:
        """Lay our share, then ask; return the request.

        Raises:
            As `RecordingShell.ask`.
        """
        _require_may_ask(self.may_not_ask)
        if wanted.named is not None and not wanted.clear:
            raise UsageError("an export that nobody wants")
        s.ask_digest(self._speech.request(wanted, 1))  # raises before anything was laid
        self._is_asking = True
        self._parts.changed()
        try:
            return await self._ask(wanted)
        finally:
            self._is_asking = False
            self._parts.changed()

    async def _ask(self, wanted: Wanted) -> Digest:
        laid = await self._shares.lay(wanted.days)
        try:
            _require_may_ask(self._may_not_ask())  # much may have happened meanwhile
        except UnavailableError:
            self._shares.remove(laid)
            raise
        state = self._state()
        assert state is not None  # else nobody may ask
        request = self._speech.request(wanted, state.said + 1)
        ask = s.ask_digest(request)
        self._mine.add(ask, request, laid)
        self._feed(t.AskWanted(ask, request.kinds))
        return ask

    def _may_not_ask(self) -> MayNotAsk | None:
        state = self._state()
        if self._parts.confidential():
            return MayNotAsk.CONFIDENTIAL
        if state is None or self._parts.means.recorder is None or not self._shares.can:
            return MayNotAsk.UNABLE
        return may_not_ask_in(state)


def _require_may_ask(why: MayNotAsk | None) -> None:
    if why is not None:
        raise UnavailableError(Code.CONFLICT, f"nobody can be asked now: {why}")
