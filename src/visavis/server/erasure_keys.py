"""Erasure keys: what must still exist for a backup to be read, and is destroyed to end it (R-76).

::

    keys/erasure/account-HMAC     32 random bytes: seal the rows of one account in every backup
    keys/erasure/backup-DAY-ID    32 random bytes: seal one backup as a whole

They lie outside database and backups. A name is an HMAC under a key from the root key, so the
folder names no account. A key is made when a backup first needs it. It is destroyed *before* the
rows of its account are deleted: after a crash in between an account lives whose older backups
cannot be read, never the other way round. The key of a backup is destroyed when its days are over.

Destroyed is overwritten, synced, removed, synced (`store/wiping.py`, with its honest limit).
"""

from __future__ import annotations

import contextlib
import hmac
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from visavis.core.errors import Code, FatalError, UsageError
from visavis.ports.clock import DAY_S, day_of
from visavis.ports.random import Rng
from visavis.server.config import blur_times
from visavis.store.wiping import sync_folder, wipe

FOLDER: Final = "erasure"
KEY_BYTES: Final = 32
BACKUP_ID_BYTES: Final = 16
NAME: Final = re.compile(r"account-[0-9a-f]{64}|backup-[0-9]{1,7}-[0-9a-f]{32}", re.ASCII)
"""CK-741: the names a key may have, here and in the copy beside a backup."""

_ACCOUNT: Final = "account-"
_BACKUP: Final = "backup-"


class ErasureKeys:
    """The folder of erasure keys. Every call reads or writes files: not for an event loop.

    Args:
        keys_folder: The server's keys folder.
        name_key: Of `ServerKeys`; makes the names of the accounts' keys.
        rng: Source of the keys.
    """

    def __init__(self, keys_folder: Path, name_key: bytes, rng: Rng) -> None:
        self.folder = keys_folder / FOLDER
        self._name_key = name_key
        self._rng = rng

    def prepare(self) -> None:
        """Make the folder. A backup is often made by root, the server must own it all the same."""
        if not self.folder.is_dir():
            self.folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder.mkdir(mode=0o700, exist_ok=True)
            _give(self.folder, self.folder.parent)
            self.blur()
            blur_times(self.folder.parent)

    def blur(self) -> None:
        """Set the folder's time to the start of its day; its files had theirs when they were made.

        A server can have as many keys as accounts: not each is looked at every 20 s.
        """
        with contextlib.suppress(OSError):  # not there, or another user's
            _blur(self.folder)

    def account_name(self, account_id: bytes) -> str:
        """Return the name of an account's key."""
        return _ACCOUNT + hmac.digest(self._name_key, account_id, "sha256").hex()

    def account_key(self, account_id: bytes) -> bytes:
        """Return an account's key, made if it has none.

        Raises:
            FatalError: The file is damaged.
        """
        name = self.account_name(account_id)
        return self._read(name) or self.put(name, self._rng(KEY_BYTES))

    def destroy_account(self, account_id: bytes) -> None:
        """Destroy an account's key: what backups hold of the account is lost for ever.

        Raises:
            OSError: It may still be there; nothing of the account may be deleted yet.
        """
        self.destroy([self.account_name(account_id)])

    def account_names(self, until: int | None = None) -> frozenset[str]:
        """Return the names of accounts' keys.

        Args:
            until: Only of those that were made or stamped on this day or before; None: of all.
        """
        names = (name for name in self._names() if name.startswith(_ACCOUNT))
        return frozenset(one for one in names if until is None or self._day(one) <= until)

    def stamp(self, day: int) -> None:
        """Set the day of every key: a restore was on it, see `erasure.after_purge`."""
        for name in self._names():
            os.utime(self.folder / name, (day * DAY_S, day * DAY_S))

    def new_backup(self, day: int) -> tuple[bytes, bytes]:
        """Make the key of a new backup; returns (id, key)."""
        backup_id = self._rng(BACKUP_ID_BYTES)
        return backup_id, self.put(backup_name(day, backup_id), self._rng(KEY_BYTES))

    def expire(self, today: int, days: int) -> int:
        """Destroy the keys of backups whose days are over; returns how many.

        Args:
            today: Days since 1970.
            days: A backup opens while `today` is less than these after its day.
        """
        over = [
            name
            for name in self._names()
            if name.startswith(_BACKUP) and today >= int(name.split("-")[1]) + days
        ]
        self.destroy(over)
        for left in self.folder.glob(".*.new"):  # by a process that was killed while it made a key
            left.unlink(missing_ok=True)
        return len(over)

    def destroy(self, names: Iterable[str]) -> None:
        """Destroy keys; those that are gone are passed over.

        Raises:
            OSError: One may still be there.
        """
        for name in names:
            wipe(self.folder / name)
        self.blur()

    def all(self) -> Mapping[str, bytes]:
        """Return every key by name.

        Raises:
            FatalError: A file is damaged.
        """
        found = ((name, self._read(name)) for name in self._names())
        return {name: key for name, key in found if key is not None}

    def put(self, name: str, key: bytes) -> bytes:
        """Keep a key on disk, unless there is one of this name; returns the one that is kept.

        Raises:
            UsageError: That is no name or no key.
            OSError: It could not be written.
        """
        if not NAME.fullmatch(name) or len(key) != KEY_BYTES:
            raise UsageError("CK-741: not a name, or not a key")
        self.prepare()
        path, fresh = self.folder / name, self.folder / f".{self._rng(8).hex()}.new"
        try:
            with os.fdopen(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as to:
                to.write(key)
                to.flush()
                os.fsync(to.fileno())
            _give(fresh, self.folder)
            _blur(fresh)
            # link() fails if another process was faster: then its key is the one that counts.
            with contextlib.suppress(FileExistsError):
                os.link(fresh, path)
        finally:
            # Not wiped: it is the kept file under its other name, or was never used.
            fresh.unlink(missing_ok=True)
        sync_folder(self.folder)
        self.blur()
        return self._read(name) or key

    def _names(self) -> list[str]:
        if not self.folder.is_dir():
            return []
        return [path.name for path in self.folder.iterdir() if NAME.fullmatch(path.name)]

    def _day(self, name: str) -> int:
        with contextlib.suppress(FileNotFoundError):
            return day_of((self.folder / name).stat().st_mtime)
        return 0  # destroyed in this moment

    def _read(self, name: str) -> bytes | None:
        try:
            key = (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None
        if key == bytes(KEY_BYTES):
            # Destroying it was cut short: overwritten, not removed. Nothing is sealed under zeros.
            wipe(self.folder / name)
            return None
        if len(key) != KEY_BYTES:
            # The name may be told: it is a keyed hash, or a day and a random number.
            raise FatalError(Code.UNAVAILABLE, f"the key {FOLDER}/{name} is damaged; remove it")
        return key


def backup_name(day: int, backup_id: bytes) -> str:
    """Return the name of a backup's key."""
    return f"{_BACKUP}{day}-{backup_id.hex()}"


def _blur(path: Path) -> None:
    day = int(path.stat().st_mtime // DAY_S) * DAY_S
    if path.stat().st_mtime != day:
        os.utime(path, (day, day))


def _give(path: Path, like: Path) -> None:
    if os.geteuid() == 0:
        owner = like.stat()
        os.chown(path, owner.st_uid, owner.st_gid)
