"""Durable contents on their way: stored first, resent until the server has them.

A row holds the content, not the envelope: if an address was replaced meanwhile, the content is
sealed again for the new one. Sending twice is harmless, receivers drop what they have seen. A row
goes when the server has said "stored"; one that is refused waits for another address, at most 30
days, then it is dropped and counted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Final, Self

from visavis.core import cbor
from visavis.core.address import ContactAddress
from visavis.core.errors import Code, FatalError, UnavailableError, VisavisError
from visavis.core.handle_request import AnyAddress, any_address
from visavis.core.ids import AccountId, DeviceId
from visavis.core.meter import Meter
from visavis.sdk.addresses import capability_hash
from visavis.sdk.metering import counted_for, speaking
from visavis.sdk.store import Store

KIND: Final = "outbox"
KEEP_S: Final = 30 * 86_400
RETRY_S: Final = (1.0, 2.0, 5.0, 15.0, 60.0)
"""Pauses between attempts while the server is away. Shorter delivers sooner, at more cost."""


@dataclass(frozen=True, slots=True)
class Row:
    """One content for one device.

    Args:
        number: Order of sending.
        account: Whose device; zeros when `fixed` is given.
        device: Which device.
        content: Encoded outer content.
        at: Unix seconds when it was queued.
        refused: Hash of the capability that the server refused, empty if none.
        fixed: An address that stands in no contact record (an invite, a handle, a pairing).
    """

    number: int
    account: AccountId
    device: DeviceId
    content: bytes = field(repr=False)
    at: int
    refused: bytes = b""
    fixed: AnyAddress | None = field(default=None, repr=False)

    def to_bytes(self) -> bytes:
        """Return the stored form."""
        fixed = None if self.fixed is None else self.fixed.to_cbor()
        return cbor.encode([self.account, self.device, self.content, self.at, self.refused, fixed])

    @classmethod
    def from_bytes(cls, key: bytes, data: bytes) -> Self:
        """Read the stored form."""
        match cbor.decode(data):
            case [bytes(account), bytes(device), bytes(content), int(at), bytes(refused), fixed]:
                return cls(
                    int.from_bytes(key, "big"),
                    AccountId(account),
                    DeviceId(device),
                    content,
                    at,
                    refused,
                    None if fixed is None else any_address(fixed),
                )
            case _:
                raise FatalError(Code.MALFORMED, "a row of the outbox cannot be read")

    @property
    def key(self) -> bytes:
        """The key in the store."""
        return self.number.to_bytes(8, "big")


Resolve = Callable[[AccountId, DeviceId], ContactAddress | None]
Send = Callable[[AnyAddress, bytes], Awaitable[None]]


class Outbox:
    """The queue of durable contents.

    Args:
        store: Where rows are.
        resolve: The present address of a device, or None.
        send: Seals and sends one content in the durable class; raises as `SendSocket.send`.
        now: Unix seconds.
    """

    def __init__(self, store: Store, resolve: Resolve, send: Send, now: Callable[[], int]) -> None:
        self._store = store
        self._resolve = resolve
        self._send = send
        self._now = now
        self._rows: dict[int, Row] = {}
        self._meters: dict[int, Meter] = {}
        """Of rows that a call of this process put here; in memory only."""
        self._next = 1
        self._load()
        store.on_rollback(self._load)
        self._wake = asyncio.Event()
        self._pass = asyncio.Lock()
        self.dropped = 0

    def put(self, account: AccountId, device: DeviceId, content: bytes) -> int:
        """Queue a content for a device; inside the transaction of what it belongs to."""
        return self._put(Row(self._take_number(), account, device, content, self._now()))

    def put_fixed(self, address: AnyAddress, content: bytes) -> int:
        """Queue a content for an address that stands in no record."""
        nobody = AccountId(bytes(16)), DeviceId(bytes(16))
        row = Row(self._take_number(), *nobody, content, self._now(), fixed=address)
        return self._put(row)

    def kick(self) -> None:
        """Send soon."""
        self._wake.set()

    def refused(self, numbers: list[int]) -> bool:
        """Say whether each of these rows was refused by the server."""
        rows = [self._rows.get(number) for number in numbers]
        return bool(rows) and all(row is not None and row.refused for row in rows)

    def refusals(self) -> set[tuple[AccountId, bytes]]:
        """Return whose addresses the server refused: (account, hash of the capability)."""
        return {(row.account, row.refused) for row in self._rows.values() if row.refused}

    def waiting(self) -> int:
        """Return how many rows are not with the server yet."""
        return len(self._rows)

    def drop(self, numbers: list[int]) -> None:
        """Take rows back."""
        with self._store.transaction():
            for number in numbers:
                self._remove(number)

    async def run(self) -> None:
        """Send what is queued whenever there is something, until cancelled."""
        failures = 0
        while True:
            self._wake.clear()
            try:
                complete = await self.flush()
            except UnavailableError:
                complete = False
            failures = 0 if complete else min(failures + 1, len(RETRY_S))
            try:
                async with asyncio.timeout(None if complete else RETRY_S[failures - 1]):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def flush(self) -> bool:
        """Try each row once, in order; say whether none is left that time could help.

        Raises:
            UnavailableError: DISK_FULL on our side.
        """
        async with self._pass:
            complete = True
            for row in sorted(self._rows.values(), key=lambda row: row.number):
                if row.number not in self._rows:
                    continue
                if row.at + KEEP_S < self._now():
                    self._remove(row.number)
                    self.dropped += 1
                    continue
                try:
                    await self._try(row)
                except UnavailableError as error:
                    complete = False
                    if error.code is not Code.QUOTA:
                        return False  # the server is away: the rest would fail alike
            return complete

    async def _try(self, row: Row) -> None:
        address = row.fixed or self._resolve(row.account, row.device)
        if address is None:
            return  # no address (yet): it comes with the contact's next announcement, or never
        if row.refused == capability_hash(address.capability):
            return
        try:
            with counted_for(self._meters.get(row.number)):
                await self._send(address, row.content)
        except UnavailableError:
            raise
        except VisavisError as error:
            if error.code is Code.REFUSED:
                if row.number in self._rows:  # else it was taken back on its way, and stays away
                    self._put(replace(row, refused=capability_hash(address.capability)))
                return
            self.dropped += 1  # malformed or too large: no retry will help
        self._remove(row.number)

    def _load(self) -> None:
        rows = (Row.from_bytes(key, data) for key, data in self._store.items(KIND))
        self._rows = {row.number: row for row in rows}
        self._meters = {number: m for number, m in self._meters.items() if number in self._rows}
        self._next = max(self._next, max(self._rows, default=0) + 1)

    def _take_number(self) -> int:
        number, self._next = self._next, self._next + 1
        meter = speaking()
        if meter is not None:
            self._meters[number] = meter
        return number

    def _put(self, row: Row) -> int:
        self._store.put(KIND, row.key, row.to_bytes())
        self._rows[row.number] = row
        return row.number

    def _remove(self, number: int) -> None:
        row = self._rows.pop(number, None)
        self._meters.pop(number, None)
        if row is not None:
            self._store.delete(KIND, row.key)
