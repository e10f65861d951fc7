"""The tokens of identities in memory."""

from dataclasses import replace

from handstamp.core.models import SealedTokens
from handstamp.stores.memory.people import People


class MemoryTokens(People):
    """Keeps ``TokenStore``."""

    async def keep_tokens(self, tokens: SealedTokens, *, user_id: str) -> bool:
        """See ``TokenStore``."""
        identity = self._identities.get((tokens.issuer, tokens.subject))
        if identity is None or identity.user_id != user_id:
            return False
        self._sealed[tokens.issuer, tokens.subject] = tokens
        return True

    async def load_tokens(self, issuer: str, subject: str) -> SealedTokens | None:
        """See ``TokenStore``."""
        return self._sealed.get((issuer, subject))

    async def swap_tokens(self, seen: SealedTokens, becomes: SealedTokens) -> bool:
        """See ``TokenStore``."""
        stored = self._sealed.get((seen.issuer, seen.subject))
        if stored is None or stored.version != seen.version:
            return False
        self._sealed[seen.issuer, seen.subject] = replace(becomes, issuer=seen.issuer, subject=seen.subject)
        return True

    async def erase_tokens(self, issuer: str, subject: str) -> SealedTokens | None:
        """See ``TokenStore``."""
        return self._sealed.pop((issuer, subject), None)
