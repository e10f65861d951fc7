"""What makes a provider a way in of the application."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from starlette.routing import Route

from handstamp.web.methods import Way

if TYPE_CHECKING:
    from handstamp.login.oauth.provider import Provider
    from handstamp.web.host import Host


def variable_prefix(provider_id: str) -> str:
    """What the names of a provider's environment variables begin with."""
    return f"HANDSTAMP_{provider_id.upper().replace('-', '_')}_"


class OAuthMethod(Way):
    """Base of the providers: with it they are ways in, as ``Auth(methods=[…])`` takes them."""

    def routes(self, host: "Host") -> Sequence[Route]:
        """Out to the provider, and back."""
        from handstamp.login.oauth.routes import OAuthRoutes  # noqa: PLC0415  needs the web side, which loads late

        return OAuthRoutes(cast("Provider", self), host).routes()
