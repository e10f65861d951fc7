"""The tokens of identities in SQL."""

from sqlalchemy import ColumnElement, Connection, Update, select, update

from handstamp.core.models import SealedTokens
from handstamp.stores.sql.part import Part
from handstamp.stores.sql.rows import NO_TOKENS, tokens_from, tokens_values
from handstamp.stores.sql.tables import identities


class SqlTokens(Part):
    """Keeps ``TokenStore``. They are columns of the identity; nothing here is told, for the feed watches others."""

    async def keep_tokens(self, tokens: SealedTokens, *, user_id: str) -> bool:
        """See ``TokenStore``."""
        statement = update(identities).where(_is(tokens.issuer, tokens.subject), identities.c.user_id == user_id)
        return await self._changed(statement.values(tokens_values(tokens)))

    async def load_tokens(self, issuer: str, subject: str) -> SealedTokens | None:
        """See ``TokenStore``."""
        statement = select(identities).where(_is(issuer, subject))
        row = await self._database.read(lambda connection: connection.execute(statement).one_or_none(), alone=True)
        return None if row is None else tokens_from(row)

    async def swap_tokens(self, seen: SealedTokens, becomes: SealedTokens) -> bool:
        """See ``TokenStore``."""
        still_there = (_is(seen.issuer, seen.subject), identities.c.tokens_version == seen.version)
        return await self._changed(update(identities).where(*still_there).values(tokens_values(becomes)))

    async def erase_tokens(self, issuer: str, subject: str) -> SealedTokens | None:
        """See ``TokenStore``."""
        this = (_is(issuer, subject), identities.c.tokens_version.is_not(None))

        def work(connection: Connection) -> SealedTokens | None:
            row = connection.execute(select(identities).where(*this).with_for_update()).one_or_none()
            if row is None:
                return None
            connection.execute(update(identities).where(*this).values(NO_TOKENS))
            return tokens_from(row)

        return await self._database.write(work, told=False)

    async def _changed(self, statement: Update) -> bool:
        return await self._database.write(lambda connection: connection.execute(statement).rowcount == 1, told=False)


def _is(issuer: str, subject: str) -> ColumnElement[bool]:
    return (identities.c.issuer == issuer) & (identities.c.subject == subject)
