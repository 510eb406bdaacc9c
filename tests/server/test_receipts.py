"""Deletions are answered with a receipt, and the server keeps none of it (R-76, R-81)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.server.erasure_kit import bytes_below, close, people
from tests.server.people import ORIGIN, Server, running, unb

from visavis.core.deletion_receipt import DeletionReceipt, Erased
from visavis.core.errors import PeerError
from visavis.core.receipt_proof import UnverifiedReceipt
from visavis.server import inventory

DAYS = inventory.backup_days()


async def key_of(server: Server) -> bytes:
    return unb((await server.get("/.well-known/privacy.json")).json()["receipt_key"])


def says(answer: Any, key: bytes) -> DeletionReceipt:
    assert answer.status_code == 200, answer.text
    return UnverifiedReceipt.parse(unb(answer.json()["receipt"])).verify(key)


async def test_closing_an_account_gives_a_receipt(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        (anna, hers), (_, his) = await people(server)
        key = await key_of(server)
        answer = await close(server, anna)
        found = says(answer, key)
        today = server.services.today()
        assert (found.origin, found.day, found.what, found.rows) == (
            ORIGIN, today, Erased.ACCOUNT, 1,
        )  # fmt: skip
        assert found.key_destroyed
        assert found.is_about(hers)
        assert not found.is_about(his)
        assert hers not in unb(answer.json()["receipt"])
        with pytest.raises(PeerError):
            says(answer, bytes(32))
        # Nothing of it is kept: neither the receipt nor its salt.
        content = bytes_below(tmp_path / "data") + server.log.getvalue().encode()
        assert found.salt not in content
        assert bytes(found.item) not in content
        assert his in content, "the control"


@pytest.mark.parametrize(
    ("path", "what", "rows"),
    [
        ("/v1/envelopes", Erased.ENVELOPES, 2),
        ("/v1/key-packages", Erased.KEY_PACKAGES, 4),
        ("/v1/push", Erased.PUSH, 1),
        ("/v1/request-address", Erased.HANDLE, 1),
    ],
)
async def test_one_thing_deleted_gives_a_receipt(
    tmp_path: Path, path: str, what: Erased, rows: int
) -> None:
    async with running(tmp_path) as server:
        (anna, _), (bert, _) = await people(server)
        method = "PUT" if what is Erased.HANDLE else "DELETE"
        key, today = await key_of(server), server.services.today()
        for expected in (rows, 0):
            answer = await server.http.request(method, path, headers=anna.bearer)
            found = says(answer, key)
            assert (found.what, found.rows, found.day) == (what, expected, today)
            assert found.until == today + DAYS, "a backup of before opens so long"
            assert found.is_about(anna.token[:16])
            assert not found.is_about(bert.token[:16])


async def test_the_key_is_of_the_root_key_and_no_other(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        one = await key_of(server)
    async with running(tmp_path) as server:
        assert await key_of(server) == one, "it outlives a restart"
    async with running(tmp_path / "another") as server:
        assert await key_of(server) != one


async def test_showing_a_handle_deletes_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        (anna, _), _ = await people(server)
        shown = await server.get("/v1/request-address", anna.token)
        assert shown.status_code in {404, 405}
        from tests.server.test_accounts_faults import address

        answer = await server.http.put(
            "/v1/request-address", json=address(anna), headers=anna.bearer
        )
        assert answer.json() == {"receipt": None}
