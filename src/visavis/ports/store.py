"""Store: everything the server keeps, as one port.

What is *not* here cannot be kept: no method takes a time finer than a day, an address, a sender,
or two accounts at once. Times are days since 1970-01-01 (`visavis.ports.clock.day_of`). Every
reading method takes `today` and hides what is past its retention, whether or not the retention
job has run (R-72). All ids are random bytes chosen outside; lists come in no particular order.

Errors of every method: `UnavailableError(DISK_FULL)` when nothing could be written for want of
room, `UnavailableError(UNAVAILABLE)` when the database is busy, `FatalError` when it is damaged.
In all three the change is either wholly kept or wholly not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from visavis.ports.account_data import AccountDataStore
from visavis.ports.passkeys import PasskeyStore
from visavis.ports.push import PushStore
from visavis.ports.shares import ShareStore
from visavis.ports.stored import (
    Account,
    CommitResult,
    Commits,
    Device,
    NewAccount,
    NewCommit,
    NewDevice,
    NewEnvelope,
    Purged,
    RemovedDevice,
    RequestAddress,
    StoredEnvelope,
    VaultHead,
    VaultWrite,
)


class AccountStore(Protocol):
    """Accounts, keystores and spent sign-up links."""

    async def create_account(self, account: NewAccount, link_hash: bytes, today: int) -> None:
        """Spend the sign-up link and create account, keystore and first device, or nothing.

        Raises:
            PeerError: SIGNUP_LINK if the link was spent before; CONFLICT if the device id or
                mailbox id is taken.
            UnavailableError: UNAVAILABLE if the handle was taken in the meantime (start again).
        """
        ...

    async def link_spent(self, link_hash: bytes, today: int) -> bool:
        """Return whether a sign-up link was used."""
        ...

    async def account_by_handle(self, handle_tag: bytes, today: int) -> Account | None:
        """Return the account of a handle."""
        ...

    async def account(self, account_id: bytes, today: int) -> Account | None:
        """Return an account."""
        ...

    async def touch_account(self, account_id: bytes, today: int) -> None:
        """Note the day an account was last used."""
        ...

    async def keystore(self, account_id: bytes) -> bytes | None:
        """Return the wrapped account root key."""
        ...

    async def set_keystore(self, account_id: bytes, keystore: bytes, replaces: bytes) -> bool:
        """Replace the keystore by compare-and-set; False if there is no such account.

        Args:
            account_id: Whose.
            keystore: The new one.
            replaces: SHA-256 of the one it was made from.

        Raises:
            PeerError: CONFLICT (CK-680), another one is stored by now; nothing was changed.
        """
        ...

    async def replace_password(
        self, account_id: bytes, opaque_record: bytes, keystore: bytes, replaces: bytes
    ) -> bool:
        """Replace record and keystore in one transaction (P4); False if there is no account.

        Arguments and errors as in `set_keystore`.
        """
        ...

    async def account_ids(self) -> frozenset[bytes]:
        """Return the ids of all accounts that are stored, also of those past their retention."""
        ...

    async def ended_accounts(self, today: int) -> tuple[bytes, ...]:
        """Return the accounts that the retention run of this day deletes."""
        ...

    async def replace_handle(
        self,
        account_id: bytes,
        handle_tag: bytes,
        opaque_record: bytes,
        keystore: bytes,
        replaces: bytes,
    ) -> bool:
        """Replace handle tag, record and keystore in one transaction (R-82).

        Args:
            account_id: Whose.
            handle_tag: Of the new handle.
            opaque_record: Under it; empty exactly if the account has no password.
            keystore: The new one.
            replaces: As in `set_keystore`.

        Returns:
            False if there is no account.

        Raises:
            PeerError: CONFLICT as in `set_keystore`; MALFORMED (CK-761), a record where there is no
                password, or none where there is one.
            UnavailableError: Somebody was given this handle meanwhile.
        """
        ...

    async def delete_account(self, account_id: bytes) -> tuple[RemovedDevice, ...]:
        """Delete the account and every row that hangs on it (R-78)."""
        ...


class DeviceStore(Protocol):
    """Devices, their mailboxes and capabilities, key packages, request addresses."""

    async def add_device(self, account_id: bytes, device: NewDevice, today: int) -> None:
        """Add a device with mailbox and capabilities.

        Raises:
            PeerError: CONFLICT if the device id or mailbox id is taken; REFUSED if the account
                is gone.
        """
        ...

    async def device(self, device_id: bytes, today: int) -> Device | None:
        """Return a device."""
        ...

    async def devices(self, account_id: bytes, today: int) -> tuple[Device, ...]:
        """Return an account's devices."""
        ...

    async def touch_device(self, device_id: bytes, today: int) -> None:
        """Note the day a device, and so its account, was last seen."""
        ...

    async def delete_device(
        self, account_id: bytes, device_id: bytes, farewell: bytes, today: int
    ) -> RemovedDevice | None:
        """Delete one of the account's devices and all that hangs on it; keep a farewell for it."""
        ...

    async def farewell(self, token_hash: bytes, today: int) -> bytes | None:
        """Return what an account has left for the device of this token, which it has shut out."""
        ...

    async def add_capabilities(self, mailbox_id: bytes, hashes: Sequence[bytes]) -> None:
        """Register capability hashes; known ones are passed over."""
        ...

    async def revoke_capabilities(self, mailbox_id: bytes, hashes: Sequence[bytes]) -> None:
        """Delete this mailbox's capability hashes; others are passed over."""
        ...

    async def count_capabilities(self, mailbox_id: bytes) -> int:
        """Return how many capability hashes the mailbox has."""
        ...

    async def capability_mailbox(self, capability_hash: bytes) -> bytes | None:
        """Return the mailbox a capability opens, or None: unknown, revoked, frozen are the same."""
        ...

    async def put_key_packages(
        self, device_id: bytes, one_time: Sequence[bytes], last_resort: bytes | None, today: int
    ) -> None:
        """Add one-time key packages; replace the last resort if one is given."""
        ...

    async def count_key_packages(self, device_id: bytes, today: int) -> int:
        """Return how many one-time key packages are left."""
        ...

    async def take_key_package(self, mailbox_id: bytes, today: int) -> bytes | None:
        """Return and delete a one-time key package of the mailbox's device, else its last resort.

        The last resort stays. None if the device has neither.
        """
        ...

    async def set_request_address(self, account_id: bytes, address: RequestAddress | None) -> int:
        """Set or remove where requests by handle go; returns how many there were, 0 or 1."""
        ...

    async def request_address(self, handle_tag: bytes, today: int) -> RequestAddress | None:
        """Return where requests to a handle go; None for unknown, hidden and frozen ones alike."""
        ...

    async def is_request_capability(self, mailbox_id: bytes, capability: bytes) -> bool:
        """Return whether look-ups by handle give this capability of this mailbox out (P2).

        Such a capability may put requests into the mailbox and nothing else: everything else
        would tell a decoy from a person.
        """
        ...


class DeliveryStore(Protocol):
    """Durable envelopes and the sequencers of conversations."""

    async def write_envelopes(
        self, insert: Sequence[NewEnvelope], delete: Sequence[tuple[bytes, bytes]]
    ) -> frozenset[bytes]:
        """Store and delete durable envelopes in ONE transaction, synced to disk.

        An insert into a mailbox that is gone or frozen is passed over; deleting twice is no error.

        Args:
            insert: New envelopes; kept over a crash once this returns.
            delete: (mailbox id, delivery id) of acknowledged envelopes; both must match.

        Returns:
            Delivery ids of the inserts that were passed over (almost always empty).
        """
        ...

    async def stored_envelopes(
        self, mailbox_id: bytes, today: int, *, limit: int, after: bytes = b""
    ) -> tuple[StoredEnvelope, ...]:
        """Return waiting envelopes by ascending (random) delivery id, above `after`."""
        ...

    async def stored_bytes(self, today: int) -> Mapping[bytes, int]:
        """Return the envelope bytes that wait, by mailbox id."""
        ...

    async def create_sequencer(
        self, handle: bytes, first_n: int, write_key_hash: bytes, today: int
    ) -> bool:
        """Create a sequencer whose next commit is `first_n`; False if the handle is in use."""
        ...

    async def append_commit(self, commit: NewCommit, today: int) -> CommitResult:
        """Compare and set: store the commit and move on, atomically (P8)."""
        ...

    async def pull_commits(
        self, handle: bytes, after: int, today: int, *, limit: int
    ) -> Commits | None:
        """Return commits numbered above `after`; None if the handle is unknown or expired.

        At most `limit` of them, lowest numbers first, ascending.
        """
        ...


class VaultStore(Protocol):
    """The vault: ciphertext in fixed buckets under compare-and-set (P6)."""

    async def vault_head(self, account_id: bytes) -> VaultHead:
        """Return counter, manifest and slot ids; counter 0 and no manifest before any write."""
        ...

    async def vault_read(self, account_id: bytes, slots: Sequence[bytes]) -> Mapping[bytes, bytes]:
        """Return the asked slots that exist."""
        ...

    async def vault_write(self, account_id: bytes, write: VaultWrite, max_slots: int) -> int | None:
        """Apply a write if the counter is the expected one.

        Args:
            account_id: Whose vault.
            write: Manifest, slots to put, slots to delete.
            max_slots: More slots than this afterwards are refused.

        Returns:
            None if it was applied (the counter is now expected + 1), else the present counter.

        Raises:
            PeerError: QUOTA if there would be too many slots; nothing is changed.
        """
        ...


class Store(
    AccountStore,
    PasskeyStore,
    DeviceStore,
    DeliveryStore,
    VaultStore,
    PushStore,
    ShareStore,
    AccountDataStore,
    Protocol,
):
    """Everything above, and housekeeping."""

    async def purge(self, today: int) -> Purged:
        """Delete every row past its retention (R-72)."""
        ...

    async def tidy(self, today: int) -> bool:
        """Wipe the traces of deletions from the log files; True when nothing is left to wipe.

        Called at least every 20 s, so that a deletion is gone from disk within 60 s (P7). Also
        sets file modification times to the start of the day.
        """
        ...

    async def vacuum(self, today: int) -> None:
        """Rewrite the database so that page order says nothing about insertion order (P7)."""
        ...

    async def schema(self) -> Mapping[str, tuple[str, ...]]:
        """Return the live tables and their columns, for the check against the inventory."""
        ...

    async def close(self, today: int | None = None) -> None:
        """Finish what is in flight, fold the log files into the database, close all files.

        Args:
            today: If given, file times are set to the start of this day afterwards.
        """
        ...
