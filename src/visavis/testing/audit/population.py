"""A population that lives on a real server for a while: who knows whom, who calls, who is away.

The graph is a small world: people sit in circles and know neighbours, with a few long ties. Each
day everybody makes calls and writes messages to contacts; some people are away for days, so that
the store is not empty when it is looked at.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import string
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from visavis.core.base64url import encode
from visavis.core.errors import VisavisError
from visavis.core.ids import CallId
from visavis.testing.audit.attacks import Truth
from visavis.testing.audit.holdings import Holdings
from visavis.testing.audit.needles import Needle
from visavis.testing.audit.report import Planted
from visavis.testing.audit.scripted import ScriptedDevice
from visavis.transport.anonymous import AnonymousApi
from visavis.transport.http import Http
from visavis.transport.socket import SendSocket

CALL_ENVELOPES: Final = ((1, False), (1, False), (0, False), (1, False), (0, False), (0, False))
"""Bucket and durability of what one answered call sends, in turn from each side."""

PLANT_EVERY: Final = 8
"""One call in so many is searched for by its id."""
SIGNUPS_AT_ONCE: Final = 4
ACTS_AT_ONCE: Final = 12


@dataclass(frozen=True, slots=True)
class Habits:
    """What people do in a day.

    Attributes:
        people: Accounts.
        neighbours: Contacts to each side in the circle.
        long_ties: Share of people with one contact elsewhere.
        calls: Mean calls a person starts a day.
        messages: Mean messages a person writes a day.
        away: Share of people who are away on a given day.
    """

    people: int = 200
    neighbours: int = 2
    long_ties: float = 0.3
    calls: float = 1.5
    messages: float = 2.0
    away: float = 0.2


def small_world(habits: Habits, rng: random.Random) -> Truth:
    """Return who is whose contact."""
    names = [f"person-{n}" for n in range(habits.people)]
    friends: dict[str, set[str]] = {name: set() for name in names}

    def tie(a: str, b: str) -> None:
        if a != b:
            friends[a].add(b)
            friends[b].add(a)

    for n, name in enumerate(names):
        for step in range(1, habits.neighbours + 1):
            # Some rewire, so that people differ in how many contacts they have.
            other = rng.choice(names) if rng.random() < 0.3 else names[(n + step) % len(names)]
            tie(name, other)
        if rng.random() < habits.long_ties:
            tie(name, rng.choice(names))
    return {name: frozenset(f) for name, f in friends.items()}


class Population:
    """People with devices on one server.

    Args:
        origin: The server.
        links: Makes a sign-up link.
        habits: What they do.
        now: Unix seconds, for entries of the history.
        seed: For who knows whom and who does what when.
    """

    def __init__(
        self,
        origin: str,
        links: Callable[[], str],
        habits: Habits,
        now: Callable[[], int],
        seed: int = 1,
    ) -> None:
        self._rng = random.Random(seed)
        self._origin = origin
        self._links = links
        self._habits = habits
        self.truth = small_world(habits, self._rng)
        self.devices: dict[str, ScriptedDevice] = {}
        self.refused = 0
        self.calls = 0
        self._now = now
        self._call_ids: list[CallId] = []

    @contextlib.asynccontextmanager
    async def living(self) -> AsyncIterator[Population]:
        """Sign everybody up and make the contacts; everybody is offline at the end."""
        http = Http(self._origin)
        senders = [SendSocket(self._origin) for _ in range(SIGNUPS_AT_ONCE)]
        try:
            for n, person in enumerate(self.truth):
                self.devices[person] = ScriptedDevice(
                    person, self._origin, AnonymousApi(http), senders[n % len(senders)]
                )
            await self._sign_everybody_up()
            await self._make_contacts()
            yield self
        finally:
            await asyncio.gather(*(d.go_offline() for d in self.devices.values()))
            for sender in senders:
                await sender.close()
            await http.close()

    async def _sign_everybody_up(self) -> None:
        gate = asyncio.Semaphore(SIGNUPS_AT_ONCE)

        async def one(device: ScriptedDevice, name: str) -> None:
            async with gate:
                await device.sign_up(self._links(), name, "a long enough passphrase")

        names = ["".join(self._rng.choices(string.ascii_lowercase, k=9)) for _ in self.devices]
        await asyncio.gather(
            *(one(d, n) for d, n in zip(self.devices.values(), names, strict=True))
        )

    async def _make_contacts(self) -> None:
        ties = [(a, b) for a, friends in self.truth.items() for b in sorted(friends) if a < b]
        self._rng.shuffle(ties)
        await _some_at_once(self._make_contact(a, b) for a, b in ties)

    async def _make_contact(self, a: str, b: str) -> None:
        left, right = self.devices[a], self.devices[b]
        right.addresses[a] = left.hand_out()
        left.addresses[b] = right.hand_out()
        await self._send(right, a, 1, durable=True)  # contact.request
        await self._send(left, b, 1, durable=True)  # contact.accept
        if self._rng.random() < 0.1:
            await right.anonymous.fetch_key_package(right.addresses[a])

    async def live_a_day(self) -> None:
        """Let one day pass: who is there calls and writes; vaults are written; all go offline."""
        here = [p for p in self.truth if self._rng.random() >= self._habits.away]
        await asyncio.gather(*(self.devices[p].come_online() for p in here))
        present = set(here)
        acts: list[tuple[str, str, str]] = []
        for person in here:
            friends = sorted(self.truth[person])
            for kind, mean in (("call", self._habits.calls), ("write", self._habits.messages)):
                count = int(mean) + (self._rng.random() < mean % 1)
                acts += [(kind, person, self._rng.choice(friends)) for _ in range(count)]
        self._rng.shuffle(acts)
        await _some_at_once(self._act(kind, a, b, present) for kind, a, b in acts)
        for person in self._rng.sample(here, len(here) // 8):
            await self.devices[person].write_vault()
        await asyncio.gather(*(self.devices[p].go_offline() for p in here))

    async def _act(self, kind: str, a: str, b: str, present: set[str]) -> None:
        if kind == "write":
            await self._send(self.devices[a], b, 0, durable=True)
        else:
            await self._call(a, b, answered=b in present and self._rng.random() < 0.8)

    async def _call(self, a: str, b: str, *, answered: bool) -> None:
        self.calls += 1
        caller, callee = self.devices[a], self.devices[b]
        call = CallId(self._rng.randbytes(CallId.LENGTH))
        if self.calls % PLANT_EVERY == 1:
            self._call_ids.append(call)
        caller.note_call(call, callee.account, self._now(), outgoing=True)
        callee.note_call(call, caller.account, self._now(), outgoing=False)
        for number, (size, durable) in enumerate(CALL_ENVELOPES):
            side, other = (caller, b) if number % 2 == 0 else (callee, a)
            await self._send(side, other, size, durable=durable)
            if not answered:
                await self._send(caller, b, 0, durable=True)  # call.missed
                return
        await caller.anonymous.turn(caller.addresses[b])
        await callee.anonymous.turn(callee.addresses[a])

    async def _send(self, device: ScriptedDevice, to: str, size: int, *, durable: bool) -> None:
        try:
            await device.send(to, size, durable=durable)
        except VisavisError:
            self.refused += 1

    def planted(self, holdings: Holdings, more: Sequence[Needle] = ()) -> Planted:
        """Return what the auditor knows: needles, owners of stored ids, the truth.

        Args:
            holdings: What was kept; the attacker learns whose each account row is from the
                device rows, as somebody who watched one sign-up would.
            more: Further needles.
        """
        owners: dict[bytes | str, str] = {}
        needles: list[Needle] = list(more)
        needles += [Needle("call id", f"call {n}", c) for n, c in enumerate(self._call_ids)]
        for person, device in self.devices.items():
            owners |= dict.fromkeys(device.stored_ids(), person)
            needles.append(Needle.text("handle", f"handle of {person}", device.handle))
            needles.append(Needle("key", f"device secret of {person}", device.secret))
            needles.append(Needle("account", f"account id of {person}", device.account))
            needles += [
                Needle("key", f"seal key {person} has for {contact}", address.seal_key)
                for contact, address in device.addresses.items()
            ]
            needles += [
                Needle("key", f"capability {person} has for {contact}", address.capability)
                for contact, address in device.addresses.items()
            ]
        for row in holdings.rows:
            values = [v for v in row.columns.values() if isinstance(v, bytes | str)]
            known = next((owners[v] for v in values if v in owners), None)
            account = row.columns.get("account_id")
            if known is not None and isinstance(account, bytes | str):
                owners[account] = known
        owners |= {encode(k): p for k, p in tuple(owners.items()) if isinstance(k, bytes)}
        return Planted(tuple(needles), owners, self.truth)


async def _some_at_once(acts: Iterable[Awaitable[None]]) -> None:
    """Let a few things happen at a time, as on a real server; each one keeps its own order."""
    waiting = iter(acts)

    async def next_after_next() -> None:
        for act in waiting:
            await act

    await asyncio.gather(*(next_after_next() for _ in range(ACTS_AT_ONCE)))
