"""Stores that are broken on purpose, and the tests of a conformance suite that must find it."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from handstamp.core.errors import Refused
from handstamp.core.protocols import Store
from handstamp.stores.memory import MemoryStore
from handstamp.testing import ConformanceSuite

S = TypeVar("S", bound=type[MemoryStore])


@dataclass(frozen=True)
class Breakage:
    """A broken store, and the tests that find it."""

    suite: type[ConformanceSuite]
    store: type[MemoryStore]
    found_by: frozenset[str]

    async def failures(self) -> frozenset[str]:
        """The names of all tests of the suite that the store fails."""
        return frozenset([name for name in tests_of(self.suite) if not await self._passes(name)])

    async def _passes(self, name: str) -> bool:
        store = self.store()
        given: dict[str, Store] = {"store": store, "peer": getattr(store, "peer", lambda: store)()}
        test = getattr(self.suite(), name)
        try:
            await test(**{fixture: given[fixture] for fixture in inspect.signature(test).parameters})
        except (AssertionError, Refused):  # an error that the protocol speaks of, where none is due
            return False
        return True

    def __str__(self) -> str:
        return self.store.__name__


@dataclass(frozen=True)
class Breakages:
    """The stores that break what one suite tests."""

    suite: type[ConformanceSuite]
    all: list[Breakage] = field(default_factory=list[Breakage])

    def found_by(self, *tests: str) -> Callable[[S], S]:
        """Register a store that these tests of the suite find, and no other."""

        def register(store: S) -> S:
            self.all.append(Breakage(self.suite, store, frozenset(tests)))
            return store

        return register

    @property
    def never_needed(self) -> set[str]:
        """The tests of the suite that find no breakage."""
        return tests_of(self.suite).difference(*(breakage.found_by for breakage in self.all))


def tests_of(suite: type[ConformanceSuite]) -> set[str]:
    """The names of the tests of a suite."""
    return {name for name, _ in inspect.getmembers(suite, inspect.iscoroutinefunction) if name.startswith("test_")}
