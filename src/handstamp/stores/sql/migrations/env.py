"""How Alembic runs: on the connection and in the transaction that ``handstamp.stores.sql.migrate`` passes."""

from alembic import context

from handstamp.stores.sql.tables import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    render_as_batch=True,
)
context.run_migrations()
