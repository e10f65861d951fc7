"""A sign-in that waits for its second factor: it opens nothing, and no step can be left out, moved or done twice."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest
from starlette.testclient import WebSocketDenialResponse

from handstamp.core.keys import Purpose
from handstamp.core.models import EndReason
from login.totp.app import App
from login.totp.house import STEP, Browser, House
from web_world import SESSION


@dataclass
class Scene:
    """Ada has shown one factor of two; Mallory has an account, an app and a session of her own, and wants Ada's."""

    house: House
    ada: Browser
    mallory: Browser
    ada_id: str
    app: App
    codes: tuple[str, ...]
    mallory_app: App
    mallory_codes: tuple[str, ...]
    mallory_id: str

    @property
    def code(self) -> str:
        """Of Ada's app, not used yet."""
        return self.app.code(self.house.clock())


@pytest.fixture
async def scene(house: House, ada: Browser, mallory: Browser) -> Scene:
    """Ada is at the second step."""
    users = [await house.user(), await house.user()]
    held: list[tuple[App, tuple[str, ...]]] = []
    for browser, user in zip((ada, mallory), users, strict=True):
        await browser.knock(user)
        held.append(await browser.enrol())
    ada.cookies.clear()
    await ada.knock(users[0])
    (app, codes), (mallory_app, mallory_codes) = held
    return Scene(house, ada, mallory, users[0].id, app, codes, mallory_app, mallory_codes, users[1].id)


EVERYTHING = [
    *(
        ("GET", path)
        for path in [
            "/me",
            "/vault",
            "/fresh",
            "/auth/sessions",
            "/auth/totp",
            "/auth/totp/enroll",
            "/auth/reauthenticate",
        ]
    ),
    ("POST", "/me"),
    ("POST", "/auth/totp/enroll"),
    ("POST", "/auth/totp/confirm"),
    ("POST", "/auth/totp/off"),
    ("POST", "/auth/recovery-codes"),
    ("POST", "/auth/reauthenticate"),
    ("POST", "/auth/sessions/end-others"),
    ("DELETE", "/auth/totp"),
    ("DELETE", "/auth/sessions"),
]


@pytest.mark.parametrize(("method", "path"), EVERYTHING)
async def test_half_a_sign_in_opens_nothing(scene: Scene, method: str, path: str) -> None:
    """Neither as it is, nor with the step in place of the session (MFA-03)."""
    assert SESSION not in scene.ada.cookies
    fields = {"code": scene.code, "enrolment": "x"}
    answer = await scene.ada.ask(method, path, json=fields)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    scene.ada.cookies[SESSION] = scene.ada.cookies[STEP]
    answer = await scene.ada.ask(method, path, json=fields)
    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
    assert (await scene.ada.send("/auth/totp/verify", code=scene.code)).status_code == 200  # it was not used up


@pytest.mark.parametrize("path", ["/auth/account", "/auth/account/security", "/auth/reauthenticate"])
async def test_pages_lead_to_signing_in(scene: Scene, path: str) -> None:
    """Whoever is at the second step is nobody yet."""
    answer = await scene.ada.visit(path)
    assert (answer.status_code, answer.headers["location"].partition("?")[0]) == (303, "/auth/login")


async def test_half_a_sign_in_is_none_to_whoever_asks(scene: Scene) -> None:
    """``GET /auth/session``, and a WebSocket."""
    assert (await scene.ada.get("/auth/session")).json() == {"authenticated": False, "reason": None}
    client = scene.house.handshaker()
    headers = {"cookie": f"{STEP}={scene.ada.cookies[STEP]}"}
    with pytest.raises(WebSocketDenialResponse) as refused, client.websocket_connect("/safe", headers=headers):
        pass
    assert refused.value.status_code == 401


async def _without_the_step(scene: Scene) -> Browser:
    scene.ada.cookies.clear()
    return scene.ada


async def _too_late(scene: Scene) -> Browser:
    scene.house.clock.now += 600
    return scene.ada


async def _changed(scene: Scene) -> Browser:
    kept = scene.ada.cookies[STEP]
    scene.ada.cookies[STEP] = kept[:40] + ("A" if kept[40] != "A" else "B") + kept[41:]
    return scene.ada


async def _twice(scene: Scene) -> Browser:
    scene.ada.cookies |= {f"x; {STEP}": scene.ada.cookies[STEP]}
    return scene.ada


async def _of_another_step(scene: Scene) -> Browser:
    sealer = scene.house.auth.sealer(Purpose.STEP)
    payload = sealer.open(scene.ada.cookies[STEP], context=b"second-factor")
    scene.ada.cookies[STEP] = sealer.seal(payload, context=b"email-code")
    return scene.ada


async def _of_another_purpose(scene: Scene) -> Browser:
    payload = scene.house.auth.sealer(Purpose.STEP).open(scene.ada.cookies[STEP], context=b"second-factor")
    scene.ada.cookies[STEP] = scene.house.auth.sealer(Purpose.FLOW).seal(payload, context=b"second-factor")
    return scene.ada


async def _finished(scene: Scene) -> Browser:
    kept = scene.ada.cookies[STEP]
    assert (await scene.ada.send("/auth/totp/verify", code=scene.codes[0])).status_code == 200
    scene.ada.cookies = {STEP: kept}
    return scene.ada


async def _in_another_browser(scene: Scene) -> Browser:
    return scene.mallory


@pytest.mark.parametrize(
    "how",
    [
        _without_the_step,
        _too_late,
        _changed,
        _twice,
        _of_another_step,
        _of_another_purpose,
        _finished,
        _in_another_browser,
    ],
)
async def test_a_right_code_without_the_step_before_it_signs_nobody_in(
    scene: Scene, how: Callable[[Scene], Awaitable[Browser]]
) -> None:
    """Skipped, done twice, carried elsewhere, or made of another step (MFA-03)."""
    browser = await how(scene)
    before = browser.session
    answer = await browser.send("/auth/totp/verify", code=scene.code)
    assert (answer.status_code, answer.json()["code"], answer.json()["reason"]) == (
        400,
        "login_failed",
        "flow_unknown",
    )
    assert browser.session == before
    page = await browser.visit("/auth/second-factor")
    if how is not _finished:
        assert page.status_code == 400
        assert "Begin again" in page.text


@pytest.mark.parametrize("which", ["code", "recovery code", "enrolment", "used", "earlier"])
async def test_what_is_not_ada_s_does_not_finish_her_sign_in(scene: Scene, which: str) -> None:
    """Codes of somebody else, of an app that was not confirmed, and of a step that is over (MFA-03)."""
    now = scene.house.clock()
    if which == "code":
        code = scene.mallory_app.code(now)
    elif which == "recovery code":
        code = scene.mallory_codes[0]
    elif which == "enrolment":
        begun = await scene.mallory.send("/auth/totp/enroll")
        code = App.scanned(begun.json()["otpauth_uri"]).code(now)
    elif which == "used":
        scene.house.clock.now -= 30
        code = scene.app.code(scene.house.clock(), -1)
    else:
        code = scene.app.code(now, -2)
    answer = await scene.ada.send("/auth/totp/verify", code=code)
    assert answer.status_code == 422
    assert SESSION not in scene.ada.cookies


async def test_a_step_that_was_carried_away_needs_the_factor_all_the_same(scene: Scene) -> None:
    """Mallory has Ada's cookie: her own codes are not Ada's, and her own session stays as it is."""
    before = scene.mallory.session
    scene.mallory.cookies[STEP] = scene.ada.cookies[STEP]
    for code in (scene.mallory_app.code(scene.house.clock()), scene.mallory_codes[0]):
        assert (await scene.mallory.send("/auth/totp/verify", code=code)).status_code == 422
    assert scene.mallory.session == before
    assert (await scene.mallory.get("/auth/session")).json()["user"]["id"] == scene.mallory_id


async def test_a_new_first_step_forgets_the_one_before(scene: Scene) -> None:
    """The second factor of one user finishes no sign-in of another in the same browser."""
    mallory = await (await scene.house.services()).accounts.get(scene.mallory_id)
    await scene.ada.knock(mallory)
    assert (await scene.ada.send("/auth/totp/verify", code=scene.code)).status_code == 422
    done = await scene.ada.send("/auth/totp/verify", code=scene.mallory_app.code(scene.house.clock()))
    assert done.json()["user"]["id"] == scene.mallory_id


async def test_what_a_browser_had_before_is_replaced(scene: Scene) -> None:
    """No session that was there before becomes Ada's: hers is new, the other is over (SES-02, SES-03)."""
    planted = scene.mallory.session
    assert planted
    scene.ada.cookies[SESSION] = planted
    done = await scene.ada.send("/auth/totp/verify", code=scene.code)
    assert done.json()["user"]["id"] == scene.ada_id
    assert scene.ada.session != planted
    told = await scene.mallory.get("/auth/session")
    assert told.json() == {"authenticated": False, "reason": EndReason.REPLACED.value}


async def test_an_app_that_was_given_up_finishes_nothing(scene: Scene) -> None:
    """The owner turned it off while a stranger was at the second step: the stranger begins anew, with one factor."""
    services = await scene.house.services()
    for one in await services.people.list_credentials(scene.ada_id):
        await services.people.remove_credential(one.id, user_id=scene.ada_id, keep_a_way_in=False)
    for code in (scene.code, scene.codes[0]):
        assert (await scene.ada.send("/auth/totp/verify", code=code)).status_code == 422


@pytest.mark.parametrize("fate", ["disabled", "deleted"])
async def test_a_user_who_is_gone_meanwhile_is_not_let_in(scene: Scene, fate: str) -> None:
    """With a right code."""
    accounts = (await scene.house.services()).accounts
    if fate == "disabled":
        await accounts.disable(scene.ada_id, now=scene.house.clock())
    else:
        await accounts.delete(scene.ada_id, now=scene.house.clock())
    answer = await scene.ada.send("/auth/totp/verify", code=scene.code)
    assert answer.status_code in {403, 422}
    assert SESSION not in scene.ada.cookies


async def test_the_second_step_alone_is_no_first(scene: Scene) -> None:
    """Whoever has the phone and no password has nothing to finish (MFA-03)."""
    async with Browser(scene.house) as stranger:
        for fields in ({"code": scene.code}, {"code": scene.code, "user": scene.ada_id}):
            assert (await stranger.send("/auth/totp/verify", **fields)).status_code == 400
