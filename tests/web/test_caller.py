"""Who is calling: each outcome of the check as HTTP shows it, and what the response carries."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Awaitable, Callable
from dataclasses import replace

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.types import Message, Scope, Send

from handmade import OTHER_SECRET, SECRET, b64, compact, hkdf
from handstamp.core.errors import InvalidToken
from handstamp.core.keys import KeyRing, Purpose
from handstamp.core.models import EndReason, Principal
from handstamp.core.tokens import SessionTokens
from handstamp.services.sessions import Issued
from handstamp.web.caller import NO_STORE, Caller
from web_world import (
    ADDRESS,
    DELETE_FLAG,
    DELETE_SESSION,
    FOREIGN,
    NOW,
    ORIGIN,
    OWN,
    SESSION,
    World,
    cookie,
    sent_token,
    set_cookies,
    token_of,
    visiting,
)

MINUTE = 60.0
DAY = 86_400.0
UNSAFE = ["POST", "PUT", "PATCH", "DELETE"]


def forged(
    issued: Issued, *, key: bytes | None = None, header: dict[str, object] | None = None, **claims: object
) -> str:
    """A token made by hand from a good one. A member or claim that is ``...`` is left out."""
    good_header, good_claims = (json.loads(_decoded(part)) for part in issued.token.split(".")[:2])
    parts = [
        {name: value for name, value in part.items() if value is not ...}
        for part in (good_header | (header or {}), good_claims | claims)
    ]
    return compact(parts[0], parts[1], key or hkdf(SECRET, "handstamp/1/session"))


def _decoded(part: str) -> bytes:
    return urlsafe_b64decode(part + "=" * (-len(part) % 4))


def changed(token: str) -> str:
    """The token with the first character of its signature replaced."""
    head, _, signature = token.rpartition(".")
    return f"{head}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


def other_ring(origin: str = ORIGIN, secret: str = OTHER_SECRET) -> SessionTokens:
    """Somebody else's tokens."""
    return SessionTokens(KeyRing.from_secrets([secret], Purpose.SESSION), origin)


INVALID: dict[str, Callable[[Issued], str]] = {
    "garbage": lambda _: "garbage",
    "nothing but dots": lambda _: "..",
    "an empty value": lambda _: "",
    "truncated": lambda good: good.token[:-1],
    "only two parts": lambda good: good.token.rpartition(".")[0],
    "a wrong signature": lambda good: changed(good.token),
    "no signature": lambda good: f"{good.token.rpartition('.')[0]}.",
    "alg none": lambda good: forged(good, header={"alg": "none"}),
    "alg none, unsigned": lambda good: f"{forged(good, header={'alg': 'none'}).rpartition('.')[0]}.",
    "another algorithm": lambda good: forged(good, header={"alg": "HS512"}),
    "a foreign key under our kid": lambda good: forged(good, key=hkdf(OTHER_SECRET, "handstamp/1/session")),
    "a key for another purpose": lambda good: forged(good, key=hkdf(SECRET, "handstamp/1/flow")),
    "an unknown kid": lambda good: forged(good, header={"kid": "another"}),
    "no kid": lambda good: forged(good, header={"kid": ...}),
    "a wrong typ": lambda good: forged(good, header={"typ": "JWT"}),
    "no typ": lambda good: forged(good, header={"typ": ...}),
    "a wrong iss": lambda good: forged(good, iss="https://evil.example"),
    "a wrong aud": lambda good: forged(good, aud="https://evil.example"),
    "no sub": lambda good: forged(good, sub=...),
    "no sid": lambda good: forged(good, sid=...),
    "no gen": lambda good: forged(good, gen=...),
    "no exp": lambda good: forged(good, exp=...),
    "no iat": lambda good: forged(good, iat=...),
    "one claim too many": lambda good: forged(good, role="admin"),
    "exp as text": lambda good: forged(good, exp="1900000000"),
    "issued in the future": lambda good: forged(good, iat=int(NOW) + 3600),
    "another user's name on it": lambda good: token_of(good, user_id="019a0000-0000-7000-8000-000000000000"),
    "10 KB": lambda _: "A" * 10_240,
    "five parts": lambda good: f"{good.token}.e30.e30",
    "deeply nested": lambda _: f"{b64(b'[' * 1500)}.e30.e30",
}
"""Tokens that are not ours."""


@pytest.mark.parametrize("make", INVALID.values(), ids=INVALID)
async def test_a_token_that_is_not_ours_is_refused_and_taken_back(
    world: World, visitor: httpx2.AsyncClient, make: Callable[[Issued], str]
) -> None:
    """401 ``invalid_token``, the cookies deleted with the flags they were set with, and no other word (A5)."""
    response = await visitor.get("/me", headers=cookie(make(await world.sign_in())))
    assert response.status_code == 401
    assert response.json() == {"title": "Not signed in", "status": 401, "code": "invalid_token"}
    assert set_cookies(response) == [DELETE_SESSION, DELETE_FLAG]


async def test_every_failure_of_verification_has_one_and_the_same_answer(
    world: World, visitor: httpx2.AsyncClient
) -> None:
    """Status, headers and body do not tell which step refused the token (JWT-17)."""
    good = await world.sign_in()
    answers = {
        (response.status_code, response.content, tuple(sorted(response.headers.multi_items())))
        for make in INVALID.values()
        for response in [await visitor.get("/me", headers=cookie(make(good)))]
    }
    assert len(answers) == 1


UNAUTHENTICATED: dict[str, Callable[[str], list[bytes]]] = {
    "no cookie": lambda _: [],
    "another cookie": lambda _: [b"theme=dark"],
    "our cookie twice": lambda token: [f"{SESSION}={token}; {SESSION}={token}".encode()],
    "our cookie twice, in two lines": lambda token: [f"{SESSION}={token}".encode()] * 2,
    "our cookie and garbage": lambda token: [f"{SESSION}={token}; {SESSION}=x".encode()],
    "64 KB beside it": lambda token: [f"{SESSION}={token}; x={'A' * 65_536}".encode()],
    "1000 cookies": lambda token: [b"; ".join([b"a=b"] * 1000) + f"; {SESSION}={token}".encode()],
    "another case": lambda token: [f"{SESSION.lower()}={token}".encode()],
    "a no-break space before the name": lambda token: [f"\xa0{SESSION}={token}".encode()],
    "without its prefix": lambda token: [f"session={token}".encode()],
}


@pytest.mark.parametrize("make", UNAUTHENTICATED.values(), ids=UNAUTHENTICATED)
async def test_where_no_token_can_be_told_nothing_is_deleted(
    world: World, visitor: httpx2.AsyncClient, make: Callable[[str], list[bytes]]
) -> None:
    """401 ``unauthenticated``, and the cookies stay: who sent them twice is not for us to say (A5, COO-02)."""
    issued = await world.sign_in()
    headers = [(b"cookie", line) for line in make(issued.token)]
    response = await visitor.get("/me", headers=headers)
    assert response.status_code == 401
    assert response.json() == {"title": "Not signed in", "status": 401, "code": "unauthenticated"}
    assert set_cookies(response) == []


@pytest.mark.parametrize(
    "line",
    [b"=" + b"A" * 65_536, b"=" + b"A" * 5_000, b"=\xc3\xa9\xff", b"=a.b.c\x01", b"=a.b.c\xe2\x80\xa8"],
    ids=["64 KB", "5 KB", "beyond ASCII", "a control character", "a line separator"],
)
async def test_a_cookie_of_ours_that_cannot_be_a_token_is_deleted(
    world: World, visitor: httpx2.AsyncClient, line: bytes
) -> None:
    """401 ``invalid_token``; signing out with it takes it back too (A5)."""
    headers = [(b"cookie", SESSION.encode() + line)]
    response = await visitor.get("/me", headers=headers)
    assert (response.status_code, response.json()["code"]) == (401, "invalid_token")
    assert set_cookies(response) == [DELETE_SESSION, DELETE_FLAG]
    signed_out = await visitor.post("/auth/logout", headers=[*headers, (b"origin", ORIGIN.encode())])
    assert (signed_out.status_code, set_cookies(signed_out)) == (204, [DELETE_SESSION, DELETE_FLAG])
    assert world.store.asked["load_session"] == 0


async def idle(world: World, issued: Issued) -> None:
    """Leave it alone for a week."""
    world.clock.now += 7 * DAY


async def expire(world: World, issued: Issued) -> None:
    """Use it until its last day."""
    for _ in range(5):
        world.clock.now += 6 * DAY
        await world.store.touch_sessions({issued.session.id: world.clock.now})


async def disable(world: World, issued: Issued) -> None:
    """Disable its user."""
    await (await world.services()).accounts.disable(issued.session.user_id, now=world.clock())


async def disable_by_hand(world: World, issued: Issued) -> None:
    """Disable its user in the store, behind our back."""
    await world.store.disable_user(issued.session.user_id, now=world.clock())


async def delete(world: World, issued: Issued) -> None:
    """Delete its user."""
    await (await world.services()).accounts.delete(issued.session.user_id, now=world.clock())


async def delete_by_hand(world: World, issued: Issued) -> None:
    """Delete its user in the store, behind our back."""
    await world.store.delete_user(issued.session.user_id)


async def purge(world: World, issued: Issued) -> None:
    """Remove its row."""
    assert await world.store.purge_sessions(now=issued.session.expires_at, limit=10) == 1


async def replay(world: World, issued: Issued) -> None:
    """Let its token be replaced twice and the grace pass."""
    row = await world.row(issued)
    generations = replace(row.generations, issued=3, confirmed=3)
    await world.store.swap_generations(row.id, seen=row.generations, becomes=generations, now=world.clock())


async def replace_long_ago(world: World, issued: Issued) -> None:
    """Sign in anew in the same browser, a minute ago."""
    await world.sign_in(presented=issued.token.encode())
    world.clock.now += MINUTE


def ended(reason: EndReason) -> Callable[[World, Issued], Awaitable[None]]:
    """End it for a reason."""

    async def end(world: World, issued: Issued) -> None:
        await world.end(issued, reason)

    return end


ENDS = {
    "idle": (idle, "idle"),
    "expired": (expire, "expired"),
    "user disabled": (disable, "user_disabled"),
    "user disabled by hand": (disable_by_hand, "user_disabled"),
    "user deleted": (delete, "user_deleted"),
    "user deleted by hand": (delete_by_hand, "user_deleted"),
    "row gone": (purge, "unknown"),
    "replayed": (replay, "replayed"),
    "replaced a minute ago": (replace_long_ago, "replaced"),
    **{
        f"ended: {reason}": (ended(reason), reason.value)
        for reason in EndReason
        if reason not in {EndReason.REPLACED, EndReason.UNKNOWN}
    },
}


@pytest.mark.parametrize(("bring_about", "reason"), ENDS.values(), ids=ENDS)
@pytest.mark.parametrize("warm", [False, True], ids=["cold", "warm"])
async def test_a_session_that_is_over_is_refused_with_its_reason(
    world: World,
    visitor: httpx2.AsyncClient,
    bring_about: Callable[[World, Issued], Awaitable[None]],
    reason: str,
    warm: bool,  # noqa: FBT001  a table
) -> None:
    """401 ``session_ended`` with the reason, from memory or not, and the cookies are deleted (A5, SES-01)."""
    issued = await world.sign_in()
    if warm:
        assert (await visitor.get("/me", headers=cookie(issued))).status_code == 200
    await bring_about(world, issued)
    told = await visitor.get("/auth/session", headers=cookie(issued))
    assert (told.status_code, told.json()) == (200, {"authenticated": False, "reason": reason})
    assert set_cookies(told) == [DELETE_SESSION, DELETE_FLAG]
    response = await visitor.get("/me", headers=cookie(issued))
    assert response.status_code == 401
    assert response.json() == {
        "title": "Not signed in any more",
        "status": 401,
        "code": "session_ended",
        "reason": reason,
    }
    assert set_cookies(response) == [DELETE_SESSION, DELETE_FLAG]


async def test_a_token_ahead_of_its_row_ends_the_session(world: World, visitor: httpx2.AsyncClient) -> None:
    """A generation that was never issued looks like a restored store: ``store_went_back``."""
    issued = await world.sign_in()
    response = await visitor.get("/me", headers=cookie(token_of(issued, generation=7)))
    assert (response.status_code, response.json()["reason"]) == (401, "store_went_back")
    assert set_cookies(response) == [DELETE_SESSION, DELETE_FLAG]
    assert (await world.row(issued)).end_reason is EndReason.STORE_WENT_BACK


async def test_the_cookie_of_a_session_just_replaced_is_kept(world: World, visitor: httpx2.AsyncClient) -> None:
    """For 60 s the browser may hold its successor already: a late 401 must not delete that."""
    old = await world.sign_in()
    await world.sign_in(presented=old.token.encode())
    world.clock.now += MINUTE - 1
    response = await visitor.get("/me", headers=cookie(old))
    assert (response.status_code, response.json()["reason"]) == (401, "replaced")
    assert set_cookies(response) == []


async def test_who_is_signed_in_comes_in(world: World, visitor: httpx2.AsyncClient) -> None:
    """200 with the store's user, and nothing is set."""
    issued = await world.sign_in()
    response = await visitor.get("/me", headers=cookie(issued))
    assert response.json() == {"id": issued.session.user_id}
    assert set_cookies(response) == []


async def test_a_session_that_ends_between_request_and_response_sends_nothing(
    world: World, visitor: httpx2.AsyncClient
) -> None:
    """The request was let in; its response carries no successor of a session that is over."""
    issued = await world.sign_in()
    world.clock.now += 16 * MINUTE

    async def end_after_the_check(_: object) -> object:
        await world.end(issued)
        return {"ended": True}

    world.auth.load_user = end_after_the_check
    response = await visitor.get("/loaded", headers=cookie(issued))
    assert (response.status_code, sent_token(response)) == (200, None)
    assert set_cookies(response) == []
    assert (await world.row(issued)).end_reason is EndReason.ADMIN


@pytest.mark.parametrize(
    "headers",
    [{}, cookie("garbage"), {"cookie": f"{SESSION}=a; {SESSION}=b"}],
    ids=["no cookie", "a bad one", "two"],
)
async def test_an_optional_principal_is_none_for_whoever_is_not_signed_in(
    world: World, visitor: httpx2.AsyncClient, headers: dict[str, str]
) -> None:
    """No session and a bad token are anonymous."""
    response = await visitor.get("/feed", headers=headers)
    assert (response.status_code, response.json()) == (200, {"id": None})


async def test_an_optional_principal_is_none_after_the_end_and_the_cookie_goes(
    world: World, visitor: httpx2.AsyncClient
) -> None:
    """An ended session is anonymous too, and its cookie is taken back with the page."""
    issued = await world.sign_in()
    assert (await visitor.get("/feed", headers=cookie(issued))).json() == {"id": issued.session.user_id}
    await world.end(issued)
    response = await visitor.get("/feed", headers=cookie(issued))
    assert (response.status_code, response.json()) == (200, {"id": None})
    assert set_cookies(response) == [DELETE_SESSION, DELETE_FLAG]
    assert response.headers["cache-control"] == NO_STORE


async def test_a_route_that_asks_nothing_costs_nothing(world: World, visitor: httpx2.AsyncClient) -> None:
    """No store call and no cookie work: a bad cookie stays where it is."""
    await world.services()
    world.store.asked.clear()
    response = await visitor.get("/plain", headers=cookie("garbage"))
    assert (response.status_code, set_cookies(response), world.store.asked) == (200, [], {})


async def test_guards_of_one_request_cause_one_check(world: World, visitor: httpx2.AsyncClient) -> None:
    """Three questions, one look."""
    issued = await world.sign_in()
    world.store.asked.clear()
    assert (await visitor.get("/twice", headers=cookie(issued))).status_code == 200
    assert world.loads == 1


async def test_a_refusal_is_remembered_for_the_request(world: World) -> None:
    """A guard after a refusal that somebody swallowed refuses without another look."""
    issued = await world.sign_in()
    await world.end(issued)
    caller = caller_for(world, cookie(issued))
    assert await caller.optional() is None
    asked = world.loads
    assert await caller.optional() is None
    assert world.loads == asked


async def test_the_second_request_is_answered_from_memory(world: World, visitor: httpx2.AsyncClient) -> None:
    """Checked against the store without asking it: the feed said that nothing changed."""
    issued = await world.sign_in()
    await visitor.get("/me", headers=cookie(issued))
    world.store.asked.clear()
    assert (await visitor.get("/me", headers=cookie(issued))).status_code == 200
    assert world.store.asked == {}


async def test_memory_answers_without_a_coroutine(world: World, visitor: httpx2.AsyncClient) -> None:
    """What ``known`` says is what ``principal`` says, and is remembered for the request."""
    issued = await world.sign_in()
    await visitor.get("/me", headers=cookie(issued))
    caller = caller_for(world, cookie(issued))
    known = caller.known()
    assert known is not None
    assert known.session.id == issued.session.id
    assert caller.known() is await caller.principal() is known


async def test_what_only_the_careful_way_can_tell_is_left_to_it(world: World, visitor: httpx2.AsyncClient) -> None:
    """Neither a second cookie, an unsafe method, an unknown token nor one in odd dress is known (COO-02, CSR-01)."""
    issued = await world.sign_in()
    await visitor.get("/me", headers=cookie(issued))
    pair = f"{SESSION}={issued.token}".encode()
    assert known_with(world, [pair]) is not None
    for lines in (
        [],
        [pair, b"a=b"],
        [pair, pair],
        [pair + b"; " + pair],
        [b"a=b;" + pair],
        [pair + b" "],
        [pair + b"x"],
    ):
        assert known_with(world, lines) is None, lines
    assert known_with(world, [pair], method="POST") is None
    caller = caller_for(world, {"cookie": f"{SESSION}=rubbish"})
    with pytest.raises(InvalidToken):
        await caller.principal()
    assert caller.known() is None


async def test_nothing_is_known_before_the_store_is_open() -> None:
    """The first request of a process opens it: that is for ``principal``."""
    world = World()
    assert known_with(world, [f"{SESSION}=a".encode()]) is None


async def test_strict_asks_the_store_each_time(world: World, visitor: httpx2.AsyncClient) -> None:
    """Where memory would do, too."""
    issued = await world.sign_in()
    await visitor.get("/me", headers=cookie(issued))
    world.store.asked.clear()
    for _ in range(2):
        assert (await visitor.get("/strict", headers=cookie(issued))).status_code == 200
    assert world.loads == 2


async def test_strict_asks_even_after_a_lenient_guard(world: World) -> None:
    """An answer of this very request is not good enough either, in both directions."""
    issued = await world.sign_in()
    caller = caller_for(world, cookie(issued))
    await caller.principal()
    await world.end(issued)
    assert await caller.optional() is not None
    with pytest.raises(Exception, match="admin"):
        await caller.principal(strict=True)
    assert await caller.optional() is None


async def test_the_successor_goes_out_with_the_response(world: World, visitor: httpx2.AsyncClient) -> None:
    """Both cookies, until the browser closes, and out of every cache, whatever the route said (COO-01, COO-07)."""
    issued = await world.sign_in()
    world.clock.now += 15 * MINUTE
    response = await visitor.get("/public", headers=cookie(issued))
    token = sent_token(response)
    assert token not in {None, issued.token}
    assert set_cookies(response) == [
        f"{SESSION}={token}; Path=/; SameSite=Lax; Secure; HttpOnly",
        "signed_in=1; Path=/; SameSite=Lax; Secure",
    ]
    assert response.headers.get_list("cache-control") == [NO_STORE]


async def test_a_persistent_session_is_sent_with_the_time_it_has_left(
    world: World, visitor: httpx2.AsyncClient
) -> None:
    """Max-Age leads to the absolute limit, which rotation does not move (SES-06)."""
    issued = await world.sign_in(persistent=True)
    world.clock.now += 15 * MINUTE
    response = await visitor.get("/me", headers=cookie(issued))
    left = int(30 * DAY - 15 * MINUTE)
    assert set_cookies(response) == [
        f"{SESSION}={sent_token(response)}; Path=/; SameSite=Lax; Secure; HttpOnly; Max-Age={left}",
        f"signed_in=1; Path=/; SameSite=Lax; Secure; Max-Age={left}",
    ]


async def test_a_response_without_a_cookie_keeps_its_own_caching(world: World, visitor: httpx2.AsyncClient) -> None:
    """Where nothing is sent nothing is changed."""
    response = await visitor.get("/public", headers=cookie(await world.sign_in()))
    assert response.headers["cache-control"] == "public, max-age=600"


async def test_the_successor_is_confirmed_without_a_word(world: World, visitor: httpx2.AsyncClient) -> None:
    """The first use of the new token writes that it arrived, and sends nothing."""
    issued = await world.sign_in()
    world.clock.now += 15 * MINUTE
    token = sent_token(await visitor.get("/me", headers=cookie(issued)))
    assert token is not None
    response = await visitor.get("/me", headers=cookie(token))
    assert (response.status_code, set_cookies(response)) == (200, [])
    assert (await world.row(issued)).generations.confirmed == 2


async def test_a_parent_gets_the_same_successor_again(world: World, visitor: httpx2.AsyncClient) -> None:
    """The response was lost, or others were in flight: byte for byte the same token."""
    issued = await world.sign_in()
    world.clock.now += 15 * MINUTE
    tokens = {sent_token(await visitor.get("/me", headers=cookie(issued))) for _ in range(3)}
    assert len(tokens) == 1
    assert None not in tokens


@pytest.mark.parametrize("status", [200, 404, 304, 500])
async def test_the_successor_goes_out_with_any_status(world: World, status: int) -> None:
    """The browser keeps cookies of every response."""
    issued = await world.sign_in()
    world.clock.now += 15 * MINUTE
    sent: list[Message] = []
    caller = caller_for(world, cookie(issued))
    await caller.principal()
    send = caller.sender(keeping(sent))
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b""})
    names = [value.partition(b"=")[0] for name, value in sent[0]["headers"] if name == b"set-cookie"]
    assert names == [SESSION.encode(), b"signed_in"]
    assert sent[1] == {"type": "http.response.body", "body": b""}


async def test_a_sign_in_or_sign_out_is_never_overridden(world: World, visitor: httpx2.AsyncClient) -> None:
    """Somebody asked who is there, the token was due, and the route sets the session cookie itself."""
    issued = await world.sign_in()
    world.clock.now += 15 * MINUTE
    response = await visitor.delete(f"/auth/sessions/{issued.session.id}", headers=cookie(issued) | OWN)
    assert (response.status_code, set_cookies(response)) == (204, [DELETE_SESSION, DELETE_FLAG])
    sent: list[Message] = []
    caller = caller_for(world, cookie("garbage"))
    assert await caller.optional() is None
    headers = [(b"set-cookie", f"{SESSION}=new; Path=/".encode())]
    await caller.sender(keeping(sent))({"type": "http.response.start", "status": 303, "headers": headers})
    assert sent[0]["headers"] == [(b"set-cookie", f"{SESSION}=new; Path=/".encode())]


async def test_a_cookie_of_the_application_stays_beside_ours(world: World) -> None:
    """Only the session cookie's own name counts as ours."""
    issued = await world.sign_in()
    world.clock.now += 15 * MINUTE
    sent: list[Message] = []
    caller = caller_for(world, cookie(issued))
    await caller.principal()
    headers = [(b"set-cookie", f"{SESSION}-theme=dark".encode())]
    await caller.sender(keeping(sent))({"type": "http.response.start", "status": 200, "headers": headers})
    assert len([name for name, _ in sent[0]["headers"] if name == b"set-cookie"]) == 3


@pytest.mark.parametrize("method", UNSAFE)
@pytest.mark.parametrize(
    "headers",
    [
        FOREIGN,
        {"origin": "null"},
        {"origin": "http://app.example.com"},
        {"origin": f"{ORIGIN}.evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
    ids=str,
)
async def test_an_unsafe_request_of_another_site_is_refused(
    world: World, visitor: httpx2.AsyncClient, method: str, headers: dict[str, str]
) -> None:
    """403 ``cross_origin`` for every unsafe method with our cookie, and the cookie stays (CSR-01, CSR-02)."""
    issued = await world.sign_in()
    response = await visitor.request(method, "/me", headers=cookie(issued) | headers)
    assert (response.status_code, response.json()["code"]) == (403, "cross_origin")
    assert set_cookies(response) == []
    optional = await visitor.post("/feed", headers=cookie(issued) | headers)
    assert (optional.status_code, optional.json()["code"]) == (403, "cross_origin")


@pytest.mark.parametrize("method", UNSAFE)
@pytest.mark.parametrize("headers", [OWN, {"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}, {}], ids=str)
async def test_an_unsafe_request_of_our_own_comes_in(
    world: World, visitor: httpx2.AsyncClient, method: str, headers: dict[str, str]
) -> None:
    """Our pages, the address bar, and programs, which send neither header."""
    issued = await world.sign_in()
    assert (await visitor.request(method, "/me", headers=cookie(issued) | headers)).status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
async def test_a_safe_request_of_another_site_comes_in(
    world: World, visitor: httpx2.AsyncClient, method: str
) -> None:
    """A link from elsewhere leads somewhere."""
    issued = await world.sign_in()
    assert (await visitor.request(method, "/me", headers=cookie(issued) | FOREIGN)).status_code == 200


async def test_the_host_header_is_not_believed(world: World, visitor: httpx2.AsyncClient) -> None:
    """An Origin that agrees with Host and not with the configured origin is foreign."""
    issued = await world.sign_in()
    headers = cookie(issued) | {"host": "evil.example", "origin": "https://evil.example"}
    assert (await visitor.post("/me", headers=headers)).json()["code"] == "cross_origin"


async def test_a_trusted_origin_may_send_unsafe_requests() -> None:
    """It is compared whole, and its neighbours are not trusted with it (CSR-03)."""
    world = World(trusted_origins=["https://admin.example.com"])
    async with world.visitor() as visitor:
        headers = cookie(await world.sign_in())
        trusted = await visitor.post("/me", headers=headers | {"origin": "https://admin.example.com"})
        neighbour = await visitor.post("/me", headers=headers | {"origin": "https://admin.example.com:8443"})
    assert (trusted.status_code, neighbour.status_code) == (200, 403)


async def test_an_outage_lets_nobody_in_and_signs_nobody_out(world: World, visitor: httpx2.AsyncClient) -> None:
    """503 with Retry-After for a guard, an optional principal and the session; the cookies stay (SES-11)."""
    issued = await world.sign_in()
    world.down()
    for path in ("/me", "/feed", "/auth/session", "/auth/sessions"):
        response = await visitor.get(path, headers=cookie(issued))
        assert (response.status_code, response.json()["code"]) == (503, "store_unavailable")
        assert response.headers["retry-after"] == "1"
        assert set_cookies(response) == []


async def test_in_an_outage_who_has_no_cookie_is_anonymous_still(world: World, visitor: httpx2.AsyncClient) -> None:
    """Nobody has to be asked for that."""
    world.down()
    assert (await visitor.get("/feed")).json() == {"id": None}
    assert (await visitor.get("/me")).status_code == 401
    assert (await visitor.get("/me", headers=cookie("garbage"))).json()["code"] == "invalid_token"


async def test_in_an_outage_cached_answers_go_on_being_served(world: World, visitor: httpx2.AsyncClient) -> None:
    """As long as the feed vouches for them; strict routes have to ask."""
    issued = await world.sign_in()
    await visitor.get("/me", headers=cookie(issued))
    world.down()
    assert (await visitor.get("/me", headers=cookie(issued))).status_code == 200
    assert (await visitor.get("/strict", headers=cookie(issued))).status_code == 503


@pytest.mark.parametrize("verb", ["swap_generations", "load_session"])
async def test_a_rotation_that_cannot_be_written_refuses_nobody(
    world: World, visitor: httpx2.AsyncClient, verb: str
) -> None:
    """The session could be read when the request came: it is let in, and nothing is sent."""
    issued = await world.sign_in()
    world.clock.now += 15 * MINUTE

    async def go_down(_: object) -> object:
        world.store.down = {verb}
        return {}

    world.auth.load_user = go_down
    response = await visitor.get("/loaded", headers=cookie(issued))
    assert (response.status_code, set_cookies(response)) == (200, [])
    world.store.down = set()
    world.auth.load_user = lambda _: {}
    assert sent_token(await visitor.get("/loaded", headers=cookie(issued))) is not None


def test_a_handshake_with_our_origin_comes_in() -> None:
    """A WebSocket of our own page."""
    world = World()
    with world.handshaker() as client:
        assert client.portal is not None
        issued = client.portal.call(world.sign_in)
        with client.websocket_connect("/ws", headers=cookie(issued) | OWN) as socket:
            assert socket.receive_text() == issued.session.user_id


def test_a_handshake_never_rotates() -> None:
    """Its answer could set a cookie over a newer one of a request, so a token that is due stays as it is."""
    world = World()
    with world.handshaker() as client:
        assert client.portal is not None
        issued = client.portal.call(world.sign_in)
        world.clock.now += 15 * MINUTE
        with client.websocket_connect("/ws", headers=cookie(issued) | OWN) as socket:
            assert not socket.extra_headers
            socket.receive_text()
        assert client.portal.call(world.row, issued).generations.issued == 1


async def test_the_address_is_what_the_server_saw(world: World) -> None:
    """No forwarded header is believed here; a server that does not know says None."""
    assert caller_for(world, {"x-forwarded-for": "198.51.100.1"}).address == ADDRESS
    assert caller_for(world, {}, client=None).address is None


async def test_what_is_about_to_be_replaced_is_the_cookie_or_nothing(world: World) -> None:
    """Two cookies of that name are none: nobody knows which one to end."""
    assert caller_for(world, cookie("one")).presented() == b"one"
    assert caller_for(world, {"cookie": f"{SESSION}=one; {SESSION}=two"}).presented() is None
    assert caller_for(world, {}).presented() is None


@given(value=st.binary(max_size=300), warm=st.booleans())
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_cookie_whatsoever_is_a_fault_of_ours(value: bytes, warm: bool) -> None:  # noqa: FBT001  a table
    """Hostile octets are a 401, never a 500, and never let anybody in."""
    world = World()
    async with world.visitor() as visitor:
        headers = [(b"cookie", (SESSION.encode() + b"=" if warm else b"") + value)]
        response = await visitor.get("/me", headers=headers)
    assert response.status_code == 401
    assert response.json()["code"] in {"unauthenticated", "invalid_token"}


def caller_for(
    world: World, headers: dict[str, str], *, client: tuple[str, int] | None = (ADDRESS, 50_000)
) -> Caller:
    """The caller of a GET with these headers."""
    scope: Scope = {
        "type": "http",
        "method": "GET",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": client,
    }
    return Caller(world.auth, scope)


def known_with(world: World, lines: list[bytes], *, method: str = "GET") -> Principal | None:
    """What is known of a request with these lines of cookies."""
    scope: Scope = {"type": "http", "method": method, "headers": [(b"cookie", line) for line in lines]}
    return Caller(world.auth, scope).known()


def keeping(sent: list[Message]) -> Send:
    """A ``send`` that keeps what is sent."""

    async def send(message: Message) -> None:
        sent.append(message)

    return send


def refusals(caplog: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    """What the log says of refused requests."""
    lines = [json.loads(record.getMessage()) for record in caplog.records if record.name == "handstamp.audit"]
    return [line for line in lines if line["event"] == "request_refused"]


@pytest.mark.parametrize(
    ("header", "code"),
    [
        ({"cookie": f"{SESSION}=a; {SESSION}=b"}, "unauthenticated"),
        ({"cookie": f"{SESSION}=rubbish"}, "invalid_token"),
        ({"cookie": f"{SESSION}=a"} | FOREIGN, "cross_origin"),
    ],
)
async def test_a_refusal_is_logged_and_not_stored(
    world: World, caplog: pytest.LogCaptureFixture, header: dict[str, str], code: str
) -> None:
    """Whoever sends rubbish is seen, with the address, and cannot fill the store (COO-02, LOG-01)."""
    caplog.set_level("INFO", "handstamp.audit")
    async with visiting(world) as http:
        await http.post("/me", headers=header)
    (line,) = refusals(caplog)
    detail = line["detail"]
    assert isinstance(detail, dict)
    assert (line["address"], detail["code"]) == (ADDRESS, code)
    assert world.store.asked["record_events"] == 0


async def test_an_anonymous_request_is_nothing_to_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """A browser that carries no cookie of ours was not refused for anything that it sent."""
    caplog.set_level("INFO", "handstamp.audit")
    async with visiting(world) as http:
        assert (await http.get("/me")).status_code == 401
    assert refusals(caplog) == []


@pytest.mark.parametrize(("proxies", "address"), [("", ADDRESS), (f"{ADDRESS},10.0.0.0/8", "198.51.100.4")])
async def test_where_a_request_came_from_is_what_trusted_proxies_say(proxies: str, address: str) -> None:
    """And what nobody else says: the same header of a stranger changes nothing. It is where the session began."""
    world = World(trusted_proxies=proxies)
    told = {"x-forwarded-for": "6.6.6.6, 198.51.100.4", "forwarded": "for=6.6.6.7"}
    lines = [(name.encode(), value.encode()) for name, value in told.items()]
    scope: Scope = {"type": "http", "method": "GET", "client": (ADDRESS, 1), "headers": lines}
    assert Caller(world.auth, scope).address == address
