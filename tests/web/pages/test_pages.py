"""The pages: what each of them has, whatever it is asked to show."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstamp.core.faults import Fault
from handstamp.core.models import EndReason, Generations, Principal, Session, User
from handstamp.web.pages import Pages, stylesheet
from handstamp.web.pages.contexts import (
    Account,
    Activity,
    ConfirmEmail,
    Email,
    Filled,
    Happened,
    Link,
    Login,
    Message,
    Notice,
    PageContext,
    Reauthenticate,
    Security,
    Sessions,
    SignedOut,
    SignOut,
)
from handstamp.web.pages.texts import SIGNED_OUT

NOW = 1_795_450_800.0
HOSTILE = "<script>alert(1)</script>\"' onload=alert(1) style=x {{ 7 * 7 }}"
FAULT = Fault("too_long", "Use at most %(most)s characters.", "/email", {"most": 254})
VOID = {"meta", "link", "img", "input"}
PAGES = Pages(app_name="Night Library", base="/auth")


class Document(HTMLParser):
    """What a rendered page consists of; a tag that is not closed in its place is an error."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the element."""
        assert len(dict(attrs)) == len(attrs)
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Close the element that is open."""
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note the text."""
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every element with this tag."""
        return [attributes for name, attributes in self.elements if name == tag]


def user(text: str | None = None, picture: str | None = None) -> User:
    """A user who is called ``text`` everywhere."""
    return User(
        id="u1",
        created_at=NOW,
        name=text,
        username=text,
        email=text,
        roles=frozenset({text or "admin"}),
        picture=picture,
    )


def session(session_id: str = "s1", text: str | None = None) -> Session:
    """A session whose free texts are ``text``."""
    return Session(
        id=session_id,
        user_id="u1",
        created_at=NOW - 3600,
        expires_at=NOW + 3600,
        last_used_at=NOW - 120,
        idle_timeout=3600,
        generations=Generations(issued_at=NOW, confirmed_at=NOW),
        authenticated_at=NOW - 3600,
        user_agent=text,
        address=text,
    )


def happened(text: str | None) -> Happened:
    """An event whose free texts are ``text``."""
    return Happened(
        id="e1",
        at=NOW,
        event=text or "signed_in",
        text=text,
        method=text,
        way=text,
        reason=text,
        address=text,
        user_agent=text,
        current=text is None,
    )


def every_page(text: str) -> list[PageContext]:
    """One or more contexts for each page, with ``text`` wherever text comes from outside."""
    ways = (Link(label=text, href="/auth/login/x"), Link(label="Google", href="/auth/login/google"))
    way_back = Link(label=text, href="/auth/login")
    return [
        Login(ways=ways, remember=False, remember_toggle="/auth/login?remember=1"),
        Login(ways=ways, remember=True, remember_toggle="/auth/login", notice=Notice(kind="error", text=text)),
        Login(ways=(), remember=False, remember_toggle="/auth/login", notice=Notice(kind="notice", text=text)),
        Account(principal=Principal(user=user(text, picture="https://cdn.example/a.png"), session=session())),
        Account(principal=Principal(user=user(), session=session())),
        Sessions(sessions=(session("s1", text), session("s2"), session(text)), current="s1", now=NOW),
        Sessions(sessions=(session(),), current="s1", now=NOW),
        Email(user=user(text), notice=Notice(kind="notice", text=text)),
        Email(user=user(), change=Filled(values={"email": text}, faults=(FAULT,))),
        ConfirmEmail(email=text, token=text),
        Security(parts=(), fresh=True, confirm="/auth/reauthenticate"),
        Security(parts=(), fresh=False, confirm="/auth/reauthenticate"),
        Reauthenticate(parts=(), second=False, return_to="/reports?a=1&b=2"),
        Reauthenticate(parts=(), second=False),
        Reauthenticate(parts=(), second=True, filled=Filled(faults=(Fault("missing", "Look here.", "/"),))),
        Activity(happened=(), now=NOW),
        Activity(happened=(happened(text), happened(None)), now=NOW, newer="/auth/a", older="/auth/b"),
        SignOut(),
        *(SignedOut(reason=reason) for reason in EndReason),
        Message(title=text, what_happened=text, what_to_do=text, way_back=way_back, code=text),
    ]


def name(context: PageContext) -> str:
    """A test's name for a context."""
    return type(context).__name__


@pytest.fixture(params=every_page("Grace"), ids=name)
def document(request: pytest.FixtureRequest) -> Document:
    """Each page, parsed."""
    return Document(PAGES.render(request.param))


def test_every_context_has_a_page_that_is_tested() -> None:
    """A new page joins the tests of this file."""
    classes = [each for each in PageContext.__subclasses__() if each.__module__.startswith("handstamp.web.")]
    assert {each.__name__ for each in classes} == {type(context).__name__ for context in every_page("Grace")}


def test_a_page_has_language_title_and_one_heading(document: Document) -> None:
    """What a screen reader announces first is there."""
    assert document.all("html") == [{"lang": "en"}]
    assert len(document.all("title")) == len(document.all("h1")) == 1
    assert document.text.split(" · ")[0].strip()


def test_a_page_has_its_landmarks(document: Document) -> None:
    """Banner, main and footer are there once each."""
    assert [len(document.all(tag)) for tag in ("header", "main", "footer")] == [1, 1, 1]


def test_a_page_names_the_application(document: Document) -> None:
    """The application's name stands in the title and at the top."""
    assert document.text.count("Night Library") == 2


def test_a_page_has_one_stylesheet_and_one_icon_of_ours(document: Document) -> None:
    """Stylesheet and icon are asked for at the base, and nothing else is loaded."""
    assert document.all("link") == [
        {"rel": "stylesheet", "href": "/auth/handstamp.css"},
        {"rel": "icon", "href": "/auth/icon.svg", "type": "image/svg+xml"},
    ]


@pytest.mark.parametrize("text", ["Grace", HOSTILE])
def test_nothing_in_a_page_is_inline(text: str) -> None:
    """No script, style, event handler or frame, so that the content security policy needs no exception (CSR-09)."""
    for context in every_page(text):
        for tag, attributes in Document(PAGES.render(context)).elements:
            assert tag not in {"script", "style", "iframe", "object", "embed", "base"}
            assert not [each for each in attributes if each.startswith("on") or each in {"style", "srcdoc"}]


def test_every_form_posts_to_this_site(document: Document) -> None:
    """What changes something is a POST to our own paths, with a button that says what it does."""
    for form in document.all("form"):
        assert form["method"] == "post"
        action = form["action"] or ""
        assert action.startswith("/auth/")
    assert len(document.all("form")) == len([b for b in document.all("button") if b["type"] == "submit"])


def test_every_picture_says_what_it_is_or_that_it_says_nothing(document: Document) -> None:
    """Images have ``alt``, and drawings are hidden from screen readers."""
    assert all("alt" in image for image in document.all("img"))
    assert all(drawing["aria-hidden"] == "true" for drawing in document.all("svg"))


@given(st.text(min_size=1))
def test_hostile_text_stays_text(text: str) -> None:
    """Whatever names, addresses and messages hold, the elements of a page are those of a harmless one."""

    def shape(context: PageContext) -> list[tuple[str, list[str]]]:
        return [(tag, list(attributes)) for tag, attributes in Document(PAGES.render(context)).elements]

    calm = [shape(context) for context in every_page("Grace")]
    assert [shape(context) for context in every_page(text + HOSTILE)] == calm


def test_hostile_text_is_shown_as_it_is() -> None:
    """Escaping loses nothing, and templates inside of texts are not run."""
    way_back = Link(label="Back", href="/")
    context = Message(title=HOSTILE, what_happened="", what_to_do="", way_back=way_back, code="refused")
    assert HOSTILE in Document(PAGES.render(context)).text


def test_a_session_id_cannot_leave_its_path() -> None:
    """A session's id is percent-encoded in the address of its form."""
    context = Sessions(sessions=(session('a"/../b?c'),), current="s1", now=NOW)
    forms = Document(PAGES.render(context)).all("form")
    assert forms == [{"method": "post", "action": "/auth/sessions/a%22%2F..%2Fb%3Fc/end"}]


def test_the_login_page_links_to_each_way_in() -> None:
    """Ways in are links, and there is no form on the page."""
    context = every_page("X")[0]
    document = Document(PAGES.render(context))
    hrefs = [link["href"] for link in document.all("a")]
    assert hrefs == ["/", "/auth/login/x", "/auth/login/google", "/auth/login?remember=1"]
    assert document.all("form") == []


def test_the_account_page_says_logged_in() -> None:
    """The flag stands there as ``loggedIn: true``."""
    assert "loggedIn: true" in PAGES.render(Account(principal=Principal(user=user("Grace"), session=session())))


@pytest.mark.parametrize(("verified", "mark"), [(True, "verified"), (False, "not verified")])
def test_the_account_page_tells_whether_the_address_is_verified(verified: bool, mark: str) -> None:  # noqa: FBT001  a parameter of the test
    """An address that the provider did not vouch for is marked so."""
    ada = User(id="u1", created_at=NOW, email="ada@example.com", email_verified=verified)
    assert f">{mark}<" in PAGES.render(Account(principal=Principal(user=ada, session=session())))


@pytest.mark.parametrize(
    ("picture", "shown"),
    [
        ("https://cdn.example/a.png", True),
        ("http://localhost:8001/people/ada.svg", True),
        ("http://cdn.example/a.png", False),
        ("javascript:alert(1)", False),
        (None, False),
    ],
)
def test_only_a_safe_picture_is_shown(picture: str | None, shown: bool) -> None:  # noqa: FBT001  a parameter of the test
    """A picture is https or on loopback; without one there is the first letter of the name."""
    ada = User(id="u1", created_at=NOW, name="Ada", picture=picture)
    document = Document(PAGES.render(Account(principal=Principal(user=ada, session=session()))))
    assert [image["src"] for image in document.all("img")] == ([picture] if shown else [])


def test_sessions_mark_the_one_that_asks() -> None:
    """One session is "this one", and its button signs out."""
    html = PAGES.render(Sessions(sessions=(session("s1"), session("s2")), current="s2", now=NOW))
    assert html.count("this one") == 1
    assert html.index("/auth/sessions/s1/end") < html.index("this one") < html.index("/auth/sessions/s2/end")


def test_sessions_carry_machine_readable_times() -> None:
    """Last use and creation are ``<time datetime>`` in UTC."""
    document = Document(PAGES.render(Sessions(sessions=(session(),), current="s1", now=NOW)))
    assert document.all("time") == [{"datetime": "2026-11-23T16:18:00Z"}, {"datetime": "2026-11-23T15:20:00Z"}]
    assert "2 minutes ago" in document.text


@pytest.mark.parametrize(("count", "offered"), [(1, False), (2, True)])
def test_ending_all_others_is_offered_when_there_are_others(count: int, offered: bool) -> None:  # noqa: FBT001  a parameter of the test
    """The button is there only if it would do something."""
    sessions = tuple(session(f"s{number}") for number in range(count))
    html = PAGES.render(Sessions(sessions=sessions, current="s0", now=NOW))
    assert ("/auth/sessions/end-others" in html) == offered


@pytest.mark.parametrize("reason", EndReason)
def test_every_end_of_a_session_has_its_words(reason: EndReason) -> None:
    """Each reason has a title, a text and its stable name on the page."""
    document = Document(PAGES.render(SignedOut(reason=reason)))
    for words in (SIGNED_OUT[reason].title, SIGNED_OUT[reason].text, reason.value):
        assert words in document.text


def test_a_message_has_its_code_and_a_way_back() -> None:
    """An error page shows the stable code and a link away from it."""
    way_back = Link(label="Back to sign-in", href="/auth/login")
    context = Message(title="No", what_happened="A", what_to_do="B", way_back=way_back, code="login_failed")
    document = Document(PAGES.render(context))
    assert "login_failed" in document.text
    assert "/auth/login" in [link["href"] for link in document.all("a")]


def test_the_stylesheet_needs_nothing_from_elsewhere() -> None:
    """It loads no font, picture or other sheet, and knows the dark."""
    css = stylesheet().decode("utf-8")
    assert "url(" not in css
    assert "@import" not in css
    assert "prefers-color-scheme: dark" in css
