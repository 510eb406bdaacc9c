"""A scripted month of 200 accounts on a real server: nothing can be rebuilt from what it kept."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from visavis.core.call_page import encode_page
from visavis.sdk.vault_read import PAGE_BUCKET
from visavis.testing.audit.population import Habits
from visavis.testing.audit.scripted import ScriptedDevice
from visavis.testing.audit.stored import QUICK, QUICK_DAYS, live_and_audit


@pytest.fixture
def folder() -> Iterator[Path]:
    """Return a folder in memory where there is one: a month has tens of thousands of fsyncs."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


async def test_three_days_of_forty_accounts(folder: Path) -> None:
    lived = await live_and_audit(folder, QUICK, QUICK_DAYS)
    assert lived.refused == 0
    assert lived.calls > QUICK.people
    assert lived.report.ok, lived.report.as_json()
    assert lived.after_stop.ok, lived.after_stop.as_json()


@pytest.mark.long
async def test_a_history_that_is_not_sealed_is_found(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the same pages of calls in the clear, as the vault must never have them."""

    def in_the_clear(self: ScriptedDevice, page_id: bytes) -> bytes:
        return encode_page(self.history.pages[page_id]).ljust(PAGE_BUCKET, b"\0")

    monkeypatch.setattr(ScriptedDevice, "sealed_page", in_the_clear)
    lived = await live_and_audit(folder, QUICK, QUICK_DAYS)
    assert {hit.kind for hit in lived.report.found} >= {"call id", "account"}
    assert not lived.report.ok


@pytest.mark.long
async def test_a_month_of_two_hundred_accounts(folder: Path) -> None:
    habits = Habits()
    lived = await live_and_audit(folder, habits, days=30)
    assert lived.refused == 0
    assert lived.calls > 30 * habits.people
    assert lived.report.ok, lived.report.as_json()
    assert lived.after_stop.ok, lived.after_stop.as_json()
