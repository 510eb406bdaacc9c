"""The Bus port: carries envelopes to the connection of a device, if there is one.

The bus is memory only. *Call* envelopes are held until the device acknowledges them or their time
is over (60 s at most), so that a device that reconnects in the middle of ringing still rings.
*Durable* envelopes are passed on to a device that is connected and otherwise forgotten: they are
in the store already.

`publish` does the same work whether or not anybody listens (protocol.md P12: the answer to a
sender must not tell, in bytes or in time, whether the device is online). It therefore never calls
the listener; that happens later, from the event loop.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Protocol

DELIVERY_ID_BYTES: Final = 16

CALL_TTL_S: Final = 60.0
"""Seconds a call envelope is held. The invite itself expires after 45 s (P9); longer only keeps
what nobody can use, shorter loses the ring of a device that changes networks."""

HELD_PER_MAILBOX: Final = 64
"""Call envelopes held for one mailbox; the oldest goes first. Higher lets one sender use more of
the server's memory, lower loses messages of a call during a reconnect."""

HELD_BYTES_PER_MAILBOX: Final = 1024 * 1024
"""Bytes of call envelopes held for one mailbox, for the same reason."""

HELD_BYTES: Final = 256 * 1024 * 1024
"""Bytes of call envelopes held for all mailboxes together. At the bound a mailbox makes room for
a newcomer among its own; what finds no room is still delivered to a device that is connected."""


class EnvelopeClass(IntEnum):
    """The two classes of envelopes, with their number on the wire."""

    CALL = 0
    DURABLE = 1


@dataclass(slots=True)
class Parcel:
    """One envelope on its way to a device.

    Attributes:
        envelope_class: Call or durable.
        delivery_id: 16 random bytes, what the device acknowledges.
        envelope: The sealed bytes, exactly a bucket long.
        expires: Monotonic seconds after which a call envelope is not delivered any more.
    """

    envelope_class: EnvelopeClass
    delivery_id: bytes
    envelope: bytes
    expires: float = 0.0


Sink = Callable[[Sequence[Parcel]], None]
"""Takes what came for a mailbox. Must not block and must not raise."""


Watcher = Callable[[bytes], None]
"""Told of a mailbox for which a call envelope came. Must not block and must not raise."""


class Bus(Protocol):
    """Carries parcels from whoever publishes to the one listener of a mailbox."""

    def publish(self, mailbox: bytes, parcel: Parcel) -> None:
        """Pass a parcel on; returns at once, with equal work online and offline."""
        ...

    def listen(self, mailbox: bytes, sink: Sink) -> None:
        """Make `sink` the mailbox's listener and give it what is held.

        There is one listener per mailbox: a later one takes the place of the earlier.
        """
        ...

    def leave(self, mailbox: bytes, sink: Sink) -> None:
        """Stop listening; does nothing if `sink` is not the listener any more."""
        ...

    def acknowledge(self, mailbox: bytes, delivery_ids: Sequence[bytes]) -> Sequence[bytes]:
        """Forget held call parcels; return the ids that were not among them (durable ones)."""
        ...

    def watch(self, watcher: Watcher | None) -> None:
        """Tell `watcher` of call envelopes from now on, after they were given to the listener.

        It is told whether or not there is a listener.
        """
        ...

    def listens(self, mailbox: bytes) -> bool:
        """Return whether the mailbox has a listener."""
        ...

    def waits(self, mailbox: bytes, expires: float) -> bool:
        """Return whether a call envelope is held that ends at `expires` or before."""
        ...

    def drop(self, mailbox: bytes) -> None:
        """Forget everything held for a mailbox and tell its listener nothing more."""
        ...

    def sweep(self, now: float) -> None:
        """Forget parcels whose time is over.

        Args:
            now: Monotonic seconds.
        """
        ...
