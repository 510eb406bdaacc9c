"""How the two WebSockets of a device come to be (`visavis.transport.socket`).

Not for: when to connect, or what is said.
"""

from __future__ import annotations

import asyncio
import logging
import random
from typing import Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from visavis.core.envelope import BUCKETS
from visavis.core.errors import Code, UnavailableError
from visavis.transport.origin import require_secure, tls_context, websocket_url

OPEN_TIMEOUT_S: Final = 10.0

STUCK_S: Final = 1.0
"""Seconds after which an attempt to connect may be stuck: what it sent into a dead network is sent
again after 1, 3, 7 s. Lower gives up attempts that were about to succeed."""

# websockets logs frames at DEBUG: tokens and capabilities. It gets a logger that nobody can turn
# on by accident (CK-557).
_SILENT: Final = logging.Logger("visavis.transport.silent", logging.CRITICAL + 1)  # noqa: LOG001
_SILENT.disabled = True


def jittered(pause_s: float) -> float:
    """Return between half of a pause and all of it, by chance.

    After a restart of the server its devices do not all come at once.
    """
    return pause_s * (0.5 + random.random() / 2)  # noqa: S311 - no secret


async def _connect(origin: str, path: str) -> ClientConnection:
    try:
        return await connect(
            websocket_url(require_secure(origin), path),
            ssl=tls_context(origin),
            compression=None,  # sealed bytes do not shrink, and sizes stay what they are
            proxy=None,
            open_timeout=OPEN_TIMEOUT_S,
            close_timeout=1,
            ping_interval=20,
            ping_timeout=20,
            max_size=BUCKETS[-1] + 64,
            user_agent_header="visavis",
            logger=_SILENT,
        )
    except (OSError, TimeoutError, WebSocketException) as error:
        detail = f"no connection ({type(error).__name__})"
        raise UnavailableError(Code.UNAVAILABLE, detail) from None


class Opener:
    """Opens connections to one path of a server, one attempt at a time.

    Args:
        origin: The server.
        path: Which of its WebSockets.
    """

    def __init__(self, origin: str, path: str) -> None:
        self._origin = origin
        self._path = path
        self._attempt: asyncio.Timeout | None = None
        self._began = 0.0

    async def open(self) -> ClientConnection:
        """Open one.

        Raises:
            UnavailableError: UNAVAILABLE, it cannot be reached.
            AuthorizationError: NOT_ENCRYPTED (CK-553).
        """
        while True:
            self._began = asyncio.get_running_loop().time()
            try:
                async with asyncio.timeout(None) as self._attempt:
                    return await _connect(self._origin, self._path)
            except TimeoutError:
                continue  # it was stuck, and there is reason to hurry
            finally:
                self._attempt = None

    def hurry(self) -> None:
        """The server can be reached, as far as we know: begin an attempt anew that is stuck."""
        now = asyncio.get_running_loop().time()
        if self._attempt is not None and now - self._began > STUCK_S:
            self._attempt.reschedule(now)
