"""The vault over HTTP: buckets, compare-and-set, one account never another's."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest
from tests.server.people import b, running, unb


def change(
    counter: int, *slots: tuple[bytes, bytes], delete: tuple[bytes, ...] = ()
) -> dict[str, Any]:
    return {
        "expected_counter": counter,
        "manifest": b(os.urandom(4096)),
        "put": [{"slot": b(slot), "data": b(data)} for slot, data in slots],
        "delete": [b(slot) for slot in delete],
    }


async def test_an_empty_vault_then_writes_then_reads(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        empty = (await server.get("/v1/vault", anna.token)).json()
        assert empty == {"counter": 0, "manifest": None, "slots": []}
        small, large = os.urandom(4096), os.urandom(65_536)
        one, two = os.urandom(16), os.urandom(16)
        first = change(0, (one, small), (two, large))
        assert (await server.post("/v1/vault", first, anna.token)).json() == {"counter": 1}
        head = (await server.get("/v1/vault", anna.token)).json()
        assert (head["counter"], head["manifest"]) == (1, first["manifest"])
        assert {unb(slot) for slot in head["slots"]} == {one, two}
        body = {"slots": [b(one), b(two), b(os.urandom(16))]}
        read = (await server.post("/v1/vault/read", body, anna.token)).json()
        assert {unb(s["slot"]): unb(s["data"]) for s in read["slots"]} == {one: small, two: large}
        second = change(1, (one, large), delete=(two,))
        assert (await server.post("/v1/vault", second, anna.token)).json() == {"counter": 2}
        head = (await server.get("/v1/vault", anna.token)).json()
        assert [unb(slot) for slot in head["slots"]] == [one]


async def test_the_slower_device_is_told_the_counter_and_changes_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        slots = [os.urandom(16) for _ in range(6)]
        answers = await asyncio.gather(
            *(
                server.post("/v1/vault", change(0, (slot, os.urandom(4096))), anna.token)
                for slot in slots
            )
        )
        codes = sorted(answer.status_code for answer in answers)
        assert codes == [200, 409, 409, 409, 409, 409], "CK-403"
        late = next(answer for answer in answers if answer.status_code == 409).json()
        assert (late["code"], late["counter"]) == ("conflict", 1)
        assert len((await server.get("/v1/vault", anna.token)).json()["slots"]) == 1


@pytest.mark.parametrize("size", [0, 1, 4095, 4097, 65_535, 65_537])
async def test_only_the_two_sizes_are_taken(tmp_path: Path, size: int) -> None:
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        bad = change(0, (os.urandom(16), os.urandom(size)))
        assert (await server.post("/v1/vault", bad, anna.token)).json()["code"] == "malformed"
        bad = {**change(0), "manifest": b(os.urandom(size))}
        assert (await server.post("/v1/vault", bad, anna.token)).json()["code"] == "malformed"


async def test_a_slot_named_twice_is_malformed(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        slot, data = os.urandom(16), os.urandom(4096)
        for bad in (change(0, (slot, data), (slot, data)), change(0, (slot, data), delete=(slot,))):
            assert (await server.post("/v1/vault", bad, anna.token)).json()["code"] == "malformed"
        good = change(0, (slot, data))
        assert (await server.post("/v1/vault", good, anna.token)).status_code == 200


async def test_a_vault_has_a_bound(tmp_path: Path) -> None:
    async with running(tmp_path, vault_slots=2) as server:
        anna = await server.sign_up()
        three = [(os.urandom(16), os.urandom(4096)) for _ in range(3)]
        full = await server.post("/v1/vault", change(0, *three), anna.token)
        assert full.json()["code"] == "quota"
        assert (await server.get("/v1/vault", anna.token)).json()["counter"] == 0
        assert (await server.post("/v1/vault", change(0, *three[:2]), anna.token)).is_success


async def test_devices_of_one_account_share_it_and_others_see_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna, bert = await server.sign_up("anna"), await server.sign_up("bert")
        slot = os.urandom(16)
        await server.post("/v1/vault", change(0, (slot, os.urandom(4096))), anna.token)
        his = await server.post("/v1/vault/read", {"slots": [b(slot)]}, bert.token)
        assert his.json() == {"slots": []}
        assert (await server.get("/v1/vault", bert.token)).json()["counter"] == 0
        assert (await server.get("/v1/vault")).status_code == 401


async def test_slot_ids_come_in_random_order(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        slots = [(os.urandom(16), os.urandom(4096)) for _ in range(8)]
        await server.post("/v1/vault", change(0, *slots), anna.token)
        orders = [
            tuple((await server.get("/v1/vault", anna.token)).json()["slots"]) for _ in range(10)
        ]
        assert len(set(orders)) > 1
