"""What the suites cannot know of sessions in Redis: keys that go away, by themselves or by somebody's hand."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from redis import Redis
from redis.crc import key_slot

from handstamp.core.models import EndReason
from handstamp.core.policy import DAY
from handstamp.stores.redis import RedisStore
from handstamp.stores.redis.keys import LIVE, ROOT, SESSION
from handstamp.testing import NOW, a_session
from parts.ports import free_port
from parts.redis_server import RedisServer, running

pytestmark = [pytest.mark.network, pytest.mark.xdist_group("redis")]


async def test_every_key_of_a_session_goes_away_by_itself(redis_store: RedisStore, shell: Redis) -> None:
    """A day after the session's end at the latest, by a duration, so that the server's clock does not matter."""
    session = a_session()
    await redis_store.start_session(session, replaces=None, now=NOW)
    await redis_store.touch_sessions({session.id: NOW + 1})
    lasts = (session.expires_at - NOW + DAY) * 1000
    for key in (f"{SESSION}{session.id}", f"{LIVE}{session.user_id}", f"{ROOT}used:{session.id}"):
        assert lasts - 5000 < shell.pttl(key) <= lasts


async def test_the_set_of_a_user_lasts_as_long_as_the_longest_session(redis_store: RedisStore, shell: Redis) -> None:
    """A shorter one that begins later takes nothing away from it."""
    session = a_session()
    await redis_store.start_session(session, replaces=None, now=NOW)
    before = shell.pttl(f"{LIVE}{session.user_id}")
    shorter = a_session(user_id=session.user_id, expires_at=NOW + 1)
    await redis_store.start_session(shorter, replaces=None, now=NOW)
    assert shell.pttl(f"{LIVE}{session.user_id}") > before - 5000


async def test_all_names_share_one_hash_tag(redis_store: RedisStore, shell: Redis) -> None:
    """A cluster has them in one slot, whatever user ids look like."""
    session = a_session(user_id="}{other}")
    await redis_store.start_session(session, replaces=None, now=NOW)
    await redis_store.touch_sessions({session.id: NOW + 1})
    await redis_store.consume_challenge("challenge", expires_at=NOW + 1, now=NOW)
    await redis_store.count_attempt("}{key}", burst=2, every=1.0, now=NOW)
    await redis_store.take_lease("}{work}", holder="a", until=NOW + 1, now=NOW)
    names = list(shell.scan_iter())
    assert len(names) == 7
    assert {key_slot(name.encode()) for name in names} == {key_slot(b"{handstamp}")}


async def test_a_session_that_nobody_could_end_with_the_others_is_gone(redis_store: RedisStore, shell: Redis) -> None:
    """Where the set of a user was evicted or deleted, its sessions are missing to every verb."""
    session = a_session()
    await redis_store.start_session(session, replaces=None, now=NOW)
    shell.delete(f"{LIVE}{session.user_id}")
    assert await redis_store.load_session(session.id) is None
    assert await redis_store.list_sessions(session.user_id, now=NOW) == ()
    assert await redis_store.end_session(session.id, reason=EndReason.ADMIN, now=NOW) is None
    assert await redis_store.end_sessions(session.user_id, reason=EndReason.ADMIN, now=NOW) == ()
    assert not await redis_store.swap_generations(
        session.id, seen=session.generations, becomes=session.generations, now=NOW
    )
    await redis_store.touch_sessions({session.id: NOW + 1})
    assert shell.get(f"{ROOT}used:{session.id}") is None


async def test_a_session_whose_hash_is_gone_leaves_the_set_of_its_user(redis_store: RedisStore, shell: Redis) -> None:
    """When the user's sessions are next ended."""
    gone, other = a_session(), a_session()
    for session in (gone, a_session(id=other.id, user_id=gone.user_id)):
        await redis_store.start_session(session, replaces=None, now=NOW)
    shell.delete(f"{SESSION}{gone.id}")
    assert [one.id for one in await redis_store.list_sessions(gone.user_id, now=NOW)] == [other.id]
    assert await redis_store.end_sessions(gone.user_id, reason=EndReason.ADMIN, now=NOW) == (other.id,)
    assert shell.exists(f"{LIVE}{gone.user_id}") == 0


async def test_a_session_can_be_ended_by_hand(redis_store: RedisStore, shell: Redis) -> None:
    """With the command that the page on operating gives."""
    session = a_session()
    await redis_store.start_session(session, replaces=None, now=NOW)
    shell.hset(f"{SESSION}{session.id}", mapping={"ended_at": "1", "end_reason": "admin"})
    found = await redis_store.load_session(session.id)
    assert found is not None
    assert found.ended_because(NOW) is EndReason.ADMIN
    assert await redis_store.end_session(session.id, reason=EndReason.SIGNED_OUT, now=NOW) is None
    assert await redis_store.list_sessions(session.user_id, now=NOW) == ()


async def test_a_hash_that_was_made_by_hand_is_no_session(redis_store: RedisStore, shell: Redis) -> None:
    """As when an end is written for a session that has gone."""
    shell.hset(f"{SESSION}gone", mapping={"ended_at": "1", "end_reason": "admin"})
    assert await redis_store.load_session("gone") is None


async def test_scripts_that_the_server_has_forgotten_are_sent_again(redis_store: RedisStore, shell: Redis) -> None:
    """As after it was started anew."""
    shell.script_flush()
    session = a_session()
    await redis_store.start_session(session, replaces=None, now=NOW)
    assert await redis_store.load_session(session.id) == session


async def test_many_sessions_are_touched_in_batches(redis_store: RedisStore, server: RedisServer) -> None:
    """All of them."""
    sessions = [a_session() for _ in range(501)]
    for session in sessions:
        await redis_store.start_session(session, replaces=None, now=NOW)
    await redis_store.touch_sessions({session.id: NOW + 1 for session in sessions})
    for session in (sessions[0], sessions[-1]):
        found = await redis_store.load_session(session.id)
        assert found is not None
        assert found.last_used_at == NOW + 1


async def test_a_cluster_runs_every_verb_in_one_slot(tmp_path: Path) -> None:
    """A node of a cluster refuses a script that reaches into another slot."""
    cluster = ("--cluster-enabled", "yes", "--cluster-port", str(free_port()))
    with running("valkey-server", tmp_path, *cluster) as node, node.shell() as shell:
        shell.cluster("ADDSLOTSRANGE", 0, 16383)
        async with asyncio.timeout(10):
            while shell.cluster("INFO")["cluster_state"] != "ok":  # noqa: ASYNC110  the server tells nobody
                await asyncio.sleep(0.01)
        store, session = RedisStore(node.url), a_session()
        await store.open()
        await store.start_session(session, replaces=None, now=NOW)
        other = a_session()
        assert await store.start_session(other, replaces=session.id, now=NOW) is not None
        generations = other.generations
        assert await store.swap_generations(other.id, seen=generations, becomes=generations, now=NOW)
        await store.touch_sessions({other.id: NOW + 1})
        assert await store.list_sessions(other.user_id, now=NOW) == (replace(other, last_used_at=NOW + 1),)
        assert await store.end_sessions(other.user_id, reason=EndReason.ADMIN, now=NOW) == (other.id,)
        assert await store.consume_challenge("challenge", expires_at=NOW + 1, now=NOW)
        assert await store.purge_sessions(now=other.expires_at, limit=10) == 2
        assert await store.purge_challenges(now=NOW + 1, limit=10) == 1
        assert await store.count_attempt("key", burst=1, every=1.0, now=NOW) == 0.0
        assert await store.purge_attempts(now=NOW + 1, limit=10) == 1
        await store.forget_attempts("key")
        assert await store.take_lease("work", holder="a", until=NOW + 1, now=NOW)
        await store.release_lease("work", holder="a")
        await store.close()
