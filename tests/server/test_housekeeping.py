"""Retention and traces on the virtual clock: the running server keeps its promises by itself."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

from tests.server.people import Server, bearer, running

from visavis.core.errors import Code, UnavailableError
from visavis.ports.clock import DAY_S
from visavis.ports.stored import NewEnvelope, Purged
from visavis.server.config import remember_origin
from visavis.server.housekeeping import TIDY_S
from visavis.testing.clock import NOON


async def until(condition: Callable[[], bool], server: Server, step: float) -> float:
    """Let virtual time pass until the condition holds; return how much passed."""
    passed = 0.0
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        await server.clock.advance(step)
        passed += step
        for _ in range(50):  # let the database thread do its part of this step
            await asyncio.sleep(0.002)
            if condition():
                break
    return passed


def trace(server: Server, needle: bytes) -> bool:
    return any(
        needle in each.read_bytes()
        for each in server.services.config.data_dir.iterdir()
        if each.is_file()
    )


async def test_a_deleted_account_is_wiped_from_disk_within_a_minute(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        assert trace(server, anna.mailbox_id), "the control"
        token = await server.account_token(anna.handle)
        await server.http.delete("/v1/account", headers=bearer(token))
        assert trace(server, anna.mailbox_id), "the log still has it"
        passed = await until(lambda: not trace(server, anna.mailbox_id), server, 5)
        assert passed <= 60
        assert TIDY_S <= 20


async def test_file_times_never_tell_more_than_the_day(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        await server.sign_up()
        remember_origin(tmp_path / "data", "https://example.org")
        (tmp_path / "data" / "keys" / "another").touch()
        folder = tmp_path / "data"

        def by_day() -> bool:
            files = [*folder.rglob("*"), folder]
            return all(f.stat().st_mtime % DAY_S == 0 for f in files)

        assert not by_day()
        assert await until(by_day, server, 5) <= 60
    assert by_day(), "after a stop too"


async def test_the_daily_run_deletes_what_is_past_its_day(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        anna = await server.sign_up()
        body = os.urandom(200)
        envelope = NewEnvelope(os.urandom(16), anna.mailbox_id, server.services.today(), body)
        await server.services.store.write_envelopes([envelope], [])
        await server.clock.advance(29 * DAY_S)
        await server.get("/v1/devices", anna.token)  # seen: the account itself lives on
        assert trace(server, body)
        await until(lambda: not trace(server, body), server, DAY_S / 2)
        assert server.services.clock.now() - NOON < 32 * DAY_S
        assert (await server.get("/v1/devices", anna.token)).status_code == 200


async def test_a_failing_run_is_logged_and_tried_again(tmp_path: Path) -> None:
    async with running(tmp_path) as server:
        honest = server.services.store.purge
        failed = 0

        async def full(_today: int) -> Purged:
            nonlocal failed
            failed += 1
            raise UnavailableError(Code.DISK_FULL, "no room")

        server.services.store.purge = full  # type: ignore[method-assign]
        await until(lambda: failed >= 2, server, DAY_S / 2)
        assert "housekeeping_failed" in server.log.getvalue()
        assert '"disk_full"' in server.log.getvalue()
        server.services.store.purge = honest  # type: ignore[method-assign]
        before = server.log.getvalue().count("housekeeping_done")
        await until(
            lambda: server.log.getvalue().count("housekeeping_done") > before, server, TIDY_S
        )
