"""Conformance of an audit store."""

from contextlib import suppress

from handstamp.core.ids import new_id
from handstamp.core.models import AuditEvent
from handstamp.core.protocols import AuditStore
from handstamp.testing.base import ConformanceSuite
from handstamp.testing.samples import NOW, ODD_TEXT, an_event


class AuditStoreSuite(ConformanceSuite):
    """Every sentence of ``AuditStore``."""

    async def test_record_stores_an_event(self, store: AuditStore, peer: AuditStore) -> None:
        """Store an event: every field comes back, its text as it was stored."""
        event = an_event(detail={"provider": "x", "reason": ODD_TEXT})
        await store.record_events(event)
        assert await peer.list_events() == (event,)

    async def test_record_stores_an_event_about_nobody(self, store: AuditStore) -> None:
        """An event needs no user, session, address or detail."""
        event = AuditEvent(id=new_id(NOW), at=NOW, event="login_failed")
        await store.record_events(event)
        assert await store.list_events() == (event,)

    async def test_record_stores_many_events(self, store: AuditStore, peer: AuditStore) -> None:
        """Many at once, and none."""
        events = [an_event(at=NOW + number) for number in range(100)]
        await store.record_events()
        await store.record_events(*events)
        assert await peer.list_events() == tuple(reversed(events))

    async def test_nothing_changes_an_event(self, store: AuditStore) -> None:
        """Nothing changes one: another event under the same id, refused or not, leaves it as it was."""
        event = an_event()
        await store.record_events(event)
        with suppress(ValueError):
            await store.record_events(an_event(id=event.id, event="forged"))
        assert event in await store.list_events()

    async def test_an_event_is_kept_apart_from_what_made_it(self, store: AuditStore) -> None:
        """Nothing changes one, nor does a change to the mapping that it was made of."""
        detail = {"provider": "x"}
        await store.record_events(an_event(detail=detail))
        detail["provider"] = "forged"
        (event,) = await store.list_events()
        assert event.detail == {"provider": "x"}

    async def test_list_begins_with_the_newest(self, store: AuditStore) -> None:
        """The latest events, newest first."""
        middle, oldest, newest = an_event(at=NOW + 2), an_event(at=NOW + 1), an_event(at=NOW + 3)
        for event in (middle, oldest, newest):
            await store.record_events(event)
        assert await store.list_events() == (newest, middle, oldest)
        assert await store.list_events(limit=2) == (newest, middle)

    async def test_list_for_a_user_gives_that_user_only(self, store: AuditStore) -> None:
        """With ``user_id``, only those about that user."""
        mine, another = an_event(at=NOW + 1), an_event(at=NOW + 3)
        also_mine = an_event(at=NOW + 2, user_id=mine.user_id)
        for event in (mine, another, also_mine):
            await store.record_events(event)
        assert await store.list_events(user_id=mine.user_id) == (also_mine, mine)
        assert await store.list_events(user_id=mine.user_id, limit=1) == (also_mine,)
        assert await store.list_events(user_id="missing") == ()
