"""The suite of audit stores can fail.

Each store here breaks one promise, and exactly the tests of that promise find it.
"""

from dataclasses import replace

import pytest
from typing_extensions import override

from broken import Breakage, Breakages
from handstamp.core.models import (
    AuditEvent,
)
from handstamp.stores.memory import MemoryStore
from handstamp.testing import (
    AuditStoreSuite,
)

broken = Breakages(AuditStoreSuite)


@broken.found_by("test_nothing_changes_an_event")
class AuditOverwrites(MemoryStore):
    """An event can be forged afterwards."""

    @override
    async def record_events(self, *events: AuditEvent) -> None:
        for event in events:
            self._events.pop(event.id, None)
        await super().record_events(*events)


@broken.found_by("test_an_event_is_kept_apart_from_what_made_it")
class AuditSharesTheDetail(MemoryStore):
    """An event changes with the mapping that it was made of."""

    @override
    async def record_events(self, *events: AuditEvent) -> None:
        if any(event.id in self._events for event in events):
            raise ValueError("taken")
        self._events |= {event.id: event for event in events}


@broken.found_by(
    "test_an_event_is_kept_apart_from_what_made_it",
    "test_list_begins_with_the_newest",
    "test_list_for_a_user_gives_that_user_only",
    "test_nothing_changes_an_event",
    "test_record_stores_an_event",
    "test_record_stores_many_events",
)
class AuditDropsTheDetail(MemoryStore):
    """What happened in detail is lost."""

    @override
    async def record_events(self, *events: AuditEvent) -> None:
        await super().record_events(*(replace(event, detail={}) for event in events))


@broken.found_by(
    "test_list_begins_with_the_newest",
    "test_list_for_a_user_gives_that_user_only",
    "test_record_stores_many_events",
)
class AuditIsOldestFirst(MemoryStore):
    """The newest comes last."""

    @override
    async def list_events(self, *, user_id: str | None = None, limit: int = 100) -> tuple[AuditEvent, ...]:
        return tuple(reversed(await super().list_events(user_id=user_id, limit=limit)))


@broken.found_by("test_list_for_a_user_gives_that_user_only")
class AuditShowsEverybody(MemoryStore):
    """Events about others are listed."""

    @override
    async def list_events(self, *, user_id: str | None = None, limit: int = 100) -> tuple[AuditEvent, ...]:
        return await super().list_events(limit=limit)


@broken.found_by("test_record_stores_an_event_about_nobody")
class AuditInvents(MemoryStore):
    """What is not known is taken for empty."""

    @override
    async def record_events(self, *events: AuditEvent) -> None:
        await super().record_events(*(replace(event, address=event.address or "") for event in events))


@broken.found_by("test_record_stores_many_events")
class AuditKeepsTheFirst(MemoryStore):
    """Of many events only one is stored."""

    @override
    async def record_events(self, *events: AuditEvent) -> None:
        await super().record_events(*events[:1])


@pytest.mark.parametrize("breakage", broken.all, ids=str)
async def test_a_broken_store_is_found(breakage: Breakage) -> None:
    """By neither less, for the suite could not fail, nor more tests, for they would not say what is wrong."""
    assert await breakage.failures() == breakage.found_by


def test_each_test_finds_something() -> None:
    """A test that no broken store fails may be one that cannot fail."""
    assert broken.never_needed == set()
