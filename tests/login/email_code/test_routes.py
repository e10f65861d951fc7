"""Signing in by a code, over HTTP."""

import asyncio
import re
from collections import Counter

import pytest

from code_world import ADA, AS_FORM, FINISH, START, STRANGER, CodeWorld, session_of, wrong
from handstamp.core.models import Credential, CredentialKind, EndReason, Profile
from handstamp.login.email_code.codes import LIFETIME
from handstamp.web.languages import translations
from web_world import FOREIGN, NOW, PAGE

TRIES = 5


async def test_somebody_signs_in_by_a_code() -> None:
    """As a program: a mail with six digits, and a session for whoever sends them back."""
    world = CodeWorld()
    ada = await world.person()
    async with world.browser() as http:
        asked = await http.post(START, json={"email": ADA})
        assert (asked.status_code, asked.json()) == (202, {"expires_in": 600})
        answer = await http.post(FINISH, json={"code": await world.code()})
        assert (answer.status_code, answer.json()["user"]["id"]) == (200, ada.id)
        assert answer.json()["session"]["aal"] == 1
        assert (await http.get("/auth/session")).json()["authenticated"] is True
    assert {"signed_in", "session_started"} <= {*await world.events()}
    await world.auth.close()


async def test_somebody_signs_in_by_forms() -> None:
    """From the login page to where they wanted to go, remembered as they chose."""
    world = CodeWorld()
    await world.person()
    async with world.browser() as http:
        login = await http.get("/auth/login?return_to=/reports&remember=1", headers=PAGE)
        assert 'href="/auth/login/email-code?return_to=%2Freports&amp;remember=1"' in login.text
        form = await http.get("/auth/login/email-code?return_to=/reports&remember=1", headers=PAGE)
        assert 'value="/reports"' in form.text
        assert " checked" in form.text
        asked = await http.post(START, data={"email": ADA, "return_to": "/reports", "remember": "1"}, headers=AS_FORM)
        assert (asked.status_code, asked.headers["location"]) == (303, "/auth/email-code")
        page = await http.get("/auth/email-code", headers=PAGE)
        assert ADA in page.text
        assert 'autocomplete="one-time-code"' in page.text
        code = await world.code()
        answer = await http.post(FINISH, data={"code": f"{code[:3]} {code[3:]}"}, headers=AS_FORM)
        assert (answer.status_code, answer.headers["location"]) == (303, "/reports")
        (cookie,) = [line for line in answer.headers.get_list("set-cookie") if "Http-session=" in line]
        assert "Max-Age" in cookie
        again = await http.get("/auth/email-code", headers=PAGE)
        assert again.headers["location"] == "/auth/login/email-code"
    await world.auth.close()


async def test_a_mail_has_the_code_and_the_link_in_the_language_of_the_reader() -> None:
    """Both, in text and HTML, for the address that was typed, in one spelling."""
    world = CodeWorld()
    await world.person()
    async with world.browser() as http:
        await http.post(START, json={"email": "Ada@EXAMPLE.com"}, headers={"accept-language": "de"})
    (mail,) = await world.mails()
    assert mail.to == "Ada@example.com"
    code = await world.code()
    assert mail.subject == translations("de").gettext("%(code)s is your code") % {"code": code}
    assert mail.subject != f"{code} is your code"
    assert code in mail.html
    assert await world.token() in mail.html
    await world.auth.close()


async def test_the_link_signs_in_the_browser_that_asked_by_one_press() -> None:
    """GET shows a button; only the form behind it signs in, and the way back is kept."""
    world = CodeWorld()
    await world.person()
    async with world.browser() as http:
        await http.post(START, data={"email": ADA, "return_to": "/reports"}, headers=AS_FORM)
        token = await world.token()
        landing = await http.get(f"/auth/email-code/link?token={token}", headers=PAGE)
        assert landing.headers["referrer-policy"] == "strict-origin"
        assert ADA in landing.text
        assert session_of(http) is None
        (hidden,) = re.findall(r'name="token" type="hidden" value="([^"]+)"', landing.text)
        answer = await http.post(FINISH, data={"token": hidden}, headers=AS_FORM)
        assert (answer.status_code, answer.headers["location"]) == (303, "/reports")
        again = await http.post(FINISH, data={"token": hidden}, headers=AS_FORM)
        assert again.status_code == 400
    await world.auth.close()


async def test_the_link_signs_in_nobody_elsewhere() -> None:
    """A link that was forwarded or phished shows advice, tells nothing of the account, and gives nothing."""
    world = CodeWorld()
    await world.person()
    async with world.browser() as asking, world.browser() as other, world.browser() as third:
        await asking.post(START, json={"email": ADA})
        token = await world.token()
        await third.post(START, json={"email": STRANGER})  # has asked for a code of its own
        for browser in (other, third):
            landing = await browser.get(f"/auth/email-code/link?token={token}", headers=PAGE)
            assert landing.status_code == 200
            assert "Go back to the browser that asked" in landing.text
            assert ADA not in landing.text
            assert token not in landing.text
            answer = await browser.post(FINISH, json={"token": token})
            assert (answer.status_code, answer.json()["reason"]) == (400, "flow_unknown")
            assert session_of(browser) is None
        assert (await asking.post(FINISH, json={"token": token})).status_code == 200
    await world.auth.close()


async def test_programs_that_open_links_change_nothing() -> None:
    """However often they look, the code is good after that."""
    world = CodeWorld()
    await world.person()
    async with world.browser() as http, world.browser() as scanner:
        await http.post(START, json={"email": ADA})
        token = await world.token()
        for _ in range(10):
            await http.get(f"/auth/email-code/link?token={token}")
            await scanner.get(f"/auth/email-code/link?token={token}")
            await scanner.head(f"/auth/email-code/link?token={token}")
        assert (await http.post(FINISH, json={"code": await world.code()})).status_code == 200
    await world.auth.close()


@pytest.mark.parametrize("token", ["", "x", "%00", "A" * 3000])
async def test_a_link_that_was_changed_leads_to_advice(token: str) -> None:
    """Never to an error page, and never to a session."""
    world = CodeWorld()
    async with world.browser() as http:
        await http.post(START, json={"email": ADA})
        page = await http.get(f"/auth/email-code/link?token={token}", headers=PAGE)
        assert page.status_code == 200
        assert "Go back to the browser that asked" in page.text
    await world.auth.close()


async def test_whether_an_account_exists_is_told_to_the_mailbox_alone() -> None:
    """Same status, body, headers and work for a stranger's address; the mail says that it has no account (PAS-04)."""
    world = CodeWorld()
    await world.person()
    answers = []
    for email in (ADA, STRANGER):
        async with world.browser() as http:
            before = Counter(world.store.asked)
            asked = await http.post(START, json={"email": email})
            work = Counter(world.store.asked) - before
            tried = await http.post(FINISH, json={"code": "000000"})
            page = (await http.get("/auth/email-code", headers=PAGE)).text.replace(email, "…")
            headers = {name: re.sub(r"=[\w-]{100,}", "=…", value) for name, value in asked.headers.items()}
            del work["take_mails"], work["drop_mail"], work["purge_mails"]
            answers.append((asked.status_code, asked.content, headers, work, tried.status_code, tried.content, page))
    assert answers[0] == answers[1]
    mails = {mail.to: mail for mail in await world.mails()}
    assert "is your code" in mails[ADA].subject
    assert mails[STRANGER].subject == "There is no account with this address"
    assert not re.search(r"\d{6}", mails[STRANGER].text)
    await world.auth.close()


async def test_an_address_that_nobody_verified_lets_nobody_in() -> None:
    """Whoever wrote it into their account is not found by it, nor is a username that looks like it."""
    world = CodeWorld()
    await world.person(verified=False)
    await world.person("eve@example.com", username=ADA)
    async with world.browser() as http:
        await http.post(START, json={"email": ADA})
        (mail,) = await world.mails()
        assert mail.subject == "There is no account with this address"
    await world.auth.close()


async def test_where_it_may_a_code_makes_an_account() -> None:
    """For whoever proves the address; a stranger who came first keeps all but that."""
    world = CodeWorld(sign_up=True)
    services = await world.services()
    eve = await services.accounts.sign_in(
        Profile(issuer="https://idp.example", subject="1", email=ADA, name="Eve"), now=NOW
    )
    async with world.browser() as http:
        assert "makes one" in (await http.get("/auth/login/email-code", headers=PAGE)).text
        await http.post(START, json={"email": ADA})
        made = (await http.post(FINISH, json={"code": await world.code()})).json()["user"]
    assert (made["email"], made["email_verified"]) == (ADA, True)
    assert made["id"] != eve.id
    left = await services.people.load_user(eve.id)
    assert left is not None
    assert left.email is None
    assert "signed_up" in [event.event for event in await world.store.list_events(user_id=made["id"])]
    await world.auth.close()


async def test_an_account_that_is_gone_meanwhile_is_not_signed_in_to() -> None:
    """The code was right, and is worth nothing."""
    world = CodeWorld()
    ada = await world.person()
    async with world.browser() as http:
        await http.post(START, json={"email": ADA})
        code = await world.code()
        await world.store.delete_user(ada.id)
        answer = await http.post(FINISH, json={"code": code})
        assert (answer.status_code, answer.json()["reason"]) == (400, "flow_unknown")
    await world.auth.close()


async def test_a_disabled_user_is_refused() -> None:
    """With the code in hand."""
    world = CodeWorld()
    ada = await world.person()
    async with world.browser() as http:
        await http.post(START, json={"email": ADA})
        await (await world.services()).accounts.disable(ada.id, now=NOW)
        answer = await http.post(FINISH, json={"code": await world.code()})
        assert (answer.status_code, answer.json()["reason"]) == (403, "user_disabled")
        assert session_of(http) is None
    await world.auth.close()


async def test_a_wrong_code_comes_back_as_its_page() -> None:
    """With the message beside the field, without what was typed, and in the trail of whose address it is."""
    world = CodeWorld()
    ada = await world.person()
    async with world.browser() as http:
        await http.post(START, json={"email": ADA})
        bad = wrong(await world.code())
        answer = await http.post(FINISH, data={"code": bad}, headers=AS_FORM)
        assert answer.status_code == 422
        assert 'aria-describedby="code-fault"' in answer.text
        assert bad not in answer.text
        told = await http.post(FINISH, json={"code": bad})
        assert (told.status_code, told.json()["errors"][0]["pointer"]) == (422, "/code")
        assert told.json()["errors"][0]["code"] == "wrong_code"
        assert bad not in told.text
    events = await world.store.list_events(user_id=ada.id)
    assert [(event.event, event.detail["reason"]) for event in events] == [("sign_in_failed", "wrong_code")] * 2
    await world.auth.close()


async def test_five_wrong_tries_spend_a_code() -> None:
    """Then the right one is refused, and the page says what to do; a new code has tries of its own."""
    world = CodeWorld()
    await world.person()
    async with world.browser() as http:
        await http.post(START, json={"email": ADA})
        code = await world.code()
        cookies = dict(http.cookies)
        for _ in range(TRIES):
            assert (await http.post(FINISH, json={"code": wrong(code)})).status_code == 422
        refused = await http.post(FINISH, data={"code": code}, headers=AS_FORM)
        assert refused.status_code == 400
        assert "tried too often" in refused.text
        async with world.browser() as copy:  # somebody kept the cookie
            copy.cookies.update(cookies)
            answer = await copy.post(FINISH, json={"code": code})
            assert (answer.status_code, answer.json()["reason"]) == (400, "code_spent")
        await http.post(START, json={"email": ADA})
        assert (await http.post(FINISH, json={"code": await world.code()})).status_code == 200
    await world.auth.close()


async def test_what_is_no_code_does_not_count() -> None:
    """It cannot be right, so whoever mistypes loses no try, and the trail does not fill."""
    world = CodeWorld()
    await world.person()
    async with world.browser() as http:
        await http.post(START, json={"email": ADA})
        for bad in ("12345", "abcdef", "1234567", " ", "\u0661\u0662\u0663\u0664\u0665\u0666", "x" * 65):
            assert (await http.post(FINISH, json={"code": bad})).status_code == 422
        assert "sign_in_failed" not in await world.events()
        assert (await http.post(FINISH, json={"code": await world.code()})).status_code == 200
    await world.auth.close()


async def test_a_code_lasts_ten_minutes() -> None:
    """And the step in the browser no longer than it."""
    world = CodeWorld()
    await world.person()
    async with world.browser() as http:
        await http.post(START, json={"email": ADA})
        code = await world.code()
        world.clock.now += LIFETIME
        answer = await http.post(FINISH, json={"code": code})
        assert (answer.status_code, answer.json()["reason"]) == (400, "flow_unknown")
    await world.auth.close()


async def test_only_the_last_code_of_a_browser_is_good() -> None:
    """Also where the cookie of the one before was kept."""
    world = CodeWorld()
    await world.person()
    async with world.browser() as http:
        await http.post(START, json={"email": ADA})
        first, kept = await world.code(), dict(http.cookies)
        await http.post(START, json={"email": ADA})
        second = await world.code()
        async with world.browser() as copy:
            copy.cookies.update(kept)
            assert (await copy.post(FINISH, json={"code": first})).status_code == 400
        assert (await http.post(FINISH, json={"code": second})).status_code == 200
    await world.auth.close()


async def test_a_code_is_good_in_no_other_browser() -> None:
    """Whoever is told the code over the phone has nothing to use it in."""
    world = CodeWorld()
    await world.person()
    async with world.browser() as asking, world.browser() as other:
        await asking.post(START, json={"email": ADA})
        code = await world.code()
        assert (await other.post(FINISH, json={"code": code})).json()["reason"] == "flow_unknown"
        await other.post(START, json={"email": STRANGER})
        assert (await other.post(FINISH, json={"code": code})).status_code == 422
    await world.auth.close()


async def test_of_fifty_who_send_the_right_code_one_is_signed_in() -> None:
    """At once, with the same cookie."""
    world = CodeWorld()
    ada = await world.person()
    async with world.browser() as http:
        await http.post(START, json={"email": ADA})
        code = await world.code()
        answers = await asyncio.gather(*(http.post(FINISH, json={"code": code}) for _ in range(50)))
    assert [answer.status_code for answer in answers].count(200) == 1
    services = await world.services()
    assert len(await services.sessions.list(ada.id, now=world.clock())) == 1
    await world.auth.close()


async def test_of_fifty_wrong_codes_five_are_compared() -> None:
    """At once; those after them are told that it is spent (GHSA-7w99-5wm4-3g79)."""
    world = CodeWorld()
    await world.person()
    async with world.browser() as http:
        await http.post(START, json={"email": ADA})
        bad = wrong(await world.code())
        answers = await asyncio.gather(*(http.post(FINISH, json={"code": bad}) for _ in range(50)))
    assert Counter(answer.status_code for answer in answers) == {422: TRIES, 400: 50 - TRIES}
    await world.auth.close()


async def test_signing_in_makes_a_new_session_and_ends_the_one_before() -> None:
    """Nobody's session survives who was here before (SES-02)."""
    world = CodeWorld()
    await world.person()
    before = await world.sign_in()
    async with world.browser() as http:
        http.cookies.set("__Host-Http-session", before.token)
        await http.post(START, json={"email": ADA})
        answer = await http.post(FINISH, json={"code": await world.code()})
        assert answer.json()["session"]["id"] != before.session.id
    assert (await world.row(before)).end_reason is EndReason.REPLACED
    await world.auth.close()


async def test_a_second_factor_is_asked_for_as_well() -> None:
    """A mailbox is one factor: no session comes of it for those who have set up another (MFA-03)."""
    world = CodeWorld()
    ada = await world.person()
    app = Credential(
        id="t", user_id=ada.id, kind=CredentialKind.TOTP, secret="sealed", created_at=NOW, confirmed_at=NOW
    )
    assert await (await world.services()).people.add_credential(app, most=1)
    async with world.browser() as http:
        await http.post(START, json={"email": ADA})
        answer = await http.post(FINISH, json={"code": await world.code()})
        assert answer.json() == {"authenticated": False, "second_factor": ["totp"]}
        assert session_of(http) is None
    await world.auth.close()


@pytest.mark.parametrize("path", [START, FINISH, "/auth/email-code/confirm"])
async def test_another_site_cannot_send_it(path: str) -> None:
    """With a cookie or without (CSR-05): nobody is signed in to an account that another chose for them."""
    world = CodeWorld()
    async with world.browser() as http:
        answer = await http.post(path, json={"email": ADA, "code": "123456"}, headers=FOREIGN)
        assert (answer.status_code, answer.json()["code"]) == (403, "cross_origin")
    assert await world.mails() == ()
    await world.auth.close()


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"x" * 10_000_000, "application/json", 413),
        (b'{"email": "ada@example.com"}', "text/plain", 415),
        (b"email=ada@example.com", "multipart/form-data; boundary=x", 415),
        (b"{", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"{}", "application/json", 422),
        (b'{"email": 7}', "application/json", 422),
        (b'{"email": null}', "application/json", 422),
        (b'{"email": "ada@example.com", "remember": "perhaps"}', "application/json", 422),
    ],
)
async def test_what_cannot_be_read_is_refused(content: bytes, content_type: str, status: int) -> None:
    """Before anything is done, at both ends."""
    world = CodeWorld()
    async with world.browser() as http:
        answer = await http.post(START, content=content, headers={"content-type": content_type})
        assert answer.status_code == status
    assert await world.mails() == ()
    await world.auth.close()


@pytest.mark.parametrize(
    "email",
    [
        "ada",
        "ada@example.com, eve@example.net",
        "ada@example.com\r\nBcc: eve@example.net",
        "ada\uff20example.com",
        '"ada@example.com"@example.net',
        "ada(comment)@example.com",
        "Ada <ada@example.com>",
        "ada@example.com\x00",
        f"{'a' * 300}@example.com",
    ],
)
async def test_what_is_not_one_address_is_told_so(email: str) -> None:
    """The form comes back with what was typed, escaped; no mail leaves (CVE-2026-73420, CVE-2022-35924)."""
    world = CodeWorld()
    await world.person()
    async with world.browser() as http:
        told = await http.post(START, json={"email": email})
        assert (told.status_code, told.json()["errors"][0]["pointer"]) == (422, "/email")
        page = await http.post(START, data={"email": email}, headers=AS_FORM)
        assert page.status_code == 422
        assert 'aria-invalid="true"' in page.text
        assert "email-code" not in str(dict(http.cookies))
    assert await world.mails() == ()
    await world.auth.close()


async def test_mails_to_an_address_have_a_limit() -> None:
    """The same for one that has an account and one that has none."""
    world = CodeWorld()
    await world.person()
    statuses = {}
    for email in (ADA, STRANGER):
        async with world.browser(address="203.0.113.7" if email == ADA else "198.51.100.1") as http:
            statuses[email] = [(await http.post(START, json={"email": email})).status_code for _ in range(6)]
            refused = await http.post(START, json={"email": email})
            assert refused.json()["code"] == "rate_limited"
            assert int(refused.headers["retry-after"]) > 0
    assert statuses[ADA] == statuses[STRANGER]
    assert 429 in statuses[ADA]
    await world.auth.close()


async def test_without_a_code_under_way_there_is_nothing_to_finish() -> None:
    """A program is told so; a browser is led to the beginning."""
    world = CodeWorld()
    async with world.browser() as http:
        answer = await http.post(FINISH, json={"code": "123456"})
        assert (answer.status_code, answer.json()["reason"]) == (400, "flow_unknown")
        led = await http.get("/auth/email-code", headers=PAGE)
        assert (led.status_code, led.headers["location"]) == (303, "/auth/login/email-code")
    await world.auth.close()


async def test_an_unsafe_way_back_is_forgotten() -> None:
    """Nobody is sent to another site."""
    world = CodeWorld()
    await world.person()
    async with world.browser() as http:
        for unsafe in ("https://evil.example/", "//evil.example", "/\\evil.example"):
            form = await http.get("/auth/login/email-code", params={"return_to": unsafe}, headers=PAGE)
            assert "evil.example" not in form.text
            world.clock.now += 600
            await http.post(START, data={"email": ADA, "return_to": unsafe}, headers=AS_FORM)
            answer = await http.post(FINISH, data={"code": await world.code()}, headers=AS_FORM)
            assert (answer.status_code, answer.headers["location"]) == (303, "/")
    await world.auth.close()


async def test_an_outage_is_told_as_one() -> None:
    """Nobody is let in, and the code can be tried again when it is over (SES-11)."""
    world = CodeWorld()
    await world.person()
    async with world.browser() as http:
        await http.post(START, json={"email": ADA})
        code = await world.code()
        world.store.down = {"count_attempt"}
        assert (await http.post(FINISH, json={"code": code})).status_code == 503
        world.store.down = set()
        assert (await http.post(FINISH, json={"code": code})).status_code == 200
    await world.auth.close()


async def test_no_answer_shows_the_code() -> None:
    """Nor does the browser keep it where anybody could read it (LOG-01)."""
    world = CodeWorld()
    await world.person()
    async with world.browser() as http:
        asked = await http.post(START, json={"email": ADA})
        code = await world.code()
        page = await http.get("/auth/email-code", headers=PAGE)
        assert code not in asked.text + page.text
        assert all("HttpOnly" in line and "Secure" in line for line in asked.headers.get_list("set-cookie"))
        assert asked.headers["cache-control"] == "private, no-store"
    await world.auth.close()
