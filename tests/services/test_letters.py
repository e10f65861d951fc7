"""What mails say."""

from gettext import NullTranslations
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from handstamp.services.letters import NAMES, Letters

VALUES = {
    "link": "https://app.example.com/auth/x?token=abc&b=1",
    "code": "123456",
    "device": "Firefox on <Linux>",
    "address": "203.0.113.7",
    "what": "a passkey was added",
}


def letters(folder: Path | None = None) -> Letters:
    """Those of an application with a name that wants escaping."""
    return Letters(
        app_name="Tom & Ann",
        origin="https://app.example.com",
        folder=folder,
        translations=lambda _: NullTranslations(),
    )


class Words(HTMLParser):
    """The text of a document, and where it leads."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words = ""
        self.links: list[str | None] = []
        self.feed(html)

    def handle_data(self, data: str) -> None:
        """Note the text."""
        self.words += data

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the links; nothing is loaded from anywhere."""
        assert tag not in {"img", "script", "link", "iframe", "form"}
        self.links += [value for name, value in attrs if name == "href"]


@pytest.mark.parametrize("name", NAMES)
def test_every_letter_says_the_same_in_text_and_in_html(name: str) -> None:
    """With a subject, what it is about, and where it comes from; nothing in it is loaded from anywhere."""
    letter = letters().write(name, "ada@example.org", language="en", **VALUES)
    assert letter.subject
    assert "\n" not in letter.subject
    document = Words(letter.html)
    said = " ".join(document.words.split())
    for line in filter(None, letter.text.splitlines()):
        if line not in {"Tom & Ann, https://app.example.com", VALUES["link"]}:
            assert line in said
    assert ("https://" in letter.text.replace("https://app.example.com\n", "")) == (document.links != [])
    assert set(document.links) <= {VALUES["link"]}
    assert "Tom & Ann" in letter.text
    assert "Tom & Ann" in said
    assert "{" not in letter.text + said


def test_text_is_not_escaped_and_html_is() -> None:
    """A name with an ampersand, and a device that looks like a tag."""
    letter = letters().write("new_sign_in", "ada@example.org", language="en", **VALUES)
    assert "Firefox on <Linux>" in letter.text
    assert "Firefox on &lt;Linux&gt;" in letter.html


def test_a_folder_of_the_application_comes_first(tmp_path: Path) -> None:
    """File by file; what it does not have is ours."""
    (tmp_path / "password_changed.txt").write_text("Subject: {{ app_name }} says\n\nNew words.\n", encoding="utf-8")
    letter = letters(tmp_path).write("password_changed", "ada@example.org", language="en")
    assert (letter.subject, letter.text) == ("Tom & Ann says", "New words.\n")
    assert "was changed" in letter.html


@pytest.mark.parametrize("head", ["Hello", "Subject: \n", "Subject: a\nBcc: b@example.org"])
def test_a_template_without_a_subject_is_refused(tmp_path: Path, head: str) -> None:
    """And one whose subject would be two headers."""
    (tmp_path / "password_changed.txt").write_text(f"{head}\n\ntext\n", encoding="utf-8")
    with pytest.raises(ValueError, match="Subject"):
        letters(tmp_path).write("password_changed", "ada@example.org", language="en")


def test_a_letter_shows_no_code_to_a_log() -> None:
    """Its representation is who gets it, and about what."""
    letter = letters().write("reset_password", "ada@example.org", language="en", **VALUES)
    assert "token" not in repr(letter)


def test_what_a_letter_asks_for_has_to_be_there() -> None:
    """A link that is forgotten is an error, and no mail without one."""
    wrong: dict[str, Any] = {}
    with pytest.raises(Exception, match="link"):
        letters().write("reset_password", "ada@example.org", language="en", **wrong)
