"""A feed that loses some of its news."""

from collections.abc import Iterable


class Dropping:
    """Counts what passes, and drops every ``nth``; 0 drops nothing."""

    def __init__(self, nth: int) -> None:
        self._nth = nth
        self._passed = 0

    def drops(self) -> bool:
        """Count one: whether it is dropped."""
        self._passed += 1
        return self._nth > 0 and self._passed % self._nth == 0

    def left(self, keys: Iterable[str]) -> tuple[str, ...]:
        """Count each of these, and give those that are not dropped."""
        return tuple(key for key in keys if not self.drops())
