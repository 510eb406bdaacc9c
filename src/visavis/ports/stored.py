"""What the store takes and gives: values without behaviour (`visavis.ports.store`).

Times are days since 1970-01-01; what is secret is a hash or sealed, and never printed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from visavis.ports.passkeys import NewPasskey


@dataclass(frozen=True, slots=True)
class RetentionRule:
    """A row of `table` lives while `today - anchor < days`, or, with no days, `today < anchor`.

    Args:
        table: Table name.
        anchor: Its column that holds a day.
        days: 0 exactly if the anchor is itself the day on which the row ends; there is no value
            for "for ever" (R-73).
    """

    table: str
    anchor: str
    days: int


Retention = Mapping[str, RetentionRule]
"""Rules by table name, made from `privacy/inventory.toml`."""


@dataclass(frozen=True, slots=True)
class NewDevice:
    """What a device registers (P7).

    Args:
        device_id: 16 bytes.
        token_hash: SHA-256 of the device token (48 bytes: device id, then 32 secret bytes).
        mailbox_id: 16 bytes.
        capability_hashes: SHA-256 of each capability, 32 bytes each.
    """

    device_id: bytes
    token_hash: bytes
    mailbox_id: bytes
    capability_hashes: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What sign-up leaves behind.

    Args:
        account_id: 16 random bytes, known to the server only.
        handle_tag: 32 bytes, a keyed hash of the handle; the handle itself is never stored.
        opaque_record: 192 bytes (RFC 9807, 3.2: RegistrationRecord), or none: no password.
        recovery_key: 32 bytes, Ed25519 public key of the recovery login.
        keystore: Account root key wrapped by keys the server never has; one bucket.
        device: The first device.
        passkey: Of an account that begins with one.
    """

    account_id: bytes
    handle_tag: bytes
    opaque_record: bytes
    recovery_key: bytes
    keystore: bytes
    device: NewDevice
    passkey: NewPasskey | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """A stored account. An empty `opaque_record`: it has no password."""

    account_id: bytes
    handle_tag: bytes
    opaque_record: bytes
    recovery_key: bytes
    created_day: int
    last_seen_day: int


@dataclass(frozen=True, slots=True)
class Device:
    """A stored device with its one mailbox."""

    device_id: bytes
    account_id: bytes
    token_hash: bytes
    mailbox_id: bytes
    created_day: int
    last_seen_day: int


@dataclass(frozen=True, slots=True)
class RemovedDevice:
    """A device that is gone, so that its sockets can be closed."""

    device_id: bytes
    mailbox_id: bytes


@dataclass(frozen=True, slots=True)
class NewEnvelope:
    """A durable envelope to keep until its device has it, at most 30 days."""

    delivery_id: bytes
    mailbox_id: bytes
    arrival_day: int
    body: bytes


@dataclass(frozen=True, slots=True)
class StoredEnvelope:
    """A durable envelope that waits for its device."""

    delivery_id: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class RequestAddress:
    """Where requests by handle go (P2). The sealing key is an X-Wing public key (1,216 bytes)."""

    mailbox_id: bytes
    capability: bytes
    sealing_key: bytes


@dataclass(frozen=True, slots=True)
class VaultHead:
    """The newest manifest and the ids of the slots it speaks of."""

    counter: int
    manifest: bytes | None
    slots: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class VaultWrite:
    """One compare-and-set on a vault (P6)."""

    expected_counter: int
    manifest: bytes
    put: Mapping[bytes, bytes]
    delete: Sequence[bytes]


class CommitResult(Enum):
    """What became of a commit offered to a sequencer (P8)."""

    ACCEPTED = auto()
    CONFLICT = auto()  # right write key's holder, but another commit won this n
    REFUSED = auto()  # unknown or expired handle, or wrong write key: never says which


@dataclass(frozen=True, slots=True)
class NewCommit:
    """A commit offered to a sequencer: it leads from epoch `n` to `n + 1`."""

    handle: bytes
    n: int
    write_key_hash: bytes
    body: bytes
    next_write_key_hash: bytes


@dataclass(frozen=True, slots=True)
class Commits:
    """Commits with a number above the one asked for, ascending, and the next free number."""

    commits: tuple[tuple[int, bytes], ...]
    next_n: int


@dataclass(frozen=True, slots=True)
class Purged:
    """What a retention run removed: rows by table (those that went with a parent not counted)."""

    rows: Mapping[str, int] = field(default_factory=dict)
