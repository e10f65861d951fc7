"""The first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "sessions",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("user_id", TEXT, nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("expires_at", sa.Double, nullable=False),
        sa.Column("last_used_at", sa.Double, nullable=False),
        sa.Column("idle_timeout", sa.Double, nullable=False),
        sa.Column("persistent", sa.Boolean, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("confirmed_generation", sa.Integer, nullable=False),
        sa.Column("issued_at", sa.Double, nullable=False),
        sa.Column("confirmed_at", sa.Double, nullable=False),
        sa.Column("superseded", TEXT, nullable=False),
        sa.Column("amr", TEXT, nullable=False),
        sa.Column("aal", sa.Integer, nullable=False),
        sa.Column("authenticated_at", sa.Double, nullable=False),
        sa.Column("user_agent", TEXT),
        sa.Column("address", TEXT),
        sa.Column("ended_at", sa.Double),
        sa.Column("end_reason", TEXT),
        sqlite_with_rowid=False,
    )
    op.create_index("sessions_by_user", "sessions", ["user_id"])
    op.create_index("sessions_by_expiry", "sessions", ["expires_at"])
    op.create_table(
        "users",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("email", TEXT),
        sa.Column("email_verified", sa.Boolean, nullable=False),
        sa.Column("name", TEXT),
        sa.Column("username", TEXT),
        sa.Column("picture", TEXT),
        sa.Column("disabled_at", sa.Double),
        sqlite_with_rowid=False,
    )
    op.create_index("users_by_email", "users", [sa.text("lower(email)")])
    op.create_index("users_by_username", "users", [sa.text("lower(username)")])
    op.create_table(
        "user_roles",
        sa.Column("user_id", TEXT, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("role", TEXT, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "identities",
        sa.Column("issuer", TEXT, primary_key=True),
        sa.Column("subject", TEXT, primary_key=True),
        sa.Column("user_id", TEXT, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
        sa.Column("created_at", sa.Double, nullable=False),
        sa.Column("last_used_at", sa.Double, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("identities_by_user", "identities", ["user_id"])
    op.create_table(
        "challenges",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("expires_at", sa.Double, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("challenges_by_expiry", "challenges", ["expires_at"])
    op.create_table(
        "audit_events",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("event", TEXT, nullable=False),
        sa.Column("user_id", TEXT),
        sa.Column("session_id", TEXT),
        sa.Column("address", TEXT),
        sa.Column("detail", TEXT, nullable=False),
    )
    op.create_index("audit_events_by_time", "audit_events", ["at", "id"])
    op.create_index("audit_events_by_user", "audit_events", ["user_id", "at", "id"])
