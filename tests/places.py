"""Where a system under attack keeps what it has."""

from dataclasses import dataclass

ATTACKERS = 50
"""Who come at once."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a system keeps what it has."""

    kind: str
    database: str
    sessions: str | None = None

    @property
    def is_shared(self) -> bool:
        """Whether two processes can have it; what is in memory is in one."""
        return self.kind != "memory"
