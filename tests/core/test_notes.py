"""Notes that others keep for us."""

import pytest

from handmade import SECRET
from handstamp.core.keys import Purpose
from handstamp.core.notes import Note, new_note, open_note, seal_note
from handstamp.core.sealing import Sealer
from handstamp.testing import NOW

SEALER = Sealer([SECRET], Purpose.LINK)
NOTE = new_note({"user": "ada", "factors": ["otp"]}, lifetime=600.0, now=NOW)


def opened(sealed: bytes | str, *, context: str = "page", now: float = NOW, sealer: Sealer = SEALER) -> Note | None:
    """What comes out."""
    return open_note(sealer, sealed, context=context, now=now)


def test_a_note_comes_back_whole_until_it_ends() -> None:
    """And not from then on, whoever still has it."""
    sealed = seal_note(SEALER, NOTE, context="page")
    assert opened(sealed) == opened(sealed.encode()) == opened(sealed, now=NOW + 599.999) == NOTE
    assert opened(sealed, now=NOW + 600.0) is None


def test_a_note_tells_nothing() -> None:
    """Neither sealed, nor in a log."""
    assert "ada" not in seal_note(SEALER, NOTE, context="page") + repr(NOTE)


def test_each_note_is_another() -> None:
    """It is used up by its id."""
    assert new_note({}, lifetime=1.0, now=NOW).id != new_note({}, lifetime=1.0, now=NOW).id


@pytest.mark.parametrize("sealed", ["", "x", "\u00e9", "A" * 5000, b"\xff"])
def test_what_is_no_note_is_none(sealed: bytes | str) -> None:
    """Whatever bytes come."""
    assert opened(sealed) is None


def test_a_note_counts_in_its_context_and_for_its_purpose_alone() -> None:
    """A link for one page opens on no other, and is no step (CVE-2026-121802)."""
    sealed = seal_note(SEALER, NOTE, context="page")
    assert opened(sealed, context="other") is None
    assert opened(sealed, sealer=Sealer([SECRET], Purpose.STEP)) is None
    assert opened(sealed[:-1] + ("A" if sealed[-1] != "A" else "B")) is None
