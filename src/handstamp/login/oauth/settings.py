"""What the application's registration with a provider says, from the environment.

``HANDSTAMP_X_CLIENT_ID``, ``HANDSTAMP_X_CLIENT_SECRET``, ``HANDSTAMP_GOOGLE_CLIENT_ID`` …: the provider's id in
capitals, with ``_`` for ``-``. Keyword arguments of the provider win. Imported only by who needs it:
pydantic-settings takes about 100 ms.
"""

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from handstamp.core.errors import ConfigurationError
from handstamp.login.oauth.method import variable_prefix
from handstamp.login.oauth.oauth2 import Client


class ClientSettings(BaseSettings):
    """Our registration with one provider, as the provider's console shows it."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", hide_input_in_errors=True)

    client_id: str | None = None
    """The client id; for OAuth 1.0a the API key (consumer key)."""
    client_secret: SecretStr | None = None
    """The client secret; for OAuth 1.0a the API key secret."""


def section(provider_id: str) -> type[ClientSettings]:
    """The settings of one provider, under its own prefix."""

    class Section(ClientSettings):
        model_config = SettingsConfigDict(env_prefix=variable_prefix(provider_id))

    return Section


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
    found = section(provider_id)()
    if client_secret is None and not public_client and found.client_secret is not None:
        client_secret = found.client_secret.get_secret_value()
    client_id = client_id or found.client_id
    if not client_id:
        raise ConfigurationError(f"set {prefix}CLIENT_ID to the client id that {provider_id} gave you")
    if not client_secret and not public_client:
        raise ConfigurationError(f"set {prefix}CLIENT_SECRET to the client secret that {provider_id} gave you")
    return Client(client_id, client_secret)
