"""The one door: who comes in, who is asked for more, and what a half-finished sign-in is worth."""

from dataclasses import replace
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from handstamp.core.errors import HandstampError
from handstamp.core.models import CredentialKind, EndReason, Proof, Session, User
from handstamp.core.redirects import SafeRedirect
from handstamp.testing import a_credential
from handstamp.web.entering import enter, enter_with_second, pending_of, re_enter, second_factors
from handstamp.web.errors import error_response
from handstamp.web.respond import caller_of
from handstamp.web.signing import signed_in
from web_world import PAGE, SESSION, World, cookie, sent_token, set_cookies, starlette_application

STEP = "__Host-Http-flow-step-second-factor"
FORM = {"content-type": "application/x-www-form-urlencoded"}


def application() -> Starlette:
    """One whose way in believes whoever comes: it is the door that is looked at."""

    async def come(request: Request) -> Response:
        host: Any = caller_of(request).host
        user = await (await host.open()).people.load_user(request.query_params["user"])
        proof = Proof(amr=("pwd",), aal=int(request.query_params.get("aal", "1")))
        way_back = SafeRedirect.parse(request.query_params.get("return_to"), host.place.origins)
        return await told(
            request, enter(request, host, user, proof, method="belief", remember=True, return_to=way_back)
        )

    async def second(request: Request) -> Response:
        host: Any = caller_of(request).host

        async def finish() -> Response:
            return await enter_with_second(request, host, pending_of(request, host), ("otp",))

        return await told(request, finish())

    async def again(request: Request) -> Response:
        host: Any = caller_of(request).host
        principal = await caller_of(request).principal()
        issued = await re_enter(request, host, principal, Proof(amr=("otp", "mfa"), aal=2), method="belief")
        return signed_in(host, JSONResponse({"id": issued.session.id}), issued)

    async def told(request: Request, response: Any) -> Response:
        try:
            answer: Response = await response
        except HandstampError as error:
            return error_response(request, error, caller_of(request).host.place)
        return answer

    app = starlette_application()
    for path, endpoint in (("/come", come), ("/second", second), ("/again", again)):
        app.router.routes.append(Route(path, endpoint, methods=["POST"]))
    return app


@pytest.fixture
async def world() -> Any:
    """An application with a door."""
    world = World(application)
    yield world
    await world.auth.close()


@pytest.fixture
async def visitor(world: World) -> Any:
    """Somebody at it."""
    async with world.visitor() as client:
        yield client


async def with_factors(world: World, *kinds: CredentialKind, confirmed_at: float | None = 1.0) -> User:
    """Somebody who has set these up."""
    user = await world.user()
    for kind in kinds:
        assert await world.store.add_credential(a_credential(user.id, kind, confirmed_at=confirmed_at), most=10)
    return user


def step_of(response: httpx2.Response) -> dict[str, str]:
    """The cookie of the step that a response began."""
    (line,) = [line for line in set_cookies(response) if line.startswith(f"{STEP}=") and "Max-Age=600" in line]
    return {"cookie": line.partition(";")[0]}


async def test_one_proof_is_enough_where_nothing_else_was_set_up(world: World, visitor: httpx2.AsyncClient) -> None:
    """A program gets what ``GET /auth/session`` says; a browser is sent where it wanted to go."""
    user = await world.user()
    told = await visitor.post(f"/come?user={user.id}")
    body = told.json()
    assert (told.status_code, body["authenticated"], body["user"]["id"]) == (200, True, user.id)
    assert (body["session"]["amr"], body["session"]["aal"]) == (["pwd"], 1)
    assert sent_token(told) is not None
    for wish, place in (("/reports", "/reports"), ("//evil.example", "/")):
        led = await visitor.post(f"/come?user={user.id}&return_to={wish}", headers=PAGE)
        assert (led.status_code, led.headers["location"]) == (303, place)
    assert (await visitor.post(f"/come?user={user.id}", headers=FORM)).status_code == 303
    events = [event for event in await world.store.list_events(user_id=user.id) if event.event == "signed_in"]
    assert {(event.detail["method"], event.session_id is not None) for event in events} == {("belief", True)}
    assert len(events) == 4


async def test_what_was_presented_is_replaced(world: World, visitor: httpx2.AsyncClient) -> None:
    """Whoever planted it has nothing (SES-03)."""
    planted = await world.sign_in()
    response = await visitor.post(f"/come?user={(await world.user()).id}", headers=cookie(planted))
    assert sent_token(response) != planted.token
    assert (await world.row(planted)).end_reason is EndReason.REPLACED


@pytest.mark.parametrize(
    ("kinds", "confirmed_at", "asked"),
    [
        ((CredentialKind.TOTP,), 1.0, ("totp",)),
        (
            (CredentialKind.RECOVERY_CODE, CredentialKind.TOTP, CredentialKind.PASSKEY, CredentialKind.RECOVERY_CODE),
            1.0,
            ("passkey", "totp", "recovery_code"),
        ),
        ((CredentialKind.TOTP,), None, ()),
        ((CredentialKind.PASSKEY, CredentialKind.RECOVERY_CODE, CredentialKind.PASSWORD), 1.0, ()),
    ],
    ids=["totp", "all", "unconfirmed", "without totp"],
)
async def test_who_is_asked_for_a_second_factor(
    world: World, kinds: tuple[CredentialKind, ...], confirmed_at: float | None, asked: tuple[str, ...]
) -> None:
    """Who has set up one-time codes, and finished it."""
    user = await with_factors(world, *kinds, confirmed_at=confirmed_at)
    assert await second_factors(world.store, user.id) == asked


async def test_half_a_sign_in_opens_nothing(world: World, visitor: httpx2.AsyncClient) -> None:
    """No session, no flag, and the step's cookie is no session (MFA-03)."""
    user = await with_factors(world, CredentialKind.TOTP)
    told = await visitor.post(f"/come?user={user.id}")
    assert (told.status_code, told.json()) == (200, {"authenticated": False, "second_factor": ["totp"]})
    led = await visitor.post(f"/come?user={user.id}", headers=PAGE)
    assert (led.status_code, led.headers["location"]) == (303, "/auth/second-factor")
    for response in (told, led):
        assert [line.partition("=")[0] for line in set_cookies(response)] == [STEP]
        value = step_of(response)["cookie"].partition("=")[2]
        for attempt in (step_of(response), {"cookie": f"{SESSION}={value}"}):
            assert (await visitor.get("/me", headers=attempt)).status_code == 401
    assert await world.store.list_sessions(user.id, now=world.clock()) == ()


async def test_two_factors_at_once_need_no_third(world: World, visitor: httpx2.AsyncClient) -> None:
    """A passkey with user verification is AAL2 by itself."""
    user = await with_factors(world, CredentialKind.TOTP, CredentialKind.PASSKEY)
    assert (await visitor.post(f"/come?user={user.id}&aal=2")).json()["session"]["aal"] == 2


async def test_the_second_factor_finishes_it_once(world: World, visitor: httpx2.AsyncClient) -> None:
    """With what the first one chose; whoever comes again has nothing to finish."""
    user = await with_factors(world, CredentialKind.TOTP)
    step = step_of(await visitor.post(f"/come?user={user.id}&return_to=/reports"))
    done = await visitor.post("/second", headers=step | PAGE)
    assert (done.status_code, done.headers["location"]) == (303, "/reports")
    assert any(line.startswith(f"{STEP}=;") for line in set_cookies(done))
    (session,) = await world.store.list_sessions(user.id, now=world.clock())
    assert (session.amr, session.aal, session.persistent) == (("pwd", "otp", "mfa"), 2, True)
    again = await visitor.post("/second", headers=step)
    assert (again.status_code, again.json()["reason"]) == (400, "flow_unknown")
    assert len(await world.store.list_sessions(user.id, now=world.clock())) == 1


async def test_half_a_sign_in_ends_with_its_user_and_its_time(world: World, visitor: httpx2.AsyncClient) -> None:
    """Deleted, disabled, or ten minutes later."""
    reasons = []
    for number in range(3):
        user = await with_factors(world, CredentialKind.TOTP)
        step = step_of(await visitor.post(f"/come?user={user.id}"))
        if number == 0:
            await world.auth.users.delete(user.id, now=world.clock())
        elif number == 1:
            await world.auth.users.disable(user.id, now=world.clock())
        else:
            world.clock.now += 600
        refused = await visitor.post("/second", headers=step)
        assert sent_token(refused) is None
        reasons.append(refused.json()["reason"])
    assert reasons == ["flow_unknown", "user_disabled", "flow_unknown"]


async def test_confirming_gives_a_new_session_in_place_of_the_old(world: World, visitor: httpx2.AsyncClient) -> None:
    """As persistent as that one, with what both proofs reached; others of the user stay (SES-02)."""
    user = await world.user()
    other = await world.sign_in(user)
    before = await world.sign_in(user, persistent=True)
    world.clock.now += 3600
    response = await visitor.post("/again", headers=cookie(before))
    row = await world.store.load_session(response.json()["id"])
    assert row is not None
    assert row.id != before.session.id
    assert (row.amr, row.aal, row.persistent) == (("pwd", "otp", "mfa"), 2, True)
    assert row.authenticated_at == world.clock()
    assert (await world.row(before)).end_reason is EndReason.REPLACED
    assert (await world.row(other)).ended_at is None
    assert (await visitor.get("/me", headers=cookie(before))).status_code == 401
    assert (await world.events()).count("reauthenticated") == 1


async def test_half_a_sign_in_ends_with_the_password_that_began_it(world: World, visitor: httpx2.AsyncClient) -> None:
    """A reset ends all sessions; what waits for a second factor would be one of them (PAS-07)."""
    user = await with_factors(world, CredentialKind.TOTP, CredentialKind.PASSWORD)
    step = step_of(await visitor.post(f"/come?user={user.id}"))
    kept = [one for one in await world.store.list_credentials(user.id) if one.kind is CredentialKind.PASSWORD]
    assert await world.store.swap_credential(kept[0], replace(kept[0], secret="another"))
    refused = await visitor.post("/second", headers=step)
    assert (refused.status_code, refused.json()["reason"]) == (400, "flow_unknown")
    assert await world.store.list_sessions(user.id, now=world.clock()) == ()


async def test_a_sign_in_beside_the_first_enrolment_has_no_session(
    world: World, visitor: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It looked before the app was confirmed, and began after that had ended all sessions."""
    user = await world.user()
    start = world.store.start_session

    async def late(session: Session, **how: Any) -> Session | None:
        assert await world.store.add_credential(a_credential(user.id, CredentialKind.TOTP), most=1)
        await world.auth.sessions.end_all(user.id, reason=EndReason.FACTOR_CHANGED, now=world.clock())
        return await start(session, **how)

    monkeypatch.setattr(world.store, "start_session", late)
    refused = await visitor.post(f"/come?user={user.id}")
    assert (refused.status_code, refused.json()["reason"], sent_token(refused)) == (400, "flow_unknown", None)
    assert await world.store.list_sessions(user.id, now=world.clock()) == ()
    assert "signed_in" not in await world.events()
