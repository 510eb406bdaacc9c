"""Knowing that this device is up to date: what was sent to it is here and processed."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from visavis.core.errors import AuthorizationError, Code, FatalError, UnavailableError
from visavis.sdk.housekeeping import Housekeeping
from visavis.sdk.inbox import Inbox
from visavis.sdk.outbox import Outbox
from visavis.transport.socket import ReceiveSocket

QUIET_S: Final = 0.5
"""Seconds without a frame after which a backlog counts as read, should the server never say so."""
CONNECT_S: Final = 10.0


class Syncing:
    """Waits for the server's backlog, and for what it brings to be dealt with.

    Args:
        receiver: Brings what is sent to us.
        inbox: Processes it.
        outbox: Sends what is ready.
        housekeeping: Does what follows from it.
    """

    def __init__(
        self, receiver: ReceiveSocket, inbox: Inbox, outbox: Outbox, housekeeping: Housekeeping
    ) -> None:
        self._receiver = receiver
        self._inbox = inbox
        self._outbox = outbox
        self._housekeeping = housekeeping
        self._last_delivery = 0.0

    def heard(self) -> None:
        """Note that something came just now."""
        self._last_delivery = asyncio.get_running_loop().time()

    async def sync(self, timeout_s: float) -> None:
        """Receive and process all that is waiting, and send all that can be sent.

        Raises:
            As `Session.sync`.
        """
        try:
            async with asyncio.timeout(timeout_s):
                await self.caught_up()
                for _ in range(8):
                    await self._inbox.idle()
                    await self._inbox.retry()
                    await self._inbox.idle()
                    await self._housekeeping.idle()
                    if not self._housekeeping.busy and not self._inbox.kept:
                        break
                await self._outbox.flush()
        except TimeoutError:
            raise UnavailableError(Code.UNAVAILABLE, "the server did not answer in time") from None

    async def try_to_catch_up(self) -> None:
        """Do so as far as it goes within some seconds; without a connection, nothing."""
        with contextlib.suppress(TimeoutError, UnavailableError):
            async with asyncio.timeout(CONNECT_S):
                await self.caught_up()
                await self._inbox.idle()

    async def caught_up(self) -> None:
        """Wait until the backlog was delivered; later, until what the server has sent is here."""
        loop = asyncio.get_running_loop()
        give_up = loop.time() + CONNECT_S
        self._receiver.hurry()  # somebody waits: the next pause may be longer than they do
        while True:
            self._require_alive()
            if self._receiver.connected and loop.time() - self._last_delivery > QUIET_S:
                self._receiver.caught_up.set()
            if self._receiver.caught_up.is_set():
                try:
                    await self._receiver.ping()
                except UnavailableError:
                    self._receiver.caught_up.clear()  # it broke just now: it connects again
                else:
                    return
            if not self._receiver.connected and loop.time() > give_up:
                raise UnavailableError(Code.UNAVAILABLE, "the server cannot be reached")
            await asyncio.sleep(0.01)

    def _require_alive(self) -> None:
        if self._receiver.stopped is not None:
            stopped = self._receiver.stopped
            raise AuthorizationError(stopped.code, stopped.detail)
        failed = self._inbox.failed or self._housekeeping.failed
        if failed is not None:
            raise FatalError(failed.code, failed.detail)
