"""Showing once more who one is."""

import asyncio

import pytest
from starlette.testclient import WebSocketDenialResponse

from handstamp.core.models import EndReason
from login.totp.house import SESAME, Browser, House
from web_world import SESSION, World, cookie

QUARTER = 15 * 60.0


@pytest.fixture
async def house() -> House:
    """An application whose routes ask for more than a session."""
    return House()


@pytest.fixture
async def signed_in(house: House, ada: Browser) -> Browser:
    """Ada signed in a quarter of an hour ago, with one factor."""
    await ada.knock(await house.user(), remember=True)
    house.clock.now += QUARTER
    await ada.get("/auth/session")
    return ada


@pytest.fixture
async def ada(house: House) -> Browser:
    """A browser."""
    return Browser(house)


async def test_a_person_is_led_there_and_back(signed_in: Browser) -> None:
    """From the page, by 303, to the question, and by its form back to the page."""
    led = await signed_in.visit("/fresh?a=1&b=%C3%A9")
    assert led.status_code == 303
    question = led.headers["location"]
    assert question == "/auth/reauthenticate?return_to=%2Ffresh%3Fa%3D1%26b%3D%25C3%25A9"
    page = await signed_in.visit(question)
    assert (page.status_code, 'name="word"' in page.text, 'name="code"' in page.text) == (200, True, False)
    assert 'name="return_to" type="hidden" value="/fresh?a=1&amp;b=%C3%A9"' in page.text
    done = await signed_in.submit("/auth/reauthenticate", word=SESAME, return_to="/fresh?a=1&b=%C3%A9")
    assert (done.status_code, done.headers["location"]) == (303, "/fresh?a=1&b=%C3%A9")
    assert (await signed_in.visit("/fresh?a=1&b=%C3%A9")).text == "fresh"


async def test_a_program_is_told_where(signed_in: Browser) -> None:
    """401 with what is missing; and a new session for the word."""
    refused = await signed_in.get("/fresh")
    problem = refused.json()
    assert (refused.status_code, problem["code"], problem["max_age"]) == (401, "fresh_session_required", QUARTER)
    assert problem["reauthenticate"] == "/auth/reauthenticate"
    assert (await signed_in.get(problem["reauthenticate"])).json() == {"aal": 1, "confirm_with": ["word"]}
    done = await signed_in.send(problem["reauthenticate"], word=SESAME)
    assert done.json()["session"]["id"]
    assert (await signed_in.get("/fresh")).status_code == 200


async def test_a_route_asks_for_two_factors(house: House, signed_in: Browser) -> None:
    """A recent sign-in does not stand in for it; a code of an app does."""
    refused = await signed_in.get("/vault")
    assert (refused.status_code, refused.json()["code"], refused.json()["aal"]) == (401, "second_factor_required", 2)
    led = await signed_in.visit("/vault")
    assert led.headers["location"] == "/auth/reauthenticate?return_to=%2Fvault&aal=2"
    page = await signed_in.visit(led.headers["location"])
    assert "have not set up any" in page.text
    assert 'name="word"' not in page.text
    await signed_in.send("/auth/reauthenticate", word=SESAME)
    assert (await signed_in.get("/vault")).status_code == 401
    app, _ = await signed_in.enrol()
    assert (await signed_in.get("/vault")).status_code == 200
    user = await (await house.services()).accounts.get((await signed_in.get("/me")).json()["id"])
    signed_in.cookies = {SESSION: (await house.sign_in(user)).token}
    page = await signed_in.visit("/auth/reauthenticate?aal=2")
    assert ('name="code"' in page.text, 'name="word"' in page.text, 'name="aal"' in page.text) == (True, False, True)
    assert (await signed_in.get("/auth/reauthenticate?aal=2")).json() == {"aal": 2, "confirm_with": ["code"]}
    done = await signed_in.send("/auth/reauthenticate", code=app.code(house.clock()))
    assert (done.json()["session"]["aal"], done.json()["session"]["amr"]) == (2, ["pwd", "otp", "mfa"])
    assert (await signed_in.get("/vault")).status_code == 200


async def test_a_recovery_code_confirms_too(house: House, signed_in: Browser) -> None:
    """Once."""
    await signed_in.send("/auth/reauthenticate", word=SESAME)
    _, codes = await signed_in.enrol()
    house.clock.now += QUARTER
    assert (await signed_in.send("/auth/reauthenticate", code=codes[0])).status_code == 200
    assert (await signed_in.send("/auth/reauthenticate", code=codes[0])).status_code == 422


async def test_confirming_makes_a_new_session_in_place_of_the_old(house: House, signed_in: Browser) -> None:
    """As persistent, of the same user; other sessions stay; the old token is dead (SES-02)."""
    before = (await signed_in.get("/auth/session")).json()
    old = dict(signed_in.cookies)
    async with Browser(house) as elsewhere:
        await elsewhere.knock(await (await house.services()).accounts.get(before["user"]["id"]))
        done = await signed_in.send("/auth/reauthenticate", word=SESAME)
        assert (await elsewhere.get("/me")).status_code == 200
    after = done.json()
    assert (after["user"], after["session"]["id"] != before["session"]["id"]) == (before["user"], True)
    rows = [await house.store.load_session(each["session"]["id"]) for each in (before, after)]
    assert [(row.persistent, row.end_reason) for row in rows if row] == [(True, EndReason.REPLACED), (True, None)]
    signed_in.cookies = old
    assert (await signed_in.get("/me")).json()["reason"] == "replaced"
    events = await house.events()
    assert events.count("reauthenticated") == 1
    assert events.count("signed_in") == 2


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({}, "/"),
        ({"word": ""}, "/"),
        ({"word": None}, "/"),
        ({"word": "wrong"}, "/word"),
        ({"word": ["a"]}, "/word"),
        ({"word": "x" * 5000}, "/word"),
        ({"code": "123456"}, "/code"),
        ({"password": SESAME}, "/"),
    ],
)
async def test_what_does_not_confirm_is_refused(signed_in: Browser, fields: dict[str, object], pointer: str) -> None:
    """422 with the field; the session is as it was."""
    before = signed_in.session
    answer = await signed_in.send("/auth/reauthenticate", **fields)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert signed_in.session == before
    assert (await signed_in.get("/fresh")).status_code == 401


async def test_a_refused_form_comes_back(house: House, signed_in: Browser) -> None:
    """With the message beside the field, without what was typed, and with the way back; the trail has it."""
    page = await signed_in.submit("/auth/reauthenticate", word="my secret guess", return_to="/fresh")
    assert page.status_code == 422
    assert 'id="word-fault">This is not the word.' in page.text
    assert 'value="/fresh"' in page.text
    assert "secret guess" not in page.text
    assert (await house.events()).count("reauthentication_failed") == 1
    empty = await signed_in.submit("/auth/reauthenticate", aal="2")
    assert empty.status_code == 422
    assert "Show it by one of the ways" in empty.text
    late = await signed_in.submit("/auth/reauthenticate", word="again and again")
    assert (late.status_code, late.headers["retry-after"], "in 60 seconds" in late.text) == (429, "60", True)


async def test_attempts_of_any_way_are_limited(house: House, signed_in: Browser) -> None:
    """Ten, then one each half minute; a refused one is not judged, and not in the trail (MFA-05)."""
    for _ in range(10):
        assert (await signed_in.send("/auth/reauthenticate", word="wrong")).status_code == 422
    answer = await signed_in.send("/auth/reauthenticate", word=SESAME)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "30")
    assert (await house.events()).count("reauthentication_failed") == 10
    house.clock.now += 30
    assert (await signed_in.send("/auth/reauthenticate", word=SESAME)).status_code == 200


async def test_attempts_are_limited_for_the_session_alone(house: House, signed_in: Browser) -> None:
    """A thief of one session stops nobody from signing in, nor the owner in another session (MFA-05)."""
    await signed_in.send("/auth/reauthenticate", word=SESAME)
    app, _ = await signed_in.enrol()
    for _ in range(5):
        answer = await signed_in.send("/auth/reauthenticate", code=app.wrong(house.clock()))
        assert answer.status_code == 422
    answer = await signed_in.send("/auth/reauthenticate", code=app.code(house.clock()))
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "30")
    async with Browser(house) as elsewhere:
        user_id = (await signed_in.get("/me")).json()["id"]
        await elsewhere.send("/auth/knock", user=user_id)
        assert (await elsewhere.send("/auth/totp/verify", code=app.code(house.clock()))).status_code == 200


async def test_signing_in_as_somebody_else_confirms_nothing_for_the_one_before(
    house: House, signed_in: Browser
) -> None:
    """Codes are judged for whoever is signed in when they arrive; Ada's do not confirm that Grace is Grace."""
    await signed_in.send("/auth/reauthenticate", word=SESAME)
    app, codes = await signed_in.enrol()
    ada_session = (await signed_in.get("/auth/session")).json()["session"]["id"]
    grace = await house.user()
    await signed_in.knock(grace)
    house.clock.now += QUARTER
    for code in (app.code(house.clock()), codes[0]):
        assert (await signed_in.send("/auth/reauthenticate", code=code)).status_code == 422
    done = await signed_in.send("/auth/reauthenticate", word=SESAME)
    assert done.json()["user"]["id"] == grace.id
    assert (done.json()["session"]["aal"], done.json()["session"]["amr"]) == (1, ["pwd"])
    row = await house.store.load_session(ada_session)
    assert row is not None
    assert row.authenticated_at < house.clock() - QUARTER


@pytest.mark.parametrize("method", ["POST", "HEAD"])
async def test_only_a_visit_is_redirected(signed_in: Browser, method: str) -> None:
    """What would have changed something is not done later by itself: a page says what to do, with a link."""
    headers = {"accept": "text/html", "referer": "https://app.example.com/form?x=1"}
    answer = await signed_in.ask(method, "/fresh", headers=headers)
    assert answer.status_code == 401
    if method == "POST":
        assert 'href="/auth/reauthenticate?return_to=%2Fform%3Fx%3D1"' in answer.text
        assert "Confirm that it is you" in answer.text
        elsewhere = headers | {"referer": "https://evil.example/form"}
        assert 'href="/auth/reauthenticate"' in (await signed_in.ask(method, "/fresh", headers=elsewhere)).text


async def test_a_script_is_not_redirected(signed_in: Browser) -> None:
    """Nobody would see where it was led, whatever it accepts."""
    headers = {"accept": "text/html", "sec-fetch-mode": "cors"}
    assert (await signed_in.ask("GET", "/fresh", headers=headers)).status_code == 401


@pytest.mark.parametrize(
    "path", ["/fresh?return_to=https://evil.example", "/fresh?" + "x" * 3000, "/fresh?%0d%0aset-cookie:x"]
)
async def test_the_way_back_stays_here(signed_in: Browser, path: str) -> None:
    """It is the page that was asked for, or none."""
    led = await signed_in.visit(path)
    assert led.status_code == 303
    assert led.headers["location"].startswith("/auth/reauthenticate")
    assert "\n" not in led.headers["location"]


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:1"])
async def test_nobody_is_sent_elsewhere(signed_in: Browser, target: str) -> None:
    """A way back that leads away is left out (RED-01)."""
    page = await signed_in.ask(
        "GET", "/auth/reauthenticate", params={"return_to": target}, headers={"accept": "text/html"}
    )
    assert "evil" not in page.text
    done = await signed_in.submit("/auth/reauthenticate", word=SESAME, return_to=target)
    assert (done.status_code, done.headers["location"]) == (303, "/")


async def test_whoever_is_not_signed_in_signs_in(house: House) -> None:
    """A person is led there, and from there to where they wanted to go; a program gets 401."""
    async with Browser(house) as nobody:
        led = await nobody.visit("/auth/reauthenticate?return_to=/fresh")
        assert (led.status_code, led.headers["location"]) == (303, "/auth/login?return_to=%2Ffresh")
        assert (await nobody.visit("/auth/reauthenticate")).headers["location"] == "/auth/login"
        assert (await nobody.get("/auth/reauthenticate")).status_code == 401
        assert (await nobody.send("/auth/reauthenticate", word=SESAME)).status_code == 401


async def test_fifty_who_confirm_by_one_code_make_one_session(house: House, signed_in: Browser) -> None:
    """The code is used up once (MFA-01)."""
    await signed_in.send("/auth/reauthenticate", word=SESAME)
    _, codes = await signed_in.enrol()
    answers = await asyncio.gather(*(signed_in.send("/auth/reauthenticate", code=codes[0]) for _ in range(50)))
    assert [answer.status_code for answer in answers].count(200) == 1
    user_id = (await signed_in.get("/me")).json()["id"]
    assert len(await house.store.list_sessions(user_id, now=house.clock())) == 1


async def test_a_session_that_was_ended_elsewhere_is_not_made_anew(house: House, signed_in: Browser) -> None:
    """Not even while this process has it in memory and has not heard of it (SES-01)."""
    assert (await signed_in.get("/me")).status_code == 200
    session_id = (await signed_in.get("/auth/session")).json()["session"]["id"]
    await house.store.end_session(session_id, reason=EndReason.ENDED_ELSEWHERE, now=house.clock())
    answer = await signed_in.send("/auth/reauthenticate", word=SESAME)
    assert (answer.status_code, answer.json()["reason"]) == (401, "ended_elsewhere")


async def test_confirming_asks_the_store(house: House, signed_in: Browser) -> None:
    """What is in memory may be as old as the lag of a feed; a new session is not made of that (SES-01)."""
    for _ in range(3):  # until its token, which was due, is renewed and seen back
        await signed_in.get("/me")
    before = house.loads
    await signed_in.get("/me")
    assert house.loads == before
    await signed_in.send("/auth/reauthenticate", word="wrong")
    assert house.loads == before + 1


async def test_an_outage_confirms_nothing(house: House, signed_in: Browser) -> None:
    """503, and the session is as it was."""
    house.down()
    before = signed_in.session
    for answer in (
        await signed_in.send("/auth/reauthenticate", word=SESAME),
        await signed_in.visit("/auth/reauthenticate"),
        await signed_in.send("/auth/reauthenticate", code="123456"),
    ):
        assert answer.status_code == 503
    assert signed_in.session == before


async def test_a_handshake_is_refused_with_what_is_missing(house: House, signed_in: Browser) -> None:
    """A WebSocket cannot be led anywhere."""
    headers = cookie(signed_in.session or "") | {"origin": "https://app.example.com", "accept": "text/html"}
    client = house.handshaker()
    with pytest.raises(WebSocketDenialResponse) as refused, client.websocket_connect("/safe", headers=headers):
        pass
    assert refused.value.status_code == 401


async def test_where_nothing_can_be_confirmed_people_sign_in_again() -> None:
    """And come back to where they were."""
    world = World()
    ask = {"accept": "text/html"} | cookie(await world.sign_in())
    async with world.visitor() as http:
        page = await http.get("/auth/reauthenticate?return_to=/fresh", headers=ask)
        assert 'href="/auth/login?return_to=%2Ffresh"' in page.text
        answer = await http.get("/auth/reauthenticate", headers=ask | {"accept": "application/json"})
        assert answer.json() == {"aal": 1, "confirm_with": []}
    await world.auth.close()
