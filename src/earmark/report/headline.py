"""Say the result first: one card per test set, all about the same two systems."""

from collections.abc import Sequence
from typing import NamedTuple

from earmark.errors import KnobError, did_you_mean
from earmark.report.numbers import difference, interval, per_cent
from earmark.report.test_set import ScoredSet

SMALL = "In brackets: 95 % intervals."


class Card(NamedTuple):
    """One result: a test set, or a system; `before` is empty when there is one system only."""

    heading: str
    before: str
    after: str
    what: str
    interval: str


def headline(
    sets: Sequence[ScoredSet], focus: str | None = None, why: str = ""
) -> tuple[list[Card], str]:
    """Return the cards, and the sentence that says what they show.

    On one set there is a card per system. On several there is a card per set, and all follow
    one system, so that what it loses on one set stands beside what it gains on another: `focus`,
    or the system with the lowest rate on the first set.

    Raises:
        KnobError: `focus` is not one of the systems after the first.
    """
    first, *others = sets[0].systems
    if focus is not None and focus not in others:
        raise KnobError(f"cannot follow '{focus}'; {did_you_mean(focus, others)}")
    if not others:
        cards = [_single(scored, first) for scored in sets]
        return cards, f"Mixed error rate of {first}. {SMALL}"
    if len(sets) == 1:
        cards = [_pair(sets[0], first, system, heading=system) for system in others]
        return cards, f"Mixed error rate on {sets[0].name}, compared with {first}. {SMALL}"
    if focus is None:
        focus = min(others, key=lambda system: _rate(sets[0], system))
        if len(others) > 1:
            why = (
                f"of the {len(others)} systems after {first} the one with the lowest rate on "
                f"{sets[0].name}; it was picked after seeing that result, which flatters it a "
                "little there"
            )
    because = f", {why}" if why else ""
    rest = " Every system is in the table." if len(others) > 1 else ""
    cards = [_pair(scored, first, focus, heading=scored.name) for scored in sets]
    return cards, f"Mixed error rate, from {first} to {focus}{because}.{rest} {SMALL}"


def _rate(scored: ScoredSet, system: str) -> float:
    """Return a system's mixed error rate; one that is not defined sorts last."""
    rate = scored.scores[system]["mixed_error_rate"]
    return float("inf") if rate is None else rate


def _single(scored: ScoredSet, system: str) -> Card:
    """Make the card of a lone system."""
    score = scored.scores[system]
    rate = per_cent(score["mixed_error_rate"])
    return Card(scored.name, "", rate, system, interval(score["interval"]))


def _pair(scored: ScoredSet, first: str, focus: str, *, heading: str) -> Card:
    """Make the card that compares a system with the first."""
    before, after = (scored.scores[system]["mixed_error_rate"] for system in (first, focus))
    change = scored.comparisons[focus]["mixed_error_rate"]
    return Card(
        heading,
        per_cent(before),
        per_cent(after),
        relative(before, after),
        difference(change, " points"),
    )


def relative(before: float | None, after: float | None) -> str:
    """Say how many fewer or more errors there are, in per cent of those before.

    >>> relative(0.5, 0.1), relative(0.02, 0.03), relative(0.1, 0.1), relative(0.0, 0.1)
    ('80 % fewer errors', '50 % more errors', 'as many errors', 'more errors')
    """
    if before is None or after is None:
        return "not defined"
    if before == after:
        return "as many errors"
    word = "fewer" if after < before else "more"
    if before == 0:
        return f"{word} errors"
    return f"{100 * abs(after - before) / before:.0f} % {word} errors"
