"""Every setting with its value, as text that may be shown."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from handstamp.cli.ways import PROVIDERS
from handstamp.core.durations import format_duration
from handstamp.core.urls import masked
from handstamp.login.oauth.method import variable_prefix
from handstamp.login.oauth.settings import section
from handstamp.settings import PREFIX, Settings, stated

_DEFAULT: Final = "default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Knob:
    """A setting, without its secrets."""

    name: str
    value: str
    """As a variable would say it; a secret is ``set`` or ``not set``."""
    source: str
    """The name of a variable, the path of a file, or ``default``."""
    variable: str
    """The variable that sets it."""
    description: str


def knobs() -> tuple[Knob, ...]:
    """All settings, those of the ways in that ``handstamp serve`` knows among them. They are not checked.

    Raises:
        ConfigurationError: The file that holds settings cannot be read.
    """
    said = stated()
    ours = [
        _of(name, field, *said.get(name, (_DEFAULT, field.default))) for name, field in Settings.model_fields.items()
    ]
    return (*ours, *(knob for provider in PROVIDERS for knob in _of_provider(provider)))


def _of(name: str, field: FieldInfo, source: str, value: object) -> Knob:
    if name in {"database", "sessions"} and value is not None:
        text = masked(value.get_secret_value() if isinstance(value, SecretStr) else str(value))
    elif SecretStr in {field.annotation, *get_args(field.annotation)}:
        text = "set" if value else "not set"
    else:
        text = _written(value)
    return Knob(
        name=name,
        value=text,
        source=source,
        variable=f"{PREFIX}{name.upper()}",
        description=field.description or "",
    )


def _written(value: object) -> str:
    """A value as a variable says it."""
    if isinstance(value, float):  # a duration: no other default has a fraction
        return format_duration(value)
    if isinstance(value, list | tuple | frozenset):
        return ",".join(sorted(str(one) for one in value))
    return str(value)


def _of_provider(provider: str) -> Iterator[Knob]:
    """Our registration with a provider."""
    kind, label = section(provider), PROVIDERS[provider].label
    found = kind().model_dump()
    for name, field in kind.model_fields.items():
        variable = f"{variable_prefix(provider)}{name.upper()}"
        value = found[name]
        yield Knob(
            name=f"{provider}_{name}",
            value="not set" if value is None else "set" if isinstance(value, SecretStr) else value,
            source=_DEFAULT if value is None else variable,
            variable=variable,
            description=(field.description or "").format(label=label),
        )
