"""The Bus of a server that is one process: dictionaries and the event loop.

What a publish does, in the same number of steps whether or not the device is connected::

    publish -> append to the mailbox's fresh list (and, for a call, to its held ring)
            -> mark the mailbox dirty, schedule one delivery round on the event loop
    round   -> hand fresh parcels to the listener, or drop the list if nobody listens

The round never runs within `publish`; the server schedules it after the answers of the turn
(`visavis.server.end_of_turn`), so an answer cannot wait for a device.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from visavis.ports.bus import (
    HELD_BYTES,
    HELD_BYTES_PER_MAILBOX,
    HELD_PER_MAILBOX,
    EnvelopeClass,
    Parcel,
    Sink,
    Watcher,
)


class _Mailbox:
    """What the bus knows about one mailbox while it matters."""

    __slots__ = ("dirty", "fresh", "held", "held_bytes", "sink")

    def __init__(self) -> None:
        self.sink: Sink | None = None
        self.fresh: list[Parcel] = []
        self.held: deque[Parcel] = deque()
        self.held_bytes = 0
        self.dirty = False

    def let_go(self) -> int:
        """Forget the oldest held parcel and return its length in bytes."""
        size = len(self.held.popleft().envelope)
        self.held_bytes -= size
        return size


class LocalBus:
    """In-process bus.

    Args:
        schedule: Runs a function soon, after what is running now; `loop.call_soon` by default.
        held_bytes: Bound of held call envelopes over all mailboxes, in bytes.
    """

    def __init__(
        self,
        schedule: Callable[[Callable[[], None]], object] | None = None,
        held_bytes: int = HELD_BYTES,
    ) -> None:
        self._schedule = schedule
        self._mailboxes: dict[bytes, _Mailbox] = {}
        self._dirty: list[tuple[bytes, _Mailbox]] = []
        self._held_bytes = 0
        self._held_bytes_max = held_bytes
        self._watcher: Watcher | None = None

    @property
    def held_bytes(self) -> int:
        """Bytes of call envelopes in memory now."""
        return self._held_bytes

    def listening(self) -> int:
        """Return how many mailboxes have a listener."""
        return sum(box.sink is not None for box in self._mailboxes.values())

    def publish(self, mailbox: bytes, parcel: Parcel) -> None:
        """Pass a parcel on; see `Bus.publish`."""
        # Made in both cases, so that a mailbox that is known takes no fewer steps: CK-478.
        box = self._mailboxes.setdefault(mailbox, _Mailbox())
        box.fresh.append(parcel)
        if parcel.envelope_class is EnvelopeClass.CALL:
            self._hold(box, parcel)
        if not box.dirty:
            box.dirty = True
            if not self._dirty:
                (self._schedule or asyncio.get_running_loop().call_soon)(self._round)
            self._dirty.append((mailbox, box))

    def listen(self, mailbox: bytes, sink: Sink) -> None:
        """Make `sink` the listener and give it what is held; see `Bus.listen`."""
        box = self._mailboxes.setdefault(mailbox, _Mailbox())
        box.sink = sink
        # What is held already includes fresh call parcels; fresh durable ones are in the store,
        # which the receiving connection reads after it listens. So nothing is delivered twice
        # by this, and nothing is missed.
        box.fresh = [
            parcel for parcel in box.fresh if parcel.envelope_class is EnvelopeClass.DURABLE
        ]
        if box.held:
            sink(tuple(box.held))

    def leave(self, mailbox: bytes, sink: Sink) -> None:
        """Stop listening; see `Bus.leave`."""
        box = self._mailboxes.get(mailbox)
        if box is not None and box.sink == sink:
            box.sink = None
            self._forget_if_idle(mailbox, box)

    def acknowledge(self, mailbox: bytes, delivery_ids: Sequence[bytes]) -> Sequence[bytes]:
        """Forget held call parcels; see `Bus.acknowledge`."""
        box = self._mailboxes.get(mailbox)
        if box is None or not box.held:
            return delivery_ids
        wanted = set(delivery_ids)
        for parcel in tuple(box.held):
            if parcel.delivery_id in wanted:
                wanted.discard(parcel.delivery_id)
                box.held.remove(parcel)
                box.held_bytes -= len(parcel.envelope)
                self._held_bytes -= len(parcel.envelope)
        return [delivery_id for delivery_id in delivery_ids if delivery_id in wanted]

    def watch(self, watcher: Watcher | None) -> None:
        """Tell of call envelopes; see `Bus.watch`."""
        self._watcher = watcher

    def listens(self, mailbox: bytes) -> bool:
        """Return whether the mailbox has a listener; see `Bus.listens`."""
        box = self._mailboxes.get(mailbox)
        return box is not None and box.sink is not None

    def waits(self, mailbox: bytes, expires: float) -> bool:
        """Return whether a call envelope is held; see `Bus.waits`."""
        box = self._mailboxes.get(mailbox)
        return box is not None and bool(box.held) and box.held[0].expires <= expires

    def drop(self, mailbox: bytes) -> None:
        """Forget a mailbox; see `Bus.drop`."""
        box = self._mailboxes.pop(mailbox, None)
        if box is not None:
            self._held_bytes -= box.held_bytes
            box.held.clear()
            box.held_bytes = 0
            box.fresh = []
            box.sink = None

    def sweep(self, now: float) -> None:
        """Forget parcels whose time is over; see `Bus.sweep`."""
        for mailbox, box in tuple(self._mailboxes.items()):
            while box.held and box.held[0].expires <= now:
                self._held_bytes -= box.let_go()
            self._forget_if_idle(mailbox, box)

    def _hold(self, box: _Mailbox, parcel: Parcel) -> None:
        size = len(parcel.envelope)
        while box.held and (
            len(box.held) >= HELD_PER_MAILBOX
            or box.held_bytes + size > HELD_BYTES_PER_MAILBOX
            or self._held_bytes + size > self._held_bytes_max
        ):
            self._held_bytes -= box.let_go()
        if self._held_bytes + size <= self._held_bytes_max:
            box.held.append(parcel)
            box.held_bytes += size
            self._held_bytes += size

    def _round(self) -> None:
        dirty, self._dirty = self._dirty, []
        for mailbox, box in dirty:
            box.dirty = False
            fresh, box.fresh = box.fresh, []
            if box.sink is not None:
                box.sink(fresh)
            else:
                self._forget_if_idle(mailbox, box)
            if self._watcher is not None and any(
                parcel.envelope_class is EnvelopeClass.CALL for parcel in fresh
            ):
                self._watcher(mailbox)

    def _forget_if_idle(self, mailbox: bytes, box: _Mailbox) -> None:
        if box.sink is None and not box.held and not box.dirty:
            self._mailboxes.pop(mailbox, None)
