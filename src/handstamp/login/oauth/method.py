"""What makes a provider a way in of the application."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from starlette.routing import Route

from handstamp.core.errors import LoginFailed, ProviderUnavailable
from handstamp.core.models import ProviderTokens
from handstamp.services.identities import identity_id
from handstamp.web.methods import Holdings, Way

if TYPE_CHECKING:
    from handstamp.login.oauth.client import Network
    from handstamp.login.oauth.provider import Provider
    from handstamp.services.renewals import TokenRefresher
    from handstamp.web.host import Host
    from handstamp.web.pages.contexts import Part


def variable_prefix(provider_id: str) -> str:
    """What the names of a provider's environment variables begin with."""
    return f"HANDSTAMP_{provider_id.upper().replace('-', '_')}_"


class OAuthMethod(Way):
    """Base of the providers: with it they are ways in, as ``Auth(methods=[…])`` takes them."""

    issuer: str
    keeps_tokens: bool = False
    """Whether the tokens that the provider gives are kept."""
    _connections: "Network | None" = None

    @property
    def network(self) -> "Network":
        """The connections to the provider."""
        from handstamp.login.oauth.client import Network  # noqa: PLC0415  with httpx2, where it is used

        if self._connections is None:
            self._connections = Network()
        return self._connections

    def routes(self, host: "Host") -> Sequence[Route]:
        """Out to the provider, and back."""
        from handstamp.login.oauth.linking import LinkRoutes  # noqa: PLC0415  the same
        from handstamp.login.oauth.routes import OAuthRoutes  # noqa: PLC0415  needs the web side, which loads late

        routes = OAuthRoutes(cast("Provider", self), self, host).routes()
        if next(way for way in host.methods if isinstance(way, OAuthMethod)) is self:  # one page for all providers
            routes += LinkRoutes(host).routes()
        return routes

    def speaks_for(self, issuer: str) -> bool:
        """Whether identities of this issuer are this provider's people's."""
        return issuer == self.issuer

    def security_part(self, holdings: Holdings) -> "Part | None":
        """The logins of the user here, to be unlinked, and the way to link one."""
        from handstamp.login.oauth.pages import IdentitiesPart, IdentityLine  # noqa: PLC0415  loads with the pages

        theirs = [one for one in holdings.identities if self.speaks_for(one.issuer)]
        lines = tuple(IdentityLine(id=identity_id(one), identity=one) for one in theirs)
        return IdentitiesPart(provider=self.id, label=self.label, lines=lines, now=holdings.now, fresh=holdings.fresh)

    def confirmation_part(self, holdings: Holdings) -> "Part | None":
        """A link to the provider, for whoever has a login there."""
        from handstamp.login.oauth.pages import ConfirmationPart  # noqa: PLC0415  loads with the pages

        if not any(self.speaks_for(one.issuer) for one in holdings.identities):
            return None
        return ConfirmationPart(provider=self.id, label=self.label)

    def token_refresher(self) -> "TokenRefresher | None":
        """Itself, where tokens are kept."""
        return self if self.keeps_tokens else None

    async def refresh(self, tokens: ProviderTokens, *, now: float) -> ProviderTokens:
        """Have tokens renewed; see ``TokenRefresher``."""
        try:
            return await self.network.perform(cast("Provider", self).renew(tokens, now=now))
        except LoginFailed as error:
            raise ProviderUnavailable(str(error)) from error

    async def revoke(self, tokens: ProviderTokens, *, now: float) -> None:
        """Tell the provider that tokens are not needed any more; see ``TokenRefresher``."""
        try:
            await self.network.perform(cast("Provider", self).withdraw(tokens, now=now))
        except LoginFailed as error:
            raise ProviderUnavailable(str(error)) from error

    async def close(self) -> None:
        """Let go of connections."""
        if self._connections is not None:
            await self._connections.close()
