"""What ``make bench`` concludes from what it sees. No figure of a machine is looked at."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from bench.contender_plot import Bar, plot
from bench.contending import FOLDER, PROTECTED, Route, discover
from bench.measure import CannotMeasure, Round, read_answered
from bench.report import verdict
from bench.rounds import compare, median_of
from bench.sign_out import SignOut

ROOT = Path(__file__).resolve().parents[1]
SVG = "{http://www.w3.org/2000/svg}"
PRINTED = (
    "Running 1s test @ http://127.0.0.1:1/\n\n"
    "measured requests={} refused={} lost={} duration=2000000 p50=700 p99=9000\n"
)


def seen(**changed: Any) -> SignOut:
    """A sign-out that goes as it should, but for what is given."""
    as_it_should = SignOut(
        without_cookie=401,
        before=200,
        before_elsewhere=200,
        signing_out=303,
        after=401,
        after_elsewhere=401,
        after_next_sign_in=401,
    )
    return replace(as_it_should, **changed)


def test_the_load_is_read_as_it_is_printed() -> None:
    """Requests, and latencies in seconds."""
    found = read_answered(PRINTED.format(2_000, 0, 0))
    assert (found.requests, found.seconds, found.p50, found.p99) == (2_000, 2.0, 0.0007, 0.009)


@pytest.mark.parametrize("counts", [(0, 0, 0), (2_000, 1, 0), (2_000, 0, 1)])
def test_a_load_that_was_not_answered_is_no_measurement(counts: tuple[int, int, int]) -> None:
    """One refused or lost request is enough."""
    with pytest.raises(CannotMeasure):
        read_answered(PRINTED.format(*counts))


def test_a_load_that_prints_nothing_is_no_measurement() -> None:
    """As when the server is gone."""
    with pytest.raises(CannotMeasure, match="unable to connect"):
        read_answered("unable to connect to 127.0.0.1:1 Connection refused\n")


def test_every_file_of_the_folder_is_a_contender() -> None:
    """Each has a name of its own, and says where its set-up is from and what it checks."""
    found = discover()
    assert set(found) == {path.stem for path in FOLDER.glob("*.py")}
    assert len({one.name for one in found.values()}) == len(found)
    assert all(one.setup and one.checks and one.lasting for one in found.values())
    assert all(one.docs.startswith("https://") or (ROOT / one.docs).exists() for one in found.values())


def test_contenders_with_the_same_folder_have_the_same_packages() -> None:
    """Otherwise each would undo what the other has installed."""
    packages = {(one.packages.name, repr(one.packages)) for one in discover().values() if one.group == "peer"}
    assert len(packages) == len({name for name, _ in packages})


def test_what_a_detail_compares_is_measured() -> None:
    """Both of its routes, and every route once."""
    for one in discover().values():
        assert len(set(one.routes)) == len(one.routes)
        assert PROTECTED in one.routes
        assert all({detail.route, detail.beside} <= set(one.routes) for detail in one.details)


def test_a_cookie_that_is_refused_everywhere_is_refused() -> None:
    """The verdict that a signed-out person expects."""
    seen().check()
    assert verdict(seen()) == "refused"
    assert not seen().still_let_in


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"after": 200}, "still let in"),
        ({"after_elsewhere": 204}, "let in by another process"),
        ({"after_next_sign_in": 200}, "let in after the next sign-in"),
    ],
)
def test_a_cookie_that_is_let_in_somewhere_is_named_so(changed: dict[str, int | None], words: str) -> None:
    """At once, elsewhere, or later."""
    assert verdict(seen(**changed)) == words
    assert seen(**changed).let_in_again


@pytest.mark.parametrize(
    "changed",
    [
        {"without_cookie": 200},
        {"without_cookie": 302},
        {"before": 401},
        {"before_elsewhere": 401},
        {"signing_out": 403},
    ],
)
def test_a_sign_out_that_shows_nothing_is_no_measurement(changed: dict[str, int | None]) -> None:
    """An open route, a closed one, or nobody signed out."""
    with pytest.raises(CannotMeasure):
        seen(**changed).check()


def test_each_round_is_compared_with_its_neighbour() -> None:
    """A machine that slows down slows both; the difference stays."""
    slow, fast = Route("/slow"), Route("/fast")
    costs = {slow: (11.0, 21.0, 31.0), fast: (10.0, 20.0, 30.0)}
    rounds = {route: [Round(cpu, 1 / cpu, cpu, cpu) for cpu in each] for route, each in costs.items()}
    assert compare(rounds, slow, fast).added == 1.0
    assert compare(rounds, slow, fast).quartiles == (1.0, 1.0)
    assert median_of(rounds[slow]).cpu == 21.0


def test_the_plot_shows_every_contender_and_its_verdict() -> None:
    """It is well-formed whatever the names are, and a difference below zero draws no bar."""
    bars = [
        Bar("ours & <fast>", ours=True, unprotected=30e-6, added=5e-6, verdict="refused", let_in=False),
        Bar("another", ours=False, unprotected=90e-6, added=900e-6, verdict="still let in", let_in=True),
        Bar("free", ours=False, unprotected=40e-6, added=-1e-6, verdict="refused", let_in=False),
    ]
    drawn = ET.fromstring(plot(bars, title='A "title"'))  # noqa: S314  made above
    texts = {text.text for text in drawn.iter(f"{SVG}text")}
    assert {"ours & <fast>", "another", "free", "still let in", "90.0 + 900"} <= texts
    assert all(float(rectangle.get("width", "-1")) >= 0 for rectangle in drawn.iter(f"{SVG}rect"))
