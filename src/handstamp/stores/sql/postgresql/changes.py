"""The triggers that tell every listening process what changed, also by hand.

They are not part of the numbered migrations: each run of ``migrate`` compares them with what is written here, and
makes them anew. A notification is sent when its transaction commits, once for each row however often it changed.
"""

from collections.abc import Callable
from typing import Any, Final

from handstamp.stores.sql.tables import sessions

Run = Callable[..., Any]
"""Runs a statement and gives a cursor over what it found, as ``Connection.exec_driver_sql`` does."""

CHANNEL: Final = "handstamp"
EVERYTHING: Final = "everything"

_LONGEST_KEY: Final = 7_000
"""Bytes. A notification has at most 7,999, and one that is longer would undo the change that it tells."""

# Use of a session is not told: it changes no verdict, and happens all the time.
_TOLD_OF_SESSIONS = ", ".join(column.name for column in sessions.columns if column.name != "last_used_at")

_WATCHED = (
    ("sessions", "session", "id", f"UPDATE OF {_TOLD_OF_SESSIONS}"),
    ("users", "user", "id", "UPDATE"),
    ("user_roles", "user", "user_id", "UPDATE"),
)

_TELL_ROW = """
DECLARE
    told text;
BEGIN
    FOREACH told IN ARRAY CASE TG_OP
        WHEN 'INSERT' THEN ARRAY[NEW.{key}]
        WHEN 'DELETE' THEN ARRAY[OLD.{key}]
        ELSE ARRAY[OLD.{key}, NEW.{key}]
    END LOOP
        PERFORM pg_catalog.pg_notify('{channel}', CASE
            WHEN pg_catalog.octet_length(told) > {longest} THEN '{everything}'
            ELSE TG_ARGV[0] || ':' || told
        END);
    END LOOP;
    RETURN NULL;
END
"""

_TELL_ALL = """
BEGIN
    PERFORM pg_catalog.pg_notify('{channel}', '{everything}');
    RETURN NULL;
END
"""


def _body(template: str, key: str = "") -> str:
    return template.format(key=key, channel=CHANNEL, everything=EVERYTHING, longest=_LONGEST_KEY)


FUNCTIONS: Final = {
    "handstamp_tell_id": _body(_TELL_ROW, "id"),
    "handstamp_tell_user_id": _body(_TELL_ROW, "user_id"),
    "handstamp_tell_everything": _body(_TELL_ALL),
}
"""Name and body of each function."""


def _triggers() -> dict[str, tuple[str, str]]:
    triggers: dict[str, tuple[str, str]] = {}
    for table, kind, key, update in _WATCHED:
        for event, name in (("INSERT", "inserted"), (update, "updated"), ("DELETE", "deleted")):
            what = f"AFTER {event} ON {table} FOR EACH ROW EXECUTE FUNCTION handstamp_tell_{key}('{kind}')"
            triggers[f"{table}_{name}"] = table, what
        what = f"AFTER TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION handstamp_tell_everything()"
        triggers[f"{table}_truncated"] = table, what
    return triggers


TRIGGERS: Final = _triggers()
"""Table and definition of each trigger, as PostgreSQL itself writes them."""

# tgenabled "A": the trigger fires for what a replication or a restore writes, too.
_DEFINED_TRIGGERS: Final = """
SELECT tgname, pg_get_triggerdef(oid, true) FROM pg_trigger
WHERE tgrelid IN (to_regclass('sessions'), to_regclass('users'), to_regclass('user_roles'))
AND NOT tgisinternal AND tgenabled = 'A'"""

_DEFINED_FUNCTIONS: Final = """
SELECT proname, prosrc FROM pg_proc WHERE oid IN (
    to_regproc('handstamp_tell_id'), to_regproc('handstamp_tell_user_id'), to_regproc('handstamp_tell_everything')
)"""


def triggers_at_fault(run: Run) -> list[str]:
    """The names of the triggers and functions that are missing, switched off, or read otherwise than here."""
    triggers, functions = dict(run(_DEFINED_TRIGGERS).fetchall()), dict(run(_DEFINED_FUNCTIONS).fetchall())
    return [
        *(name for name, body in FUNCTIONS.items() if functions.get(name) != body),
        *(name for name, (_, what) in TRIGGERS.items() if triggers.get(name) != f"CREATE TRIGGER {name} {what}"),
    ]


# A row of a catalogue has the number of the transaction that wrote it. What was dropped and made again has another
# one, and so has what was switched off and on, however quickly; comparing definitions would miss both.
STATE: Final = """
SELECT coalesce(string_agg(made, ' ' ORDER BY made), '') AS state FROM (
    SELECT oid || ':' || xmin AS made FROM pg_trigger
    WHERE tgrelid IN (to_regclass('sessions'), to_regclass('users'), to_regclass('user_roles'))
    AND NOT tgisinternal
    UNION ALL
    SELECT oid || ':' || xmin FROM pg_proc WHERE oid IN (
        to_regproc('handstamp_tell_id'), to_regproc('handstamp_tell_user_id'),
        to_regproc('handstamp_tell_everything')
    )
) AS ours"""
"""A text that is another one as soon as a trigger or function was changed, or made anew."""

BEAT: Final = f"SELECT pg_notify(%s, %s) FROM ({STATE}) AS found WHERE state = %s"  # noqa: S608  constants
"""Sends a notification where the triggers are still what they were, by their ``STATE``; else it gives no row."""


def install(run: Run) -> None:
    """Make functions and triggers anew, and let every feed say that everything has changed."""
    for name, body in FUNCTIONS.items():
        run(f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $tell${body}$tell$")
    for name, (table, what) in TRIGGERS.items():
        run(f"CREATE OR REPLACE TRIGGER {name} {what}")
        run(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")
    # What happened without triggers was not told.
    run(f"NOTIFY {CHANNEL}, '{EVERYTHING}'")
