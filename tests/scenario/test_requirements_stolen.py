"""What a thief has who copied the server's disk, and what a thousand calls leave there.

R-28, R-35, R-95. A search that finds nothing is shown to find what is there.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.scenario.real_people import PASSWORD, found_in, sign_up

from visavis.core.errors import AuthorizationError, Code, PeerError, VisavisError
from visavis.core.recovery import RecoveryCode
from visavis.sdk.account import Accounts
from visavis.sdk.keystore import Keystore
from visavis.testing.audit import leaky
from visavis.testing.audit.holdings import Holdings, collect
from visavis.testing.audit.population import Habits, Population
from visavis.testing.audit.report import audit
from visavis.testing.audit.stored import QUOTAS
from visavis.testing.clock import NOON
from visavis.testing.server import running_server

PEOPLE = 12


def only(holdings: Holdings, table: str, column: str) -> bytes:
    (value,) = {row.columns[column] for row in holdings.rows if row.table == table}
    assert isinstance(value, bytes)
    return value


def windows(holdings: Holdings, width: int = 32) -> Iterator[bytes]:
    """Every run of bytes of a key's length in everything about accounts that was stored."""
    seen = set()
    for row in holdings.rows:
        if row.table in {"accounts", "keystores", "vault_manifests", "vault_slots"}:
            for value in row.columns.values():
                if isinstance(value, bytes) and len(value) <= 8_192:
                    seen |= {value[at : at + width] for at in range(len(value) - width + 1)}
    for name, content in holdings.files.items():
        if "/keys/" in name:  # The OPAQUE setup and the root key, stolen with the rest.
            seen |= {content[at : at + width] for at in range(len(content) - width + 1)}
    return iter(seen)


@pytest.mark.long
async def test_a_stolen_verifier_neither_logs_in_nor_decrypts(tmp_path: Path) -> None:
    """R-95, R-27: everything on the disk, the server's own keys too, opens no keystore."""
    async with running_server(tmp_path / "server") as server:
        anna = await sign_up(server, tmp_path / "anna")
        await anna.close()
        stolen = await asyncio.to_thread(collect, server.data_dir)
        assert any(name.endswith("/keys/opaque-setup") for name in stolen.files)
        record = only(stolen, "accounts", "opaque_record")
        keystore = Keystore.from_bytes(only(stolen, "keystores", "body"))
        everything = b"".join(stolen.files.values())
        recovery = anna.recovery_code
        assert recovery is not None
        entry = RecoveryCode.from_text(recovery)
        secrets = {
            "password": PASSWORD.encode(),
            "password in UTF-16": PASSWORD.encode("utf-16-le"),
            "recovery code": recovery.encode(),
            "recovery wrap key": entry.wrap_key(),
            "handle": anna.handle.encode(),
        }
        assert found_in(everything, secrets) == set()
        assert found_in(everything + PASSWORD.encode().hex().encode(), secrets) == {"password"}

        # He cannot log in: not with the record, nor with anything else that is there.
        accounts = Accounts(server.origin)
        for guess in (record.hex(), record[:32].hex(), everything[:64].hex()):
            with pytest.raises(AuthorizationError) as refused:
                async with accounts.login(anna.handle, guess):
                    pass
            assert refused.value.code is Code.LOGIN_FAILED
        # He cannot decrypt: no run of stored bytes is a key of the keystore.
        tried = 0
        for key in windows(stolen):
            tried += 1
            with pytest.raises((AuthorizationError, PeerError)):
                keystore.open_with_password(key)
        assert tried > 4_000

        # The controls: the password does both, and so does the code.
        async with accounts.login(anna.handle, PASSWORD) as login:
            assert bytes(login.keys.account_id) == bytes(keystore.account_id)
        with keystore.open_with_recovery(entry) as keys:
            root = bytes(keys.root)
        async with accounts.recover(anna.handle, entry) as login:
            assert bytes(login.keys.root) == root

    # Elsewhere: the record was made with this server's setup, and says nothing to another.
    async with running_server(tmp_path / "other") as other:
        ben = await sign_up(other, tmp_path / "ben")
        await ben.close()
        kept = await asyncio.to_thread(collect, other.data_dir)
        assert only(kept, "accounts", "opaque_record") != record
        with pytest.raises(VisavisError):
            async with Accounts(other.origin).login(anna.handle, PASSWORD):
                pass
        async with Accounts(other.origin).login(ben.handle, PASSWORD):
            pass


# ---- many calls ---------------------------------------------------------------------------


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder in memory where there is one: people's sign-ups are many fsyncs."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


@pytest.mark.parametrize("calls", [100, pytest.param(1_000, marks=pytest.mark.long)])
async def test_calls_leave_no_row_no_pair_and_no_call(folder: Path, calls: int) -> None:
    """R-28, R-35: what the server holds after a thousand calls is what it held before."""
    habits = Habits(people=PEOPLE, calls=calls / PEOPLE + 1, messages=0.0, away=0.0)
    async with running_server(folder, turn=True, **QUOTAS) as server:
        population = Population(server.origin, server.signup_link, habits, lambda: int(NOON))
        async with population.living():
            before = await asyncio.to_thread(collect, server.data_dir)
            await population.live_a_day()
            after = await asyncio.to_thread(collect, server.data_dir)
        assert population.refused == 0
        assert population.calls >= calls
        planted = population.planted(after)
        log = server.log.read_bytes()
    rows = [Counter(row.table for row in one.rows) for one in (before, after)]
    # Envelopes that waited for who was not there yet were delivered; vaults were rewritten.
    for table in ("envelopes", "vault_slots", "vault_manifests"):
        for counted in rows:
            counted.pop(table, None)
    assert rows[0] == rows[1]
    assert sum(rows[0].values()) > PEOPLE * 256
    assert [row for row in after.rows if row.table == "envelopes"] == []
    report = await asyncio.to_thread(audit, [server.data_dir], planted)
    assert report.found == ()
    joined = {attack.name: attack for attack in report.attacks}["exact join"]
    # Attacks by statistics need more people and the daily VACUUM: see tests/privacy/test_month.py.
    assert joined.ok
    assert not report.control_missed
    # The log says that the server ran, and nothing for each call.
    assert log.count(b"\n") < 50
    assert b"server_started" in log
    # The control: a twin that keeps rows about calls is found by the very same audit.
    twin = leaky.build(folder / "twin", population.truth, list(planted.needles)[:5], os.urandom)
    caught = await asyncio.to_thread(
        audit, [twin.folder], type(planted)(planted.needles[:5], twin.owners, population.truth)
    )
    assert caught.found
    assert not {attack.name: attack for attack in caught.attacks}["exact join"].ok
