"""What survives: kill -9, a full disk, a store that fails or lies, replays, restarts."""

import asyncio
import contextlib
import os
import resource
import time
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from visavis.core.errors import Code, FatalError, UnavailableError, VisavisError
from visavis.ports.bus import Parcel
from visavis.ports.stored import NewEnvelope
from visavis.server.frames import Status
from visavis.server.group_commit import GroupCommit
from visavis.server.send import SendEndpoint
from visavis.testing.raw_client import (
    RawDevice,
    add_device,
    add_devices_offline,
    receiver,
    sender,
)
from visavis.testing.server import RunningServer, local_server, loopback_config
from visavis.transport.local_bus import LocalBus

CALL, DURABLE = 0, 1
SMALL = 1024


@contextlib.asynccontextmanager
async def process(folder: Path, **changes: Any) -> AsyncIterator[tuple[RunningServer, RawDevice]]:
    config = loopback_config(folder / "server", durable_bytes_per_day=1 << 40, **changes)
    (device,) = await add_devices_offline(config.data_dir, time.time())
    server = RunningServer(config)
    await server.start()
    try:
        yield server, device
    finally:
        await server.stop()


async def drain(server: RunningServer, device: RawDevice, expected: set[bytes]) -> set[bytes]:
    """Return what is delivered until everything expected was, acknowledging it."""
    got: set[bytes] = set()
    async with receiver(server.origin, device.token) as inbox:
        while not expected <= got:
            one = await inbox.next()
            got.add(one.envelope)
            await inbox.acknowledge(one)
    return got


@pytest.mark.long
async def test_acknowledged_durable_envelopes_survive_kill_9(tmp_path: Path) -> None:
    """The commit point: whatever was answered "accepted" is there after kill -9."""
    # Whatever was ever put on the wire: what got no answer may be stored all the same, and is
    # delivered in any order, so perhaps only after the second round.
    posted: set[bytes] = set()
    async with process(tmp_path) as (server, device):
        for _ in range(2):
            accepted: set[bytes] = set()

            async def keep_sending(accepted: set[bytes] = accepted) -> None:
                sent: dict[int, bytes] = {}
                async with sender(server.origin) as out:
                    while True:
                        for _ in range(16):
                            body = os.urandom(SMALL)
                            posted.add(body)
                            number = await out.post(
                                DURABLE, device.mailbox, device.capabilities[0], body
                            )
                            sent[number] = body
                        for number in list(sent):
                            if await out.answer(number) is Status.ACCEPTED:
                                accepted.add(sent.pop(number))

            work = asyncio.ensure_future(keep_sending())
            async with asyncio.timeout(30):
                while len(accepted) < 100:
                    await asyncio.sleep(0.01)
            await server.kill()  # with envelopes on their way
            with pytest.raises((ConnectionClosed, OSError)):
                await work
            await server.start()
            got = await drain(server, device, accepted)
            assert accepted <= got
            assert got <= posted, "nothing that was not sent"


@pytest.mark.long
async def test_a_restart_in_the_middle_of_ringing(tmp_path: Path) -> None:
    """Call envelopes are memory: a restart loses them, and the caller's repetition rings again."""
    async with process(tmp_path) as (server, device):
        async with sender(server.origin) as out:
            first = os.urandom(SMALL)
            await out.send(CALL, device.mailbox, device.capabilities[0], first)
            await server.kill()
        await server.start()
        async with receiver(server.origin, device.token) as inbox:
            assert await inbox.nothing()
            async with sender(server.origin) as out:
                status = await out.send(CALL, device.mailbox, device.capabilities[0], first)
                assert status is Status.ACCEPTED
            assert (await inbox.next()).envelope == first


@pytest.mark.long
async def test_a_full_disk_refuses_and_recovers_and_loses_nothing(tmp_path: Path) -> None:
    """Status 4, the server stays up, calls still pass, and when there is room it goes on."""
    async with process(tmp_path) as (server, device), sender(server.origin) as out:
        kept = {os.urandom(SMALL) for _ in range(5)}
        for body in kept:
            assert (
                await out.send(DURABLE, device.mailbox, device.capabilities[0], body)
                is Status.ACCEPTED
            )
        largest = max(path.stat().st_size for path in server.data_dir.glob("visavis.sqlite3*"))
        # No file of the server may grow: for SQLite the same as a full disk.
        resource.prlimit(server.process_id, resource.RLIMIT_FSIZE, (largest, -1))
        statuses = [
            await out.send(DURABLE, device.mailbox, device.capabilities[0], os.urandom(262_144))
            for _ in range(3)
        ]
        assert statuses == [Status.UNAVAILABLE] * 3
        call = os.urandom(SMALL)
        async with receiver(server.origin, device.token) as inbox:
            got = {(await inbox.next()).envelope for _ in range(5)}
            assert got == kept, "stored before, readable while the disk is full"
            status = await out.send(CALL, device.mailbox, device.capabilities[0], call)
            assert status is Status.ACCEPTED
            assert (await inbox.next()).envelope == call
        resource.prlimit(server.process_id, resource.RLIMIT_FSIZE, (-1, -1))
        after = os.urandom(262_144)
        async with asyncio.timeout(20):
            while (
                await out.send(DURABLE, device.mailbox, device.capabilities[0], after)
                is not Status.ACCEPTED
            ):
                await asyncio.sleep(0.1)
        assert await drain(server, device, kept | {after}) >= kept | {after}


async def test_a_replayed_durable_envelope_is_just_another(tmp_path: Path) -> None:
    """Each is delivered and acknowledged by itself; dropping repetitions is the device's part."""
    async with local_server(tmp_path) as server, sender(server.origin) as out:
        device = await add_device(server.served.application.services.store, time.time())
        body = os.urandom(SMALL)
        for _ in range(3):
            status = await out.send(DURABLE, device.mailbox, device.capabilities[0], body)
            assert status is Status.ACCEPTED
        async with receiver(server.origin, device.token) as inbox:
            got = [await inbox.next() for _ in range(3)]
            assert {one.envelope for one in got} == {body}
            assert len({one.delivery_id for one in got}) == 3


class FaultyStore:
    """A store whose writes fail in a given way."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = list(faults)
        self.rows: dict[bytes, NewEnvelope] = {}
        self.writes = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def write_envelopes(
        self, insert: Sequence[NewEnvelope], delete: Sequence[tuple[bytes, bytes]]
    ) -> frozenset[bytes]:
        await self.gate.wait()
        self.writes += 1
        fault = self.faults.pop(0) if self.faults else "none"
        if fault == "failed":
            raise UnavailableError(Code.DISK_FULL, "injected")
        if fault == "fatal":
            raise FatalError(Code.UNAVAILABLE, "injected")
        for one in insert:
            self.rows[one.delivery_id] = one
        for _, delivery_id in delete:
            self.rows.pop(delivery_id, None)
        if fault == "failed but persisted":
            raise UnavailableError(Code.UNAVAILABLE, "injected")
        if fault == "mailbox gone":
            for one in insert:
                del self.rows[one.delivery_id]
            return frozenset(one.delivery_id for one in insert)
        return frozenset()


def new_envelope(number: int) -> NewEnvelope:
    return NewEnvelope(number.to_bytes(16, "big"), bytes(16), 20_000, bytes(SMALL))


@contextlib.asynccontextmanager
async def group_commit(
    *faults: str,
) -> AsyncIterator[tuple[GroupCommit, FaultyStore, list[Parcel], list[Status]]]:
    store, bus = FaultyStore(faults), LocalBus()
    delivered: list[Parcel] = []
    answers: list[Status] = []
    bus.listen(bytes(16), delivered.extend)
    commits = GroupCommit(store, bus)  # type: ignore[arg-type]
    commits.start()
    try:
        yield commits, store, delivered, answers
    finally:
        await commits.stop()


async def settle(condition: Any) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.001)


@pytest.mark.parametrize(
    ("fault", "answer", "kept", "passed_on"),
    [
        ("none", Status.ACCEPTED, 1, 1),
        ("failed", Status.UNAVAILABLE, 0, 0),
        ("fatal", Status.UNAVAILABLE, 0, 0),
        ("failed but persisted", Status.UNAVAILABLE, 1, 0),
        ("mailbox gone", Status.REFUSED, 0, 0),
    ],
)
async def test_what_the_sender_hears_when_a_write_fails(
    fault: str, answer: Status, kept: int, passed_on: int
) -> None:
    """The table in group_commit.py: never "accepted" for what is not stored."""
    async with group_commit(fault) as (commits, store, delivered, answers):
        commits.put(new_envelope(1), answers.append)
        await settle(lambda: answers)
        await asyncio.sleep(0.01)
        assert answers == [answer]
        assert len(store.rows) == kept
        assert len(delivered) == passed_on
        commits.put(new_envelope(2), answers.append)  # it goes on
        await settle(lambda: len(answers) == 2)
        assert answers[1] is Status.ACCEPTED


async def test_no_answer_before_the_commit() -> None:
    async with group_commit() as (commits, store, delivered, answers):
        store.gate.clear()
        commits.put(new_envelope(1), answers.append)
        await asyncio.sleep(0.05)
        assert answers == []
        assert delivered == []
        store.gate.set()
        await settle(lambda: answers == [Status.ACCEPTED])


async def test_many_share_one_write() -> None:
    async with group_commit() as (commits, store, _, answers):
        store.gate.clear()
        for number in range(100):
            commits.put(new_envelope(number), answers.append)
        store.gate.set()
        await settle(lambda: len(answers) == 100)
        assert store.writes <= 2


async def test_acknowledgements_are_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("visavis.server.group_commit.RETRY_S", 0.01)
    async with group_commit("none", "failed", "failed") as (commits, store, _, answers):
        commits.put(new_envelope(1), answers.append)
        await settle(lambda: answers)
        commits.delete(bytes(16), [new_envelope(1).delivery_id])
        await settle(lambda: not store.rows)
        assert store.writes >= 4


async def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("visavis.server.group_commit.MAX_WAITING", 10)
    monkeypatch.setattr("visavis.server.group_commit.MAX_DELETES", 10)
    async with group_commit() as (commits, store, _, answers):
        store.gate.clear()
        for number in range(50):
            commits.put(new_envelope(number), answers.append)
        assert answers.count(Status.UNAVAILABLE) == 40
        for _ in range(50):
            commits.delete(bytes(16), [bytes(16)])
        assert len(commits._deletes) <= 10
        store.gate.set()
        await settle(lambda: len(answers) == 50)
        assert answers.count(Status.ACCEPTED) == 10


async def test_stopping_writes_what_waits() -> None:
    store = FaultyStore([])
    commits = GroupCommit(store, LocalBus())  # type: ignore[arg-type]
    answers: list[Status] = []
    commits.start()
    store.gate.clear()
    for number in range(10):
        commits.put(new_envelope(number), answers.append)
    store.gate.set()
    await commits.stop()
    assert answers == [Status.ACCEPTED] * 10
    commits.put(new_envelope(11), answers.append)
    assert answers[-1] is Status.UNAVAILABLE


class Counter:
    """Counts the calls of everything that sending uses."""

    def __init__(self, target: Any, counts: dict[str, int], name: str) -> None:
        self._target, self._counts, self._name = target, counts, name

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._target, name)
        if not callable(found):
            return found

        def counted(*args: Any, **kwargs: Any) -> Any:
            key = f"{self._name}.{name}"
            self._counts[key] = self._counts.get(key, 0) + 1
            return found(*args, **kwargs)

        return counted


@pytest.mark.parametrize("envelope_class", [CALL, DURABLE])
async def test_online_and_offline_take_the_same_operations(
    tmp_path: Path, envelope_class: int
) -> None:
    """CK-478: equal answers and equal operation counts, so that presence does not show (R-33)."""
    seen = {}
    async with local_server(tmp_path) as server:
        endpoint = server.served.delivery.asgi_routes["/v1/send"]
        assert isinstance(endpoint, SendEndpoint)
        store = server.served.application.services.store
        parts = endpoint._parts
        originals = {name: getattr(parts, name) for name in ("quotas", "bus", "commits", "backlog")}
        for state in ("offline", "online"):
            device = await add_device(store, time.time())
            counts: dict[str, int] = {}
            async with contextlib.AsyncExitStack() as stack:
                if state == "online":
                    await stack.enter_async_context(receiver(server.origin, device.token))
                out = await stack.enter_async_context(sender(server.origin))
                for name, original in originals.items():
                    setattr(parts, name, Counter(original, counts, name))
                await out.send(envelope_class, device.mailbox, device.capabilities[0], bytes(SMALL))
                frame = await _raw_answer(out.socket, envelope_class, device)
            seen[state] = (counts, frame)
    assert seen["online"] == seen["offline"]
    assert seen["online"][0], "positive control: something was counted"


async def _raw_answer(socket: Any, envelope_class: int, device: RawDevice) -> bytes:
    from visavis.testing.raw_client import frame

    await socket.send(
        frame(5, envelope_class, device.mailbox, device.capabilities[1], bytes(SMALL))
    )
    return bytes(await socket.recv())


@pytest.mark.parametrize("case", ["unknown", "revoked", "other mailbox"])
async def test_every_refusal_takes_one_look_up(tmp_path: Path, case: str) -> None:
    """CK-475: refusals are alike in operations too."""
    from hashlib import sha256

    async with local_server(tmp_path) as server, sender(server.origin) as out:
        services = server.served.application.services
        device, other = [await add_device(services.store, time.time()) for _ in range(2)]
        revoked = device.capabilities[1]
        await services.store.revoke_capabilities(device.mailbox, [sha256(revoked).digest()])
        counts: dict[str, int] = {}
        capabilities = server.served.delivery.capabilities
        capabilities._store = Counter(services.store, counts, "store")
        capability = {
            "unknown": os.urandom(32),
            "revoked": revoked,
            "other mailbox": other.capabilities[0],
        }[case]
        status = await out.send(CALL, device.mailbox, capability, bytes(SMALL))
        assert status is Status.REFUSED
        assert counts == {"store.capability_mailbox": 1}


async def test_a_busy_store_is_unavailable_not_refused(tmp_path: Path) -> None:
    async with local_server(tmp_path) as server, sender(server.origin) as out:
        services = server.served.application.services
        device = await add_device(services.store, time.time())

        class Busy:
            async def capability_mailbox(self, _hash: bytes) -> bytes:
                raise UnavailableError(Code.UNAVAILABLE, "injected")

        capabilities = server.served.delivery.capabilities
        kept, capabilities._store = capabilities._store, Busy()  # type: ignore[assignment]
        status = await out.send(CALL, device.mailbox, device.capabilities[0], bytes(SMALL))
        assert status is Status.UNAVAILABLE
        capabilities._store = kept
        status = await out.send(CALL, device.mailbox, device.capabilities[0], bytes(SMALL))
        assert status is Status.ACCEPTED


async def test_a_capability_revoked_during_its_look_up_is_not_remembered(tmp_path: Path) -> None:
    from hashlib import sha256

    async with local_server(tmp_path) as server:
        services = server.served.application.services
        device = await add_device(services.store, time.time())
        capability = device.capabilities[0]
        key = sha256(capability).digest()
        capabilities = server.served.delivery.capabilities

        class Slow:
            async def capability_mailbox(self, hash_: bytes) -> bytes | None:
                found = await services.store.capability_mailbox(hash_)
                await services.store.revoke_capabilities(device.mailbox, [hash_])
                services.listeners.revoked([hash_])
                return found

        capabilities._store = Slow()  # type: ignore[assignment]
        assert await capabilities.mailbox_of(key, device.mailbox, capability) == device.mailbox
        capabilities._store = services.store
        with pytest.raises(VisavisError):
            await capabilities.require(device.mailbox, capability)
