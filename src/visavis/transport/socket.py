"""The two WebSockets of a device: receiving, with its token; sending, as nobody.

    /v1/receive   token(48) ->   <- 0x00   <- 0x01|class|delivery id(16)|envelope   <- 0x03
                  0x02|delivery id(16) ->
    /v1/send      request id u32|class|mailbox(16)|capability(32)|envelope ->
                  <- (request id u32|status)*

They are different connections to the same server, and the sending one never carries a token: what
the server sees on it is that somebody who holds a capability used it (P12, CK-554).

Not for: knowing what an envelope holds, or keeping it. An envelope is acknowledged by whoever
processed and stored it (`visavis.sdk.inbox`).
"""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from visavis.core.errors import AuthorizationError, Code, PeerError, UnavailableError, VisavisError
from visavis.core.handle_request import AnyAddress
from visavis.transport.opening import OPEN_TIMEOUT_S, Opener, jittered

READY: Final = b"\x00"
DELIVERY: Final = 0x01
ACK: Final = b"\x02"
CAUGHT_UP: Final = b"\x03"
CLOSED_TOKEN: Final = 4401
CLOSED_REPLACED: Final = 4409

ANSWER_TIMEOUT_S: Final = 15.0
IDLE_S: Final = 60.0
"""Seconds after which an unused sending connection is closed. Higher saves connecting again, and
lets the server see for longer that sends came from one device."""

FIRST_BACKOFF_S: Final = 0.2
MAX_BACKOFF_S: Final = 30.0


def _refusal(status: int) -> VisavisError | None:
    match status:
        case 0:
            return None
        case 1:
            return AuthorizationError(Code.REFUSED, "the capability is not good (any more)")
        case 2:
            return UnavailableError(Code.QUOTA, "the capability's quota is used up")
        case 3:
            return PeerError(Code.MALFORMED, "the server calls the envelope malformed")
        case _:
            return UnavailableError(Code.UNAVAILABLE, "the server cannot take it now")


class SendSocket:
    """Puts envelopes into mailboxes, anonymously. Connects when needed.

    Args:
        origin: The server.
        on_open: Called when a connection came to be: the server can be reached.
    """

    def __init__(self, origin: str, on_open: Callable[[], None] = lambda: None) -> None:
        self._opener = Opener(origin, "/v1/send")
        self._on_open = on_open
        self._connection: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self._waiting: dict[int, asyncio.Future[int]] = {}
        self._next = 0
        self._opening = asyncio.Lock()
        self._idle: asyncio.TimerHandle | None = None
        self._closing: asyncio.Future[None] | None = None

    async def send(
        self,
        address: AnyAddress,
        envelope: bytes,
        *,
        durable: bool,
        on_left: Callable[[], None] = lambda: None,
    ) -> None:
        """Put one envelope into a mailbox; durable: it is stored when this returns.

        Args:
            address: Where to.
            envelope: Sealed.
            durable: Its class.
            on_left: Called once the connection has taken it, whatever the server says of it.

        Raises:
            AuthorizationError: REFUSED.
            UnavailableError: UNAVAILABLE or QUOTA; a durable one may have been stored all the same.
            PeerError: MALFORMED.
        """
        connection = await self._ready()
        self._next = (self._next + 1) & 0xFFFFFFFF
        request = self._next
        answer: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting[request] = answer
        frame = struct.pack(">IB", request, int(durable))
        try:
            await connection.send(frame + address.mailbox + address.capability + envelope)
            on_left()
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                status = await answer
        except (ConnectionClosed, TimeoutError):
            raise UnavailableError(Code.UNAVAILABLE, "the sending connection broke") from None
        finally:
            self._waiting.pop(request, None)
            self._touch()
        error = _refusal(status)
        if error is not None:
            raise error

    def hurry(self) -> None:
        """The server can be reached, as far as we know: leave an attempt that is stuck."""
        self._opener.hurry()

    async def close(self) -> None:
        """Close the connection, if there is one."""
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()
        pending = [task for task in (self._reader, self._closing) if task is not None]
        await asyncio.gather(*pending, return_exceptions=True)
        self._reader = None

    async def _ready(self) -> ClientConnection:
        async with self._opening:
            if self._connection is None:
                if self._reader is not None:
                    await asyncio.gather(self._reader, return_exceptions=True)
                self._connection = await self._opener.open()
                self._reader = asyncio.create_task(self._read(self._connection))
                self._on_open()
            return self._connection

    async def _read(self, connection: ClientConnection) -> None:
        try:
            async for data in connection:
                if isinstance(data, str) or len(data) % 5:
                    break  # not our protocol: nothing after it can be trusted
                for request, status in struct.iter_unpack(">IB", data):
                    answer = self._waiting.get(request)
                    if answer is not None and not answer.done():
                        answer.set_result(status)
        except ConnectionClosed:
            pass
        finally:
            if self._connection is connection:
                self._connection = None
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(TimeoutError())
            await connection.close()

    def _touch(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
        self._idle = asyncio.get_running_loop().call_later(IDLE_S, self._close_idle)

    def _close_idle(self) -> None:
        connection = self._connection
        if connection is not None and not self._waiting:
            self._connection = None
            self._closing = asyncio.ensure_future(connection.close())


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivered envelope.

    Args:
        delivery_id: 16 bytes, for `ReceiveSocket.ack`.
        durable: False for the call class.
        envelope: As sealed by whoever sent it.
    """

    delivery_id: bytes
    durable: bool
    envelope: bytes = field(repr=False)


class ReceiveSocket:
    """Receives the envelopes of one device; connects again, with growing pauses, until stopped.

    Args:
        origin: The server.
        token: device id(16) || secret(32).
        deliver: Called with each delivery, one at a time; must not raise.
        explain: Finds out more about why there will be no other connection; None: nothing
            more is to be known. UNAVAILABLE: it is asked again later.
    """

    def __init__(
        self,
        origin: str,
        token: bytes,
        deliver: Callable[[Delivery], Awaitable[None]],
        explain: Callable[[VisavisError], Awaitable[VisavisError]] | None = None,
    ) -> None:
        self._opener = Opener(origin, "/v1/receive")
        self._hurried = asyncio.Event()
        self._token = token
        self._deliver = deliver
        self._explain = explain
        self._connection: ClientConnection | None = None
        self._listeners: list[Callable[[bool], None]] = []
        self.caught_up = asyncio.Event()
        self.stopped: VisavisError | None = None

    @property
    def connected(self) -> bool:
        """Say whether the server has accepted the token on the present connection."""
        return self._connection is not None

    def on_connection(self, listener: Callable[[bool], None]) -> None:
        """Tell a listener when the connection comes and goes."""
        self._listeners.append(listener)

    async def run(self) -> None:
        """Receive until cancelled, or until the server says that this device is no more.

        `stopped` then holds the reason: REFUSED or SHUT_OUT (the device was revoked), or UNEXPECTED
        (the same profile receives elsewhere: a copy, which would fork the groups; P5).
        """
        failures = 0
        while True:
            began = asyncio.get_running_loop().time()
            self._hurried.clear()
            try:
                stopped = await self._session_or_end()
            except UnavailableError:
                stopped = None
            if stopped is not None:
                self.stopped = stopped
                self.caught_up.set()
                return
            if asyncio.get_running_loop().time() - began > MAX_BACKOFF_S:
                failures = 0
            pause = min(MAX_BACKOFF_S, FIRST_BACKOFF_S * 2**failures)
            failures = min(failures + 1, 16)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(jittered(pause)):
                    await self._hurried.wait()

    async def _session_or_end(self) -> VisavisError | None:
        """Receive until the connection ends; return why there will be no other, if so."""
        try:
            await self._session()
        except UnavailableError:
            raise
        except VisavisError as error:
            return error if self._explain is None else await self._explain(error)
        return None

    def hurry(self) -> None:
        """The server can be reached, as far as we know.

        If there is no connection, do not wait to try again, nor for an attempt that is stuck.
        """
        # Not kept for later: when a server is started anew its devices shall not all come at once.
        if not self.connected:
            self._hurried.set()
            self._opener.hurry()

    async def ack(self, delivery_id: bytes) -> None:
        """Acknowledge a delivery; on a broken connection it will simply come again."""
        connection = self._connection
        if connection is not None:
            with contextlib.suppress(ConnectionClosed):
                await connection.send(ACK + delivery_id)

    async def ping(self) -> None:
        """Return when everything that the server had written before is here.

        Raises:
            UnavailableError: The connection is gone.
        """
        connection = self._connection
        if connection is None:
            raise UnavailableError(Code.UNAVAILABLE, "not connected")
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                await (await connection.ping())
        except (ConnectionClosed, TimeoutError):
            raise UnavailableError(Code.UNAVAILABLE, "the receiving connection broke") from None

    async def _session(self) -> None:
        connection = await self._opener.open()
        try:
            await connection.send(self._token)
            async with asyncio.timeout(OPEN_TIMEOUT_S):
                first = await connection.recv()
            if first != READY:
                raise UnavailableError(Code.UNAVAILABLE, "the server did not get ready")
            self._connection = connection
            self._tell(connected=True)
            async for data in connection:
                await self._frame(data)
        except TimeoutError:
            raise UnavailableError(Code.UNAVAILABLE, "the server did not get ready") from None
        except ConnectionClosed:
            pass
        finally:
            self.caught_up.clear()
            if self._connection is not None:
                self._connection = None
                self._tell(connected=False)
            await connection.close()
        if connection.close_code == CLOSED_TOKEN:
            raise AuthorizationError(Code.REFUSED, "this device is not known to the server")
        if connection.close_code == CLOSED_REPLACED:
            raise PeerError(Code.UNEXPECTED, "CK-558: this profile receives somewhere else too")

    async def _frame(self, data: str | bytes) -> None:
        if isinstance(data, str):
            return
        if data == CAUGHT_UP:
            self.caught_up.set()
        elif len(data) > 18 and data[0] == DELIVERY and data[1] in {0, 1}:
            await self._deliver(Delivery(data[2:18], data[1] == 1, data[18:]))

    def _tell(self, *, connected: bool) -> None:
        for listener in self._listeners:
            listener(connected)
