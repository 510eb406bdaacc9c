"""The whole schema: seventeen tables, none of which joins two accounts.

Rules that tests/store/test_schema.py checks:

* every table is WITHOUT ROWID on a random key: a rowid would count up and so tell which rows were
  made together (P7);
* times are days, as integers, in columns that end in `_day` (R-30);
* every row hangs on its owner by ON DELETE CASCADE, so that deleting an account leaves nothing;
* every column is in `privacy/inventory.toml`, or the server does not start (R-61).

The migrations in `migrations/` make this schema step by step; a test proves that they arrive here.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
)

metadata: Final = MetaData()


def _table(name: str, *items: Column[object] | Index | PrimaryKeyConstraint) -> Table:
    return Table(name, metadata, *items, sqlite_with_rowid=False)


def _bytes(
    name: str,
    *rest: ForeignKey,
    primary_key: bool = False,
    unique: bool | None = None,
    index: bool | None = None,
) -> Column[object]:
    return Column(
        name,
        LargeBinary,
        *rest,
        primary_key=primary_key,
        unique=unique,
        index=index,
        nullable=False,
    )


def _integer(name: str) -> Column[object]:
    return Column(name, Integer, nullable=False)


def _parent(column: str) -> ForeignKey:
    return ForeignKey(column, ondelete="CASCADE")


accounts = _table(
    "accounts",
    _bytes("account_id", primary_key=True),
    _bytes("handle_tag", unique=True),
    _bytes("opaque_record"),
    _bytes("recovery_key"),
    _integer("created_day"),
    _integer("last_seen_day"),
)

keystores = _table(
    "keystores",
    _bytes("account_id", _parent("accounts.account_id"), primary_key=True),
    _bytes("body"),
)

account_settings = _table(
    "account_settings",
    _bytes("account_id", _parent("accounts.account_id"), primary_key=True),
    _integer("account_days"),
    _integer("envelope_days"),
    _integer("restricted"),
)

passkeys = _table(
    "passkeys",
    _bytes("credential_id", primary_key=True),
    _bytes("account_id", _parent("accounts.account_id"), index=True),
    _bytes("public_key"),
    _bytes("root_wrap"),
    _integer("created_day"),
)

farewells = _table(
    "farewells",
    _bytes("token_hash", primary_key=True),
    _bytes("account_id", _parent("accounts.account_id"), index=True),
    _integer("left_day"),
    _bytes("body"),
)

devices = _table(
    "devices",
    _bytes("device_id", primary_key=True),
    _bytes("account_id", _parent("accounts.account_id"), index=True),
    _bytes("token_hash"),
    _integer("created_day"),
    _integer("last_seen_day"),
)

mailboxes = _table(
    "mailboxes",
    _bytes("mailbox_id", primary_key=True),
    _bytes("device_id", _parent("devices.device_id"), unique=True),
)

capabilities = _table(
    "capabilities",
    _bytes("capability_hash", primary_key=True),
    _bytes("mailbox_id", _parent("mailboxes.mailbox_id"), index=True),
)

envelopes = _table(
    "envelopes",
    _bytes("delivery_id", primary_key=True),
    _bytes("mailbox_id", _parent("mailboxes.mailbox_id"), index=True),
    _integer("arrival_day"),
    _bytes("body"),
)

key_packages = _table(
    "key_packages",
    _bytes("key_package_id", primary_key=True),
    _bytes("device_id", _parent("devices.device_id"), index=True),
    _integer("last_resort"),
    _integer("arrival_day"),
    _bytes("body"),
)

request_addresses = _table(
    "request_addresses",
    _bytes("account_id", _parent("accounts.account_id"), primary_key=True),
    _bytes("mailbox_id", _parent("mailboxes.mailbox_id"), index=True),
    _bytes("capability"),
    _bytes("sealing_key"),
)

push_subscriptions = _table(
    "push_subscriptions",
    _bytes("device_id", _parent("devices.device_id"), primary_key=True),
    _integer("renewed_day"),
    _bytes("body"),
)

vault_manifests = _table(
    "vault_manifests",
    _bytes("account_id", _parent("accounts.account_id"), primary_key=True),
    _integer("counter"),
    _bytes("body"),
)

vault_slots = _table(
    "vault_slots",
    _bytes("account_id", _parent("accounts.account_id")),
    _bytes("slot_id"),
    _bytes("body"),
    PrimaryKeyConstraint("account_id", "slot_id"),
)

sequencers = _table(
    "sequencers",
    _bytes("handle", primary_key=True),
    _integer("next_n"),
    _bytes("write_key_hash"),
    _integer("last_used_day"),
)

commits = _table(
    "commits",
    _bytes("handle", _parent("sequencers.handle")),
    _integer("n"),
    _integer("arrival_day"),
    _bytes("body"),
    PrimaryKeyConstraint("handle", "n"),
)

shares = _table(
    "shares",
    _bytes("slot", primary_key=True),
    _bytes("share"),
    _bytes("read_hash"),
    _bytes("delete_hash"),
    _integer("expires_day"),
)

spent_links = _table(
    "spent_links",
    _bytes("link_hash", primary_key=True),
    _integer("spent_day"),
)
