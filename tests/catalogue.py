"""The texts that people read, and their catalogues. ``python tests/catalogue.py`` brings the catalogues up to date.

New texts come in empty, for a translator; those that are gone go. What is translated stays as it is.
"""

import ast
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from babel.messages import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

from handstamp.web.answers import LOGIN_ANSWERS, TABLE
from handstamp.web.languages import LANGUAGES, SOURCE
from handstamp.web.pages.texts import SIGNED_OUT

SOURCES: Final = Path(__file__).resolve().parents[1] / "src" / "handstamp"
SPOKEN_TO_DEVELOPERS: Final = {"demo", "cli", "testing"}
"""Folders whose texts are English only."""

_POSITIONS: Final = {"N_": 0, "Fault": 1}
"""Which argument of a call is a text."""

Text = str | tuple[str, ...]
"""A text, or one and its plural."""

_HEADER: Final = r"""msgid ""
msgstr ""
"Language: {language}\n"
"MIME-Version: 1.0\n"
"Content-Type: text/plain; charset=UTF-8\n"
"Content-Transfer-Encoding: 8bit\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\n"

"""


def catalogue_path(language: str) -> Path:
    """Where the texts of a language are."""
    return SOURCES / "web" / "pages" / "locale" / language / "LC_MESSAGES" / "handstamp.po"


def all_texts() -> dict[Text, str]:
    """Every text that people read, with the file that it is in."""
    texts: dict[Text, str] = {}
    for path in sorted(SOURCES.rglob("*")):
        place = path.relative_to(SOURCES)
        if place.parts[0] in SPOKEN_TO_DEVELOPERS or not path.is_file():
            continue
        for text in _texts_of(path):
            texts.setdefault(text, place.as_posix())
    tables: dict[str, Sequence[object]] = {
        "web/answers.py": [*TABLE.values(), *LOGIN_ANSWERS.values()],
        "web/pages/texts.py": list(SIGNED_OUT.values()),
    }
    for file, rows in tables.items():
        for row in rows:
            for name in ("title", "text", "what_happened", "what_to_do"):
                if hasattr(row, name):
                    texts.setdefault(getattr(row, name), file)
    return texts


def read_catalogue(language: str) -> Catalog:
    """The catalogue of a language as it is."""
    with BytesIO(catalogue_path(language).read_bytes()) as file:
        return read_po(file, locale=language)


def updated(language: str) -> bytes:
    """The catalogue of a language as it should be: what is in it of what there is."""
    before, after = read_catalogue(language), Catalog(locale=language)
    for text, file in sorted(all_texts().items(), key=_place_of):
        known = before.get(text if isinstance(text, str) else text[0])
        after.add(text, known.string if known and known.id == _as_id(text) else None, locations=[(file, 1)])
    out = BytesIO()
    write_po(out, after, width=110, omit_header=True, sort_by_file=False, include_lineno=False)
    return _HEADER.format(language=language).encode() + out.getvalue()


def _place_of(item: tuple[Text, str]) -> tuple[str, str]:
    text, file = item
    return file, text if isinstance(text, str) else text[0]


def _as_id(text: Text) -> Any:
    return text if isinstance(text, str) else tuple(text)


def _texts_of(path: Path) -> Iterator[Text]:
    if path.suffix == ".py":
        yield from _marked_in(path)
    elif "templates" in path.parts and path.suffix in {".html", ".txt"}:
        keywords = {"_": None, "gettext": None, "ngettext": (1, 2)}
        options = {"newstyle_gettext": "true", "silent": "false", "trim_blocks": "true", "lstrip_blocks": "true"}
        with BytesIO(path.read_bytes()) as file:
            for _, text, _, _ in extract("jinja2.ext:babel_extract", file, keywords, options=options):
                yield text if isinstance(text, str) else tuple(text)


def _marked_in(path: Path) -> Iterator[str]:
    """What ``N_`` marks, and the messages of faults, in a module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _POSITIONS:
            text = node.args[_POSITIONS[node.func.id]]
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                yield text.value


def main() -> None:
    """Write the catalogues."""
    for language in LANGUAGES:
        if language != SOURCE:
            catalogue_path(language).write_bytes(updated(language))


if __name__ == "__main__":
    main()
