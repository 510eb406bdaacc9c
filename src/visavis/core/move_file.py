"""The file with which an account moves to another server (R-83, docs/protocol/move.md).

    magic(18) || version(1) || passes(1) || memory in KiB(4) || lanes(1) || salt(16)
    || AES-256-GCM(key from Argon2id, AAD = all before, contents padded to a bucket)
    || SHA-256 of all before

It carries who the account is (its identity key, the newest device list), whom it knows, its
history of calls and its settings. It carries nothing of a server and nothing of MLS: no address, no
capability, no group, no message (P5).

The hash tells damage from a wrong passphrase before anybody waits for Argon2id; it protects from
nothing else. Every length and every parameter is checked before anything is hashed or decrypted.

Pure: what Argon2id made of the passphrase is an argument. Not for: making or using an account
(`visavis.sdk.move`).
"""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, Final, Self

from visavis.core.call_entry import Entry
from visavis.core.call_log import CallLog
from visavis.core.call_page import PAGE_BYTES, decode_page, encode_page
from visavis.core.content import decode_record, encode_record
from visavis.core.content_fields import Array, Blob, Fixed, Maybe, Nested, Record, Uint, Word
from visavis.core.content_records import (
    Decided,
    ListField,
    NameField,
    Rules,
    Settings,
    Standing,
)
from visavis.core.device_list import MAX_VERSION, DeviceList, UnverifiedDeviceList, era_of
from visavis.core.errors import AuthorizationError, Code, PeerError
from visavis.core.identity import identity_public_key
from visavis.core.ids import AccountId, IdentityKey, Rng
from visavis.core.keywrap import OVERHEAD, Purpose, unwrap, wrap

MAGIC: Final = b"visavis move file\0"
VERSION: Final = 1
SALT_BYTES: Final = 16
SIZES: Final = tuple(65_536 * 4**step for step in range(6))
"""The lengths such a file may have, 64 KiB to 64 MiB. More of them waste less room and say more."""
MAX_CONTACTS: Final = 20_000
MAX_PAGES: Final = 900
"""Of calls: some 1,500,000."""
MAX_PASSES: Final = 8
MAX_MEMORY_KIB: Final = 256 * 1024
MAX_LANES: Final = 4
"""What a file may ask of Argon2id: a hostile one must not take the machine's memory or its day."""

_DIGEST_BYTES: Final = 32
_HEADER_BYTES: Final = len(MAGIC) + 7 + SALT_BYTES
_AROUND: Final = _HEADER_BYTES + OVERHEAD + _DIGEST_BYTES
_PAD: Final = b"\x80"


class Why(StrEnum):
    """Why a file is refused."""

    FOREIGN = "foreign"
    OLDER = "older"
    NEWER = "newer"
    CUT = "cut"
    DAMAGED = "damaged"
    GREEDY = "greedy"
    PASSPHRASE = "passphrase"  # noqa: S105 -- a word for a reason
    CONTENTS = "contents"


SENTENCES: Final = {
    Why.FOREIGN: "This is no file that visavis move out has made. Nothing was changed.",
    Why.OLDER: "This file is of a form that is no longer read. Nothing was changed; make it anew.",
    Why.NEWER: "A newer Visavis made this file. Nothing was changed; update this one first.",
    Why.CUT: (
        "This file was cut short, or something was added to it. Nothing was changed; copy it again."
    ),
    Why.DAMAGED: "This file is damaged. Nothing was changed; copy it again, or make it anew.",
    Why.GREEDY: (
        "This file asks for more work than any that Visavis makes, so it was not opened. Nothing "
        "was changed; do not trust where it comes from."
    ),
    Why.PASSPHRASE: (
        "The passphrase is wrong for this file, or somebody has changed the file. Nothing was "
        "changed."
    ),
    Why.CONTENTS: (
        "This file opens, and what is in it does not hold together. Nothing was changed; make it "
        "anew."
    ),
}


class MoveFileError(PeerError):
    """A file was refused, and nothing was changed (CK-730)."""

    def __init__(self, why: Why) -> None:
        code = Code.DECRYPTION if why is Why.PASSPHRASE else Code.MALFORMED
        super().__init__(code, f"CK-730: {why}")
        self.why = why

    def describe(self) -> str:
        """Return the sentence for this very reason."""
        return SENTENCES[self.why]


@dataclass(frozen=True, slots=True)
class Work:
    """Argon2id parameters and salt, as they stand in the file.

    Args:
        passes: 1 to `MAX_PASSES`.
        memory_kib: 8 for each lane, to `MAX_MEMORY_KIB`.
        lanes: 1 to `MAX_LANES`.
        salt: 16 bytes.
    """

    passes: int
    memory_kib: int
    lanes: int
    salt: bytes

    def to_header(self) -> bytes:
        """Return the beginning of the file."""
        numbers = bytes([VERSION, self.passes]) + self.memory_kib.to_bytes(4, "big")
        return MAGIC + numbers + bytes([self.lanes]) + self.salt

    @classmethod
    def from_header(cls, data: bytes) -> Self:
        """Read the beginning of a file; more may follow.

        Raises:
            MoveFileError: FOREIGN, OLDER, NEWER, CUT; GREEDY, it asks for more than the bounds
                (CK-731).
        """
        _require_form(data)
        if len(data) < _HEADER_BYTES:
            raise MoveFileError(Why.CUT)
        numbers = data[len(MAGIC) + 1 : _HEADER_BYTES - SALT_BYTES]
        passes, memory, lanes = numbers[0], int.from_bytes(numbers[1:5], "big"), numbers[5]
        # CK-731: before anything is allocated.
        bounds = 1 <= passes <= MAX_PASSES and 1 <= lanes <= MAX_LANES
        if not bounds or not 8 * lanes <= memory <= MAX_MEMORY_KIB:
            raise MoveFileError(Why.GREEDY)
        return cls(passes, memory, lanes, data[_HEADER_BYTES - SALT_BYTES : _HEADER_BYTES])


@dataclass(frozen=True, slots=True, repr=False)
class MovedContact(Record):
    """Somebody the account knows, as known at the server that it left.

    No address and no device: at the other server they have others.
    """

    account: Annotated[AccountId, Fixed(AccountId)]
    identity: Annotated[IdentityKey, Fixed(IdentityKey)]
    version: Annotated[int, Uint(MAX_VERSION, 1)]
    """Of the newest device list known."""
    name: NameField
    standing: Annotated[Standing, Word(Standing)]
    verified: Annotated[IdentityKey | None, Maybe(Fixed(IdentityKey))] = None
    """The identity key whose safety number was compared, if one was."""
    rules: Annotated[Rules | None, Maybe(Nested(Rules))] = None
    decided: Annotated[Decided | None, Maybe(Nested(Decided))] = None

    def has_moved_with(self, offered: DeviceList) -> bool:
        """Say whether a list is this very account's, signed when it moved as well (CK-733).

        The same identity key, and a later era: a device that was revoked at the old server holds a
        signed list too, but of the era before.
        """
        same = (offered.account_id, offered.identity_key) == (self.account, self.identity)
        return same and offered.era > era_of(self.version)


@dataclass(frozen=True, slots=True, repr=False)
class Moved(Record):
    """What a file carries; `parse` has checked that it holds together."""

    identity: Annotated[bytes, Blob(32, 32)]
    """The private half of the account's identity key."""
    listed: ListField
    """The newest signed device list; the account's id is in it."""
    handle: NameField
    """At the server that it left: to show whose file it is."""
    contacts: Annotated[
        tuple[MovedContact, ...], Array(Nested(MovedContact), MAX_CONTACTS, fewest=0)
    ]
    """By account, ascending."""
    pages: Annotated[tuple[bytes, ...], Array(Blob(PAGE_BYTES), MAX_PAGES, fewest=0)] = field(
        default=()
    )
    """Of calls (`call_entry`), without marks of deleted ones."""
    settings: Annotated[Settings | None, Maybe(Nested(Settings))] = None
    """None: the person decided nothing."""

    @property
    def head(self) -> DeviceList:
        """The newest device list."""
        return UnverifiedDeviceList.parse(self.listed).verify()

    def calls(self) -> list[Entry]:
        """Return the calls."""
        return [call for data in self.pages for call in decode_page(data).entries.values()]

    def to_bytes(self) -> bytes:
        """Return the one encoding.

        Raises:
            PeerError: TOO_LARGE.
        """
        return encode_record(self)

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read what `to_bytes` made.

        Raises:
            MoveFileError: CONTENTS (CK-732).
        """
        try:
            found = decode_record(cls, data)
            found.check()
        except PeerError:
            raise MoveFileError(Why.CONTENTS) from None
        return found

    def check(self) -> None:
        """Require that it holds together (CK-732); raises PeerError."""
        head = self.head
        # CK-732: who has the file speaks for the account, so the key in it must be the account's.
        if identity_public_key(self.identity) != head.identity_key:
            raise MoveFileError(Why.CONTENTS)
        accounts = [contact.account for contact in self.contacts]
        rising = all(one < other for one, other in itertools.pairwise(accounts))
        if not rising or head.account_id in accounts:
            raise MoveFileError(Why.CONTENTS)
        for data in self.pages:
            page = decode_page(data)
            if page.gone or page.cut.count or page.cut.at:
                raise MoveFileError(Why.CONTENTS)


def pages_of(calls: list[Entry], rng: Rng) -> tuple[bytes, ...]:
    """Pack calls into pages; of calls that were deleted nothing goes along."""
    log = CallLog()
    for call in calls:
        log.add(call, rng)
    return tuple(sorted(encode_page(page) for page in log.pages.values()))


def seal_move(moved: Moved, work: Work, secret: bytes, rng: Rng) -> bytes:
    """Return the file.

    Args:
        moved: What it carries.
        work: How `secret` was made of the passphrase.
        secret: 32 bytes out of Argon2id.
        rng: Random bytes.

    Raises:
        PeerError: TOO_LARGE; MoveFileError, it does not hold together.
    """
    if len(moved.contacts) > MAX_CONTACTS or len(moved.pages) > MAX_PAGES:
        raise PeerError(Code.TOO_LARGE, "more than a file may hold")
    contents = moved.to_bytes() + _PAD
    Moved.parse(contents.removesuffix(_PAD))  # what is written can be read
    size = next((size for size in SIZES if len(contents) + _AROUND <= size), None)
    if size is None:
        raise PeerError(Code.TOO_LARGE, "more than the largest file has room for")
    header = work.to_header()
    padded = contents.ljust(size - _AROUND, b"\0")
    sealed = header + wrap(Purpose.MOVE_FILE, secret, padded, rng, context=header)
    return sealed + hashlib.sha256(sealed).digest()


def read_work(data: bytes) -> Work:
    """Check a file from outside, and return how its key is made of the passphrase.

    Raises:
        MoveFileError: FOREIGN, OLDER, NEWER, CUT, DAMAGED, GREEDY (CK-730, CK-731).
    """
    _require_form(data)
    if len(data) not in SIZES:
        raise MoveFileError(Why.CUT)
    if hashlib.sha256(data[:-_DIGEST_BYTES]).digest() != data[-_DIGEST_BYTES:]:
        raise MoveFileError(Why.DAMAGED)
    return Work.from_header(data)


def _require_form(data: bytes) -> None:
    if not data.startswith(MAGIC):
        raise MoveFileError(Why.CUT if data and MAGIC.startswith(data) else Why.FOREIGN)
    version = data[len(MAGIC) : len(MAGIC) + 1]
    if version and version[0] != VERSION:
        raise MoveFileError(Why.OLDER if version[0] < VERSION else Why.NEWER)


def open_move(data: bytes, secret: bytes) -> Moved:
    """Open a file that `read_work` has checked.

    Args:
        data: The file.
        secret: 32 bytes out of Argon2id, as `read_work` says.

    Raises:
        MoveFileError: PASSPHRASE; CONTENTS.
    """
    header, sealed = data[:_HEADER_BYTES], data[_HEADER_BYTES:-_DIGEST_BYTES]
    try:
        padded = unwrap(Purpose.MOVE_FILE, secret, sealed, context=header)
    except AuthorizationError:
        raise MoveFileError(Why.PASSPHRASE) from None
    contents = padded.rstrip(b"\0")
    if not contents.endswith(_PAD):
        raise MoveFileError(Why.CONTENTS)
    return Moved.parse(contents.removesuffix(_PAD))
