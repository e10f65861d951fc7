"""What is wrong with one field of what somebody sent, told to programs and to people."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of one field. It never repeats the value."""

    code: str
    """A stable name, for programs and for translations."""
    message: str
    """For people, in English: what to do, in one line. ``%(least)s`` stands where ``values`` has ``least``, and a
    percent sign is ``%%``."""
    pointer: str
    """Which field: a JSON pointer (RFC 6901), such as ``/password``."""
    values: Mapping[str, object] = field(default_factory=dict[str, object])
    """What is put into the message, in whatever language it is told."""

    @property
    def text(self) -> str:
        """The message with its values, in English."""
        return self.message % self.values
