"""Where devices that are closed can be rung."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from alembic import op

revision: Final = "0003"
down_revision: Final = "0002"
branch_labels: Final = None
depends_on: Final = None


def upgrade() -> None:
    """Make the table of push subscriptions."""
    op.create_table(
        "push_subscriptions",
        sa.Column(
            "device_id",
            sa.LargeBinary(),
            sa.ForeignKey("devices.device_id", ondelete="CASCADE"),
            nullable=False,
        ),
        sa.Column("renewed_day", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("device_id"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Refuse: going back is done by restoring a backup (docs/operate)."""
    raise NotImplementedError
