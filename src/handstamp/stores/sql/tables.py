"""The tables, the same in every SQL database. ``migrations/`` brings a database to them.

There is no foreign key from sessions to users: they may live in two stores, and an ended session outlives a
deleted user. On SQLite the tables that a feed watches have no rowid, so that a row has no second key by which
an ``INSERT OR REPLACE`` could remove another row unseen.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    func,
    text,
)

TEXT: Final = Text().with_variant(Text(collation="C"), "postgresql")
"""Compared byte by byte, as SQLite does, whatever language a database has: ``lower`` minds ASCII letters alone, and
no index depends on the rules of an operating system."""

metadata: Final = MetaData()

sessions: Final = Table(
    "sessions",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("user_id", TEXT, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("last_used_at", Double, nullable=False),
    Column("idle_timeout", Double, nullable=False),
    Column("persistent", Boolean, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("confirmed_generation", Integer, nullable=False),
    Column("issued_at", Double, nullable=False),
    Column("confirmed_at", Double, nullable=False),
    Column("superseded", TEXT, nullable=False),  # JSON: [[generation, when], …]
    Column("amr", TEXT, nullable=False),  # JSON: [method, …]
    Column("aal", Integer, nullable=False),
    Column("authenticated_at", Double, nullable=False),
    Column("user_agent", TEXT),
    Column("address", TEXT),
    Column("ended_at", Double),
    Column("end_reason", TEXT),
    Index("sessions_by_user", "user_id"),  # end_sessions, list_sessions
    Index("sessions_by_expiry", "expires_at"),  # purge_sessions
    sqlite_with_rowid=False,
)

users: Final = Table(
    "users",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("created_at", Double, nullable=False),
    Column("email", TEXT),
    Column("email_verified", Boolean, nullable=False),
    Column("name", TEXT),
    Column("username", TEXT),
    Column("picture", TEXT),
    Column("disabled_at", Double),
    sqlite_with_rowid=False,
)
Index("users_by_email", func.lower(users.c.email))  # find_users
_VERIFIED: Final = text("email_verified")
Index(  # a verified address is one user's; find_users needs users_by_email for the others
    "users_by_verified_email",
    func.lower(users.c.email),
    unique=True,
    sqlite_where=_VERIFIED,
    postgresql_where=_VERIFIED,
)
Index("users_by_username", func.lower(users.c.username))  # find_users

user_roles: Final = Table(
    "user_roles",
    metadata,
    Column("user_id", TEXT, ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
    Column("role", TEXT, primary_key=True),
    sqlite_with_rowid=False,
)

identities: Final = Table(
    "identities",
    metadata,
    Column("issuer", TEXT, primary_key=True),
    Column("subject", TEXT, primary_key=True),
    Column("user_id", TEXT, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("last_used_at", Double, nullable=False),
    Index("identities_by_user", "user_id"),  # list_identities, delete_user
    sqlite_with_rowid=False,
)

credentials: Final = Table(
    "credentials",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("user_id", TEXT, ForeignKey("users.id", ondelete="CASCADE"), nullable=False),
    Column("kind", TEXT, nullable=False),
    Column("lookup", TEXT),
    Column("secret", TEXT, nullable=False),
    Column("name", TEXT),
    Column("created_at", Double, nullable=False),
    Column("confirmed_at", Double),
    Column("last_used_at", Double),
    Column("counter", BigInteger, nullable=False),
    Column("data", TEXT, nullable=False),  # JSON: {name: text, …}
    Column("version", Integer, nullable=False),
    Index("credentials_by_user", "user_id", "kind"),  # list_credentials, add_credential, delete_user
    Index("credentials_by_lookup", "kind", "lookup", unique=True),  # find_credential; any number have none
    info={"since": "0003"},
    sqlite_with_rowid=False,
)

challenges: Final = Table(
    "challenges",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("expires_at", Double, nullable=False),
    Index("challenges_by_expiry", "expires_at"),  # purge_challenges
    sqlite_with_rowid=False,
)

attempts: Final = Table(
    "attempts",
    metadata,
    Column("key", TEXT, primary_key=True),
    Column("full_at", Double, nullable=False),
    Index("attempts_by_time", "full_at"),  # purge_attempts
    info={"since": "0002"},
    sqlite_with_rowid=False,
)

leases: Final = Table(
    "leases",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("holder", TEXT, nullable=False),
    Column("held_until", Double, nullable=False),
    info={"since": "0002"},
    sqlite_with_rowid=False,
)

audit_events: Final = Table(
    "audit_events",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("at", Double, nullable=False),
    Column("event", TEXT, nullable=False),
    Column("user_id", TEXT),
    Column("session_id", TEXT),
    Column("address", TEXT),
    Column("detail", TEXT, nullable=False),  # JSON: {name: text, …}
    Index("audit_events_by_time", "at", "id"),  # list_events
    Index("audit_events_by_user", "user_id", "at", "id"),  # list_events of a user
)

mails: Final = Table(
    "mails",
    metadata,
    Column("id", TEXT, primary_key=True),
    Column("sealed", TEXT, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("due_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("attempts", Integer, nullable=False),
    Index("mails_by_due", "due_at", "id"),  # take_mails
    Index("mails_by_expiry", "expires_at"),  # purge_mails
    info={"since": "0004"},
)

VERSION_TABLE: Final = "handstamp_version"
"""Where Alembic keeps the revision; a name of our own, for the application may use Alembic too."""

REVISION: Final = "0004"
"""The revision that this version needs. Revisions are numbered, so that a newer one compares as greater."""


def tables_since(revision: str | None) -> set[str]:
    """The tables that a database of this revision has not yet; all, where there are none of ours."""
    return {table.name for table in metadata.tables.values() if table.info.get("since", "0001") > (revision or "")}
