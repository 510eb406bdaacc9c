"""Who may put an envelope into a mailbox: whoever holds one of its capabilities.

The server knows SHA-256(capability) and the mailbox it opens, nothing about who holds it
(design.md section 4). All reasons for a refusal are one: a hash that was never registered, one
that was revoked, one whose device is gone, and one that opens another mailbox take the same
single look-up, the same comparison and give the same answer (CK-475).

Decoys (protocol.md P2): a look-up of an unknown handle answers with a mailbox and capability that
do not exist. What is sent there is accepted and dropped by the same operations as for a device
that never connects, so that sending does not tell a decoy from a person (CK-483).
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from hmac import compare_digest
from typing import Final

from visavis.core.errors import AuthorizationError, Code
from visavis.ports.random import Rng
from visavis.ports.store import DeviceStore

CAPABILITY_BYTES: Final = 32
MAILBOX_BYTES: Final = 16
CACHE_SIZE: Final = 65_536
"""Capabilities remembered after a successful look-up, about 250 bytes each. Higher saves database
reads on large servers; 2,000 devices use a few thousand capabilities a day."""


class Capabilities:
    """Checks capabilities, with a cache of those that were good.

    Only successes are cached: a revoked capability leaves the cache when it is revoked, and a
    stranger's guesses cannot push the good ones out.

    Args:
        store: Where the hashes are.
        rng: Source of the value that stands in for a missing mailbox.
        is_decoy: Tells whether (mailbox, capability) was given out for an unknown handle.
        cache_size: See `CACHE_SIZE`.
    """

    def __init__(
        self,
        store: DeviceStore,
        rng: Rng,
        is_decoy: Callable[[bytes, bytes], bool] = lambda _mailbox, _capability: False,
        cache_size: int = CACHE_SIZE,
    ) -> None:
        self._store = store
        self._cache: dict[bytes, bytes] = {}
        self._cache_size = cache_size
        # A random mailbox that nobody has: comparing with it costs what any comparison costs.
        self._nobody = rng(MAILBOX_BYTES)
        self._is_decoy = is_decoy
        self._decoys: set[bytes] = set()
        self._forgotten = 0
        self.cached = self._cache.get

    async def mailbox_of(self, key: bytes, mailbox: bytes, capability: bytes) -> bytes:
        """Return the mailbox that a capability opens, or a mailbox that nobody has.

        Args:
            key: SHA-256 of the capability, 32 bytes.
            mailbox: The mailbox it is presented for, 16 bytes.
            capability: 32 bytes.

        Raises:
            UnavailableError: The database is busy.
        """
        found = self._cache.get(key)
        if found is not None:
            return found
        forgotten = self._forgotten
        found = await self._store.capability_mailbox(key)
        decoy = self._is_decoy(mailbox, capability)  # always, so that it tells nothing: CK-483
        if found is None:
            if not decoy:
                return self._nobody
            found = mailbox
            self._decoys.add(key)
        # Revoked between the read and now? Then it is good for this once, as if it had come a
        # moment earlier, but must not be remembered.
        if forgotten == self._forgotten:
            if len(self._cache) >= self._cache_size:
                for old in list(self._cache)[: self._cache_size // 8]:
                    self._drop(old)
            self._cache[key] = found
        return found

    def is_decoy(self, key: bytes) -> bool:
        """Return whether a capability that was found good is a decoy's."""
        return key in self._decoys

    async def require(self, mailbox: bytes, capability: bytes) -> bytes:
        """Return the quota key of a capability that opens this mailbox (CK-475).

        Args:
            mailbox: 16 bytes.
            capability: 32 bytes.

        Raises:
            AuthorizationError: REFUSED, whatever the reason.
            UnavailableError: The database is busy.
        """
        key = sha256(capability).digest()
        owner = await self.mailbox_of(key, mailbox, capability)
        if not compare_digest(owner, mailbox):
            raise AuthorizationError(Code.REFUSED, "CK-475: not a capability of this mailbox")
        return key

    def forget(self, key: bytes) -> None:
        """Take a revoked capability out of the cache; call after the store has deleted it."""
        self._forgotten += 1
        self._drop(key)

    def forget_mailbox(self, mailbox: bytes) -> None:
        """Take all capabilities of a removed device out of the cache."""
        self._forgotten += 1
        for key in [key for key, owner in self._cache.items() if owner == mailbox]:
            self._drop(key)

    def _drop(self, key: bytes) -> None:
        self._cache.pop(key, None)
        self._decoys.discard(key)
