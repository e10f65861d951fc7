"""What the application's registration with a provider says, from the environment.

``HANDSTAMP_X_CLIENT_ID``, ``HANDSTAMP_X_CLIENT_SECRET``, ``HANDSTAMP_GOOGLE_CLIENT_ID`` …: the provider's id in
capitals, with ``_`` for ``-``. Keyword arguments of the provider win. Imported only by who needs it:
pydantic-settings takes about 100 ms.
"""

from collections.abc import Mapping
from types import new_class
from typing import Annotated, Final, cast

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from handstamp.core.errors import ConfigurationError
from handstamp.login.oauth.method import variable_prefix
from handstamp.login.oauth.oauth2 import Client

Id = Annotated[
    str | None,
    Field(description="The client id that {label} gave you. Where it is set, `handstamp serve` offers {label}."),
]
Secret = Annotated[SecretStr | None, Field(description="The client secret that {label} gave you.")]


class ProviderSettings(BaseSettings):
    """Our registration with one provider, as the provider's console shows it."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", hide_input_in_errors=True)

    client_id: Id = None
    """The client id; for OAuth 1.0a the API key (consumer key)."""


class ClientSettings(ProviderSettings):
    """A registration of the usual kind."""

    client_secret: Secret = None
    """The client secret; for OAuth 1.0a the API key secret."""


class AppleSettings(ProviderSettings):
    """Apple's, where a private key takes the place of the secret."""

    team_id: Annotated[str | None, Field(description="The id of your team at {label}, ten characters.")] = None
    key_id: Annotated[str | None, Field(description="The id of the private key, ten characters.")] = None
    private_key: Annotated[
        SecretStr | None,
        Field(description="The text of the `.p8` file of that key; a line break may be written as `\\n`."),
    ] = None


class MicrosoftSettings(ClientSettings):
    """Microsoft's."""

    tenant: Annotated[
        str | None,
        Field(
            description="Whose people may come: a tenant's id, or `organizations` for every tenant, `consumers` for "
            "personal accounts, `common` (the default) for both."
        ),
    ] = None


class HostedSettings(ClientSettings):
    """Those of a provider that one can run oneself."""

    url: Annotated[
        str | None, Field(description="Where your own {label} is; without it the public one is spoken to.")
    ] = None


SECTIONS: Final[Mapping[str, type[ProviderSettings]]] = {
    "apple": AppleSettings,
    "github": HostedSettings,
    "gitlab": HostedSettings,
    "microsoft": MicrosoftSettings,
}
"""Of the providers that want something else than an id and a secret."""


def section(provider_id: str, kind: type[ProviderSettings] | None = None) -> type[ProviderSettings]:
    """The settings of one provider, under its own prefix.

    Args:
        provider_id: Whose.
        kind: What there is to set; by default, what is special about this provider.
    """
    base = kind or SECTIONS.get(provider_id, ClientSettings)
    members = {"model_config": SettingsConfigDict(env_prefix=variable_prefix(provider_id))}
    made = new_class(base.__name__, (base,), exec_body=lambda body: body.update(members))
    return cast("type[ProviderSettings]", made)


def read(provider_id: str, **given: str | None) -> dict[str, str]:
    """Whatever is set of a provider, arguments before environment, secrets in clear. What is empty is not set."""
    said = section(provider_id)().model_dump() | {name: value for name, value in given.items() if value is not None}
    shown = {
        name: value.get_secret_value() if isinstance(value, SecretStr) else value for name, value in said.items()
    }
    return {name: value for name, value in shown.items() if value}


def read_client(provider_id: str, *, client_id: str | None, client_secret: str | None, public_client: bool) -> Client:
    """Put arguments and environment together.

    Args:
        provider_id: Whose.
        client_id: Wins over the environment.
        client_secret: Wins over the environment.
        public_client: Whether we are registered without a secret; the environment's is then not looked at.

    Raises:
        ConfigurationError: Something is missing, or a public client was given a secret.
    """
    prefix = variable_prefix(provider_id)
    if public_client and client_secret is not None:
        raise ConfigurationError(f"{provider_id}: a public client has no secret; leave out one of the two")
    found = section(provider_id, ClientSettings)().model_dump()
    if client_secret is None and not public_client and found["client_secret"] is not None:
        client_secret = found["client_secret"].get_secret_value()
    client_id = client_id or found["client_id"]
    if not client_id:
        raise ConfigurationError(f"set {prefix}CLIENT_ID to the client id that {provider_id} gave you")
    if not client_secret and not public_client:
        raise ConfigurationError(f"set {prefix}CLIENT_SECRET to the client secret that {provider_id} gave you")
    return Client(client_id, client_secret)
