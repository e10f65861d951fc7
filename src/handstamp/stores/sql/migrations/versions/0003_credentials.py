"""Credentials; and a verified e-mail address is one user's."""

import logging

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

VERIFIED = sa.text("email_verified")

# The oldest user who has an address verified keeps it so. For all others it is what somebody claims.
UNVERIFY_THE_YOUNGER = """UPDATE users SET email_verified = false WHERE email_verified AND EXISTS (
    SELECT 1 FROM users AS elder
    WHERE elder.email_verified AND lower(elder.email) = lower(users.email)
    AND (elder.created_at, elder.id) < (users.created_at, users.id)
)"""

_log = logging.getLogger("handstamp.store")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "credentials",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("user_id", TEXT, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("lookup", TEXT),
        sa.Column("secret", TEXT, nullable=False),
        sa.Column("name", TEXT),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("confirmed_at", sa.Double),
        sa.Column("last_used_at", sa.Double),
        sa.Column("counter", sa.BigInteger, nullable=False),
        sa.Column("data", TEXT, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("credentials_by_user", "credentials", ["user_id", "kind"])
    op.create_index("credentials_by_lookup", "credentials", ["kind", "lookup"], unique=True)
    younger = op.get_bind().execute(sa.text(UNVERIFY_THE_YOUNGER)).rowcount
    if younger:
        _log.warning(
            "%d users had an e-mail address verified that an older user has verified too: theirs is unverified now",
            younger,
        )
    op.create_index(
        "users_by_verified_email",
        "users",
        [sa.text("lower(email)")],
        unique=True,
        sqlite_where=VERIFIED,
        postgresql_where=VERIFIED,
    )
