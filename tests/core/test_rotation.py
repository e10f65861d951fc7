"""The rotation table, exhaustively."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handstamp.core.models import Generations
from handstamp.core.policy import RotationPolicy
from handstamp.core.rotation import TABLE, Rule, Send, Standing, Verdict, Write, judge, late_until, written

NOW = 1_800_000_000.0
POLICY = RotationPolicy(rotate_after=900, grace=300)
EACH_REQUEST = RotationPolicy(rotate_after=0, grace=10)
MAX_SKEW = 60.0
"""Seconds by which the clocks of two processes may differ."""

STANDINGS = {
    # What is expected where, by how t stands to g and c; "age" is that of the confirmation of c.
    (POLICY, "t > g"): Standing.AHEAD,
    (POLICY, "t = g = c, young"): Standing.CURRENT,
    (POLICY, "t = g = c, old"): Standing.DUE,
    (POLICY, "t = g = c + 1"): Standing.RECEIVED,
    (POLICY, "t = c, g = c + 1"): Standing.PARENT,
    (EACH_REQUEST, "t > g"): Standing.AHEAD,
    (EACH_REQUEST, "t = g = c, young"): Standing.DUE,
    (EACH_REQUEST, "t = g = c, old"): Standing.DUE,
    (EACH_REQUEST, "t = g = c + 1"): Standing.RECEIVED_DUE,
    (EACH_REQUEST, "t = c, g = c + 1"): Standing.PARENT,
}


def relation(t: int, c: int, g: int, *, old: bool) -> str:
    """How a generation that is not below c stands to the two of the session."""
    if t > g:
        return "t > g"
    if t == g == c:
        return "t = g = c, old" if old else "t = g = c, young"
    return "t = g = c + 1" if t == g else "t = c, g = c + 1"


def at(g: int, c: int, *, age: float = 0.0, superseded: tuple[tuple[int, float], ...] = ()) -> Generations:
    """Generations whose confirmation is ``age`` seconds old. When the last one was issued must not matter."""
    return Generations(
        issued=g, confirmed=c, issued_at=NOW - 3 * age - 7, confirmed_at=NOW - age, superseded=superseded
    )


@pytest.mark.parametrize("policy", [POLICY, EACH_REQUEST], ids=["each 15 minutes", "each request"])
@pytest.mark.parametrize(("c", "unconfirmed"), [*product(range(1, 5), (0, 1))])
def test_a_generation_that_was_not_superseded_stands_as_the_table_says(
    policy: RotationPolicy, c: int, unconfirmed: int
) -> None:
    """All small t from c up, with ages around each edge, those of a clock that is behind by a minute included."""
    g = c + unconfirmed
    for t, age in product(range(c, g + 4), (-MAX_SKEW, -0.5, 0.0, 0.5, 299.5, 300, 899.5, 900, 900.5, 86400.0)):
        standing = judge(at(g, c, age=age), t, NOW, policy)
        assert standing is STANDINGS[policy, relation(t, c, g, old=age >= 900)], (t, age)


@pytest.mark.parametrize("policy", [POLICY, EACH_REQUEST], ids=["each 15 minutes", "each request"])
@pytest.mark.parametrize(("c", "unconfirmed"), [*product(range(1, 6), (0, 1))])
def test_a_superseded_generation_is_late_within_its_grace_and_replayed_from_its_end_on(
    policy: RotationPolicy, c: int, unconfirmed: int
) -> None:
    """All t below c, one of them superseded at each age around the edge; the rest are not known any more."""
    ages = (-MAX_SKEW, 0.0, policy.grace - 0.5, policy.grace, policy.grace + 0.5, 86400.0)
    for known, age, t in product(range(1, c), ages, range(c)):
        entries = ((known, NOW - age),)
        standing = judge(at(c + unconfirmed, c, superseded=entries), t, NOW, policy)
        late = t == known and age < policy.grace
        assert standing is (Standing.LATE if late else Standing.REPLAYED), (known, age, t)


def test_each_of_several_superseded_generations_has_a_grace_of_its_own() -> None:
    """One may be over while a later one is not."""
    generations = at(4, 4, superseded=((1, NOW - 301), (2, NOW - 300), (3, NOW - 299)))
    standings = [judge(generations, t, NOW, POLICY) for t in (1, 2, 3)]
    assert standings == [Standing.REPLAYED, Standing.REPLAYED, Standing.LATE]


def test_the_end_of_a_grace_can_be_asked_for() -> None:
    """It is the time of the supersession plus the grace; None for what is not known to be superseded."""
    generations = at(3, 3, superseded=((1, NOW - 10), (2, NOW - 5)))
    ends = [late_until(generations, t, POLICY) for t in (0, 1, 2, 3)]
    assert ends == [None, NOW + 290, NOW + 295, None]


def test_there_is_a_rule_for_every_standing() -> None:
    """Nothing can fall through the table."""
    assert set(TABLE) == set(Standing)


def test_the_rules_are_those_of_the_design() -> None:
    """What is let in, written and sent, in each standing."""
    accept = Verdict.ACCEPT
    assert {
        Standing.CURRENT: Rule(accept, Write.NOTHING, Send.NOTHING),
        Standing.DUE: Rule(accept, Write.ADVANCE, Send.ISSUED),
        Standing.RECEIVED: Rule(accept, Write.CONFIRM, Send.NOTHING),
        Standing.RECEIVED_DUE: Rule(accept, Write.CONFIRM_AND_ADVANCE, Send.ISSUED),
        Standing.PARENT: Rule(accept, Write.NOTHING, Send.ISSUED),
        Standing.LATE: Rule(accept, Write.NOTHING, Send.ISSUED_IF_EACH_REQUEST),
        Standing.REPLAYED: Rule(Verdict.REPLAY, Write.NOTHING, Send.NOTHING),
        Standing.AHEAD: Rule(Verdict.STORE_WENT_BACK, Write.NOTHING, Send.NOTHING),
    } == TABLE


def test_whoever_is_refused_causes_no_write_and_is_sent_nothing() -> None:
    """A replayed token must not move the generations, and must never be answered with a live one."""
    refused = [rule for rule in TABLE.values() if rule.verdict is not Verdict.ACCEPT]
    assert {(rule.write, rule.send) for rule in refused} == {(Write.NOTHING, Send.NOTHING)}


def test_nothing_to_write_leaves_the_generations_as_they_are() -> None:
    """The very same object."""
    generations = at(2, 1)
    assert written(generations, Write.NOTHING, NOW, POLICY) is generations


def test_advancing_issues_the_next_generation_and_confirms_nothing() -> None:
    """G → g + 1, issued now."""
    before = at(2, 2, age=900, superseded=((1, NOW - 900),))
    assert written(before, Write.ADVANCE, NOW, POLICY) == Generations(
        issued=3, confirmed=2, issued_at=NOW, confirmed_at=NOW - 900, superseded=((1, NOW - 900),)
    )


def test_confirming_supersedes_the_parent_from_now_on() -> None:
    """C → g, confirmed now; what was c begins its grace."""
    before = at(3, 2, age=900, superseded=((1, NOW - 10),))
    assert written(before, Write.CONFIRM, NOW, POLICY) == Generations(
        issued=3, confirmed=3, issued_at=before.issued_at, confirmed_at=NOW, superseded=((1, NOW - 10), (2, NOW))
    )


def test_confirming_and_advancing_is_one_step() -> None:
    """C → g, g → g + 1, both now."""
    assert written(at(2, 1, age=5), Write.CONFIRM_AND_ADVANCE, NOW, EACH_REQUEST) == Generations(
        issued=3, confirmed=2, issued_at=NOW, confirmed_at=NOW, superseded=((1, NOW),)
    )


def test_a_supersession_is_forgotten_when_its_grace_is_over() -> None:
    """At the next confirmation, from the very moment of its end: so that the list stays short."""
    before = at(5, 4, superseded=((1, NOW - 301), (2, NOW - 300), (3, NOW - 299)))
    assert written(before, Write.CONFIRM, NOW, POLICY).superseded == ((3, NOW - 299), (4, NOW))


@given(
    steps=st.lists(st.tuples(st.integers(0, 6), st.floats(-MAX_SKEW, 2000)), max_size=40),
    policy=st.sampled_from([POLICY, EACH_REQUEST]),
)
def test_the_generations_hold_together_whatever_is_presented(
    steps: list[tuple[int, float]], policy: RotationPolicy
) -> None:
    """Always g = c or g = c + 1; neither falls; each known supersession is below c, oldest first, each once."""
    generations, now = Generations(issued_at=NOW, confirmed_at=NOW), NOW
    for behind, passed in steps:
        now += passed
        presented = max(1, generations.issued - behind)
        rule = TABLE[judge(generations, presented, now, policy)]
        becomes = written(generations, rule.write, now, policy)
        assert becomes.issued - becomes.confirmed in {0, 1}
        assert becomes.issued >= generations.issued
        assert becomes.confirmed >= generations.confirmed
        known = [generation for generation, _ in becomes.superseded]
        assert known == sorted(set(known))
        assert all(generation < becomes.confirmed for generation in known)
        generations = becomes


@given(g=st.integers(1, 50), unconfirmed=st.integers(0, 1), t=st.integers(-1, 60), age=st.floats(-MAX_SKEW, 1e6))
def test_what_a_response_carries_is_never_a_superseded_generation(
    g: int, unconfirmed: int, t: int, age: float
) -> None:
    """Whatever is sent is the generation last issued, so a response puts nothing older over anything newer."""
    generations = at(g + unconfirmed, g, age=age)
    rule = TABLE[judge(generations, t, NOW, POLICY)]
    becomes = written(generations, rule.write, NOW, POLICY)
    if rule.send is Send.ISSUED:
        assert becomes.issued > becomes.confirmed
        assert becomes.issued >= t
