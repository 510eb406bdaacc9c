"""When a device is rung through its push service, and how; nothing of it is written down.

::

    call envelope arrives -> answer to its sender -> delivery, if the device is connected
        -> one second later: has the device acknowledged it?
             yes: nothing
             no, and it is connected: look once more, five seconds later
             no:  subscription? -> one constant message to its push service

So a device whose page is frozen while its connection stands is rung too. All of it begins a second
after the answer: a sender cannot see which of these it was (CK-478). Durable envelopes never come
here: a message does not ring.

What a push service answers is a number; the rest is not read. 404 and 410 end the subscription
(RFC 8030, 7.3). One more try after a failure that may pass; no log line, because its time would be
the time of a call.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Final

import httpx

from visavis.core.errors import VisavisError
from visavis.ports.bus import CALL_TTL_S, Bus
from visavis.ports.clock import Clock
from visavis.ports.push import PushSubscription
from visavis.server import push_message
from visavis.server.push_services import check_endpoint
from visavis.server.push_subscriptions import Subscription
from visavis.server.services import Services

GRACE_S: Final = 1.0
"""Seconds until a device that does not acknowledge a call envelope is rung. Higher rings later,
lower pushes to devices that are just changing networks."""

PATIENCE_S: Final = 5.0
"""Seconds more for a device that is connected. Higher rings frozen pages later, lower pushes to
devices that are there and slow: they acknowledge when they have opened and kept an envelope."""

GAP_S: Final = 50.0
"""Seconds between two pushes to a device that does not come. More than a call rings, because the
end of a call is a call envelope too, and must not ring once more."""

PER_MINUTE: Final = 4
"""Pushes to one device in a minute, whatever it does in between."""

TIMEOUT_S: Final = 10.0
RETRY_S: Final = 2.0
MAX_AT_ONCE: Final = 64
MAX_WAITING: Final = 10_000
"""Mailboxes that may wait to be looked at. Beyond it calls ring open devices only."""

_GONE: Final = frozenset({404, 410})
_MINUTE_S: Final = 60.0


@dataclass(slots=True)
class _Rung:
    """When a mailbox may be rung again, and what is left of its minute."""

    again: float
    minute: float
    left: int


class _Line:
    """Mailboxes that are looked at after a fixed time, first come, first served.

    Args:
        delay_s: Seconds from when an envelope arrived.
        clock: Time.
        look: Looks at a mailbox; gets when the envelope arrived.
    """

    def __init__(self, delay_s: float, clock: Clock, look: Callable[[bytes, float], None]) -> None:
        self._delay_s = delay_s
        self._clock = clock
        self._look = look
        self._due: deque[tuple[float, bytes]] = deque()
        self._latest: dict[bytes, float] = {}
        self._wake = asyncio.Event()

    def put(self, mailbox: bytes, arrived: float) -> None:
        """Look at a mailbox later; what arrives while it stands in line is looked at after that."""
        waiting = mailbox in self._latest
        if not waiting and len(self._latest) >= MAX_WAITING:
            return
        self._latest[mailbox] = arrived
        if not waiting:
            self._due.append((arrived, mailbox))
            self._wake.set()

    async def run(self) -> None:
        """Look until cancelled."""
        clock = self._clock
        while True:
            if not self._due:
                self._wake.clear()
                await self._wake.wait()
            arrived, mailbox = self._due[0]
            wait_s = arrived + self._delay_s - clock.monotonic()
            if wait_s > 0:
                await clock.sleep(wait_s)
                continue
            self._due.popleft()
            latest = self._latest.pop(mailbox)
            self._look(mailbox, arrived)
            if latest > arrived:  # its own time is not over yet
                self.put(mailbox, latest)


class Pusher:
    """Rings devices that do not answer.

    Args:
        services: Configuration, store, keys, clock.
        bus: Tells of call envelopes and whether they wait.
    """

    def __init__(self, services: Services, bus: Bus) -> None:
        self._services = services
        self._bus = bus
        self._first = _Line(GRACE_S, services.clock, self._look)
        self._second = _Line(GRACE_S + PATIENCE_S, services.clock, self._look_again)
        self._rung: dict[bytes, _Rung] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._room = asyncio.Semaphore(MAX_AT_ONCE)
        self._http: httpx.AsyncClient | None = None
        self.failing = False

    async def start(self) -> None:
        """Begin to listen to the bus."""
        self._http = httpx.AsyncClient(
            timeout=TIMEOUT_S,
            limits=httpx.Limits(max_connections=MAX_AT_ONCE),
            # CK-534: what the list allows is contacted, and nothing that an answer or the
            # environment names: no redirects, no proxy.
            follow_redirects=False,
            trust_env=False,
            headers={"User-Agent": "visavis"},
        )
        for line in (self._first, self._second):
            self._start(line.run())
        self._bus.watch(self.arrived)

    async def stop(self) -> None:
        """Stop; what is under way is dropped."""
        self._bus.watch(None)
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._http is not None:
            await self._http.aclose()

    def arrived(self, mailbox: bytes) -> None:
        """Note a call envelope. The bus calls this after all answers of the turn."""
        self._first.put(mailbox, self._services.clock.monotonic())

    def sweep(self, now: float) -> None:
        """Forget whom was rung longer than a minute ago.

        Args:
            now: Monotonic seconds.
        """
        for mailbox, rung in tuple(self._rung.items()):
            if max(rung.again, rung.minute) <= now:
                del self._rung[mailbox]

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _look(self, mailbox: bytes, arrived: float) -> None:
        if self._bus.listens(mailbox) and self._bus.waits(mailbox, arrived + CALL_TTL_S):
            self._second.put(mailbox, arrived)
        else:
            self._look_again(mailbox, arrived)

    def _look_again(self, mailbox: bytes, arrived: float) -> None:
        if self._may_ring(mailbox, arrived, self._services.clock.monotonic()):
            self._start(self._ring(mailbox))

    def _may_ring(self, mailbox: bytes, arrived: float, now: float) -> bool:
        if not self._bus.waits(mailbox, arrived + CALL_TTL_S):
            # It is there: the next call that it does not hear is a new one.
            if (rung := self._rung.get(mailbox)) is not None:
                rung.again = now
            return False
        rung = self._rung.get(mailbox)
        if rung is None or rung.minute <= now:
            again = now if rung is None else rung.again
            rung = self._rung[mailbox] = _Rung(again, now + _MINUTE_S, PER_MINUTE)
        if now < rung.again or rung.left < 1:
            return False  # CK-535
        rung.again, rung.left = now + GAP_S, rung.left - 1
        return True

    async def _ring(self, mailbox: bytes) -> None:
        services = self._services
        async with self._room:
            try:
                stored = await services.store.push_subscription(mailbox, services.today())
                if stored is None:
                    return
                await self._push(stored)
            except VisavisError:
                # The list changed, another keys folder, a busy database: no ring through push.
                self.failing = True

    async def _push(self, stored: PushSubscription) -> None:
        services = self._services
        subscription = Subscription.open_sealed(services.keys.push_key, stored)
        endpoint = check_endpoint(subscription.endpoint, services.config.push)
        authorization = push_message.vapid_header(
            endpoint.origin,
            services.clock.now(),
            services.config.push_subject,
            services.keys.vapid(),
        )
        message = push_message.ring_message(
            subscription.p256dh, subscription.auth, services.rng(push_message.SALT_BYTES)
        )
        status = await self._post(endpoint.url, authorization, message)
        if status is None or status >= 500:
            await services.clock.sleep(RETRY_S)
            status = await self._post(endpoint.url, authorization, message)
        if status in _GONE:
            await services.store.delete_push_subscription(stored.device_id, stored.sealed)
        elif status is None or not 200 <= status < 300:
            self.failing = True

    async def _post(self, url: str, authorization: str, message: bytes) -> int | None:
        """Return the status, or None if the service cannot be reached in time."""
        if self._http is None:
            return None
        with contextlib.suppress(httpx.HTTPError, TimeoutError, OSError):
            async with (
                asyncio.timeout(TIMEOUT_S),
                self._http.stream(
                    "POST", url, content=message, headers=push_message.headers(authorization)
                ) as response,
            ):
                return response.status_code  # the body stays unread
        return None
