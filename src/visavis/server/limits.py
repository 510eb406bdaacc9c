"""Bounds per network address and in all, in memory, under a key that changes every day.

The server must stop a flood without writing down who flooded (R-31): an address is kept only as a
keyed hash, the key is random, lives in memory, and is replaced every day and at every start. IPv6
addresses count by their /64, because whoever has one usually has all of it.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from visavis.ports.random import Rng

FAILURES_PER_MINUTE: Final = 60
"""Refused or malformed sends that one address may cause before unknown capabilities are not
looked up for it any more. Higher lets a stranger cause more database reads, lower hurts people
behind one address whose contacts just revoked something."""

_MINUTE_S: Final = 60.0
_DAY_S: Final = 86_400.0
_MAX_ADDRESSES: Final = 100_000


@dataclass(slots=True, eq=False)
class Ticket:
    """One admitted connection; give it back with `AddressLimits.release`."""

    address: bytes
    exempt: bool


class AddressLimits:
    """Counts connections and failures per address.

    Args:
        rng: Source of the daily key.
        per_address: Connections one address may have open.
        total: Connections in all.
        exempt_loopback: Whether connections from this machine count only in the total. They come
            from the operator's own tools, or from a proxy in front that must set its own limits.
    """

    def __init__(
        self, rng: Rng, *, per_address: int, total: int, exempt_loopback: bool = True
    ) -> None:
        self._rng = rng
        self._per_address = per_address
        self._total = total
        self._exempt_loopback = exempt_loopback
        self._key = rng(32)
        self._key_day = -1
        self._open: dict[bytes, int] = {}
        self._open_total = 0
        self._failures: dict[bytes, list[float]] = {}

    @property
    def open_total(self) -> int:
        """Connections open now."""
        return self._open_total

    def hash_of(self, address: str, now: float) -> bytes:
        """Return today's name of an address: 16 bytes that mean nothing tomorrow.

        Args:
            address: As the socket tells it.
            now: Monotonic seconds.
        """
        day = int(now // _DAY_S)
        if day != self._key_day:
            self._key, self._key_day = self._rng(32), day
            self._failures.clear()
        return blake2b(_network(address), key=self._key, digest_size=16).digest()

    def admit(self, address: str, now: float) -> Ticket | None:
        """Count a new connection, or return None if it must be closed (CK-471)."""
        name = self.hash_of(address, now)
        exempt = self._exempt_loopback and _is_loopback(address)
        if self._open_total >= self._total:
            return None
        if not exempt and self._open.get(name, 0) >= self._per_address:
            return None
        self._open_total += 1
        self._open[name] = self._open.get(name, 0) + 1
        return Ticket(name, exempt)

    def release(self, ticket: Ticket) -> None:
        """Forget a connection that ended."""
        self._open_total -= 1
        left = self._open.get(ticket.address, 1) - 1
        if left > 0:
            self._open[ticket.address] = left
        else:
            self._open.pop(ticket.address, None)

    def failed(self, address: bytes, now: float) -> None:
        """Note a refused or malformed request from a hashed address."""
        entry = self._failures.get(address)
        if entry is None or entry[0] <= now:
            if entry is None and len(self._failures) >= _MAX_ADDRESSES:
                self._failures.clear()
            self._failures[address] = [now + _MINUTE_S, 1]
        else:
            entry[1] += 1

    def too_many_failures(self, address: bytes, now: float) -> bool:
        """Tell whether an address used up this minute's failures (CK-472)."""
        entry = self._failures.get(address)
        return entry is not None and entry[0] > now and entry[1] >= FAILURES_PER_MINUTE


def _network(address: str) -> bytes:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return b"?"
    if isinstance(parsed, ipaddress.IPv6Address):
        mapped = parsed.ipv4_mapped
        return mapped.packed if mapped is not None else parsed.packed[:8]
    return parsed.packed


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return False
