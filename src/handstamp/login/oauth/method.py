"""What makes a provider a way in of the application."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from starlette.routing import Route

from handstamp.web.methods import Holdings, Way

if TYPE_CHECKING:
    from handstamp.login.oauth.provider import Provider
    from handstamp.web.host import Host
    from handstamp.web.pages.contexts import Part


def variable_prefix(provider_id: str) -> str:
    """What the names of a provider's environment variables begin with."""
    return f"HANDSTAMP_{provider_id.upper().replace('-', '_')}_"


class OAuthMethod(Way):
    """Base of the providers: with it they are ways in, as ``Auth(methods=[…])`` takes them."""

    def confirmation_part(self, holdings: Holdings) -> "Part | None":
        """A link to sign in there again, for those who have an account there."""
        from handstamp.login.oauth.parts import SignInAgain  # noqa: PLC0415  needs the pages, which load late

        provider = cast("Provider", self)
        known = any(identity.issuer == provider.issuer for identity in holdings.identities)
        return SignInAgain(label=self.label, path=self.path) if known else None

    def routes(self, host: "Host") -> Sequence[Route]:
        """Out to the provider, and back."""
        from handstamp.login.oauth.routes import OAuthRoutes  # noqa: PLC0415  needs the web side, which loads late

        return OAuthRoutes(cast("Provider", self), host).routes()
