"""Throttle: guessing gets slower, nobody gets locked out, and no address is kept (P4, R-31).

Attempts are counted per address and per handle, each under a keyed hash whose key is thrown away
with all counts when the day changes or the server stops. Beyond the free attempts each further one
must bring a proof of work. A handle is never locked: an attacker who hammers it makes its owner's
computer work for a second, no more. Known and unknown handles are counted alike.
"""

from __future__ import annotations

import hmac
import ipaddress
from typing import Final

from visavis.core import base64url, work
from visavis.core.errors import Code, PeerError
from visavis.ports.clock import Clock, day_of
from visavis.ports.random import Rng
from visavis.server.problems import ProblemError

FIRST_BITS: Final = 14
MAX_BITS: Final = 20
"""2**20 hashes are about a second. Higher slows attackers more, and owners under attack too."""

CHALLENGE_S: Final = 120
_BODY: Final = 16 + 8 + 1  # random, end, level
MAX_COUNTERS: Final = 100_000
"""Beyond this many counted subjects a day, new ones pay at once: memory stays bounded."""


class Throttle:
    """Counts attempts and asks for work.

    Args:
        free: Attempts a day that cost nothing, per address and per handle.
        clock: For the day and for the age of challenges.
        rng: Source of random bytes.
    """

    def __init__(self, free: int, clock: Clock, rng: Rng) -> None:
        self._free = free
        self._clock = clock
        self._rng = rng
        self._mac_key = rng(32)
        self._day = -1
        self._key = b""
        self._counts: dict[bytes, int] = {}
        self._spent: dict[bytes, float] = {}

    def admit(self, address: str | None, handle: str | None, solution: str | None) -> None:
        """Count an attempt, and let it pass or ask for work.

        Args:
            address: The peer's address as text; hashed here and forgotten.
            handle: The handle it is about, known or not.
            solution: Header `Visavis-Work`: challenge, a dot, nonce, both base64url.

        Raises:
            ProblemError: QUOTA with a challenge to solve. CK-412: an attempt beyond the free ones
                without fresh, unused work goes no further.
        """
        self._turn_day()
        subjects = [self._name(b"address", _network(address))]
        if handle is not None:
            subjects.append(self._name(b"handle", handle))
        bits = max([self._count(subject) for subject in subjects])
        about = b"".join(subjects)
        if bits == 0 or (solution is not None and self._solved(solution, about)):
            return
        challenge = self._challenge(bits, about)
        raise ProblemError(
            Code.QUOTA,
            "CK-412: work is needed",
            members={"work": {"challenge": base64url.encode(challenge), "bits": bits}},
        )

    def _turn_day(self) -> None:
        day = day_of(self._clock.now())
        if day != self._day:
            self._day = day
            self._key = self._rng(32)
            self._counts.clear()

    def _name(self, kind: bytes, subject: str) -> bytes:
        """Return today's name of a subject: 16 bytes that mean nothing tomorrow."""
        return hmac.digest(self._key, kind + b"\0" + subject.encode(), "sha256")[:16]

    def _count(self, key: bytes) -> int:
        """Count a subject and return the work it owes, in bits."""
        count = self._counts.get(key)
        if count is None and len(self._counts) >= MAX_COUNTERS:
            return FIRST_BITS
        self._counts[key] = (count or 0) + 1
        over = self._counts[key] - self._free
        return 0 if over <= 0 else min(FIRST_BITS + over // max(1, self._free), MAX_BITS)

    def _challenge(self, bits: int, about: bytes) -> bytes:
        """Return a challenge that holds its level, good for these subjects only.

        The attempt that brings the work is one more and may cost more: what counts is the level
        that was asked for, or somebody who does as told would be told to do it again.
        """
        expires = round(self._clock.monotonic() + CHALLENGE_S)
        body = self._rng(16) + expires.to_bytes(8, "big") + bytes([bits])
        return body + hmac.digest(self._mac_key, body + about, "sha256")[:16]

    def _solved(self, solution: str, about: bytes) -> bool:
        try:
            challenge, nonce = (base64url.decode(part) for part in solution.split("."))
        except (ValueError, PeerError):
            return False
        body, mac = challenge[:_BODY], challenge[_BODY:]
        now = self._clock.monotonic()
        good = (
            hmac.compare_digest(mac, hmac.digest(self._mac_key, body + about, "sha256")[:16])
            and int.from_bytes(body[16:24], "big") > now
            and body not in self._spent
            and work.check(challenge, nonce, body[24])
        )
        if good:
            for old in [old for old, gone in self._spent.items() if gone <= now]:
                del self._spent[old]
            self._spent[body] = now + CHALLENGE_S
        return good


def _network(address: str | None) -> str:
    """Return what counts as one origin: an IPv4 address, an IPv6 /64, or nothing known."""
    try:
        parsed = ipaddress.ip_address((address or "").split("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped  # as a listener for both IP versions shows IPv4 clients
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((parsed, 64), strict=False))
