"""Kinds of values that settings have, as people write them."""

from typing import Annotated

from pydantic import BeforeValidator

from handstamp.core.durations import parse_duration

Duration = Annotated[float, BeforeValidator(parse_duration)]
"""Seconds, written ``15m`` or ``12h``."""


def _listed(value: object) -> object:
    """A comma-separated list, as environment variables hold it."""
    return [item.strip() for item in value.split(",") if item.strip()] if isinstance(value, str) else value


Listed = BeforeValidator(_listed)
