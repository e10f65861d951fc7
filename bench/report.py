"""The results as Markdown, as JSON and as what the plot shows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bench import cold, micro, operations
from bench.contender_plot import Bar
from bench.contending import BARE, PROTECTED, Contender, Route
from bench.rounds import Measured, compare, median_of
from bench.sign_out import SignOut


@dataclass(frozen=True, slots=True)
class Found:
    """A contender and what was found."""

    contender: Contender
    measured: Measured
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class InProcess:
    """What needs no load."""

    parts: Sequence[micro.Part]
    memory: micro.Memory
    operations: Sequence[operations.Costs]
    starts: Sequence[cold.Start]


@dataclass(frozen=True, slots=True)
class Results:
    """All that was found."""

    machine: Mapping[str, str]
    found: Mapping[str, Found]
    missing: Mapping[str, str]
    """Contenders that could not be measured, and why."""
    in_process: InProcess | None


def markdown(results: Results) -> str:
    """Tables that can be put into a page as they are."""
    return "\n".join(_lines(results)) + "\n"


def as_json(results: Results) -> dict[str, Any]:
    """Every single round, too. Times are in seconds, memory in bytes."""
    return {
        "machine": dict(results.machine),
        "contenders": {key: _as_json(found) for key, found in results.found.items()},
        "missing": dict(results.missing),
        "in_process": asdict(results.in_process) if results.in_process else None,
    }


def bars(results: Results) -> list[Bar]:
    """For the plot."""
    return [_bar(found) for found in results.found.values()]


def verdict(seen: SignOut) -> str:
    """What became of the old cookie, in few words."""
    if seen.after_elsewhere is not None and seen.still_let_in and not 200 <= seen.after < 300:
        return "let in by another process"
    if seen.still_let_in:
        return "still let in"
    if seen.let_in_again:
        return "let in after the next sign-in"
    return "refused"


def _lines(results: Results) -> Iterator[str]:
    found = results.found.values()
    yield "## Contenders\n"
    yield from _costs(found)
    yield "\n## Signed out is out\n"
    yield from _sign_outs(found)
    if any(one.contender.details for one in found):
        yield "\n## handstamp on SQLite, closely\n"
        yield from _details(found)
    if results.in_process:
        yield from _in_process(results.in_process)
    yield "\n## What each is\n"
    yield from _descriptions(found)
    for key, why in results.missing.items():
        yield f"\n`{key}` could not be measured: {why.splitlines()[0]}"
    yield "\n" + "; ".join(f"{name} {value}" for name, value in results.machine.items()) + "."


def _costs(found: Iterable[Found]) -> Iterator[str]:
    yield (
        "| | store | unprotected, µs | protected, µs | added, µs | ratio | requests/s | p50, ms | p99, ms | MB "
        "| rounds | sessions |"
    )
    yield "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
    for one in found:
        rounds, beside = one.measured.rounds, compare(one.measured.rounds, PROTECTED, BARE)
        here, bare = median_of(rounds[PROTECTED]), median_of(rounds[BARE])
        megabytes = max(one.measured.resident) / 1e6
        yield (
            f"| {one.contender.name} | {one.contender.store} | {_micros(bare.cpu)} | {_micros(here.cpu)} "
            f"| {_micros(beside.added)} | {beside.ratio:.3f} | {here.per_second:,.0f} | {here.p50 * 1e3:.2f} "
            f"| {here.p99 * 1e3:.2f} | {megabytes:.0f} | {len(rounds[PROTECTED])} | {one.measured.sessions} |"
        )


def _sign_outs(found: Iterable[Found]) -> Iterator[str]:
    yield (
        "| | no cookie | signed in | sign-out | old cookie | at another process | after the next sign-in "
        "| the old cookie is |"
    )
    yield "|---|--:|--:|--:|--:|--:|--:|---|"
    for one in found:
        seen = one.measured.after
        elsewhere = "" if seen.after_elsewhere is None else str(seen.after_elsewhere)
        yield (
            f"| {one.contender.name} | {seen.without_cookie} | {seen.before} | {seen.signing_out} | {seen.after} "
            f"| {elsewhere} | {seen.after_next_sign_in} | {verdict(seen)} |"
        )


def _details(found: Iterable[Found]) -> Iterator[str]:
    yield "| | CPU, µs | beside, µs | added, µs | middle half | ratio | budget |"
    yield "|---|--:|--:|--:|--:|--:|---|"
    for one in found:
        rounds = one.measured.rounds
        for detail in one.contender.details:
            beside = compare(rounds, detail.route, detail.beside)
            lower, upper = beside.quartiles
            cost, other = median_of(rounds[detail.route]).cpu, median_of(rounds[detail.beside]).cpu
            yield (
                f"| {detail.name} | {_micros(cost)} | {_micros(other)} | {_micros(beside.added)} "
                f"| {_micros(lower)} to {_micros(upper)} | {beside.ratio:.3f} | {detail.budget} |"
            )


def _in_process(measured: InProcess) -> Iterator[str]:
    yield "\n## The parts, in process\n"
    yield from _parts(measured.parts)
    memory = measured.memory
    yield f"\nA cached session holds {memory.bytes_each:,.0f} bytes ({memory.sessions:,} sessions); budget 1,536."
    yield "\n## Operations\n"
    yield from operations.table(measured.operations)
    yield "\n## Cold starts\n"
    yield from cold.table(measured.starts)


def _parts(parts: Sequence[micro.Part]) -> Iterator[str]:
    yield "| | CPU, µs | budget, µs |"
    yield "|---|--:|--:|"
    for part in parts:
        yield f"| {part.name} | {_micros(part.seconds)} | {f'≤ {part.budget * 1e6:g}' if part.budget else ''} |"


def _descriptions(found: Iterable[Found]) -> Iterator[str]:
    for one in found:
        versions = ", ".join(f"{name} {version}" for name, version in one.versions.items())
        yield (
            f"- **{one.contender.name}**: {one.contender.setup} At each request: {one.contender.checks} "
            f"An old cookie, by its set-up: {one.contender.lasting.rstrip('.')}. ({one.contender.docs}; "
            f"{versions})"
        )


def _bar(found: Found) -> Bar:
    rounds, seen = found.measured.rounds, found.measured.after
    bare, added = median_of(rounds[BARE]).cpu, compare(rounds, PROTECTED, BARE).added
    return Bar(
        found.contender.name, found.contender.group == "handstamp", bare, added, verdict(seen), seen.let_in_again
    )


def _as_json(found: Found) -> dict[str, Any]:
    contender, measured = found.contender, found.measured
    told = ("name", "group", "framework", "store", "setup", "docs", "checks", "lasting")
    return {
        **{name: getattr(contender, name) for name in told},
        "versions": dict(found.versions),
        "sessions": measured.sessions,
        "resident": list(measured.resident),
        "routes": [_route(measured, route) for route in contender.routes],
        "compared": asdict(compare(measured.rounds, PROTECTED, BARE)),
        "details": [
            {"name": one.name, "budget": one.budget, **asdict(compare(measured.rounds, one.route, one.beside))}
            for one in contender.details
        ],
        "after_sign_out": {**asdict(measured.after), "verdict": verdict(measured.after)},
    }


def _route(measured: Measured, route: Route) -> dict[str, Any]:
    rounds = measured.rounds[route]
    return {**asdict(route), "median": asdict(median_of(rounds)), "rounds": [asdict(one) for one in rounds]}


def _micros(seconds: float) -> str:
    return f"{seconds * 1e6:.2f}"
