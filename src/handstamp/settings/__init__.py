"""Every knob once. The only reader of the environment.

Keyword arguments come before ``HANDSTAMP_*`` variables, these before a TOML file, that before the defaults. What is
unknown, weak or contradictory stops the start with a message that says what to do.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from handstamp.core.errors import ConfigurationError
from handstamp.core.keys import check_secrets
from handstamp.core.origins import is_loopback_origin, parse_origin
from handstamp.core.policy import MINUTE, CookiePolicy, OriginPolicy, Policies, RotationPolicy, SessionPolicy
from handstamp.core.redirects import SafeRedirect
from handstamp.core.urls import DATABASES, SESSION_STORES
from handstamp.settings.appearance import AppearanceSettings
from handstamp.settings.kinds import Duration, Listed
from handstamp.settings.mail import MailSettings
from handstamp.settings.passwords import PasswordSettings
from handstamp.settings.throttle import ThrottleSettings
from handstamp.settings.vault import VaultSettings
from handstamp.settings.words import in_words

PREFIX: Final = "HANDSTAMP_"
CONFIG_VARIABLE: Final = "HANDSTAMP_CONFIG"

_OF_A_PROVIDER: Final = re.compile(
    rf"{PREFIX}(?:[A-Z0-9_]+_CLIENT_(?:ID|SECRET)|APPLE_(?:TEAM_ID|KEY_ID|PRIVATE_KEY)|MICROSOFT_TENANT|GIT(?:HUB|LAB)_URL)"
)
"""Read by the providers themselves, each in its own folder; a provider in use says so if it misses its own."""


class StoreSettings(BaseSettings):
    """Where the store is: all that administration needs, which signs nothing."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="ignore", frozen=True, hide_input_in_errors=True, validate_default=False
    )

    database: Annotated[SecretStr, Field(description=f"Where users and sessions are kept: {DATABASES}.")] = SecretStr(
        "sqlite:///handstamp.db"
    )
    sessions: Annotated[
        SecretStr | None,
        Field(
            description=f"Where sessions are kept, if not beside the users: {SESSION_STORES}; "
            "or anything that `database` can be."
        ),
    ] = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Keywords, then the environment, then the file that it names."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, InitSettingsSource(settings_cls, init_kwargs=dict(_file_values()))


class GeneralSettings(StoreSettings):
    """Secrets, addresses and sessions."""

    model_config = SettingsConfigDict(extra="forbid")

    secret: Annotated[
        tuple[SecretStr, ...],
        NoDecode,
        Listed,
        Field(
            description="Server secrets, newest first, separated by commas: the first signs, all verify. Each from "
            "`handstamp secret`. Required off loopback; on loopback one is made and kept: beside the database where "
            "that is a file, else in the user's state folder, for each database, sessions and origin another."
        ),
    ] = ()
    origin: Annotated[str, Field(description="The public address, scheme://host[:port]. https off loopback.")] = (
        "http://127.0.0.1:8000"
    )
    trusted_origins: Annotated[
        frozenset[str],
        NoDecode,
        Listed,
        Field(description="Other origins that may send unsafe requests and be redirected to, comma-separated."),
    ] = frozenset()
    app_name: Annotated[str, Field(description="What people know the application by.", max_length=80)] = "handstamp"
    mount: Annotated[str, Field(description="The path of handstamp's own routes.", pattern=r"^(/[a-z0-9_-]+)+$")] = (
        "/auth"
    )
    after_sign_in: Annotated[str, Field(description="The path where people go who asked for nothing else.")] = "/"
    absolute_timeout: Annotated[Duration, Field(description="A session ends this long after it began.", gt=0)] = (
        SessionPolicy().absolute_timeout
    )
    idle_timeout: Annotated[
        Duration, Field(description="A session ends when it was not used for this long.", gt=0)
    ] = SessionPolicy().idle_timeout
    rotate_after: Annotated[
        Duration, Field(description="A token is replaced at this age. 0 replaces it at each response (experimental).")
    ] = RotationPolicy().rotate_after
    grace: Annotated[
        Duration,
        Field(description="A replaced token is let in for this long, for requests that were under way.", ge=1),
    ] = RotationPolicy().grace
    on_replay: Annotated[
        Literal["end", "report"],
        Field(
            description="What happens when a token comes back after its grace: end the session, or only record it."
        ),
    ] = "end"
    cookie_prefix: Annotated[
        Literal["__Host-Http-", ""],
        Field(description="Empty only on loopback, for clients that keep no Secure cookies from plain http."),
    ] = "__Host-Http-"

    @field_validator("origin")
    @classmethod
    def _origin(cls, value: str) -> str:
        return parse_origin(value)

    @field_validator("trusted_origins")
    @classmethod
    def _trusted_origins(cls, value: frozenset[str]) -> frozenset[str]:
        return frozenset(parse_origin(origin) for origin in value)

    @field_validator("after_sign_in")
    @classmethod
    def _after_sign_in(cls, value: str) -> str:
        return SafeRedirect.to_path(value).location

    @field_validator("secret")
    @classmethod
    def _secret(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if value:
            check_secrets([secret.get_secret_value() for secret in value])
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if not self.on_loopback:
            if urlsplit(self.origin).scheme != "https":
                raise ConfigurationError(
                    f"the origin {self.origin} is plain http: use https, or anybody on the way can read the cookie"
                )
            if not self.secret:
                raise ConfigurationError(
                    f"there is no secret for {self.origin}: set HANDSTAMP_SECRET to what `handstamp secret` prints"
                )
            if not self.cookie_prefix:
                raise ConfigurationError("an empty cookie_prefix drops Secure: it is allowed on loopback only")
        if self.idle_timeout > self.absolute_timeout and "idle_timeout" in self.model_fields_set:
            raise ConfigurationError("idle_timeout is longer than absolute_timeout: a session could never be idle")
        if self.rotate_after and self.grace >= self.rotate_after:
            raise ConfigurationError("grace must be shorter than rotate_after, or a stolen token is never found")
        if self.rotate_after == 0 and self.grace > MINUTE:
            raise ConfigurationError("replaced at each response, a token wants a grace of 10s, and 60s at the most")
        return self

    @property
    def on_loopback(self) -> bool:
        """Whether the origin is on this machine: the only place where plain http and made-up secrets are allowed."""
        return is_loopback_origin(self.origin)

    @property
    def state_folder(self) -> Path:
        """Where this user's programs keep what stays on this machine: the XDG Base Directory Specification's.

        Raises:
            ConfigurationError: The user has no such place.
        """
        named = os.environ.get("XDG_STATE_HOME", "")  # noqa: TID251  its home
        try:
            # The specification: a path that is relative is ignored.
            base = Path(named) if named.startswith("/") else Path.home() / ".local" / "state"
        except RuntimeError:
            raise ConfigurationError("this user has no home folder") from None
        return base / "handstamp"

    @property
    def session_policy(self) -> SessionPolicy:
        """The limits of a session."""
        return SessionPolicy(
            absolute_timeout=self.absolute_timeout,
            idle_timeout=min(self.idle_timeout, self.absolute_timeout),
            rotation=RotationPolicy(rotate_after=self.rotate_after, grace=self.grace),
            on_replay=self.on_replay,
        )

    @property
    def cookies(self) -> CookiePolicy:
        """The names of the cookies."""
        return CookiePolicy(prefix=self.cookie_prefix)

    @property
    def origins(self) -> OriginPolicy:
        """Where the application lives."""
        return OriginPolicy(origin=self.origin, trusted_origins=self.trusted_origins)


class Settings(AppearanceSettings, ThrottleSettings, MailSettings, PasswordSettings, VaultSettings, GeneralSettings):
    """How handstamp behaves. The description of each field is what the documentation says of it."""

    @property
    def policies(self) -> Policies:
        """What the ways in go by."""
        return Policies(
            passwords=self.passwords,
            hashing=self.hashing,
            breach=self.breach,
            vault=self.vault,
            throttle=self.throttle,
        )


def load_settings(**keywords: Any) -> Settings:
    """The settings in force.

    Args:
        keywords: Fields of ``Settings``; None counts as not given.

    Raises:
        ConfigurationError: Something is unknown, weak or contradictory, in one line each.
    """
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | {CONFIG_VARIABLE}
    named = {name.upper() for name in os.environ if name.upper().startswith(PREFIX)}  # noqa: TID251  its home
    unknown = sorted(name for name in named - known if not _OF_A_PROVIDER.fullmatch(name))
    if unknown:
        raise ConfigurationError(f"nothing reads {', '.join(unknown)}: see `handstamp config show` for the names")
    given = {name: value for name, value in keywords.items() if value is not None}
    try:
        return Settings(**given)
    except ValidationError as error:
        raise ConfigurationError(in_words(error)) from None


def load_stores() -> StoreSettings:
    """Where the stores are, whatever else is configured, or is missing.

    Raises:
        ConfigurationError: The file cannot be read, or what it says of them is no text.
    """
    try:
        return StoreSettings()
    except ValidationError as error:
        raise ConfigurationError(in_words(error)) from None


def stated() -> Mapping[str, tuple[str, object]]:
    """What the environment, or else the file, says of each setting, unchecked: where, and what.

    Raises:
        ConfigurationError: The file cannot be read.
    """
    file = os.environ.get(CONFIG_VARIABLE, "")  # noqa: TID251  its home
    said: dict[str, tuple[str, object]] = {name: (file, value) for name, value in _file_values().items()}
    for variable, value in os.environ.items():  # noqa: TID251  its home
        if variable.upper().startswith(PREFIX):
            said[variable.upper().removeprefix(PREFIX).lower()] = (variable, value)
    return said


def _file_values() -> Mapping[str, Any]:
    name = os.environ.get(CONFIG_VARIABLE)  # noqa: TID251  its home
    if name is None:
        return {}
    try:
        return tomllib.loads(Path(name).read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{CONFIG_VARIABLE} names {name}, which cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{name} is no TOML: {error}") from None
