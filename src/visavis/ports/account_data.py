"""The part of the Store port with which an account looks at, and shrinks, what is kept of it.

The rows are those of the tables that hang on `accounts` by foreign keys: derived from the schema,
so that a table that is added is shown without anybody remembering to. What hangs on nobody
(sequencers, commits, shares, spent links, blobs) cannot be told to be somebody's: it is not here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Digest:
    """A value too long to be given at once: its length in bytes and SHA-256."""

    size: int
    sha256: bytes


Value = bytes | int | Digest


@dataclass(frozen=True, slots=True)
class KeptRow:
    """A row as it is stored.

    Args:
        values: By column.
        deleted_day: The day whose retention run deletes it, if nothing is used until then.
    """

    values: Mapping[str, Value]
    deleted_day: int


@dataclass(frozen=True, slots=True)
class KeptTable:
    """What one table holds of one account.

    Args:
        name: The table.
        key: Columns of its primary key.
        total_rows: All rows, whether or not they are among `rows`.
        total_bytes: Length of all values: of bytes their number, of a number 8.
        rows: Some of the rows, see `AccountDataStore.account_data`.
    """

    name: str
    key: tuple[str, ...]
    total_rows: int
    total_bytes: int
    rows: tuple[KeptRow, ...]


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """What a person chose about their account; all zero: nothing, and no row is kept.

    Args:
        account_days: Days without use after which the account ends; 0: as the operator has it.
        envelope_days: Days an envelope that nobody fetches waits; 0: as the operator has it.
        restricted: Processing is frozen (GDPR 18).
    """

    account_days: int = 0
    envelope_days: int = 0
    restricted: bool = False


class AccountDataStore(Protocol):
    """Looking at what is kept of one account. `today` and errors as in `visavis.ports.store`."""

    async def account_data(
        self, account_id: bytes, day: int | None, *, skip: int, limit: int, longest: int
    ) -> tuple[KeptTable, ...]:
        """Return the account's rows as they are stored, all tables in one snapshot.

        Args:
            account_id: Whose.
            day: Only what the retention run of this day would leave; None: every row that is
                there, also one that is overdue.
            skip: Rows to leave out at the start, counted over all tables in their order; within a
                table by ascending (random) primary key.
            limit: Rows to return at most.
            longest: Values of more bytes come as `Digest`.
        """
        ...

    async def account_value(
        self, account_id: bytes, table: str, column: str, key: Sequence[bytes]
    ) -> bytes | None:
        """Return one stored value; None if the account has no such row, table or column of bytes.

        Args:
            account_id: Whose.
            table: A table that hangs on accounts.
            column: One of its columns that hold bytes.
            key: The row's primary key.
        """
        ...

    async def account_settings(self, account_id: bytes) -> AccountSettings:
        """Return what the person chose."""
        ...

    async def set_account_settings(self, account_id: bytes, settings: AccountSettings) -> None:
        """Keep what the person chose in place of what was before.

        Raises:
            PeerError: REFUSED if the account is gone.
        """
        ...

    async def delete_key_packages(self, device_id: bytes) -> int:
        """Delete all key packages of a device; returns how many there were."""
        ...

    async def delete_waiting_envelopes(self, mailbox_id: bytes) -> int:
        """Delete all stored envelopes of a mailbox; returns how many there were."""
        ...
