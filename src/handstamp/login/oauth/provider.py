"""What every provider offers, whatever protocol it speaks."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from handstamp.core.errors import ConfigurationError
from handstamp.core.models import Profile, ProviderTokens
from handstamp.login.oauth.exchange import Exchange, is_secure_url
from handstamp.login.oauth.flow import Flow
from handstamp.login.oauth.method import variable_prefix
from handstamp.login.oauth.oauth2 import Client


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in under way: where the browser goes, and what has to be there when it comes back."""

    url: str = field(repr=False)
    flow: Flow


class Provider(Protocol):
    """A place where people have accounts. It remembers nothing of a sign-in: that is in the flow."""

    @property
    def id(self) -> str:
        """Its name in addresses, ``/auth/login/{id}``: lower-case letters, digits, hyphens."""
        ...

    @property
    def label(self) -> str:
        """Its name for people."""
        ...

    @property
    def issuer(self) -> str:
        """Half of the key of an identity; the other half is the subject."""
        ...

    @property
    def keeps_tokens(self) -> bool:
        """Whether ``finish`` gives the tokens with the profile, to be kept."""
        ...

    def begin(self, *, callback_url: str, now: float, anew: bool = False) -> Exchange[Begun]:
        """Begin a sign-in. Yields a request only where the protocol needs one.

        Args:
            callback_url: Absolute, this provider's own (OAU-04), registered there.
            now: Seconds since the epoch.
            anew: Whether the provider is asked to have the person sign in anew, where it can be asked that.

        Raises:
            LoginFailed: ``provider_error``, ``provider_unavailable`` or ``invalid_response``.
        """
        ...

    def finish(
        self, flow: Flow, parameters: Mapping[str, str], *, callback_url: str, now: float
    ) -> Exchange[Profile]:
        """Find out who came back. The callback is checked before its code or verifier is used.

        Args:
            flow: What ``begin`` gave to this very browser; the caller has used up its id.
            parameters: Of the callback, from ``callback_parameters``.
            callback_url: The same as at ``begin``.
            now: Seconds since the epoch.

        Raises:
            LoginFailed: ``flow_unknown``, ``access_denied``, ``provider_error``, ``provider_unavailable`` or
                ``invalid_response``.
        """
        ...

    def renew(self, tokens: ProviderTokens, *, now: float) -> Exchange[ProviderTokens]:
        """Have tokens renewed. What is not given anew is left out.

        Raises:
            MustSignInAgain: The provider takes them no more, or there is nothing to renew them by.
            LoginFailed: It cannot be asked, or refused for another reason.
        """
        ...

    def withdraw(self, tokens: ProviderTokens, *, now: float) -> Exchange[None]:
        """Tell the provider that tokens are not needed any more, where it has an endpoint for that.

        Raises:
            LoginFailed: It did not take notice.
        """
        ...


def more_scopes(scope: str, scopes: Iterable[str]) -> str:
    """A scope with those that an application asks for besides, each once."""
    return " ".join(dict.fromkeys((*scope.split(), *scopes)))


def require_secure(url: str, what: str) -> str:
    """An address from the configuration, if it may be spoken to.

    Raises:
        ConfigurationError: It is neither https nor on this machine.
    """
    if not is_secure_url(url):
        raise ConfigurationError(f"{what} must be an https address (http only on this machine), not {url!r}")
    return url


def read_client(provider_id: str, *, client_id: str | None, client_secret: str | None, public_client: bool) -> Client:
    """Our registration with a provider: the arguments, or else the environment.

    Raises:
        ConfigurationError: Something is missing; the message names the variable to set.
    """
    from handstamp.login.oauth import settings  # noqa: PLC0415  pydantic-settings takes 100 ms: loaded when used

    return settings.read_client(
        provider_id, client_id=client_id, client_secret=client_secret, public_client=public_client
    )


def read_option(provider_id: str, name: str, value: str | None) -> str | None:
    """One more thing that our registration with this provider says, if it does: the argument, or the environment."""
    from handstamp.login.oauth import settings  # noqa: PLC0415  pydantic-settings takes 100 ms: loaded when used

    return settings.read(provider_id, **{name: value}).get(name)


def read_required(provider_id: str, **given: str | None) -> Mapping[str, str]:
    """Our registration with a provider that wants more than an id and a secret.

    Args:
        provider_id: Whose.
        given: Each member by its name; None is looked for in the environment.

    Raises:
        ConfigurationError: Something is missing; the message names the variable to set.
    """
    from handstamp.login.oauth import settings  # noqa: PLC0415  pydantic-settings takes 100 ms: loaded when used

    found = settings.read(provider_id, **given)
    for name in given:
        if name not in found:
            variable = f"{variable_prefix(provider_id)}{name.upper()}"
            raise ConfigurationError(f"set {variable}: without it there is no sign-in with {provider_id}")
    return found
