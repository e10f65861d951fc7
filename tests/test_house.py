"""The rules of the house that no linter knows."""

import re
import subprocess
import sys
import tokenize
import tomllib
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest
from bench.cold import FIRST_REQUEST, prepared
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import handstamp
from handstamp.core import errors
from handstamp.core.errors import HandstampError

ROOT = Path(__file__).resolve().parents[1]
SOURCES = ROOT / "src" / "handstamp"
TESTS = ROOT / "tests"

MAX_LINES = 300

TESTS_OF_NO_MODULE = {
    "test_house.py",  # the repository
    "test_documents.py",  # README and docs
    "test_bench.py",  # bench/scale
    "test_bench_contenders.py",  # bench/run
    "test_bench_soak.py",  # bench/soak.py
    "test_bench_storm.py",  # bench/signin_storm.py
    "test_conftest.py",  # the conditions under which tests run
}
"""What a file directly in tests/ may be about, apart from a module of the same name."""

# cryptography loads bcrypt where it happens to be installed.
_AUTH = {"anyio", "bcrypt", "cryptography", "joserfc", "starlette", "typing_extensions"}
_SETTINGS = {"annotated_types", "dotenv", "pydantic", "pydantic_core", "pydantic_settings", "typing_inspection"}
LOADED = {
    "import handstamp": set[str](),
    "from handstamp import Auth": _AUTH,
    "import sys; sys.argv = ['handstamp', '--version']; from handstamp.cli import main; main()": {
        "annotated_doc",
        "click",
        "shellingham",
        "typer",
    },
    FIRST_REQUEST: _AUTH | _SETTINGS | {"idna", "sniffio", "sqlalchemy", "greenlet"},
}
"""Packages of others that a program may load; those whose name begins with an underscore belong to one of them."""

SUPPRESSION = re.compile(r"#\s*(?:noqa\b|type:\s*ignore\b|pyright:\s*ignore\b|pragma:\s*no\s+(?:cover|branch)\b)")
WITHOUT_REASON = re.compile(
    r"#\s*(?:noqa(?:\s*:\s*[A-Z]+\d+(?:\s*,\s*[A-Z]+\d+)*)?"
    r"|(?:type|pyright):\s*ignore(?:\[[^\]]*\])?"
    r"|pragma:\s*no\s+(?:cover|branch))[\s:;,.#—-]*$"
)


def python_files(*folders: Path) -> list[Path]:
    """Every Python file below the folders, in a stable order."""
    return sorted(path for folder in folders for path in folder.rglob("*.py"))


def shown(path: Path) -> str:
    """A path as a reader of the failure knows it."""
    return path.relative_to(ROOT).as_posix()


def tracked_files() -> list[Path]:
    """The files of the repository: those that git tracks or would track."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def texts() -> Iterator[tuple[Path, str]]:
    """The tracked files that are text, with their text."""
    for path in tracked_files():
        try:
            yield path, path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue


def comments(path: Path) -> Iterator[tuple[int, str]]:
    """Line number and text of each comment of a Python file."""
    with tokenize.open(path) as file:
        for token in tokenize.generate_tokens(file.readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string


def all_modules() -> list[str]:
    """The name of every module that is there to be imported; Alembic runs its own by path."""
    names = (module.name for module in walk_packages(handstamp.__path__, "handstamp."))
    return sorted(name for name in names if not name.endswith(".__main__") and ".migrations." not in name)


def subclasses(root: type[HandstampError]) -> Iterator[type[HandstampError]]:
    """The class and everything below it."""
    yield root
    for below in root.__subclasses__():
        yield from subclasses(below)


def test_no_module_is_longer_than_a_reader_keeps_in_mind() -> None:
    """A module has at most 300 lines."""
    lengths = {shown(path): len(path.read_text(encoding="utf-8").splitlines()) for path in python_files(SOURCES)}
    assert {name: lines for name, lines in lengths.items() if lines > MAX_LINES} == {}


def test_tests_mirror_the_source() -> None:
    """Each tests/x/test_y.py is about the module or package x/y, a part of it (test_y_z.py), or x itself.

    Journeys and attacks go through the whole house, so they have folders of their own.
    """
    orphans: list[str] = []
    for path in python_files(TESTS):
        if not path.name.startswith("test_") or (path.parent == TESTS and path.name in TESTS_OF_NO_MODULE):
            continue
        if path.parent.name in {"journeys", "attacks"}:
            continue
        folder = SOURCES / path.parent.relative_to(TESTS)
        subject = path.stem.removeprefix("test_")
        names = {subject[:end] for end in (*(m.start() for m in re.finditer("_", subject)), len(subject))}
        itself = subject == folder.name and folder.is_dir()
        if not itself and not any((folder / f"{name}.py").exists() or (folder / name).is_dir() for name in names):
            orphans.append(shown(path))
    assert orphans == []


def test_each_suppression_has_its_reason_beside_it() -> None:
    """A noqa, type: ignore or pragma: no cover is followed by words that say why."""
    bare = [
        f"{shown(path)}:{line}: {comment}"
        for path in python_files(SOURCES, TESTS, ROOT / "bench")
        for line, comment in comments(path)
        if SUPPRESSION.search(comment) and WITHOUT_REASON.search(comment)
    ]
    assert bare == []


@pytest.mark.parametrize(
    ("comment", "bare"),
    [
        ("# noqa", True),
        ("# noqa: S105", True),
        ("# noqa: S105, S106", True),
        ("# type: ignore[arg-type]", True),
        ("# pragma: no cover", True),
        ("# pragma: no cover -", True),
        ("# noqa: S105  a reason, not a password", False),
        ("# type: ignore[arg-type]  # the wrong type is the test", False),
        ("# pragma: no cover: only on Windows", False),
    ],
)
def test_a_bare_suppression_is_told_from_an_argued_one(comment: str, bare: bool) -> None:  # noqa: FBT001  a table
    """The rule above sees the difference."""
    assert bool(SUPPRESSION.search(comment) and WITHOUT_REASON.search(comment)) is bare


def test_no_file_knows_the_machine_it_was_written_on() -> None:
    """Home folders and work trees of a developer are in no tracked file."""
    machine = re.compile(r"(?<![\w.])/(?:work|farm|root|home/\w+|Users/\w+)/")
    found = [shown(path) for path, text in texts() if path != Path(__file__) and machine.search(text)]
    assert found == []


def test_no_file_names_where_packages_are_downloaded() -> None:
    """Addresses of package registries are the business of each machine's configuration."""
    registry = re.compile(
        r"https?://(?:[\w.-]*pypi[\w.-]*|[\w.-]*pythonhosted\.org|registry\.[\w.-]+|[\w.:-]+/simple\b)"
        r"|--(?:extra-)?index-url|--registry"
    )
    found = [shown(path) for path, text in texts() if path != Path(__file__) and registry.search(text)]
    assert found == []


def test_no_lock_file_is_tracked() -> None:
    """Lock files record download addresses; constraints.txt pins names and versions."""
    locks = {"uv.lock", "poetry.lock", "pylock.toml", "Pipfile.lock", "package-lock.json", "yarn.lock"}
    assert [shown(path) for path in tracked_files() if path.name in locks] == []


def test_constraints_are_names_and_versions_in_order() -> None:
    """Each line of constraints.txt is name==version; the order is that of the names."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", line)] == []
    names = [line.partition("==")[0] for line in lines]
    assert names == sorted(set(names))


def test_constraints_pin_each_dependency_that_is_named() -> None:
    """What pyproject.toml asks for, for running, for the extras and for development, is pinned."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = [
        *project["project"]["dependencies"],
        *(line for extra in project["project"]["optional-dependencies"].values() for line in extra),
        *project["dependency-groups"]["dev"],
    ]
    names = {canonicalize_name(Requirement(line).name) for line in asked} - {"handstamp"}
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert names - {line.partition("==")[0] for line in constraints} == set()


def test_public_names_are_sorted_and_can_be_imported() -> None:
    """What ``handstamp`` offers is in ``__all__``, in order, once, and is there."""
    names = list(handstamp.__all__)
    assert names == sorted(set(names))
    assert [name for name in names if not hasattr(handstamp, name)] == []


def test_every_public_error_is_exported_by_its_module() -> None:
    """An error of the tree is defined in ``handstamp.core.errors``, so that one import finds them all."""
    for module in all_modules():
        import_module(module)
    ours = [error for error in subclasses(HandstampError) if error.__module__.startswith("handstamp.")]
    elsewhere = {f"{error.__module__}.{error.__name__}" for error in ours if error.__module__ != errors.__name__}
    assert {name for name in elsewhere if not name.rpartition(".")[2].startswith("_")} == set()


def test_every_error_has_a_stable_code_of_its_own() -> None:
    """Each class of the tree defines its code in words joined by underscores, and no two share one.

    TokenExpired is the exception: what a client may learn of it is that the token is not valid.
    """
    tree = {error for error in subclasses(HandstampError) if error.__module__ == errors.__name__}
    own = {error: error.__dict__["code"] for error in tree if "code" in error.__dict__}
    assert {error.__name__ for error in tree - own.keys()} <= {"TokenExpired"}
    assert [code for code, uses in Counter(own.values()).items() if uses > 1] == []
    assert [code for code in own.values() if not re.fullmatch(r"[a-z]+(_[a-z]+)*", code)] == []


@pytest.mark.parametrize(("program", "allowed"), LOADED.items(), ids=["import", "auth", "version", "first request"])
def test_a_program_loads_what_it_uses(program: str, allowed: set[str], tmp_path: Path) -> None:
    """Of other packages no more than these: no migrations, template engine or framework that nobody asked for."""
    print_loaded = "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr))"
    variables = prepared(f"sqlite:///{tmp_path}/app.db") if program == FIRST_REQUEST else {}
    command = ["env", *(f"{name}={value}" for name, value in variables.items()), sys.executable, "-c"]
    done = subprocess.run([*command, f"{print_loaded}\n{program}"], check=True, capture_output=True, text=True)
    loaded = {name.partition(".")[0] for name in done.stderr.split()} - sys.stdlib_module_names
    others = {name for name in loaded if name[0] not in "_$"} - {"handstamp", "cython_runtime", "coverage"}
    assert others - allowed == set()
