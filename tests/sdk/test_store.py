"""The encrypted store: one writer, sealed, all or nothing."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from tests.sdk.conftest import folder_bytes

from visavis.core.errors import AuthorizationError, Code, FatalError, UnavailableError
from visavis.sdk.store import DATABASE, Store
from visavis.sdk.unlock import Kdf, KeyWrap, insecure_for_tests_cheap_kdf

KDF = insecure_for_tests_cheap_kdf()


def make(folder: Path, password: str = "correct horse") -> Store:
    return Store.create(folder, password, KDF)


def test_what_is_written_is_read_after_reopening(tmp_path: Path) -> None:
    store = make(tmp_path)
    store.put("kind", b"key", b"value")
    store.put("kind", b"other", b"")
    store.put("another", b"key", b"elsewhere")
    store.close()
    store = Store.open(tmp_path, "correct horse")
    assert store.get("kind", b"key") == b"value"
    assert store.items("kind") == [(b"key", b"value"), (b"other", b"")]
    assert store.delete("kind", b"key")
    assert not store.delete("kind", b"key")
    assert store.get("kind", b"key") is None
    store.close()


def test_the_wrong_password_and_no_profile(tmp_path: Path) -> None:
    """CK-552."""
    make(tmp_path / "a").close()
    for folder, password in ((tmp_path / "a", "wrong"), (tmp_path / "b", "correct horse")):
        with pytest.raises(AuthorizationError) as locked:
            Store.open(folder, password)
        assert locked.value.code is Code.STORE_LOCKED
    Store.open(tmp_path / "a", "correct horse").close()
    with pytest.raises(AuthorizationError):
        make(tmp_path / "a")


def test_one_spelling_of_a_password(tmp_path: Path) -> None:
    make(tmp_path, "caf\u00e9 au lait").close()
    Store.open(tmp_path, "cafe\u0301 au lait").close()


def test_a_second_process_is_told_so(tmp_path: Path) -> None:
    """CK-550: shared MLS state forks groups."""
    store = make(tmp_path)
    script = (
        "import sys; from pathlib import Path; from visavis.sdk.store import Store\n"
        "from visavis.core.errors import VisavisError\n"
        "try: Store.open(Path(sys.argv[1]), 'correct horse').close()\n"
        "except VisavisError as e: print(e.code, e.describe())"
    )

    def run() -> str:
        command = [sys.executable, "-c", script, str(tmp_path)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert run().startswith("store_busy Another visavis command is using this profile.")
    store.close()
    assert run() == ""


def test_nothing_is_readable_on_disk(tmp_path: Path) -> None:
    store = make(tmp_path, "canary password")
    store.put("canary kind", b"canary key", b"canary value " * 50)
    on_disk = folder_bytes(tmp_path)
    assert b"canary" not in on_disk
    # The control: what is written without the store is found by the same search.
    (tmp_path / "leak").write_bytes(b"canary value")
    assert b"canary" in folder_bytes(tmp_path)
    store.close()
    assert (tmp_path / DATABASE).stat().st_mode & 0o077 == 0


def test_deleted_bytes_leave_the_disk(tmp_path: Path) -> None:
    store = make(tmp_path)
    store.put("kind", b"key", os.urandom(3000))
    sealed = store._db.execute("SELECT sealed FROM items").fetchone()[0]
    store.scrub()
    assert sealed[100:200] in folder_bytes(tmp_path)
    store.delete("kind", b"key")
    store.scrub()
    assert sealed[100:200] not in folder_bytes(tmp_path)
    store.close()


def test_rows_cannot_be_swapped(tmp_path: Path) -> None:
    """CK-551."""
    store = make(tmp_path)
    store.put("kind", b"a", b"1")
    store.put("kind", b"b", b"2")
    store.close()
    db = sqlite3.connect(tmp_path / DATABASE)
    rows = db.execute("SELECT slot, sealed FROM items").fetchall()
    for slot, sealed in ((rows[0][0], rows[1][1]), (rows[1][0], rows[0][1])):
        db.execute("UPDATE items SET sealed = ? WHERE slot = ?", (sealed, slot))
    db.commit()
    db.close()
    store = Store.open(tmp_path, "correct horse")
    with pytest.raises(FatalError) as altered:
        store.get("kind", b"a")
    assert altered.value.code is Code.DECRYPTION
    store.close()


def test_a_transaction_is_all_or_nothing(tmp_path: Path) -> None:
    store = make(tmp_path)
    store.put("kind", b"kept", b"1")
    reloaded = []
    store.on_rollback(lambda: reloaded.append(store.items("kind")))
    with pytest.raises(ValueError, match="half-way"), store.transaction():
        store.put("kind", b"lost", b"2")
        with store.transaction():
            store.delete("kind", b"kept")
        raise ValueError("half-way")
    assert store.items("kind") == [(b"kept", b"1")]
    assert reloaded == [[(b"kept", b"1")]]
    with store.transaction():
        store.put("kind", b"more", b"3")
    assert len(store.items("kind")) == 2
    store.close()


def test_a_full_disk(tmp_path: Path) -> None:
    store = make(tmp_path)
    store.put("kind", b"kept", b"1")
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count = {pages + 2}")
    with pytest.raises(UnavailableError) as full:
        store.put("kind", b"big", os.urandom(100_000))
    assert full.value.code is Code.DISK_FULL
    assert store.items("kind") == [(b"kept", b"1")]
    store._db.execute("PRAGMA max_page_count = 100000")
    store.put("kind", b"big", os.urandom(100_000))
    store.close()


def test_changing_the_password(tmp_path: Path) -> None:
    store = make(tmp_path, "old one")
    store.put("kind", b"key", b"value")
    store.add_password("new one")
    store.close()
    for password in ("old one", "new one"):
        Store.open(tmp_path, password).close()
    store = Store.open(tmp_path, "new one")
    store.drop_newest_password()
    store.close()
    with pytest.raises(AuthorizationError):
        Store.open(tmp_path, "new one")
    store = Store.open(tmp_path, "old one")
    store.drop_newest_password()  # the last one stays
    store.add_password("new one")
    store.keep_newest_password()
    store.close()
    with pytest.raises(AuthorizationError):
        Store.open(tmp_path, "old one")
    store = Store.open(tmp_path, "new one")
    assert store.get("kind", b"key") == b"value"
    store.close()


def test_a_closed_store_gives_nothing(tmp_path: Path) -> None:
    store = make(tmp_path)
    store.put("kind", b"key", b"value")
    store.close()
    assert bytes(store._store_key) == bytes(32)
    with pytest.raises(AuthorizationError):
        store.get("kind", b"key")


def test_the_key_wrap_binds_its_parameters() -> None:
    wrap = KeyWrap.make("password", b"k" * 32, os.urandom, KDF)
    assert KeyWrap.from_bytes(wrap.to_bytes()).unwrap("password") == b"k" * 32
    assert wrap.unwrap("other") is None
    weaker = KeyWrap(Kdf(1, 16, 1), wrap.salt, wrap.sealed)
    assert weaker.unwrap("password") is None
    assert "k" * 8 not in repr(wrap)
    assert Kdf() == Kdf(3, 65_536, 1)
