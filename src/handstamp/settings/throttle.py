"""The knobs of limits, and of where requests come from."""

from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode

from handstamp.core.errors import ConfigurationError
from handstamp.core.networks import parse_network
from handstamp.core.policy import Bucket, ProxyPolicy, ThrottlePolicy
from handstamp.settings.kinds import Listed

_DEFAULT = ThrottlePolicy().sign_in


class ThrottleSettings(BaseSettings):
    """How often people may try, and who says where they are."""

    tries: Annotated[
        int,
        Field(
            description="Tries at once to sign in to one account from one network; then one each 30 s.", ge=3, le=20
        ),
    ] = _DEFAULT.pair.burst
    tries_by_account: Annotated[
        int,
        Field(
            description="Tries at once to sign in to one account from all networks; then one a minute, and "
            "the others are asked for another proof.",
            ge=3,
            le=50,
        ),
    ] = _DEFAULT.account.burst
    tries_by_network: Annotated[
        int,
        Field(
            description="Tries at once to sign in from one network (IPv6: a /64); then one each 2 s. Browsers that "
            "have signed in before are not counted.",
            ge=5,
            le=100_000,
        ),
    ] = _DEFAULT.network.burst
    trusted_proxies: Annotated[
        tuple[str, ...],
        NoDecode,
        Listed,
        Field(
            description="Addresses or networks of proxies whose word counts about where requests come from, "
            "comma-separated: `10.0.0.0/8`. None by default."
        ),
    ] = ()
    forwarded_header: Annotated[
        Literal["x-forwarded-for", "forwarded"],
        Field(description="The header in which these proxies say it. The other one is not read."),
    ] = "x-forwarded-for"

    @field_validator("trusted_proxies")
    @classmethod
    def _trusted_proxies(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            try:
                network = parse_network(text)
            except ValueError:
                raise ConfigurationError(
                    f"{text!r} is no network: write 10.0.0.0/8, 2001:db8::/32 or one address"
                ) from None
            if network.prefixlen == 0:
                raise ConfigurationError(f"{text} is everybody: name the networks of the proxies alone")
        return value

    @property
    def throttle(self) -> ThrottlePolicy:
        """How often people may try."""
        limits = replace(
            _DEFAULT,
            pair=Bucket(self.tries, _DEFAULT.pair.every),
            account=Bucket(self.tries_by_account, _DEFAULT.account.every),
            network=Bucket(self.tries_by_network, _DEFAULT.network.every),
        )
        return ThrottlePolicy(sign_in=limits)

    @property
    def proxies(self) -> ProxyPolicy:
        """Whose word counts about where requests come from."""
        return ProxyPolicy(
            trusted=tuple(parse_network(text) for text in self.trusted_proxies), header=self.forwarded_header
        )
