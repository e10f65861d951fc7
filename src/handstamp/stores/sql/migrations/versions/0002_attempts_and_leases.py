"""Attempts that are counted, and leases."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "attempts",
        sa.Column("key", TEXT, primary_key=True),
        sa.Column("full_at", sa.Double, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("attempts_by_time", "attempts", ["full_at"])
    op.create_table(
        "leases",
        sa.Column("name", TEXT, primary_key=True),
        sa.Column("holder", TEXT, nullable=False),
        sa.Column("held_until", sa.Double, nullable=False),
        sqlite_with_rowid=False,
    )
