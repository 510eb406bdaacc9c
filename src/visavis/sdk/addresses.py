"""Addresses this device gives out: one capability and one seal key for each taker (P1, P7).

Capabilities come from a pool of 256 that was registered at sign-up, so that handing one out tells
the server nothing; the pool is refilled at a random hour. The seal key of an address is random, and
what opened an envelope tells over which address it came, hence what it may contain (CK-570).

A revoked address leaves by way of the `revoke` list: kept until the server has deleted the
capability, so that a crash cannot leave it alive. Its seal key stays a month more, because
envelopes sealed with it may still lie in the mailbox.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final, Self

from visavis.core import cbor
from visavis.core.address import ContactAddress
from visavis.core.errors import Code, FatalError, UnavailableError
from visavis.core.ids import Capability, MailboxId, SealKey
from visavis.sdk.store import Store
from visavis.transport.device_api import DeviceApi

POOL: Final = 256
REFILL_BELOW: Final = 64
KEEP_RETIRED_S: Final = 31 * 86_400
ROTATE_KIND: Final = "rotate"
"""Accounts that must get a new address of ours: one of their devices, or ours, was removed."""
LOOK: Final = b"look"
"""Value of such a row: they were unblocked, and are told the address they have not heard of yet."""

_POOL_KIND: Final = "pool"
_FRESH_KIND: Final = "pool.fresh"
_ADDRESS_KIND: Final = "address"
_REVOKE_KIND: Final = "revoke"


class Purpose(StrEnum):
    """Whom an address was given to."""

    INVITE = "invite"
    HANDLE = "handle"
    REQUEST = "request"
    CONTACT = "contact"
    SIBLING = "sibling"
    PAIRING = "pairing"
    GROUP = "group"
    GROUP_BEFORE = "group.before"
    """The one that a group had before somebody was removed, for as long as it is still good."""
    LINK = "link"
    """Of a call link: guests who were let in get a relay with it, and say nothing over it."""
    OWN = "own"


GROUP_PURPOSES: Final = frozenset({Purpose.GROUP, Purpose.GROUP_BEFORE})


@dataclass(frozen=True, slots=True)
class Given:
    """One address we gave out.

    Args:
        name: 16 random bytes, our name for it.
        purpose: Whom it is for.
        subject: The invite id, request token, account id (our own for HANDLE), device id or
            group id.
        capability: What the taker shows to the server.
        seal_key: What the taker seals under.
        retired_at: Unix seconds when it was revoked, 0 while it is good.
    """

    name: bytes = field(repr=False)
    purpose: Purpose
    subject: bytes = field(repr=False)
    capability: Capability
    seal_key: SealKey = field(repr=False)
    retired_at: int = 0

    def to_bytes(self) -> bytes:
        """Return the stored form."""
        return cbor.encode(
            [
                self.purpose.value,
                self.subject,
                self.capability,
                self.seal_key,
                self.retired_at,
            ]
        )

    @classmethod
    def from_bytes(cls, name: bytes, data: bytes) -> Self:
        """Read the stored form."""
        match cbor.decode(data):
            case [str(purpose), bytes(subject), bytes(c), bytes(s), int(retired)]:
                return cls(name, Purpose(purpose), subject, Capability(c), SealKey(s), retired)
            case _:
                raise FatalError(Code.MALFORMED, "an address of the store cannot be read")


def capability_hash(capability: bytes) -> bytes:
    """Return what the server stores of a capability."""
    return hashlib.sha256(capability).digest()


class Addresses:
    """The addresses of this device's mailbox."""

    def __init__(self, store: Store, origin: str, mailbox: MailboxId) -> None:
        self._store = store
        self._origin = origin
        self._mailbox = mailbox
        self._given: dict[bytes, Given] = {}
        # Two at once would register the same capabilities, and the second to end would put them
        # back into the pool after one was handed out: two takers would hold one.
        self._registering = asyncio.Lock()
        self._load()
        store.on_rollback(self._load)

    @staticmethod
    def make_pool(store: Store, count: int = POOL) -> list[bytes]:
        """Put fresh capabilities into the pool of a new device; returns their hashes."""
        fresh = [os.urandom(32) for _ in range(count)]
        for capability in fresh:
            store.put(_POOL_KIND, capability, b"")
        return [capability_hash(capability) for capability in fresh]

    @property
    def seal_keys(self) -> dict[bytes, bytes]:
        """Our names for the seal keys, and the keys: what `open_envelope` tries."""
        return {name: bytes(given.seal_key) for name, given in self._given.items()}

    def given(self, name: bytes) -> Given:
        """Return the address of a name."""
        return self._given[name]

    def current(self, purpose: Purpose, subject: bytes) -> Given | None:
        """Return the good address for this subject, or None."""
        found = (g for g in self._given.values() if g.purpose is purpose and g.subject == subject)
        return next((given for given in found if not given.retired_at), None)

    def all(self, purpose: Purpose) -> list[Given]:
        """Return the good addresses for a purpose."""
        return [g for g in self._given.values() if g.purpose is purpose and not g.retired_at]

    def mint(self, purpose: Purpose, subject: bytes) -> Given:
        """Make an address from the pool.

        Raises:
            UnavailableError: QUOTA, the pool is empty until it is refilled.
        """
        pool = self._store.items(_POOL_KIND)
        if not pool:
            raise UnavailableError(Code.QUOTA, "no capability is left to hand out")
        # By chance, not in order: the order of handing out must not follow that of registration.
        capability = pool[int.from_bytes(os.urandom(4), "big") % len(pool)][0]
        given = Given(
            os.urandom(16), purpose, bytes(subject), Capability(capability), SealKey(os.urandom(32))
        )
        with self._store.transaction():
            self._store.delete(_POOL_KIND, capability)
            self._save(given)
        return given

    def current_or_mint(self, purpose: Purpose, subject: bytes) -> Given:
        """Return the good address for this subject, made if there is none."""
        return self.current(purpose, subject) or self.mint(purpose, subject)

    def address(self, given: Given) -> ContactAddress:
        """Return what is handed to the taker."""
        return ContactAddress(self._origin, self._mailbox, given.capability, given.seal_key)

    def rebind(self, given: Given, purpose: Purpose, subject: bytes) -> None:
        """Note that the taker is now known (a request became a contact)."""
        self._save(replace(given, purpose=purpose, subject=bytes(subject)))

    def revoke(self, given: Given, now: int) -> None:
        """Retire an address; its capability dies at the server with the next `flush`."""
        with self._store.transaction():
            self._store.put(_REVOKE_KIND, capability_hash(given.capability), b"")
            self._save(replace(given, retired_at=now))

    def purge(self, now: int) -> None:
        """Drop the seal keys of addresses that were revoked long ago."""
        for name, given in list(self._given.items()):
            if given.retired_at and given.retired_at + KEEP_RETIRED_S < now:
                self._store.delete(_ADDRESS_KIND, name)
                del self._given[name]

    async def flush(self, api: DeviceApi) -> None:
        """Tell the server which capabilities are no more. Safe to repeat.

        As many new ones are registered as die (CK-589): the number of a mailbox's rows stays the
        same, so it does not tell how many contacts came and went (P7).
        """
        async with self._registering:
            hashes = [key for key, _ in self._store.items(_REVOKE_KIND)]
            if not hashes:
                return
            fresh = await self._register(api, len(hashes))
            await api.revoke_capabilities(hashes)
            with self._store.transaction():
                for key in hashes:
                    self._store.delete(_REVOKE_KIND, key)
                self._into_pool(fresh)
            self._store.scrub()

    @property
    def needs_refill(self) -> bool:
        """Say whether the pool runs low."""
        return self._store.count(_POOL_KIND) < REFILL_BELOW

    async def refill(self, api: DeviceApi) -> None:
        """Register another 256. The caller chooses a random hour (P7).

        A whole block at a time, so that the server learns no more than this: beyond some two
        hundred contacts there is a second block.
        """
        async with self._registering:
            fresh = await self._register(api, POOL)
            with self._store.transaction():
                self._into_pool(fresh)

    async def _register(self, api: DeviceApi, count: int) -> list[bytes]:
        """Register fresh capabilities, the same ones again after a crash."""
        with self._store.transaction():
            fresh = [key for key, _ in self._store.items(_FRESH_KIND)]
            for _ in range(count - len(fresh)):
                fresh.append(os.urandom(32))
                self._store.put(_FRESH_KIND, fresh[-1], b"")
        await api.add_capabilities([capability_hash(x) for x in fresh])
        return fresh

    def _into_pool(self, fresh: list[bytes]) -> None:
        for capability in fresh:
            self._store.delete(_FRESH_KIND, capability)
            self._store.put(_POOL_KIND, capability, b"")

    def _load(self) -> None:
        rows = self._store.items(_ADDRESS_KIND)
        self._given = {name: Given.from_bytes(name, data) for name, data in rows}

    def _save(self, given: Given) -> None:
        self._store.put(_ADDRESS_KIND, given.name, given.to_bytes())
        self._given[given.name] = given
