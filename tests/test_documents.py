"""The documents are true: their Python runs, and what they point to exists."""

import ast
import re
from contextlib import suppress
from pathlib import Path
from unittest import SkipTest

import pytest
from sybil import Document, Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser

ROOT = Path(__file__).resolve().parents[1]
PROSE = [
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
]
WITH_EXAMPLES = [path for path in PROSE if path.parent != ROOT or path.name == "README.md"]

SKIP = re.compile(r"<!--+\s*skip:\s*(?P<what>.*?)\s*--+>")
ARGUED_SKIP = re.compile(r"""(?:next|start)\s+(?:if\(.*,\s*)?["'][^"']{8,}["']\)?|end""")
PATH_IN_CODE = re.compile(r"`((?:tests|src|docs|bench|changes|examples)/[\w./-]*)`")

ENVIRONMENT = {
    "HANDSTAMP_SECRET": "documents-" + "x" * 48,
    "HANDSTAMP_ORIGIN": "http://localhost:8000",
    "HANDSTAMP_X_CLIENT_ID": "x-client",
    "HANDSTAMP_X_CLIENT_SECRET": "x-secret",
    "HANDSTAMP_GOOGLE_CLIENT_ID": "google-client",
    "HANDSTAMP_GOOGLE_CLIENT_SECRET": "google-secret",
}
"""What the text around the examples tells the reader to set."""


def shown(path: Path) -> str:
    """A path as the name of a test."""
    return path.relative_to(ROOT).as_posix()


def parsed(path: Path) -> Document:
    """A document with its examples: fenced blocks of ``python``, and comments that skip one."""
    return Sybil(parsers=[PythonCodeBlockParser(), SkipParser()], path=str(ROOT)).parse(path)


def run(path: Path) -> None:
    """Run the examples of a document from top to bottom in one namespace."""
    for example in parsed(path).examples():
        with suppress(SkipTest):
            example.evaluate()


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=shown)
def test_the_examples_of_a_document_run(path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Every Python block runs, after those above it, in an empty folder and with the documented settings."""
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    run(path)


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=shown)
def test_no_example_hides_behind_another_spelling(path: Path) -> None:
    """Python blocks begin with ```python, exactly; any other spelling would not be run."""
    fences: list[str] = re.findall(r"^ *(?:```|~~~)(.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert [fence for fence in fences if "py" in fence.lower() and fence != "python"] == []


@pytest.mark.parametrize("path", WITH_EXAMPLES, ids=shown)
def test_an_example_that_is_not_run_says_why(path: Path) -> None:
    """A skip comment carries its reason: <!-- skip: next "reason" -->."""
    bare = [m[0] for m in SKIP.finditer(path.read_text(encoding="utf-8")) if not ARGUED_SKIP.fullmatch(m["what"])]
    assert bare == []


@pytest.mark.parametrize("path", PROSE, ids=shown)
def test_the_places_that_a_document_names_exist(path: Path) -> None:
    """A file or folder of the repository that stands in code type is there; NAME and the like are placeholders."""
    named = PATH_IN_CODE.findall(path.read_text(encoding="utf-8"))
    assert [place for place in named if not re.search(r"[A-Z]{3}", place) and not (ROOT / place).exists()] == []


def test_an_example_that_fails_is_noticed(tmp_path: Path) -> None:
    """The runner above is able to fail."""
    path = tmp_path / "wrong.md"
    path.write_text("```python\nassert 1 + 1 == 3\n```\n", encoding="utf-8")
    with pytest.raises(AssertionError):
        run(path)


def test_a_skipped_example_is_not_run(tmp_path: Path) -> None:
    """A skip with a reason keeps the one block after it from running."""
    path = tmp_path / "skipped.md"
    path.write_text(
        '<!-- skip: next "needs a browser" -->\n\n```python\nassert False\n```',
        encoding="utf-8",
    )
    run(path)
    path.write_text(path.read_text(encoding="utf-8") + "\n```python\nassert False\n```\n", encoding="utf-8")
    with pytest.raises(AssertionError):
        run(path)


def test_the_page_on_operating_names_every_event() -> None:
    """What the audit trail can say stands in the documents, and nothing else does."""
    calls = [
        node
        for path in (ROOT / "src").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and node.args
        and ast.unparse(node.func).split(".")[-1] in {"record", "record_of_each", "log_only"}
    ]
    names = [node.value for call in calls for node in ast.walk(call.args[0]) if isinstance(node, ast.Constant)]
    recorded = {name for name in names if name is not None}
    page = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in page.partition("## Files")[0].splitlines() if line.startswith("| `")]
    assert {event for row in rows for event in re.findall(r"`([a-z_]+)`", row)} == recorded
