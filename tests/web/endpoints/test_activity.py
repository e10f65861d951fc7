"""What happened to an account, for its owner and nobody else."""

import ast
from pathlib import Path

import pytest

import handstamp
from handstamp.core.models import AuditEvent
from handstamp.web.endpoints.activity import A_PAGE, PAGES
from handstamp.web.pages.events import HAPPENED
from web_world import NOW, PAGE, World, cookie, visiting

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
NOT_ABOUT_A_USER = {"mail_failed", "request_refused"}


def happened(user_id: str, number: int, event: str = "signed_in", **detail: str) -> AuditEvent:
    """An event of this user, the later the higher its number."""
    return AuditEvent(id=f"{number:08}", at=NOW + number, event=event, user_id=user_id, detail=detail)


async def test_own_events_are_told_newest_first() -> None:
    """With address, device, and whether it was in the session that asks."""
    world = World()
    issued = await world.sign_in(user_agent=FIREFOX, address="192.0.2.1")
    audit = (await world.services()).audit
    for event in ("signed_in", "reauthenticated"):
        world.clock.now += 60
        await audit.record(
            event,
            now=world.clock.now,
            user_id=issued.session.user_id,
            session_id=issued.session.id,
            address="192.0.2.1",
            method="google",
        )
    async with visiting(world) as http:
        response = await http.get("/auth/activity", headers=cookie(issued))
        assert response.headers["cache-control"] == "private, no-store"
        events = response.json()["events"]
    assert [one["event"] for one in events] == ["reauthenticated", "signed_in", "signed_up"]
    assert events[1] | {"id": ""} == {
        "id": "",
        "at": "2027-01-15T08:01:00Z",
        "event": "signed_in",
        "method": "google",
        "reason": None,
        "address": "192.0.2.1",
        "user_agent": FIREFOX,
        "current": True,
    }


async def test_the_device_of_a_session_that_is_over_is_known_still() -> None:
    """From when it began."""
    world = World()
    user = await world.user()
    ended, issued = await world.sign_in(user, user_agent=FIREFOX), await world.sign_in(user)
    world.clock.now += 60
    await world.end(ended)
    async with visiting(world) as http:
        (newest, *_) = (await http.get("/auth/activity", headers=cookie(issued))).json()["events"]
    assert (newest["event"], newest["user_agent"], newest["reason"]) == ("session_ended", FIREFOX, "admin")
    assert newest["current"] is False


async def test_nobody_sees_what_happened_to_others() -> None:
    """Not even what happened to nobody in particular (SES-10)."""
    world = World()
    issued, other = await world.sign_in(), await world.sign_in()
    await world.store.record_events(AuditEvent(id="x", at=NOW, event="sign_in_failed"))
    async with visiting(world) as http:
        events = (await http.get(f"/auth/activity?user_id={other.session.user_id}", headers=cookie(issued))).json()
    assert [one["event"] for one in events["events"]] == ["signed_up"]


async def test_the_page_says_it_in_words() -> None:
    """An event that has none yet is shown by its name, with whatever is in it escaped."""
    world = World()
    issued = await world.sign_in(user_agent=FIREFOX)
    hostile = happened(issued.session.user_id, 1, "something_<new>", method="<b>", reason="<i>")
    await world.store.record_events(hostile)
    async with visiting(world) as http:
        html = (await http.get("/auth/account/activity", headers=cookie(issued) | PAGE)).text
        german = (
            await http.get("/auth/account/activity", headers=cookie(issued) | PAGE | {"accept-language": "de"})
        ).text
    assert "The account was made" in html
    assert "<code>something_&lt;new&gt;</code>" in html
    assert "<b>" not in html
    assert "<i>" not in html
    assert "Das Konto wurde angelegt" in german


async def test_there_are_pages_of_it() -> None:
    """As many as fit on one, and a link to those before and after."""
    world = World()
    issued = await world.sign_in()
    user_id = issued.session.user_id
    await world.store.record_events(*(happened(user_id, number) for number in range(1, 2 * A_PAGE)))
    async with visiting(world) as http:
        answers = [
            (await http.get(f"/auth/activity?page={number}", headers=cookie(issued))).json() for number in (1, 2, 3)
        ]
        pages = [
            (await http.get(f"/auth/account/activity?page={number}", headers=cookie(issued) | PAGE)).text
            for number in (1, 2, 3)
        ]
    assert [len(answer["events"]) for answer in answers] == [A_PAGE, A_PAGE, 0]
    assert [answer["next_page"] for answer in answers] == [2, None, None]
    ids = [one["id"] for answer in answers for one in answer["events"]]
    assert len(set(ids)) == len(ids)
    assert ["?page=2" in pages[0], "?page=1" in pages[1], "?page=3" in pages[1]] == [True, True, False]
    assert "Nothing yet." in pages[2]


@pytest.mark.parametrize("number", ["0", "-1", "x", "1.5", "99", f"{PAGES + 1}", "", "\u0661"])
async def test_what_is_no_page_is_refused(number: str) -> None:
    """Before anything is looked up."""
    world = World()
    issued = await world.sign_in()
    async with visiting(world) as http:
        response = await http.get("/auth/activity", params={"page": number}, headers=cookie(issued))
    assert (response.status_code, response.json()["code"]) == (400, "invalid_request")


async def test_the_last_page_has_no_next() -> None:
    """What is older is for those who run the application."""
    world = World()
    issued = await world.sign_in()
    events = (happened(issued.session.user_id, number) for number in range(1, A_PAGE * PAGES + 10))
    await world.store.record_events(*events)
    async with visiting(world) as http:
        answer = (await http.get(f"/auth/activity?page={PAGES}", headers=cookie(issued))).json()
    assert (len(answer["events"]), answer["next_page"]) == (A_PAGE, None)


async def test_only_somebody_who_is_signed_in_is_told() -> None:
    """A browser is led to sign-in and back; a program gets 401."""
    world = World()
    async with visiting(world) as http:
        told = await http.get("/auth/activity")
        led = await http.get("/auth/account/activity", headers=PAGE)
    assert told.status_code == 401
    assert (led.status_code, led.headers["location"]) == (
        303,
        "/auth/login?return_to=%2Fauth%2Faccount%2Factivity",
    )


def test_every_event_about_a_user_has_words() -> None:
    """Whatever the source records."""
    calls = [
        node
        for path in Path(handstamp.__path__[0]).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and node.args
        and ast.unparse(node.func).split(".")[-1] in {"record", "record_of_each", "log_only"}
    ]
    names = {node.value for call in calls for node in ast.walk(call.args[0]) if isinstance(node, ast.Constant)}
    assert {name for name in names if isinstance(name, str)} - {*HAPPENED} == NOT_ABOUT_A_USER
