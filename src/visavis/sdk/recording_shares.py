"""The shares of recording keys in one call: ours, laid and deleted again; the others', read (P16).

A share that is to go is asked for until it is gone, for as long as the program runs; after that the
book has it. Not for: when that is (`recording_shell`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

from visavis.core import recording_statements as s
from visavis.core.errors import (
    AuthorizationError,
    Code,
    PeerError,
    UnavailableError,
    VisavisError,
)
from visavis.core.ids import CallId, Digest, Rng, Secret32, ShareKey, ShareSlot
from visavis.sdk.recording_means import Laid, RecordingMeans, Shares

AGAIN_S: Final = 2.0
"""Seconds before something is asked of the server again, at first; twice as long each time. Higher:
a share that was taken back lies there for longer; lower: a server in trouble hears more of it."""

AGAIN_MOST_S: Final = 120.0
"""And at most."""

READ_TRIES: Final = 8
"""How often a member's share is asked for, in four minutes, until nothing of them is recorded."""

Spawn = Callable[[Coroutine[Any, Any, None]], object]
"""Runs what goes on beside the call, and may outlast it."""


async def delete_until_gone(shares: Shares, slot: ShareSlot, key: ShareKey) -> None:
    """Have a share deleted, however long that takes."""
    pause = AGAIN_S
    while True:
        try:
            await shares.delete(slot, key)
        except VisavisError:
            await asyncio.sleep(pause)
            pause = min(2 * pause, AGAIN_MOST_S)
        else:
            return


class CallShares:
    """Lays, reads and deletes the shares of one call.

    Args:
        means: What the calls of this device are given.
        call: The call.
        rng: Random bytes.
        unix: Returns unix seconds.
        spawn: Runs what goes on beside the call.
    """

    def __init__(
        self,
        means: RecordingMeans,
        call: CallId,
        *,
        rng: Rng,
        unix: Callable[[], int],
        spawn: Spawn,
    ) -> None:
        self._means = means
        self._call = call
        self._rng = rng
        self._unix = unix
        self._spawn = spawn

    @property
    def can(self) -> bool:
        """Whether shares can be laid at all."""
        return self._means.shares is not None

    async def lay(self, days: int) -> Laid:
        """Lay a new share.

        Args:
            days: For so many, if it is not deleted before: whole ones, but of the thirtieth, for
                at the server nothing lies longer.

        Raises:
            UnavailableError: UNAVAILABLE, there is nowhere to lay it; or what `Shares.lay` raises.
                Then none lies there, or it is deleted again.
        """
        shares, book, rng = self._means.shares, self._means.book, self._rng
        if shares is None:
            raise UnavailableError(Code.UNAVAILABLE, "there is nowhere to lay a share")
        laid = Laid(
            ShareSlot.random(rng),
            Secret32.random(rng),
            ShareKey.random(rng),
            ShareKey.random(rng),
            self._unix() // s.DAY_S + min(days + 1, s.MAX_DAYS),
        )
        if book is not None:
            book.laying(self._call, laid)  # first: what a crash leaves there must be known here
        try:
            await shares.lay(laid)
        except BaseException:
            self.remove(laid)  # the answer may have been lost
            raise
        return laid

    def remove(self, laid: Laid) -> None:
        """Have a share deleted, however long that takes."""
        shares, book = self._means.shares, self._means.book
        if shares is not None:
            if book is not None:
                book.leaving(laid.slot)
            self._spawn(self._remove(shares, laid))

    async def _remove(self, shares: Shares, laid: Laid) -> None:
        await delete_until_gone(shares, laid.slot, laid.delete)
        if self._means.book is not None:
            self._means.book.gone(laid.slot)

    def read(
        self,
        slot: ShareSlot,
        key: ShareKey,
        promised: Digest,
        *,
        wanted: Callable[[], bool],
        take: Callable[[Secret32], None],
        refused: Callable[[Code], None],
    ) -> None:
        """Read a member's share.

        Args:
            slot: Where it lies.
            key: What reads it.
            promised: Its SHA-256, as the member's yes has it.
            wanted: Returns whether it is still of use.
            take: Given the share, if it is the one.
            refused: Told that it is another one (CK-982), or that there is none.
        """
        shares = self._means.shares
        if shares is None:
            return

        async def reading() -> None:
            pause = AGAIN_S
            for tries in range(1, READ_TRIES + 1):
                if not wanted():
                    return
                try:
                    share = await shares.read(slot, key)
                    # CK-982: with another share their yes could be kept and nobody could take it
                    # back.
                    if Digest.sha256(share) != promised:
                        raise PeerError(Code.MALFORMED, "CK-982 not the share of this yes")
                except VisavisError as error:
                    final = isinstance(error, PeerError | AuthorizationError)
                    if final or tries == READ_TRIES:
                        refused(error.code)
                        return
                else:
                    if wanted():
                        take(share)
                    return
                await asyncio.sleep(pause)
                pause = min(2 * pause, AGAIN_MOST_S)

        self._spawn(reading())
