"""What an account leaves for a device that it has shut out (R-10)."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0005"
down_revision: Final = "0004"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    """Make the table; devices that were revoked before are refused as ever, and not told why."""
    op.create_table(
        "farewells",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column(
            "account_id",
            sa.LargeBinary(),
            sa.ForeignKey("accounts.account_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("left_day", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_farewells_account_id", "farewells", ["account_id"])


def downgrade() -> None:
    """Refuse: going back is done by restoring a backup (docs/operate)."""
    raise NotImplementedError
