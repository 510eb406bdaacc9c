"""What every resource of the server is given: configuration, ports, secrets, what lives in memory.

One object instead of globals, so that a test runs two servers in one process. Nothing in here is
persisted except through `store`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from visavis.ports.clock import Clock, day_of
from visavis.ports.random import Rng
from visavis.ports.store import Store
from visavis.ports.stored import RemovedDevice
from visavis.server.config import ServerConfig
from visavis.server.erasure_keys import ErasureKeys
from visavis.server.inventory import Inventory
from visavis.server.keys import ServerKeys
from visavis.server.opaque import OpaqueServer
from visavis.server.privacy.wording import Wording
from visavis.server.quotas import Quotas
from visavis.server.relying_party import RelyingParty, decoy_key
from visavis.server.sessions import Sessions
from visavis.server.throttle import Throttle


@dataclass(slots=True)
class Listeners:
    """Who wants to know that something is gone, so that nothing revoked works from a cache.

    The change is committed before these run; they must not fail.
    """

    capabilities_revoked: list[Callable[[Sequence[bytes]], None]] = field(default_factory=list)
    devices_removed: list[Callable[[Sequence[RemovedDevice]], None]] = field(default_factory=list)
    devices_frozen: list[Callable[[Sequence[RemovedDevice]], None]] = field(default_factory=list)

    def revoked(self, hashes: Sequence[bytes]) -> None:
        """Tell that these capability hashes open nothing any more."""
        for listener in self.capabilities_revoked:
            listener(hashes)

    def removed(self, devices: Sequence[RemovedDevice]) -> None:
        """Tell that these devices and their mailboxes are gone."""
        for listener in self.devices_removed:
            listener(devices)

    def frozen(self, devices: Sequence[RemovedDevice]) -> None:
        """Tell that the devices' account was frozen, or thawed: look their capabilities up anew."""
        for listener in self.devices_frozen:
            listener(devices)


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a resource may use."""

    config: ServerConfig
    store: Store
    clock: Clock
    rng: Rng
    keys: ServerKeys
    erasure: ErasureKeys
    inventory: Inventory
    words: Mapping[str, Wording]
    opaque: OpaqueServer
    sessions: Sessions
    throttle: Throttle
    listeners: Listeners = field(default_factory=Listeners)
    renames: Quotas = field(default_factory=Quotas)
    passkey_decoy: bytes = field(default_factory=decoy_key)

    @property
    def relying_party(self) -> RelyingParty | None:
        """Who we are to authenticators; None where passkeys cannot be."""
        return RelyingParty.of(self.config.origin)

    def today(self) -> int:
        """Return the day, which is all the store is ever told of the time."""
        return day_of(self.clock.now())
