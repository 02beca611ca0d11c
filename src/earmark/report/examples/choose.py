"""Choose the examples of a report by rule, good and bad alike, and say how.

Never by hand: a page that shows only what went well misleads. The rules take turns until
there are enough examples; the utterances that got worse have a turn as those that got better.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from random import Random
from typing import NamedTuple

from earmark.report.test_set import OK, Outcome


class Choice(NamedTuple):
    """An utterance and the rule that chose it."""

    id: str
    rule: str


class Tally(NamedTuple):
    """On how many utterances a system makes fewer, as many, or more errors than the first."""

    system: str
    better: int
    same: int
    worse: int


Outcomes = Mapping[str, Mapping[str, Outcome]]
"""Utterance id -> system -> outcome; the first system is the one to compare with."""


def tallies(outcomes: Outcomes, systems: Sequence[str]) -> list[Tally]:
    """Count for each system but the first where it makes fewer or more errors than the first."""
    first, *others = systems
    result = []
    for system in others:
        changes = [of[system].errors - of[first].errors for of in outcomes.values()]
        better, worse = sum(c < 0 for c in changes), sum(c > 0 for c in changes)
        result.append(Tally(system, better, len(changes) - better - worse, worse))
    return result


def choose(
    outcomes: Outcomes, systems: Sequence[str], *, count: int, seed: int = 0
) -> list[Choice]:
    """Choose up to `count` utterances, each once; the rules take turns, in order.

    With several systems: the largest fall of the error rate from the first system to the mean
    of the others; the largest rise from the first system to any other; then, for each failure
    that any system shows, an utterance drawn among those with it; then one drawn among all.
    With one system, its largest error rate takes the place of the first two. Rates are capped
    at 100 % per utterance; of equal ones the longer truth goes first, then the file's order.
    """
    rng = Random(seed)
    turns = _turns(outcomes, systems, rng)
    order = list(turns)
    chosen: dict[str, str] = {}
    while turns and len(chosen) < count:
        for rule, queue in list(turns.items()):
            id_ = next((id_ for id_ in queue if id_ not in chosen), None)
            if id_ is None:
                del turns[rule]
            elif len(chosen) < count:
                chosen[id_] = rule
    return sorted(
        (Choice(id_, rule) for id_, rule in chosen.items()),
        key=lambda choice: order.index(choice.rule),
    )


def rule_in_words(systems: Sequence[str], count: int, seed: int) -> str:
    """Say on the page how the examples were chosen.

    >>> rule_in_words(["base"], 4, 0).startswith("By rule, not by hand")
    True
    """
    first, *others = systems
    if others:
        start = (
            f"the utterance with the largest fall of its error rate from {first} to the mean of "
            f"the other systems; the one with the largest rise from {first} to any other; "
        )
    else:
        start = f"the utterance with the largest error rate of {first}; "
    return (
        f"By rule, not by hand, {count} per test set. The rules take turns: {start}for each "
        "failure that any system shows, one drawn blindly among the utterances with it; one "
        "drawn blindly among all. Each utterance is shown once and its rate counts 100 % at "
        f"most; the draws use seed {seed}."
    )


def _turns(outcomes: Outcomes, systems: Sequence[str], rng: Random) -> dict[str, Iterator[str]]:
    """Return the rules in order, each with the utterances it would choose, best first."""
    first, *others = systems

    def fall(of: Mapping[str, Outcome]) -> float:
        mean = sum(of[system].capped_rate for system in others) / len(others)
        return of[first].capped_rate - mean

    def rise(of: Mapping[str, Outcome]) -> float:
        return max(of[system].capped_rate for system in others) - of[first].capped_rate

    turns: dict[str, Iterator[str]] = {}
    if others:
        turns[f"Largest improvement over {first}"] = _largest(outcomes, first, fall)
        turns[f"Worse than {first}"] = _largest(outcomes, first, rise)
    else:
        turns["Most errors"] = _largest(outcomes, first, lambda of: of[first].capped_rate)
    failures = sorted({o.failure for of in outcomes.values() for o in of.values()} - {OK})
    for failure in failures:
        having = [
            id_ for id_, of in outcomes.items() if any(o.failure == failure for o in of.values())
        ]
        turns[f"Drawn among: {failure}"] = iter(rng.sample(having, len(having)))
    turns["Drawn among all"] = iter(rng.sample(list(outcomes), len(outcomes)))
    return turns


def _largest(
    outcomes: Outcomes, first: str, change: Callable[[Mapping[str, Outcome]], float]
) -> Iterator[str]:
    """Yield the utterances with a positive change, the largest first."""
    # Rounded, so that equal rates that differ in their last bit do not break the order.
    changes = {id_: round(change(of), 9) for id_, of in outcomes.items()}
    by_size = sorted(
        (id_ for id_, value in changes.items() if value > 0),
        key=lambda id_: (-changes[id_], -outcomes[id_][first].truth_tokens),
    )
    return iter(by_size)
