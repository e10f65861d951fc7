"""The knobs of passwords."""

from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode

from handstamp.core.errors import ConfigurationError
from handstamp.core.origins import is_loopback_host
from handstamp.core.policy import BreachPolicy, HashingPolicy, PasswordPolicy
from handstamp.settings.kinds import Duration, Listed

_LONGEST = 64
"""A longer least length would refuse what NIST SP 800-63B-4 §3.1.1.2 wants let in."""


class PasswordSettings(BaseSettings):
    """What they cost, and which may be chosen. The least cost is that of OWASP's Password Storage Cheat Sheet."""

    password_min_length: Annotated[
        int,
        Field(description="Characters of a new password where a second factor is asked for too.", ge=8, le=_LONGEST),
    ] = PasswordPolicy().min_length
    password_min_length_alone: Annotated[
        int, Field(description="Characters of a new password that is the only factor.", ge=8, le=_LONGEST)
    ] = PasswordPolicy().min_length_alone
    password_words: Annotated[
        frozenset[str],
        NoDecode,
        Listed,
        Field(description="Words that alone make no password, comma-separated: names of products, places, teams."),
    ] = PasswordPolicy().words
    password_memory: Annotated[
        int, Field(description="MiB that Argon2id takes for one hash (RFC 9106).", ge=19, le=256)
    ] = HashingPolicy().memory
    password_passes: Annotated[int, Field(description="Passes of Argon2id over its memory.", ge=2, le=4)] = (
        HashingPolicy().passes
    )
    password_lanes: Annotated[
        int, Field(description="Lanes of Argon2id; they are computed in one thread.", ge=1, le=16)
    ] = HashingPolicy().lanes
    password_at_once: Annotated[
        int | None,
        Field(description="Passwords hashed at the same time in a process. By default one a core, at most 4.", ge=1),
    ] = HashingPolicy().at_once
    password_waiting: Annotated[
        int, Field(description="Sign-ins in line behind those that are hashed; the others get 503.", ge=0, le=10_000)
    ] = HashingPolicy().waiting
    password_breach_url: Annotated[
        str | None,
        Field(description="Where new passwords are looked up among leaked ones; five digits of a hash go behind it."),
    ] = None
    password_breach_timeout: Annotated[
        Duration, Field(description="For a look-up; after it the password passes.", gt=0, le=10)
    ] = BreachPolicy(url="").time_limit

    @field_validator("password_breach_url")
    @classmethod
    def _password_breach_url(cls, value: str | None) -> str | None:
        if not value:
            return None
        try:
            parts = urlsplit(value)
        except ValueError:
            raise ConfigurationError("password_breach_url is no URL") from None
        there = parts.hostname or ""
        if not value.isascii() or not value.isprintable() or parts.query or parts.fragment or "@" in parts.netloc:
            raise ConfigurationError("password_breach_url is no plain URL: write https://host/path/")
        if not there or not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback_host(there))):
            raise ConfigurationError("password_breach_url must be https, or http on this machine")
        if not value.endswith("/"):
            raise ConfigurationError("password_breach_url must end with /: the digits go behind it")
        return value

    @model_validator(mode="after")
    def _password_lengths(self) -> Self:
        both = {"password_min_length", "password_min_length_alone"}
        if both <= self.model_fields_set and self.password_min_length > self.password_min_length_alone:
            raise ConfigurationError(
                "password_min_length is more than password_min_length_alone: "
                "where the password is the only factor it has to be the longer one"
            )
        return self

    @property
    def passwords(self) -> PasswordPolicy:
        """Which may be chosen."""
        return PasswordPolicy(
            min_length=self.password_min_length,
            min_length_alone=max(self.password_min_length, self.password_min_length_alone),
            words=self.password_words,
        )

    @property
    def hashing(self) -> HashingPolicy:
        """What a hash costs, and how many there are at once."""
        return HashingPolicy(
            memory=self.password_memory,
            passes=self.password_passes,
            lanes=self.password_lanes,
            at_once=self.password_at_once,
            waiting=self.password_waiting,
        )

    @property
    def breach(self) -> BreachPolicy | None:
        """Where leaked ones are looked up; None where they are not."""
        if self.password_breach_url is None:
            return None
        return BreachPolicy(url=self.password_breach_url, time_limit=self.password_breach_timeout)
