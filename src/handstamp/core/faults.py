"""What is wrong with one field of what somebody sent, told to programs and to people."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault of one field. It never repeats the value."""

    code: str
    """A stable name, for programs and for translations."""
    message: str
    """For people: what to do, in one line."""
    pointer: str
    """Which field: a JSON pointer (RFC 6901), such as ``/password``."""
