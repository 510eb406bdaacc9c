"""Durable envelopes: written to disk together, answered only afterwards.

A sync to disk takes about a millisecond whatever it carries, so everything that arrives while one
transaction runs goes into the next: one sync for many senders, and no waiting when it is quiet.

The commit point (modelled on sunlight): an envelope is *stored* when `Store.write_envelopes`
returns. Before that its sender has no answer; after that the answer is "accepted", the bus passes
it on, and a crash between the two only means that the device reads it from the store later.

=====================================  ======================================================
what fails                             what happens
=====================================  ======================================================
write fails (disk full, busy)          all senders of the batch: unavailable; nothing stored;
                                       acknowledgements of the batch are kept and tried again
write "fails" but was persisted        senders retry: the device gets it twice, drops one
crash after commit, before the answer  as above
crash before a deletion is committed   the device gets it again on reconnect, drops it
=====================================  ======================================================
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from visavis.core.errors import VisavisError
from visavis.ports.bus import Bus, EnvelopeClass, Parcel
from visavis.ports.store import DeliveryStore
from visavis.ports.stored import NewEnvelope
from visavis.server.frames import Status

MAX_BATCH: Final = 512
"""Envelopes in one transaction. Higher syncs less often, lower answers the first sooner."""

MAX_WAITING: Final = 4_096
MAX_WAITING_BYTES: Final = 64 * 1024 * 1024
"""Not yet written, in all. Beyond it senders are told to try later, so a slow disk cannot fill the
memory."""

MAX_DELETES: Final = 65_536
"""Acknowledgements waiting. Beyond it they are dropped: the devices get those envelopes again."""

RETRY_S: Final = 1.0
"""Seconds before acknowledgements are tried again after a failed write."""


@dataclass(slots=True, eq=False)
class _Pending:
    envelope: NewEnvelope
    done: Callable[[Status], None]


class GroupCommit:
    """Writes durable envelopes and deletions in batches.

    Args:
        store: Where they go.
        bus: Told about every stored envelope, after the commit.
    """

    def __init__(self, store: DeliveryStore, bus: Bus) -> None:
        self._store = store
        self._bus = bus
        self._inserts: list[_Pending] = []
        self._waiting_bytes = 0
        self._deletes: list[tuple[bytes, bytes]] = []
        self._work = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._stopping = False

    def start(self) -> None:
        """Start the writer."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="group commit")

    async def stop(self) -> None:
        """Write what is waiting, then stop."""
        self._stopping = True
        self._work.set()
        if self._task is not None:
            await self._task
            self._task = None

    def put(self, envelope: NewEnvelope, done: Callable[[Status], None]) -> None:
        """Store an envelope; `done` is called once it is committed, or could not be.

        Args:
            envelope: With a fresh random delivery id.
            done: Gets ACCEPTED, UNAVAILABLE, or REFUSED if the mailbox is gone meanwhile.
        """
        size = len(envelope.body)
        if (
            self._stopping
            or len(self._inserts) >= MAX_WAITING
            or self._waiting_bytes + size > MAX_WAITING_BYTES
        ):
            done(Status.UNAVAILABLE)
            return
        self._waiting_bytes += size
        self._inserts.append(_Pending(envelope, done))
        self._work.set()

    def delete(self, mailbox: bytes, delivery_ids: Sequence[bytes]) -> None:
        """Delete acknowledged envelopes with the next batch."""
        if len(self._deletes) >= MAX_DELETES:
            return
        self._deletes.extend((mailbox, delivery_id) for delivery_id in delivery_ids)
        self._work.set()

    async def _run(self) -> None:
        while not self._stopping or self._inserts or self._deletes:
            if not self._inserts and not self._deletes:
                self._work.clear()
                await self._work.wait()
                continue
            batch, self._inserts = self._inserts[:MAX_BATCH], self._inserts[MAX_BATCH:]
            deletes, self._deletes = self._deletes[:MAX_BATCH], self._deletes[MAX_BATCH:]
            self._waiting_bytes -= sum(len(pending.envelope.body) for pending in batch)
            await self._write(batch, deletes)

    async def _write(self, batch: list[_Pending], deletes: list[tuple[bytes, bytes]]) -> None:
        try:
            missed = await self._store.write_envelopes(
                [pending.envelope for pending in batch], deletes
            )
        except VisavisError:
            for pending in batch:
                pending.done(Status.UNAVAILABLE)
            if self._stopping:
                return  # unacknowledged envelopes stay; their devices get them again
            self._deletes = deletes + self._deletes
            if not batch:
                with contextlib.suppress(TimeoutError):
                    # New envelopes may still find room, so they end the wait.
                    self._work.clear()
                    await asyncio.wait_for(self._work.wait(), RETRY_S)
            return
        for pending in batch:
            envelope = pending.envelope
            if envelope.delivery_id in missed:
                # The device was removed after the capability was checked: the same refusal as
                # if the check had come a moment later.
                pending.done(Status.REFUSED)
                continue
            pending.done(Status.ACCEPTED)
            self._bus.publish(
                envelope.mailbox_id,
                Parcel(EnvelopeClass.DURABLE, envelope.delivery_id, envelope.body),
            )
