"""Links that are mailed."""

from urllib.parse import parse_qs, urlsplit

import pytest

from handmade import SECRET
from handstamp.core.errors import LoginFailed
from handstamp.core.keys import Purpose
from handstamp.core.sealing import Sealer
from handstamp.services.links import Links
from handstamp.testing import NOW

LINKS = Links(Sealer([SECRET], Purpose.LINK), lambda path: f"https://app.example.com/auth{path}")


def token_of(link: str) -> str:
    """What it carries."""
    return parse_qs(urlsplit(link).query)["token"][0]


def test_a_link_leads_to_its_page_with_all_that_is_needed() -> None:
    """Nothing is kept of it."""
    link, link_id = LINKS.make("/password/reset", {"user": "ada"}, lifetime=60.0, now=NOW)
    assert link.startswith("https://app.example.com/auth/password/reset?token=")
    note = LINKS.open("/password/reset", token_of(link), now=NOW)
    assert (note.id, note.values, note.expires_at) == (link_id, {"user": "ada"}, NOW + 60)


@pytest.mark.parametrize(("path", "age"), [("/email/verify", 0.0), ("/password/reset", 60.0)])
def test_a_link_opens_on_its_page_in_time_and_nowhere_else(path: str, age: float) -> None:
    """One for another page is as good as none."""
    link, _ = LINKS.make("/password/reset", {"user": "ada"}, lifetime=60.0, now=NOW)
    with pytest.raises(LoginFailed) as refused:
        LINKS.open(path, token_of(link), now=NOW + age)
    assert refused.value.reason == "link_unknown"


def test_what_fits_into_no_link_is_refused() -> None:
    """When it is made."""
    with pytest.raises(ValueError, match="longer"):
        LINKS.make("/x", {"text": "x" * 4096}, lifetime=60.0, now=NOW)
