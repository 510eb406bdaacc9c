"""A server and a network in memory, with every fault that real ones have, from a seed.

Devices attach to mailboxes; envelopes take a little time; a *fault* makes one lost, doubled, late
or swapped with the next one. The server can stop and start: what was of the call class and under
way is gone then, what was durable is not, as with the real one. Runs on any event loop; with
`visavis.testing.virtual_clock` it takes no time and is the same every time.

Not for: looking into envelopes. What travels is opaque here; `label` says what a test calls it.
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from visavis.core.errors import Code, UnavailableError

LATENCY_S: Final = 0.05
LATE_S: Final = 2.0
"""Longer than all latencies, shorter than every deadline of a call but none of its steps."""

CALL_TTL_S: Final = 60.0
"""How long the server holds a call envelope for a device that is not there."""


class Fault(Enum):
    """What can happen to an envelope."""

    LOST = "lost"
    DOUBLED = "doubled"
    LATE = "late"
    SWAPPED = "swapped"


@dataclass(frozen=True, slots=True)
class Parcel:
    """One envelope under way."""

    sender: Hashable
    mailbox: Hashable
    durable: bool
    label: str
    body: Any
    sent_at: float


Rule = Callable[[Parcel], Fault | None]
Listener = Callable[[Parcel], None]


def nothing(parcel: Parcel) -> None:
    """Let everything through."""
    del parcel


def once(label: str, fault: Fault) -> Rule:
    """Return a rule that does `fault` to the first envelope with this label."""
    done = False

    def rule(parcel: Parcel) -> Fault | None:
        nonlocal done
        if done or parcel.label != label:
            return None
        done = True
        return fault

    return rule


def at_random(seed: int, *, share: float) -> Rule:
    """Return a rule that does a random fault to this share of all envelopes."""
    dice = random.Random(seed)

    def rule(parcel: Parcel) -> Fault | None:
        del parcel
        return dice.choice(list(Fault)) if dice.random() < share else None

    return rule


@dataclass
class LossyNetwork:
    """One server.

    Args:
        rule: Which envelope has which fault.

    Attributes:
        log: Everything that was handed to the server, in order.
        running: Whether the server runs.
    """

    rule: Rule = nothing
    log: list[Parcel] = field(default_factory=list)
    running: bool = True

    def __post_init__(self) -> None:
        self._listeners: dict[Hashable, Listener] = {}
        self._connected: dict[Hashable, Callable[[bool], None]] = {}
        self._held: dict[Hashable, list[Parcel]] = defaultdict(list)
        self._swapped: dict[Hashable, Parcel] = {}
        self._under_way: set[asyncio.TimerHandle] = set()
        self._count = 0

    def attach(
        self, mailbox: Hashable, listener: Listener, connected: Callable[[bool], None]
    ) -> None:
        """Connect a device: it gets what is held for it, then what comes."""
        self._listeners[mailbox] = listener
        self._connected[mailbox] = connected
        if self.running:
            connected(True)
            self._hand_over(mailbox)

    def detach(self, mailbox: Hashable) -> None:
        """Disconnect a device."""
        self._listeners.pop(mailbox, None)
        connected = self._connected.pop(mailbox, None)
        if connected is not None:
            connected(False)

    def send(
        self, sender: Hashable, mailbox: Hashable, body: Any, *, durable: bool, label: str
    ) -> None:
        """Hand an envelope to the server; it answers alike whether anybody is there or not.

        Raises:
            UnavailableError: UNAVAILABLE: the server is down.
        """
        if not self.running:
            raise UnavailableError(Code.UNAVAILABLE, "the server is down")
        loop = asyncio.get_running_loop()
        parcel = Parcel(sender, mailbox, durable, label, body, loop.time())
        self.log.append(parcel)
        fault = self.rule(parcel)
        match fault:
            case Fault.LOST:
                return
            case Fault.SWAPPED:
                self._swapped[mailbox] = parcel  # After the next one to the same mailbox,
                self._later(LATE_S, self._overdue, parcel)  # or late, if there is none.
                return
            case Fault.LATE:
                self._later(LATE_S, self._arrive, parcel)
            case Fault.DOUBLED:
                self._later(LATENCY_S, self._arrive, parcel)
                self._later(LATENCY_S * 2, self._arrive, parcel)
            case None:
                self._later(LATENCY_S, self._arrive, parcel)
        waiting = self._swapped.pop(mailbox, None)
        if waiting is not None:
            self._later(LATENCY_S * 1.5, self._arrive, waiting)

    def stop(self) -> None:
        """Stop the server: call envelopes are gone, durable ones are stored."""
        self.running = False
        for timer in self._under_way:
            timer.cancel()
        self._under_way.clear()
        self._swapped.clear()
        for mailbox, parcels in self._held.items():
            self._held[mailbox] = [parcel for parcel in parcels if parcel.durable]
        for connected in list(self._connected.values()):
            connected(False)

    def start(self) -> None:
        """Start the server again; every device reconnects."""
        self.running = True
        for mailbox, connected in list(self._connected.items()):
            connected(True)
            self._hand_over(mailbox)

    def _later(self, delay_s: float, what: Callable[[Parcel], None], parcel: Parcel) -> None:
        timer: asyncio.TimerHandle

        def due() -> None:
            self._under_way.discard(timer)
            what(parcel)

        # A server keeps the order; an event loop does not, among timers of one moment.
        self._count += 1
        in_order_s = self._count * 1e-9
        timer = asyncio.get_running_loop().call_later(delay_s + in_order_s, due)
        if not parcel.durable:  # A durable one is on the disk already.
            self._under_way.add(timer)

    def _overdue(self, parcel: Parcel) -> None:
        if self._swapped.get(parcel.mailbox) is parcel:
            del self._swapped[parcel.mailbox]
            self._arrive(parcel)

    def _arrive(self, parcel: Parcel) -> None:
        listener = self._listeners.get(parcel.mailbox)
        if self.running and listener is not None:
            listener(parcel)
        else:
            self._held[parcel.mailbox].append(parcel)

    def _hand_over(self, mailbox: Hashable) -> None:
        now = asyncio.get_running_loop().time()
        held = self._held.pop(mailbox, [])
        for parcel in held:
            if parcel.durable or now - parcel.sent_at < CALL_TTL_S:
                self._listeners[mailbox](parcel)
