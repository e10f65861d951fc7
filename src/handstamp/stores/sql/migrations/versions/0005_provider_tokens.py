"""Tokens that providers gave us, beside the identities that they are of."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Apply."""
    op.add_column("identities", sa.Column("tokens", TEXT))
    op.add_column("identities", sa.Column("tokens_kept_at", sa.Double))
    op.add_column("identities", sa.Column("tokens_refused", sa.Boolean))
    op.add_column("identities", sa.Column("tokens_version", TEXT))
