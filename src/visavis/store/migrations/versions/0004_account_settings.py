"""What a person chose about their account: shorter days, frozen processing."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0004"
down_revision: Final = "0003"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    """Make the table; nobody has chosen anything yet, so it is empty."""
    op.create_table(
        "account_settings",
        sa.Column(
            "account_id",
            sa.LargeBinary(),
            sa.ForeignKey("accounts.account_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("account_days", sa.Integer(), nullable=False),
        sa.Column("envelope_days", sa.Integer(), nullable=False),
        sa.Column("restricted", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("account_id"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Refuse: going back is done by restoring a backup (docs/operate)."""
    raise NotImplementedError
