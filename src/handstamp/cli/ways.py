"""The ways in that need no code: a provider is offered when the environment holds our registration with it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Final

from handstamp.login.oauth import Apple, Discord, Facebook, GitHub, GitLab, Google, Microsoft, X
from handstamp.login.oauth.settings import section
from handstamp.web.methods import LoginMethod


@dataclass(frozen=True, slots=True)
class Way:
    """A provider that is set up by variables alone."""

    label: str
    make: Callable[[], LoginMethod]


PROVIDERS: Final[Mapping[str, Way]] = {
    way.id: Way(way.label, way) for way in (X, Google, Apple, Microsoft, Facebook, GitHub, GitLab, Discord)
}
"""By id, in the order in which pages show them."""


def configured_ways(*, but: Collection[str] = ()) -> tuple[LoginMethod, ...]:
    """The providers with a client id, ready for use.

    Args:
        but: The ids of those to leave out.

    Raises:
        ConfigurationError: A registration is only half there; the message names the variable to set.
    """
    return tuple(way.make() for provider, way in PROVIDERS.items() if provider not in but and _is_mentioned(provider))


def _is_mentioned(provider: str) -> bool:
    return bool(section(provider)().model_fields_set)
