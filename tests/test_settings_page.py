"""The page about the settings is what the source says."""

from generated import DOCS, HOW, settings_page
from handstamp.settings import Settings


def test_the_page_about_the_settings_is_up_to_date() -> None:
    """It is made from the fields of ``Settings``."""
    assert (DOCS / "settings.md").read_text(encoding="utf-8") == settings_page(), HOW


def test_every_setting_is_on_it_with_its_variable() -> None:
    """And no other."""
    page = settings_page().partition("## Variables of the providers")[0]
    named = [line.split("`")[1] for line in page.splitlines() if line.startswith("| `")]
    assert named == list(Settings.model_fields)
    assert all(f"`HANDSTAMP_{name.upper()}`" in settings_page() for name in named)
