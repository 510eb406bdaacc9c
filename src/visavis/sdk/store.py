"""The encrypted store of one profile: SQLite, every key and value sealed, one writer.

On disk lie only: how the store key is wrapped (Argon2id parameters, salt, ciphertext), and rows
(bucket, slot, sealed). Bucket and slot are keyed hashes of the kind and key of an item, so that
neither names nor ids of contacts can be read or searched for without the password (P4). The
sealed part is AES-256-GCM over deterministic CBOR [key, value] with the bucket and slot as
associated data: rows cannot be swapped among each other (CK-551).

The store is written before any effect leaves the device. A transaction is synchronous (no await
inside), `synchronous=FULL`, so what it returned from survives a power cut. Deleted and replaced
bytes are overwritten (`secure_delete`) and leave the write-ahead log with `scrub`.

Not for: MLS rules, or anything shared with another process. The second process gets STORE_BUSY.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import hmac
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from visavis.core import cbor
from visavis.core.errors import AuthorizationError, Code, FatalError, UnavailableError
from visavis.sdk.unlock import Kdf, KeyWrap

DATABASE: Final = "store.db"
DATABASE_FILES: Final = (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm")
LOCK: Final = "lock"
_NONCE: Final = 12
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS unlock (id INTEGER PRIMARY KEY, wrap BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS items (
  bucket BLOB NOT NULL, slot BLOB NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (bucket, slot)
) WITHOUT ROWID;
"""


class ProfileLock:
    """The one-writer lock of a profile folder (P5: shared MLS state reuses keys)."""

    def __init__(self, profile: Path) -> None:
        profile.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._fd = os.open(profile / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._fd)
            raise UnavailableError(Code.STORE_BUSY, "CK-550: the profile has a writer") from error

    def release(self) -> None:
        """Let the next process in."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1


class Store:
    """Sealed items of one profile, addressed by (kind, key).

    Use `create` or `open`; then `get`, `items`, and inside `transaction()` `put` and `delete`.
    """

    def __init__(self, profile: Path, lock: ProfileLock, db: sqlite3.Connection) -> None:
        self._profile = profile
        self._lock = lock
        self._db = db
        self._depth = 0
        self._reloaders: list[Callable[[], None]] = []
        self._index_key = b""
        self._seal: AESGCM | None = None
        self._store_key = bytearray()
        self._kdf = Kdf()

    @classmethod
    def exists(cls, profile: Path) -> bool:
        """Say whether there is a store in this folder."""
        return (profile / DATABASE).exists()

    @classmethod
    def create(cls, profile: Path, password: str, kdf: Kdf | None = None) -> Self:
        """Make a store in an empty profile folder, unlocked.

        Blocks for the time of the password hash: call it in a thread.

        Raises:
            UnavailableError: STORE_BUSY if another process has the profile, DISK_FULL.
            AuthorizationError: STORE_LOCKED if there is a store already.
        """
        lock = ProfileLock(profile)
        if cls.exists(profile):
            lock.release()
            raise AuthorizationError(Code.STORE_LOCKED, "this profile is in use already")
        try:
            store = cls(profile, lock, _connect(profile))
        except BaseException:
            lock.release()
            raise
        try:
            store._unlock(os.urandom(32))
            store._kdf = kdf or store._kdf
            store.add_password(password)
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def open(cls, profile: Path, password: str) -> Self:
        """Open and unlock a profile's store. Blocks for the time of the password hash.

        Raises:
            UnavailableError: STORE_BUSY if another process has the profile.
            AuthorizationError: STORE_LOCKED if there is no store or the password is wrong.
        """
        if not cls.exists(profile):
            raise AuthorizationError(Code.STORE_LOCKED, "there is no profile in this folder")
        lock = ProfileLock(profile)
        try:
            store = cls(profile, lock, _connect(profile))
        except BaseException:
            lock.release()
            raise
        try:
            for _, wrap in store._wraps():
                key = wrap.unwrap(password)
                if key is not None:
                    store._kdf = wrap.kdf
                    store._unlock(key)
                    return store
        except BaseException:
            store.close()
            raise
        store.close()
        raise AuthorizationError(Code.STORE_LOCKED, "CK-552: no wrap opens with this password")

    def close(self) -> None:
        """Lock the store: forget the keys, truncate the write-ahead log, release the profile."""
        self._seal = None
        self._index_key = b""
        for i in range(len(self._store_key)):
            self._store_key[i] = 0
        with contextlib.suppress(sqlite3.Error):
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._db.close()
        self._lock.release()

    def destroy(self) -> None:
        """Close and delete the store (a sign-up that failed, a device that was revoked)."""
        self.close()
        for name in DATABASE_FILES:
            (self._profile / name).unlink(missing_ok=True)

    def add_password(self, password: str, kdf: Kdf | None = None) -> None:
        """Let one more password open the store (first half of a change of password).

        Blocks for the time of the password hash.
        """
        wrap = KeyWrap.make(password, bytes(self._store_key), os.urandom, kdf or self._kdf)
        with self.transaction():
            self._db.execute("INSERT INTO unlock (wrap) VALUES (?)", (wrap.to_bytes(),))

    def keep_newest_password(self) -> None:
        """Let only the password added last open the store (second half of a change)."""
        with self.transaction():
            self._db.execute("DELETE FROM unlock WHERE id < (SELECT max(id) FROM unlock)")
        self.scrub()

    def drop_newest_password(self) -> None:
        """Take back `add_password` (the server refused the change)."""
        with self.transaction():
            self._db.execute(
                "DELETE FROM unlock WHERE id = (SELECT max(id) FROM unlock)"
                " AND (SELECT count(*) FROM unlock) > 1"
            )
        self.scrub()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, on disk when the block ends. Nested blocks join the outermost.

        Never await inside.

        Raises:
            UnavailableError: DISK_FULL; nothing of the block was written.
        """
        if self._depth:
            self._depth += 1
            try:
                yield
            finally:
                self._depth -= 1
            return
        self._depth = 1
        try:
            self._run("BEGIN IMMEDIATE")
            try:
                yield
                self._run("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                for reload in self._reloaders:
                    reload()
                raise
        finally:
            self._depth = 0

    def on_rollback(self, reload: Callable[[], None]) -> None:
        """Register what reads its memory back from disk when a transaction failed."""
        self._reloaders.append(reload)

    def put(self, kind: str, key: bytes, value: bytes) -> None:
        """Write one item, replacing what was there."""
        bucket, slot = self._bucket(kind), self._slot(kind, key)
        nonce = os.urandom(_NONCE)
        sealed = nonce + self._aead().encrypt(nonce, cbor.encode([key, value]), bucket + slot)
        with self.transaction():
            self._run(
                "INSERT INTO items VALUES (?, ?, ?)"
                " ON CONFLICT DO UPDATE SET sealed = excluded.sealed",
                (bucket, slot, sealed),
            )

    def delete(self, kind: str, key: bytes) -> bool:
        """Remove one item; say whether it was there."""
        with self.transaction():
            done = self._run(
                "DELETE FROM items WHERE bucket = ? AND slot = ?",
                (self._bucket(kind), self._slot(kind, key)),
            )
        return done.rowcount > 0

    def get(self, kind: str, key: bytes) -> bytes | None:
        """Return one item's value, or None."""
        bucket, slot = self._bucket(kind), self._slot(kind, key)
        row = self._run(
            "SELECT sealed FROM items WHERE bucket = ? AND slot = ?", (bucket, slot)
        ).fetchone()
        return None if row is None else self._open(bucket, slot, row[0])[1]

    def items(self, kind: str) -> list[tuple[bytes, bytes]]:
        """Return all (key, value) of a kind, ordered by key."""
        bucket = self._bucket(kind)
        rows = self._run("SELECT slot, sealed FROM items WHERE bucket = ?", (bucket,)).fetchall()
        return sorted(self._open(bucket, slot, sealed) for slot, sealed in rows)

    def count(self, kind: str) -> int:
        """Return how many items of a kind there are."""
        row = self._run("SELECT count(*) FROM items WHERE bucket = ?", (self._bucket(kind),))
        return int(row.fetchone()[0])

    def sizes(self, kinds: Iterable[str]) -> dict[str, tuple[int, int]]:
        """Return (items, sealed bytes) of each of these kinds, and under "" of all others."""
        rows = self._run("SELECT bucket, count(*), sum(length(sealed)) FROM items GROUP BY bucket")
        left = {bytes(bucket): (int(count), int(size)) for bucket, count, size in rows}
        found = {kind: left.pop(self._bucket(kind), (0, 0)) for kind in kinds}
        found[""] = (sum(count for count, _ in left.values()), sum(s for _, s in left.values()))
        return found

    @property
    def profile(self) -> Path:
        """The profile's folder."""
        return self._profile

    def scrub(self) -> None:
        """Empty the write-ahead log, so that no older version of an item is left on disk."""
        with contextlib.suppress(sqlite3.OperationalError):  # busy: the next scrub does it
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _aead(self) -> AESGCM:
        if self._seal is None:
            raise AuthorizationError(Code.STORE_LOCKED, "the store is closed")
        return self._seal

    def _run(self, sql: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
        self._aead()
        try:
            return self._db.execute(sql, values)
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_FULL:
                raise UnavailableError(Code.DISK_FULL, "the profile could not be written") from None
            raise FatalError(Code.UNAVAILABLE, "the profile's database failed") from error

    def _unlock(self, store_key: bytes) -> None:
        self._store_key = bytearray(store_key)
        self._index_key = hmac.digest(store_key, b"visavis store index v1", hashlib.sha256)
        self._seal = AESGCM(hmac.digest(store_key, b"visavis store seal v1", hashlib.sha256))

    def _wraps(self) -> list[tuple[int, KeyWrap]]:
        rows = self._db.execute("SELECT id, wrap FROM unlock ORDER BY id DESC").fetchall()
        return [(number, KeyWrap.from_bytes(data)) for number, data in rows]

    def _bucket(self, kind: str) -> bytes:
        self._aead()
        return hmac.digest(self._index_key, b"kind" + kind.encode(), hashlib.sha256)[:16]

    def _slot(self, kind: str, key: bytes) -> bytes:
        name = len(kind).to_bytes(2, "big") + kind.encode() + key
        return hmac.digest(self._index_key, b"slot" + name, hashlib.sha256)[:16]

    def _open(self, bucket: bytes, slot: bytes, sealed: bytes) -> tuple[bytes, bytes]:
        try:
            plain = self._aead().decrypt(sealed[:_NONCE], sealed[_NONCE:], bucket + slot)
        except InvalidTag:
            raise FatalError(Code.DECRYPTION, "CK-551: an item of the store was altered") from None
        item = cbor.decode(plain)
        match item:
            case [bytes(key), bytes(value)]:
                return key, value
            case _:
                raise FatalError(Code.MALFORMED, "an item of the store is not [key, value]")


def _connect(profile: Path) -> sqlite3.Connection:
    path = profile / DATABASE
    path.touch(mode=0o600)
    # Argon2id runs in a worker thread before the event loop's thread goes on with the store.
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("PRAGMA secure_delete=ON")
        db.execute("PRAGMA temp_store=MEMORY")
        db.executescript(_SCHEMA)
    except sqlite3.DatabaseError as error:
        db.close()
        raise FatalError(Code.MALFORMED, "the profile's database cannot be read") from error
    return db
