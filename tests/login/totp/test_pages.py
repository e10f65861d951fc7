"""What people see of one-time codes."""

import re
from typing import Final

import pytest

from handstamp.core.faults import Fault
from handstamp.login.totp.codes import otpauth_uri
from handstamp.login.totp.pages import BeginPage, CodesPage, EnrolPage, SecondFactorPage
from handstamp.login.totp.picture import picture_of
from handstamp.web.pages import Pages
from handstamp.web.pages.contexts import Filled, PageContext

HOSTILE: Final = "/x?\"><script>alert(1)</script>&'{{7*7}}"
REFUSED: Final = Filled(values={"code": HOSTILE}, faults=(Fault("code_wrong", "Look at your app.", "/code"),))
URI: Final = otpauth_uri(bytes(20), issuer=HOSTILE, account=HOSTILE)
EVERY: Final[list[PageContext]] = [
    SecondFactorPage(recovery=False, has_codes=True, filled=REFUSED),
    SecondFactorPage(recovery=True, has_codes=True, filled=REFUSED),
    BeginPage(replaces=True, filled=REFUSED, return_to=HOSTILE),
    BeginPage(replaces=False, filled=Filled()),
    EnrolPage(enrolment=HOSTILE, picture=picture_of(URI), secret=HOSTILE, uri=URI, filled=REFUSED, return_to=HOSTILE),
    CodesPage(codes=(HOSTILE, "B"), first=True, return_to=HOSTILE),
    CodesPage(codes=("A", "B"), first=False, return_to="/auth/account"),
]


@pytest.mark.parametrize("context", EVERY, ids=lambda context: type(context).__name__)
def test_a_page_holds_nothing_that_a_policy_would_forbid(context: PageContext) -> None:
    """No script, style or handler, whatever text is in it; one heading; forms are sent by POST, to us."""
    html = Pages(app_name=HOSTILE, base="/auth").render(context)
    assert "<script" not in html
    assert not re.search(r"<[^>]*\s(?:style|on\w+)\s*=", re.sub(r'"[^"]*"', '""', html))
    assert "49" not in re.sub(r"<path[^>]*>|<svg[^>]*>", "", html)
    assert html.count("<h1>") == 1
    assert set(re.findall(r"<form[^>]*>", html)) <= {
        f'<form {kind}method="post" action="/auth/totp/{to}">'
        for kind in ("", 'class="form" ')
        for to in ("verify", "enroll", "confirm")
    }


@pytest.mark.parametrize("context", [EVERY[0], EVERY[4]], ids=["sign-in", "enrolment"])
def test_the_field_is_one_that_browsers_know(context: PageContext) -> None:
    """Digits on the keyboard of a phone, a code from a message or the app, and what is wrong tied to it."""
    (field,) = re.findall(r'<input id="code"[^>]*>', Pages(app_name="App", base="/auth").render(context))
    for attribute in (
        'autocomplete="one-time-code"',
        'inputmode="numeric"',
        'aria-invalid="true"',
        'aria-describedby="code-fault code-hint"',
        "required",
    ):
        assert attribute in field


@pytest.mark.parametrize("target", ["javascript:alert(1)", "//evil.example", ""])
def test_the_way_on_leads_nowhere_else(target: str) -> None:
    """It is a link: escaping would not help."""
    with pytest.raises(ValueError, match="path of this site"):
        CodesPage(codes=(), first=False, return_to=target)
