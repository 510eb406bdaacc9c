"""The first schema.

Written out instead of `metadata.create_all`, because a migration must make the schema of its day
whatever the code says later.
"""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0001"
down_revision: Final = None
branch_labels: Final = None
depends_on: Final = None


def _bytes(name: str, *rest: sa.ForeignKey) -> sa.Column[bytes]:
    return sa.Column(name, sa.LargeBinary(), *rest, nullable=False)


def _integer(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _parent(column: str) -> sa.ForeignKey:
    return sa.ForeignKey(column, ondelete="CASCADE")


def _create(
    name: str, *columns: sa.Column[bytes] | sa.Column[int], key: tuple[str, ...], unique: str = ""
) -> None:
    constraints: list[sa.Constraint] = [sa.PrimaryKeyConstraint(*key)]
    if unique:
        constraints.append(sa.UniqueConstraint(unique))
    op.create_table(name, *columns, *constraints, sqlite_with_rowid=False)


def _index(table: str, column: str) -> None:
    op.create_index(f"ix_{table}_{column}", table, [column])


def upgrade() -> None:
    """Make all tables."""
    _create(
        "accounts",
        _bytes("account_id"),
        _bytes("handle_tag"),
        _bytes("opaque_record"),
        _bytes("recovery_key"),
        _integer("created_day"),
        _integer("last_seen_day"),
        key=("account_id",),
        unique="handle_tag",
    )
    account = "accounts.account_id"
    _create(
        "keystores",
        _bytes("account_id", _parent(account)),
        _bytes("body"),
        key=("account_id",),
    )
    _create(
        "devices",
        _bytes("device_id"),
        _bytes("account_id", _parent(account)),
        _bytes("token_hash"),
        _integer("created_day"),
        _integer("last_seen_day"),
        key=("device_id",),
    )
    _index("devices", "account_id")
    _create(
        "mailboxes",
        _bytes("mailbox_id"),
        _bytes("device_id", _parent("devices.device_id")),
        key=("mailbox_id",),
        unique="device_id",
    )
    mailbox = "mailboxes.mailbox_id"
    _create(
        "capabilities",
        _bytes("capability_hash"),
        _bytes("mailbox_id", _parent(mailbox)),
        key=("capability_hash",),
    )
    _index("capabilities", "mailbox_id")
    _create(
        "envelopes",
        _bytes("delivery_id"),
        _bytes("mailbox_id", _parent(mailbox)),
        _integer("arrival_day"),
        _bytes("body"),
        key=("delivery_id",),
    )
    _index("envelopes", "mailbox_id")
    _create(
        "key_packages",
        _bytes("key_package_id"),
        _bytes("device_id", _parent("devices.device_id")),
        _integer("last_resort"),
        _integer("arrival_day"),
        _bytes("body"),
        key=("key_package_id",),
    )
    _index("key_packages", "device_id")
    _create(
        "request_addresses",
        _bytes("account_id", _parent(account)),
        _bytes("mailbox_id", _parent(mailbox)),
        _bytes("capability"),
        _bytes("sealing_key"),
        key=("account_id",),
    )
    _index("request_addresses", "mailbox_id")
    _create(
        "vault_manifests",
        _bytes("account_id", _parent(account)),
        _integer("counter"),
        _bytes("body"),
        key=("account_id",),
    )
    _create(
        "vault_slots",
        _bytes("account_id", _parent(account)),
        _bytes("slot_id"),
        _bytes("body"),
        key=("account_id", "slot_id"),
    )
    _create(
        "sequencers",
        _bytes("handle"),
        _integer("next_n"),
        _bytes("write_key_hash"),
        _integer("last_used_day"),
        key=("handle",),
    )
    _create(
        "commits",
        _bytes("handle", _parent("sequencers.handle")),
        _integer("n"),
        _integer("arrival_day"),
        _bytes("body"),
        key=("handle", "n"),
    )
    _create("spent_links", _bytes("link_hash"), _integer("spent_day"), key=("link_hash",))


def downgrade() -> None:
    """Refuse: going back is done by restoring a backup (docs/operate)."""
    raise NotImplementedError
