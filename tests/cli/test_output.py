"""Tables."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstamp.cli.output import print_table, printable

ID = "0193a0d2-7f8f-7e3b-a5f2-0f8cbdb2a001"
WIDE = "a text that is too long for a narrow terminal and has to be broken somewhere"


@given(st.text())
def test_text_of_strangers_holds_nothing_that_cannot_be_seen(text: str) -> None:
    """Whatever it is (CWE-150)."""
    assert printable(text).isprintable()


@given(st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126)))
def test_plain_text_stays_as_it_is(text: str) -> None:
    """Nothing is escaped without need."""
    assert printable(text) == text


def test_away_from_a_terminal_a_row_is_a_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long it is: other programs read it."""
    monkeypatch.setenv("COLUMNS", "40")
    print_table(["id", "text"], [[ID, WIDE * 5]], wraps=frozenset({"text"}))
    assert capsys.readouterr().out.splitlines()[1] == f"{ID}  {WIDE * 5}"


@pytest.mark.parametrize("columns", ["20", "60", "200"])
def test_on_a_terminal_an_id_stays_whole(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, columns: str
) -> None:
    """It can be copied from the narrowest one; other columns are broken."""
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", columns)
    print_table(["id", "text"], [[ID, WIDE]], wraps=frozenset({"text"}))
    lines = capsys.readouterr().out.splitlines()
    assert sum(ID in line for line in lines) == 1
    assert all(word in os.linesep.join(lines) for word in WIDE.split())


def test_markup_in_a_cell_is_text(capsys: pytest.CaptureFixture[str]) -> None:
    """Names are not instructions to the table."""
    print_table(["name"], [["[bold]Ada[/bold] :smile:"]])
    assert "[bold]Ada[/bold] :smile:" in capsys.readouterr().out
