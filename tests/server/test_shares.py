"""Shares of recording keys over HTTP: laid for a capability, read and deleted by keys (P16)."""

import contextlib
import os
import sqlite3
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from visavis.core import base64url
from visavis.ports.clock import DAY_S
from visavis.server.limits import FAILURES_PER_MINUTE
from visavis.server.quotas import LIMITS, Limit, Spend
from visavis.store import shares
from visavis.testing.clock import VirtualClock
from visavis.testing.raw_client import RawDevice, add_device
from visavis.testing.server import LocalServer, local_server


@dataclass
class Share:
    """What a member makes for one yes."""

    expires: int
    slot: bytes = field(default_factory=lambda: os.urandom(16))
    share: bytes = field(default_factory=lambda: os.urandom(32))
    read: bytes = field(default_factory=lambda: os.urandom(32))
    delete: bytes = field(default_factory=lambda: os.urandom(32))


class Web:
    """Somebody with a capability."""

    def __init__(
        self, server: LocalServer, client: httpx.AsyncClient, device: RawDevice, clock: VirtualClock
    ) -> None:
        self.server = server
        self.client = client
        self.device = device
        self.clock = clock

    @property
    def today(self) -> int:
        return self.server.served.application.services.today()

    def share(self, days: int = 30) -> Share:
        return Share(self.today + days)

    async def post(self, path: str, **body: Any) -> httpx.Response:
        ready = {
            name: base64url.encode(value) if isinstance(value, bytes) else value
            for name, value in body.items()
        }
        return await self.client.post(f"/v1/shares{path}", json=ready)

    async def lay(self, share: Share, /, **changes: Any) -> httpx.Response:
        body: dict[str, Any] = {
            "mailbox": self.device.mailbox,
            "capability": self.device.capabilities[0],
            "slot": share.slot,
            "share": share.share,
            "read": sha256(share.read).digest(),
            "delete": sha256(share.delete).digest(),
            "expires": share.expires,
        }
        return await self.post("", **body | changes)

    async def laid(self, days: int = 30) -> Share:
        share = self.share(days)
        answer = await self.lay(share)
        assert (answer.status_code, answer.json()) == (200, {})
        return share

    async def read(self, slot: bytes, key: bytes) -> httpx.Response:
        return await self.post("/read", slot=slot, key=key)

    async def delete(self, slot: bytes, key: bytes) -> httpx.Response:
        return await self.post("/delete", slot=slot, key=key)

    async def lies(self, share: Share) -> bool:
        answer = await self.read(share.slot, share.read)
        if answer.status_code == 200:
            assert answer.json() == {"share": base64url.encode(share.share)}
        return answer.status_code == 200

    def rows(self) -> list[dict[str, Any]]:
        connection = sqlite3.connect(self.server.served.config.database)
        connection.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in connection.execute("SELECT * FROM shares")]
        finally:
            connection.close()


@contextlib.asynccontextmanager
async def web(folder: Path) -> AsyncIterator[Web]:
    clock = VirtualClock()
    async with (
        local_server(folder, clock) as server,
        httpx.AsyncClient(base_url=server.origin, timeout=30) as client,
    ):
        store = server.served.application.services.store
        yield Web(server, client, await add_device(store, clock.now()), clock)


# ---- laying --------------------------------------------------------------------------------------


async def test_the_life_of_a_share(tmp_path: Path) -> None:
    async with web(tmp_path) as anna:
        share, other = await anna.laid(), await anna.laid()
        assert await anna.lies(share)
        assert await anna.lies(share), "as often as something is played"
        assert (await anna.delete(share.slot, share.delete)).json() == {}
        assert not await anna.lies(share)
        assert await anna.lies(other)


async def test_nothing_else_is_kept_of_it(tmp_path: Path) -> None:
    """Not who laid it, not when: the keys are not kept either, only their hashes."""
    async with web(tmp_path) as anna:
        share = await anna.laid(17)
        assert anna.rows() == [
            {
                "slot": share.slot,
                "share": share.share,
                "read_hash": sha256(share.read).digest(),
                "delete_hash": sha256(share.delete).digest(),
                "expires_day": anna.today + 17,
            }
        ]


async def test_the_very_same_request_again_is_done(tmp_path: Path) -> None:
    """CK-971: an answer may have been lost, also over midnight, and another capability may pay."""
    async with web(tmp_path) as anna:
        share = await anna.laid()
        assert (await anna.lay(share)).json() == {}
        await anna.clock.advance(DAY_S)
        assert (await anna.lay(share)).status_code == 200
        other = await anna.lay(share, capability=anna.device.capabilities[1])
        assert other.status_code == 200
        assert len(anna.rows()) == 1


@pytest.mark.parametrize("name", ["share", "read", "delete", "expires"])
async def test_a_slot_that_is_taken_is_refused(tmp_path: Path, name: str) -> None:
    """CK-971"""
    async with web(tmp_path) as anna:
        share = await anna.laid()
        before = anna.rows()
        value = share.expires - 1 if name == "expires" else os.urandom(32)
        answer = await anna.lay(share, **{name: value})
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        assert anna.rows() == before
        assert await anna.lies(share)
        assert (await anna.lay(share, slot=os.urandom(16), **{name: value})).status_code == 200


@pytest.mark.parametrize(
    ("days", "good"), [(-1, False), (0, False), (1, True), (30, True), (31, True), (32, False)]
)
async def test_the_day_is_near_and_not_past(tmp_path: Path, days: int, good: bool) -> None:
    """CK-970"""
    async with web(tmp_path) as anna:
        answer = await anna.lay(anna.share(days))
        assert answer.status_code == (200 if good else 400)
        assert len(anna.rows()) == int(good)
        if not good:
            assert answer.json()["code"] == "malformed"


@pytest.mark.parametrize(
    "change",
    [
        {"slot": os.urandom(15)},
        {"share": os.urandom(33)},
        {"read": os.urandom(31)},
        {"delete": b""},
        {"expires": "2024-11-03"},
        {"expires": True},
        {"expires": 20_010.0},
        {"expires": -1},
        {"expires": 2**63},
        {"mailbox": os.urandom(17)},
        {"name": "anna"},
    ],
)
async def test_other_bodies_are_malformed(tmp_path: Path, change: dict[str, Any]) -> None:
    async with web(tmp_path) as anna:
        assert (await anna.lay(anna.share(10), **change)).status_code == 400
        assert anna.rows() == []
        assert (await anna.read(os.urandom(15), os.urandom(32))).status_code == 400
        assert (await anna.delete(os.urandom(16), os.urandom(31))).status_code == 400
        assert (await anna.lay(anna.share(10))).status_code == 200, "the control"


async def test_laying_needs_a_capability(tmp_path: Path) -> None:
    """CK-475"""
    async with web(tmp_path) as anna:
        answers = [
            await anna.lay(anna.share(), mailbox=mailbox, capability=capability)
            for mailbox, capability in (
                (anna.device.mailbox, os.urandom(32)),
                (os.urandom(16), anna.device.capabilities[0]),
            )
        ]
        assert [answer.status_code for answer in answers] == [403, 403]
        assert answers[0].content == answers[1].content
        assert anna.rows() == []


async def test_two_hundred_a_day_of_each_capability(tmp_path: Path) -> None:
    """CK-470"""
    assert LIMITS[Spend.SHARE] == Limit(200, 86_400.0)
    async with web(tmp_path) as anna:
        quotas = anna.server.served.delivery.quotas
        mine = sha256(anna.device.capabilities[0]).digest()
        assert quotas.spend(Spend.SHARE, mine, 198, anna.clock.monotonic())
        wrong_day = await anna.lay(anna.share(32))
        answers = [wrong_day, *[await anna.lay(anna.share()) for _ in range(3)]]
        assert [answer.status_code for answer in answers] == [400, 200, 200, 429]
        assert answers[-1].json()["code"] == "quota"
        other = await anna.lay(anna.share(), capability=anna.device.capabilities[1])
        assert other.status_code == 200
        await anna.clock.advance(DAY_S)
        assert (await anna.lay(anna.share())).status_code == 200


# ---- reading -------------------------------------------------------------------------------------


async def test_no_share_of_whatever_reason_is_one_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CK-972: to the byte, and after as many queries and comparisons."""
    done: list[str] = []
    compare, execute = shares.hmac.compare_digest, AsyncConnection.execute

    def comparing(one: bytes, other: bytes) -> bool:
        done.append("compare")
        return compare(one, other)

    async def executing(self: AsyncConnection, *args: Any, **more: Any) -> Any:
        done.append("execute")
        return await execute(self, *args, **more)

    async with web(tmp_path) as anna:
        over, deleted, there = await anna.laid(1), await anna.laid(), await anna.laid()
        assert await anna.lies(over)
        assert (await anna.delete(deleted.slot, deleted.delete)).status_code == 200
        anna.clock._now += DAY_S  # past midnight, and no job has run
        assert len(anna.rows()) == 2, "only the query hides it"
        monkeypatch.setattr(shares.hmac, "compare_digest", comparing)
        monkeypatch.setattr(AsyncConnection, "execute", executing)
        answers, steps = [], []
        for slot, key in (
            (os.urandom(16), os.urandom(32)),
            (over.slot, over.read),
            (deleted.slot, deleted.read),
            (there.slot, over.read),
            (there.slot, there.delete),
            (there.slot, sha256(there.read).digest()),
            (there.slot, there.read),
        ):
            done.clear()
            answers.append(await anna.read(slot, key))
            steps.append(tuple(done))
        assert answers[-1].json() == {"share": base64url.encode(there.share)}, "the control"
        assert {answer.status_code for answer in answers[:-1]} == {403}
        assert {answer.content for answer in answers[:-1]} == {answers[0].content}
        assert answers[0].json()["code"] == "refused"
        assert set(steps) == {("execute", "compare")}


async def test_a_share_ends_at_the_midnight_of_its_day(tmp_path: Path) -> None:
    async with web(tmp_path) as anna:
        share, longer = await anna.laid(2), await anna.laid(3)
        anna.clock._now += 1.4 * DAY_S  # the clock began at noon
        assert await anna.lies(share)
        anna.clock._now += 0.2 * DAY_S
        assert not await anna.lies(share)
        assert await anna.lies(longer)


# ---- deleting ------------------------------------------------------------------------------------


async def test_who_deletes_again_does_not_fail(tmp_path: Path) -> None:
    async with web(tmp_path) as anna:
        share = await anna.laid()
        for _ in range(3):
            assert (await anna.delete(share.slot, share.delete)).json() == {}
            assert anna.rows() == []
        assert (await anna.delete(os.urandom(16), os.urandom(32))).json() == {}
        # Where nothing lies no key is wrong: else the answer would say that something was there.
        assert (await anna.delete(share.slot, os.urandom(32))).json() == {}


async def test_only_the_delete_key_deletes(tmp_path: Path) -> None:
    """CK-973"""
    async with web(tmp_path) as anna:
        share, other = await anna.laid(), await anna.laid()
        wrong = (share.read, other.delete, os.urandom(32), sha256(share.delete).digest())
        answers = [await anna.delete(share.slot, key) for key in wrong]
        assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {
            (403, "refused")
        }
        assert await anna.lies(share)
        assert (await anna.delete(share.slot, share.delete)).status_code == 200
        assert not await anna.lies(share)
        assert await anna.lies(other)


async def test_what_is_over_is_deleted_already(tmp_path: Path) -> None:
    async with web(tmp_path) as anna:
        share = await anna.laid(1)
        assert (await anna.delete(share.slot, os.urandom(32))).status_code == 403, "the control"
        anna.clock._now += DAY_S
        assert len(anna.rows()) == 1
        assert (await anna.delete(share.slot, os.urandom(32))).status_code == 200
        assert anna.rows() == []


# ---- guessing ------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["read", "delete"])
async def test_who_guesses_waits(tmp_path: Path, way: str) -> None:
    """CK-472"""
    async with web(tmp_path) as anna:
        share = await anna.laid()
        guess = anna.read if way == "read" else anna.delete
        for _ in range(FAILURES_PER_MINUTE):
            assert await anna.lies(share), "success costs nothing"
            assert (await guess(share.slot, os.urandom(32))).status_code == 403
        answers = [
            await anna.read(share.slot, share.read),
            await anna.delete(share.slot, share.delete),
            await anna.lay(anna.share()),
        ]
        assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {
            (429, "quota")
        }
        await anna.clock.advance(60)
        assert await anna.lies(share)
        assert (await anna.delete(share.slot, share.delete)).status_code == 200
