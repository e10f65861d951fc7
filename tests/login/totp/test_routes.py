"""One-time codes over HTTP."""

import asyncio
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import handstamp
from handstamp.core.models import CredentialKind, EndReason
from handstamp.testing import a_credential
from login.totp.app import App
from login.totp.house import SESAME, STEP, Browser, House
from web_world import FOREIGN, SESSION, World


async def enrolled(house: House, browser: Browser) -> tuple[App, tuple[str, ...], str]:
    """Somebody new who has an app and recovery codes, signed in; and their id."""
    user = await house.user()
    await browser.knock(user)
    app, codes = await browser.enrol()
    return app, codes, user.id


async def waiting(house: House, browser: Browser) -> tuple[App, tuple[str, ...], str]:
    """The same, at the second factor of another sign-in."""
    app, codes, user_id = await enrolled(house, browser)
    browser.cookies.clear()
    assert (await browser.send("/auth/knock", user=user_id)).json()["authenticated"] is False
    return app, codes, user_id


async def test_one_factor_and_then_the_other_signs_in(house: House, ada: Browser) -> None:
    """With both in the session; the step is over then."""
    app, _, user_id = await waiting(house, ada)
    asked = await ada.get("/auth/second-factor")
    assert asked.json() == {"authenticated": False, "second_factor": ["totp", "recovery_code"]}
    done = await ada.send("/auth/totp/verify", code=app.code(house.clock()))
    assert done.json()["user"]["id"] == user_id
    assert (done.json()["session"]["aal"], done.json()["session"]["amr"]) == (2, ["pwd", "otp", "mfa"])
    assert STEP not in ada.cookies
    assert (await ada.get("/vault")).text == "gold"


async def test_a_recovery_code_signs_in_once(house: House, ada: Browser) -> None:
    """RFC 8176 has no word for it; the trail says how many are left (MFA-02)."""
    _, codes, user_id = await waiting(house, ada)
    done = await ada.send("/auth/totp/verify", code=codes[0].lower().replace("-", " "))
    assert (done.json()["session"]["aal"], done.json()["session"]["amr"]) == (2, ["pwd", "mfa"])
    ada.cookies.clear()
    await ada.send("/auth/knock", user=user_id)
    again = await ada.send("/auth/totp/verify", code=codes[0])
    assert (again.status_code, again.json()["errors"][0]["code"]) == (422, "recovery_code_wrong")
    assert (await ada.send("/auth/totp/verify", code=codes[1])).status_code == 200
    used = [event for event in await house.store.list_events(limit=1000) if event.event == "recovery_code_used"]
    assert sorted(event.detail["left"] for event in used) == ["8", "9"]


async def test_a_person_signs_in_by_forms(house: House, ada: Browser) -> None:
    """Led there by the first factor, and on to where they wanted to go; persistent as they wanted it."""
    app, _, user_id = await enrolled(house, ada)
    ada.cookies.clear()
    led = await ada.submit("/auth/knock", user=user_id, return_to="/reports?q=1", remember="on")
    assert (led.status_code, led.headers["location"]) == (303, "/auth/second-factor")
    page = await ada.visit("/auth/second-factor")
    assert page.status_code == 200
    assert 'autocomplete="one-time-code"' in page.text
    assert 'inputmode="numeric"' in page.text
    assert 'href="/auth/second-factor?with=recovery"' in page.text
    assert "Sixteen letters" in (await ada.visit("/auth/second-factor?with=recovery")).text
    wrong = await ada.submit("/auth/totp/verify", code="no code", **{"with": "recovery"})
    assert wrong.status_code == 422
    assert "Sixteen letters" in wrong.text
    assert "no code" not in wrong.text
    done = await ada.submit("/auth/totp/verify", code=app.code(house.clock()))
    assert (done.status_code, done.headers["location"]) == (303, "/reports?q=1")
    assert "Max-Age" in next(line for line in done.headers.get_list("set-cookie") if line.startswith(SESSION))


async def test_what_else_will_do_is_offered(house: House, ada: Browser) -> None:
    """Another way in where the user has it, and recovery codes as long as there are some."""
    _, _, user_id = await waiting(house, ada)
    page = (await ada.visit("/auth/second-factor")).text
    assert ("with=recovery" in page, "Who is there" in page) == (True, False)
    for one in await house.store.list_credentials(user_id):
        if one.kind is CredentialKind.RECOVERY_CODE:
            await house.store.remove_credential(one.id, user_id=user_id, keep_a_way_in=False)
    passkey = a_credential(user_id, CredentialKind.PASSKEY)
    assert await house.store.add_credential(passkey, most=1)
    assert (await ada.get("/auth/second-factor")).json()["second_factor"] == ["passkey", "totp"]
    page = (await ada.visit("/auth/second-factor")).text
    assert ("with=recovery" in page, "Who is there" in page) == (False, True)


async def test_too_many_attempts_are_told_with_how_long(house: House, ada: Browser) -> None:
    """On the page beside the field, to programs as 429; signed-in sessions of the owner are untouched (MFA-05)."""
    app, _, _ = await waiting(house, ada)
    for _ in range(5):
        wrong = await ada.submit("/auth/totp/verify", code=app.wrong(house.clock()))
        assert (wrong.status_code, "not the code" in wrong.text) == (422, True)
    page = await ada.submit("/auth/totp/verify", code=app.code(house.clock()))
    assert (page.status_code, page.headers["retry-after"]) == (429, "30")
    assert "in 30 seconds" in page.text
    told = await ada.send("/auth/totp/verify", code=app.code(house.clock()))
    assert (told.status_code, told.json()["code"], told.headers["retry-after"]) == (429, "rate_limited", "30")
    assert (await ada.send("/auth/totp/verify", code="12")).status_code == 422
    assert (await house.events()).count("second_factor_failed") == 5
    house.clock.now += 30
    assert (await ada.send("/auth/totp/verify", code=app.code(house.clock()))).status_code == 200


async def test_a_stranger_who_knows_the_password_does_not_lock_the_owner_out(
    house: House, ada: Browser, mallory: Browser
) -> None:
    """However many sign-ins a stranger begins and fails, the owner gets in with a recovery code (MFA-05)."""
    app, codes, user_id = await waiting(house, ada)
    for _ in range(3):
        await mallory.send("/auth/knock", user=user_id)
        for number in range(12):
            await mallory.send("/auth/totp/verify", code=f"0000-0000-0000-00{number:02}")
            await mallory.send("/auth/totp/verify", code=app.wrong(house.clock()))
    assert (await mallory.send("/auth/totp/verify", code="0000-0000-0000-0000")).status_code == 429
    assert (await ada.send("/auth/totp/verify", code=app.code(house.clock()))).status_code == 429
    assert (await ada.send("/auth/totp/verify", code=codes[0])).status_code == 200


def test_no_way_in_starts_a_session_past_the_door() -> None:
    """Whoever comes in, after a reset password too, comes by ``entering``, which asks for the factor (PAS-07)."""
    source = Path(handstamp.__file__).parent
    files = [path for folder in ("web", "login") for path in (source / folder).rglob("*.py")]
    starts = [path.name for path in files if "sessions.start(" in path.read_text(encoding="utf-8")]
    assert starts == ["entering.py"]


async def test_whoever_comes_late_is_led_to_confirm(house: House, ada: Browser) -> None:
    """And back to where an app is set up, with the way on from there (SES-09)."""
    await ada.knock(await house.user())
    house.clock.now += 900
    led = await ada.visit("/auth/totp/enroll?return_to=/reports")
    assert led.status_code == 303
    assert led.headers["location"] == (
        "/auth/reauthenticate?return_to=%2Fauth%2Ftotp%2Fenroll%3Freturn_to%3D%2Freports"
    )


async def test_everything_is_below_the_mount() -> None:
    """Wherever that is."""
    house = House(mount="/id")
    async with Browser(house) as ada:
        user = await house.user()
        await ada.send("/id/knock", user=user.id)
        house.clock.now += 900
        assert (await ada.get("/fresh")).json()["reauthenticate"] == "/id/reauthenticate"
        led = await ada.visit("/fresh")
        assert led.headers["location"] == "/id/reauthenticate?return_to=%2Ffresh"
        assert 'action="/id/reauthenticate"' in (await ada.visit(led.headers["location"])).text
        await ada.send("/id/reauthenticate", word=SESAME)
        assert 'action="/id/totp/confirm"' in (await ada.submit("/id/totp/enroll")).text
    await house.auth.close()


async def test_setting_up_makes_two_factors_and_ends_other_sessions(
    house: House, ada: Browser, mallory: Browser
) -> None:
    """A new session in place of the old, as persistent; all others end, reason ``factor_changed`` (SES-02)."""
    user = await house.user()
    await mallory.knock(user)
    await ada.knock(user, remember=True)
    before = (await ada.get("/auth/session")).json()["session"]
    _, codes = await ada.enrol()
    after = (await ada.get("/auth/session")).json()["session"]
    assert (before["aal"], after["aal"], after["amr"]) == (1, 2, ["pwd", "otp", "mfa"])
    assert before["id"] != after["id"]
    assert len(codes) == 10
    row = await house.store.load_session(after["id"])
    assert row is not None
    assert row.persistent
    ended = await house.store.load_session(before["id"])
    assert ended is not None
    assert ended.end_reason is EndReason.REPLACED
    told = await mallory.get("/auth/session")
    assert told.json() == {"authenticated": False, "reason": "factor_changed"}
    events = await house.events()
    assert events.count("second_factor_added") == 1


async def test_nothing_has_changed_before_a_code_was_typed(house: House, ada: Browser) -> None:
    """Whoever only looks at the picture is asked for no code at the next sign-in."""
    user = await house.user()
    await ada.knock(user)
    begun = await ada.send("/auth/totp/enroll")
    assert begun.status_code == 201
    assert begun.headers["cache-control"] == "private, no-store"
    assert (await ada.get("/auth/totp")).json() == {"enabled": False, "since": None, "recovery_codes_left": 0}
    assert (await ada.knock(user)).json()["authenticated"] is True
    wrong = await ada.send("/auth/totp/confirm", enrolment=begun.json()["enrolment"], code="000000")
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/code")
    missing = await ada.send("/auth/totp/confirm")
    assert [fault["pointer"] for fault in missing.json()["errors"]] == ["/enrolment", "/code"]
    assert (await ada.get("/auth/totp")).json()["enabled"] is False


async def test_a_person_sets_up_an_app_by_forms(house: House, ada: Browser) -> None:
    """The picture, the secret as text, the field; a mistyped code shows the same picture again; then the codes."""
    user = await house.user()
    await ada.knock(user)
    begin = await ada.visit("/auth/totp/enroll?return_to=/reports")
    assert (begin.status_code, 'value="/reports"' in begin.text) == (200, True)
    page = await ada.submit("/auth/totp/enroll", return_to="/reports")
    assert page.status_code == 200
    assert "<svg" in page.text
    assert "img-src 'self'" in page.headers["content-security-policy"]
    assert "script" not in page.text
    secret = re.search(r'id="secret">([^<]*)<', page.text)
    enrolment = re.search(r'name="enrolment" type="hidden" value="([^"]*)"', page.text)
    assert secret
    assert enrolment
    app = App.typed(secret[1])
    fields = {"enrolment": enrolment[1], "return_to": "/reports"}
    again = await ada.submit("/auth/totp/confirm", code=app.wrong(house.clock()), **fields)
    assert (again.status_code, secret[0] in again.text, "not the code" in again.text) == (422, True, True)
    done = await ada.submit("/auth/totp/confirm", code=app.code(house.clock()), **fields)
    assert done.status_code == 200
    assert done.headers["cache-control"] == "private, no-store"
    assert len(re.findall(r"^([0-9A-Z]{4}-){3}[0-9A-Z]{4}$", done.text, re.MULTILINE)) == 10
    assert 'href="/reports"' in done.text
    over = await ada.submit("/auth/totp/confirm", code=app.code(house.clock()), **fields)
    assert (over.status_code, "Begin again" in over.text) == (422, True)


async def test_another_app_takes_the_place_of_the_one_before(house: House, ada: Browser) -> None:
    """The recovery codes stay."""
    user = await house.user()
    await ada.knock(user)
    old, codes = await ada.enrol()
    assert "your recovery codes stay" in (await ada.visit("/auth/totp/enroll")).text
    page = await ada.submit("/auth/totp/enroll")
    secret = re.search(r'id="secret">([^<]*)<', page.text)
    enrolment = re.search(r'name="enrolment" type="hidden" value="([^"]*)"', page.text)
    assert secret
    assert enrolment
    new = App.typed(secret[1])
    done = await ada.submit("/auth/totp/confirm", enrolment=enrolment[1], code=new.code(house.clock()))
    assert (done.status_code, done.headers["location"]) == (303, "/auth/account/security")
    house.clock.now += 30
    await ada.knock(user)
    assert (await ada.send("/auth/totp/verify", code=old.code(house.clock()))).status_code == 422
    assert (await ada.send("/auth/totp/verify", code=new.code(house.clock()))).status_code == 200
    await ada.enrol()
    await ada.knock(user)
    assert (await ada.send("/auth/totp/verify", code=codes[0])).status_code == 200


async def test_an_app_that_was_kept_without_codes_gets_new_ones(house: House, ada: Browser) -> None:
    """Whoever used them all up sees a set with the next app."""
    _, _, user_id = await enrolled(house, ada)
    for one in await house.store.list_credentials(user_id):
        if one.kind.value == "recovery_code":
            await house.store.remove_credential(one.id, user_id=user_id, keep_a_way_in=False)
    _, codes = await ada.enrol()
    assert len(codes) == 10


async def test_new_codes_void_the_old(house: House, ada: Browser) -> None:
    """By a form or by JSON; the trail says so."""
    _, old, user_id = await enrolled(house, ada)
    renewed = await ada.send("/auth/recovery-codes")
    assert renewed.status_code == 201
    page = await ada.submit("/auth/recovery-codes")
    new = [match[0] for match in re.finditer(r"^([0-9A-Z]{4}-){3}[0-9A-Z]{4}$", page.text, re.MULTILINE)]
    assert len({*old, *new, *renewed.json()["recovery_codes"]}) == 30
    assert (await ada.get("/auth/totp")).json()["recovery_codes_left"] == 10
    await ada.send("/auth/knock", user=user_id)
    assert (await ada.send("/auth/totp/verify", code=old[0])).status_code == 422
    assert (await ada.send("/auth/totp/verify", code=new[0])).status_code == 200
    assert (await house.events()).count("recovery_codes_renewed") == 2


@pytest.mark.parametrize("by_form", [False, True])
async def test_turning_off_takes_the_codes_with_it(
    house: House,
    ada: Browser,
    mallory: Browser,
    by_form: bool,  # noqa: FBT001  a table
) -> None:
    """Other sessions end, and nobody is asked any more; doing it again changes nothing."""
    app, _, user_id = await enrolled(house, ada)
    await mallory.send("/auth/knock", user=user_id)
    await mallory.send("/auth/totp/verify", code=app.code(house.clock()))
    for _ in range(2):
        off = await (ada.submit("/auth/totp/off") if by_form else ada.ask("DELETE", "/auth/totp"))
        assert off.status_code == (303 if by_form else 204)
    assert (await ada.get("/auth/totp")).json() == {"enabled": False, "since": None, "recovery_codes_left": 0}
    assert (await mallory.get("/auth/session")).json()["reason"] == "factor_changed"
    assert (await ada.send("/auth/knock", user=user_id)).json()["authenticated"] is True
    assert (await house.events()).count("second_factor_removed") == 1
    assert (await ada.send("/auth/recovery-codes")).status_code == 401


async def test_codes_stand_in_for_an_app(house: House, ada: Browser) -> None:
    """Who gave it up in this session gets none."""
    await enrolled(house, ada)
    await ada.ask("DELETE", "/auth/totp")
    assert (await ada.send("/auth/recovery-codes")).status_code == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/auth/totp/enroll"),
        ("POST", "/auth/totp/confirm"),
        ("DELETE", "/auth/totp"),
        ("POST", "/auth/totp/off"),
        ("POST", "/auth/recovery-codes"),
    ],
)
async def test_changes_need_a_recent_sign_in_and_a_factor(house: House, ada: Browser, method: str, path: str) -> None:
    """Refused from fifteen minutes on, and to a session with one factor; nothing has changed (SES-09)."""
    _, _, user_id = await enrolled(house, ada)
    house.clock.now += 15 * 60
    late = await ada.ask(method, path, json={"enrolment": "x", "code": "000000"})
    assert (late.status_code, late.json()["code"]) == (401, "fresh_session_required")
    assert late.json()["reauthenticate"] == "/auth/reauthenticate"
    user = await (await house.services()).accounts.get(user_id)
    ada.cookies = {SESSION: (await house.sign_in(user)).token}
    weak = await ada.ask(method, path, json={"enrolment": "x", "code": "000000"})
    assert (weak.status_code, weak.json()["code"], weak.json()["aal"]) == (401, "second_factor_required", 2)
    assert (await ada.get("/auth/totp")).json()["recovery_codes_left"] == 10


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/auth/totp/enroll"),
        ("POST", "/auth/totp/confirm"),
        ("POST", "/auth/totp/verify"),
        ("DELETE", "/auth/totp"),
        ("POST", "/auth/totp/off"),
        ("POST", "/auth/recovery-codes"),
        ("POST", "/auth/reauthenticate"),
    ],
)
async def test_other_sites_change_nothing(house: House, ada: Browser, method: str, path: str) -> None:
    """403, with a session and while a second factor is waited for (CSR-01)."""
    _, codes, user_id = await enrolled(house, ada)
    await ada.send("/auth/knock", user=user_id)
    response = await ada.ask(method, path, headers=FOREIGN, json={"code": codes[0]})
    assert (response.status_code, response.json()["code"]) == (403, "cross_origin")


@pytest.mark.parametrize("path", ["totp/enroll", "totp/confirm", "totp/verify", "recovery-codes", "reauthenticate"])
async def test_bodies_of_any_kind_are_answered(house: House, ada: Browser, path: str) -> None:
    """Too long, of another type, no JSON, a field of another type."""
    await enrolled(house, ada)
    json = {"content-type": "application/json"}
    sent: list[tuple[int, dict[str, Any]]] = [
        (413, {"content": b"[" * 10_000_000, "headers": json}),
        (415, {"content": b"code=1", "headers": {"content-type": "text/plain"}}),
        (415, {"files": {"code": b"1"}}),
        (400, {"content": b"\xff", "headers": json}),
        (400, {"content": b'{"code":1,"code":2}', "headers": json}),
        (400, {"content": b"[]", "headers": json}),
    ]
    for status, how in sent:
        assert (await ada.ask("POST", f"/auth/{path}", **how)).status_code == status


async def test_what_stands_on_the_security_page(house: House, ada: Browser) -> None:
    """Set up or not, how many codes are left, and what can be changed now."""
    user = await house.user()
    await ada.knock(user)
    before = (await ada.visit("/auth/account/security")).text
    assert 'href="/auth/totp/enroll"' in before
    assert "/auth/totp/off" not in before
    await ada.enrol()
    after = (await ada.visit("/auth/account/security")).text
    assert "10 recovery codes are left." in after
    assert 'action="/auth/totp/off"' in after
    house.clock.now += 900
    late = (await ada.visit("/auth/account/security")).text
    assert 'action="/auth/totp/off"' not in late
    assert (await ada.visit("/auth/totp")).headers["location"] == "/auth/account/security"


async def test_it_has_no_place_on_the_login_page(ada: Browser) -> None:
    """No sign-in begins with it."""
    page = await ada.visit("/auth/login")
    assert "Who is there" in page.text
    assert "uthenticator" not in page.text


async def test_fifty_who_finish_one_sign_in_make_one_session(house: House, ada: Browser) -> None:
    """The step and the code are used up once (MFA-01, MFA-03)."""
    app, codes, user_id = await waiting(house, ada)
    at_once = [app.code(house.clock()), *codes] * 5
    answers = await asyncio.gather(*(ada.send("/auth/totp/verify", code=code) for code in at_once[:50]))
    counted = Counter(answer.status_code for answer in answers)
    assert counted[200] == 1
    assert counted.keys() <= {200, 400, 422, 429}
    sessions = await house.store.list_sessions(user_id, now=house.clock())
    assert len(sessions) == 2


async def test_without_the_store_nobody_is_let_in(house: House, ada: Browser) -> None:
    """503, and the code can be used afterwards."""
    app, _, _ = await waiting(house, ada)
    house.down()
    assert (await ada.send("/auth/totp/verify", code=app.code(house.clock()))).status_code == 503
    house.store.down = set()
    assert (await ada.send("/auth/totp/verify", code=app.code(house.clock()))).status_code == 200


async def test_without_the_way_nobody_gets_past_it(house: House, ada: Browser) -> None:
    """An application that leaves it out later lets in nobody with one factor who has set up two."""
    _, _, user_id = await enrolled(house, ada)
    other = World(methods=[house.auth.methods[0]])
    other.auth.store = other.auth.session_store = other.store = house.store
    async with other.visitor() as http:
        answer = await http.post("/auth/knock", json={"user": user_id}, headers={"origin": "https://app.example.com"})
    assert answer.json() == {"authenticated": False, "second_factor": ["totp", "recovery_code"]}
    assert SESSION not in str(answer.headers)
