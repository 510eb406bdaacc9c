"""Shares of recording keys, which their members can delete (P16)."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0006"
down_revision: Final = "0005"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "shares",
        sa.Column("slot", sa.LargeBinary(), nullable=False),
        sa.Column("share", sa.LargeBinary(), nullable=False),
        sa.Column("read_hash", sa.LargeBinary(), nullable=False),
        sa.Column("delete_hash", sa.LargeBinary(), nullable=False),
        sa.Column("expires_day", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("slot"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Refuse: going back is done by restoring a backup (docs/operate)."""
    raise NotImplementedError
