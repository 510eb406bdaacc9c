"""The forms of what `visavis backup` writes, and the keys they are sealed under.

::

    backup        = "visavis backup" || 2 || salt 16 || backup id 16 || day u32 || sealed stream
    key           = HKDF(Argon2id(passphrase, salt) || key of this backup)
    part          = "visavis backup part" || 1 || sealed stream, in the backup, one for an account
    its key, name = HKDF(key of this account, backup id)
    erasure-keys  = "visavis erasure keys" || 1 || salt 16 || sealed stream of one CBOR map
    its key       = Argon2id(passphrase, salt)

A backup needs its passphrase *and* its own erasure key; in it, the rows of an account need the
erasure key of that account (`erasure_keys.py`). A part is named after its key: who has the key
finds it, and to everybody else the name is random.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Final, Self

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from visavis.core import cbor
from visavis.core.errors import Code, PeerError
from visavis.ports.clock import day_text
from visavis.ports.random import Rng
from visavis.server.erasure_keys import BACKUP_ID_BYTES, KEY_BYTES, NAME
from visavis.server.sealed_stream import (
    SALT_BYTES,
    OpeningReader,
    SealingWriter,
    passphrase_key,
)

MAGIC: Final = b"visavis backup\x02"
OLD_MAGIC: Final = b"visavis backup\x01"
PART_MAGIC: Final = b"visavis backup part\x01"
KEYS_MAGIC: Final = b"visavis erasure keys\x01"
KEYS_FILE: Final = "erasure-keys"
"""Lies beside the backups and is replaced with each: the newest is needed, for all of them."""

HEADER_BYTES: Final = len(MAGIC) + SALT_BYTES + BACKUP_ID_BYTES + 4
PART_NAME_BYTES: Final = 16
MAX_KEYS_BYTES: Final = 256 * 1024 * 1024
"""Of an `erasure-keys`: two million accounts. More lets a damaged file take more memory."""


class Why(StrEnum):
    """Why a backup is not restored."""

    OLDER = "older"
    OVER = "over"
    NO_KEY = "no key"
    KEYS_FILE = "keys file"


class RestoreError(PeerError):
    """A backup cannot be restored any more, or not like this; nothing was changed (CK-740).

    Args:
        why: The reason.
        sentence: What happened, whether anything was lost, what to do.
    """

    def __init__(self, why: Why, sentence: str) -> None:
        super().__init__(Code.MALFORMED, f"CK-740: {why}")
        self.why = why
        self.sentence = sentence

    def describe(self) -> str:
        """Return the sentence for this very reason."""
        return self.sentence


@dataclass(frozen=True, slots=True)
class BackupHeader:
    """What stands before a backup, in the clear.

    Args:
        salt: 16 bytes.
        backup_id: 16 random bytes: which key it needs.
        day: On which it was made, days since 1970.
    """

    salt: bytes
    backup_id: bytes
    day: int

    def to_bytes(self) -> bytes:
        """Return the beginning of the file."""
        return MAGIC + self.salt + self.backup_id + self.day.to_bytes(4, "big")

    @classmethod
    def read(cls, source: IO[bytes]) -> Self:
        """Read the beginning of a file.

        Raises:
            RestoreError: OLDER.
            PeerError: MALFORMED: this is no backup.
        """
        data = source.read(HEADER_BYTES)
        if data.startswith(OLD_MAGIC):
            raise RestoreError(
                Why.OLDER,
                "This backup is of a form that is no longer read, from before each account had a "
                "key of its own. Nothing was changed. The version that made it restores it.",
            )
        if len(data) != HEADER_BYTES or not data.startswith(MAGIC):
            raise PeerError(Code.MALFORMED, "this is not a backup of this version")
        at = len(MAGIC)
        salt, rest = data[at : at + SALT_BYTES], data[at + SALT_BYTES :]
        return cls(salt, rest[:BACKUP_ID_BYTES], int.from_bytes(rest[BACKUP_ID_BYTES:], "big"))

    def require_time(self, today: int, days: int) -> None:
        """Require that its days are not over.

        Raises:
            RestoreError: OVER.
        """
        if today >= self.day + days:
            raise RestoreError(
                Why.OVER,
                f"This backup was made on {day_text(self.day)}, and its time is over: after {days} "
                "days the key of a backup is destroyed, so that nothing deleted outlives that. "
                "Nothing was changed.",
            )

    def key(self, passphrase: bytes, backup_key: bytes) -> bytes:
        """Return the key of the stream: nothing is learned of it from one of the two alone."""
        secret = passphrase_key(passphrase, self.salt) + backup_key
        return _hkdf(secret, b"visavis backup stream v2", self.backup_id, 32)


@dataclass(frozen=True, slots=True, repr=False)
class PartKey:
    """What an account's part is sealed under in one backup, and named.

    Args:
        name: 32 hexadecimal digits.
        key: 32 bytes.
    """

    name: str
    key: bytes

    @classmethod
    def of(cls, account_key: bytes, backup_id: bytes) -> Self:
        """Derive both from the account's erasure key: fresh for each backup."""
        made = _hkdf(account_key, b"visavis backup part v1", backup_id, PART_NAME_BYTES + 32)
        return cls(made[:PART_NAME_BYTES].hex(), made[PART_NAME_BYTES:])

    def writer(self, out: IO[bytes]) -> SealingWriter:
        """Return what seals the part."""
        return SealingWriter(out, self.key, PART_MAGIC)

    def reader(self, source: IO[bytes]) -> OpeningReader:
        """Return what opens the part.

        Raises:
            PeerError: MALFORMED: no such part.
        """
        if source.read(len(PART_MAGIC)) != PART_MAGIC:
            raise PeerError(Code.MALFORMED, "CK-742: a part of the backup is none")
        return OpeningReader(source, self.key, PART_MAGIC)


def write_keys(out: IO[bytes], keys: Mapping[str, bytes], passphrase: bytes, rng: Rng) -> None:
    """Write a copy of erasure keys, sealed under the passphrase."""
    salt = rng(SALT_BYTES)
    writer = SealingWriter(out, passphrase_key(passphrase, salt), KEYS_MAGIC + salt)
    writer.write(cbor.encode({"v": 1, "keys": dict(keys)}))
    writer.finish()


def read_keys(file: Path, passphrase: bytes) -> Mapping[str, bytes]:
    """Read what `write_keys` wrote.

    Raises:
        RestoreError: KEYS_FILE: it is damaged, or none.
        AuthorizationError: STORE_LOCKED: wrong passphrase.
        OSError: It cannot be read.
    """
    try:
        with file.open("rb") as source:
            return _checked(_opened(source, passphrase))
    except PeerError as error:
        raise RestoreError(
            Why.KEYS_FILE,
            f"{file} is no whole copy of the erasure keys: damaged or cut short. Nothing was "
            "changed. Take the one that the newest backup wrote.",
        ) from error


def _opened(source: IO[bytes], passphrase: bytes) -> Mapping[str, object]:
    header = source.read(len(KEYS_MAGIC) + SALT_BYTES)
    if len(header) != len(KEYS_MAGIC) + SALT_BYTES or not header.startswith(KEYS_MAGIC):
        raise PeerError(Code.MALFORMED, "not a copy of erasure keys")
    key = passphrase_key(passphrase, header[len(KEYS_MAGIC) :])
    reader = OpeningReader(source, key, header)
    found = cbor.decode_versioned(reader.read(MAX_KEYS_BYTES))
    reader.expect_end()
    return found


def _checked(found: Mapping[str, object]) -> Mapping[str, bytes]:
    keys = found.get("keys")
    if set(found) != {"keys"} or not isinstance(keys, dict):
        raise PeerError(Code.MALFORMED, "not a map of keys")
    out: dict[str, bytes] = {}
    for name, key in keys.items():
        # CK-741: a name becomes a path, so it is one of ours or the copy is refused.
        if not NAME.fullmatch(name) or not isinstance(key, bytes) or len(key) != KEY_BYTES:
            raise PeerError(Code.MALFORMED, "CK-741: not a name, or not a key")
        out[name] = key
    return out


def _hkdf(secret: bytes, info: bytes, salt: bytes, length: int) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(secret)
