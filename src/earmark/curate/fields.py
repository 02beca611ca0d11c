"""What curators read of a pair: its scores, and values by which pairs are grouped."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, Literal, NamedTuple

from earmark.curate.verdict import Drop
from earmark.errors import InputError, KnobError
from earmark.pairs.rules import score_problems
from earmark.records import Pair

Missing = Literal["stop", "drop"]
ALL = "all"


def names_in(text: str) -> tuple[str, ...]:
    """Split names with plus signs between them.

    >>> names_in("zh+mixed"), names_in("")
    (('zh', 'mixed'), ())
    """
    return tuple(name.strip() for name in text.split("+") if name.strip())


def value_of(pair: Pair, name: str) -> str | None:
    """Return what a pair says under a name: a field, an annotation, or something else kept with it.

    Several failure modes are joined with plus signs.

    >>> pair = Pair("p", [], "a", "b", failure_modes=["loop"], extra={"task": "math"})
    >>> value_of(pair, "failure_modes"), value_of(pair, "task"), value_of(pair, "language")
    ('loop', 'math', None)
    """
    if name in ("language", "source"):
        return getattr(pair, name) or None
    if name == "failure_modes":
        return "+".join(pair.failure_modes) or None
    for kept in (pair.annotations, pair.extra, pair.made_by):
        found = kept.get(name)
        if isinstance(found, str | int | float) and str(found):
            return str(found)
    return None


def group_of(pair: Pair, per: str) -> str:
    """Return the group of a pair: what it says under `per`; without, all pairs are one group.

    Raises:
        InputError: it says nothing.
    """
    if not per:
        return ALL
    found = value_of(pair, per)
    if found is None:
        raise InputError(f"pair '{pair.id}' has no {per}; {where_from(per)}")
    return found


def where_from(name: str) -> str:
    """Say how a field that pairs lack is had."""
    if name in ("task", "difficulty", "input_quality", "safety"):
        return "`earmark annotate` writes it"
    return f"give each pair a field '{name}', or group by another one with per=NAME"


def unscored(pair: Pair, criterion: str, missing: Missing) -> Drop | None:
    """Return the verdict on a pair without a usable score for each answer, or None.

    Raises:
        InputError: there is none, and `missing` is "stop".
    """
    problem = next(score_problems(pair, criterion), None)
    if problem is None:
        return None
    if missing == "stop":
        raise InputError(
            f"pair '{pair.id}' {problem}; give it scores (`earmark judge`), or drop such pairs "
            "with missing=drop"
        )
    return Drop(pair, problem)


def scores_of(pair: Pair, criterion: str) -> tuple[float, list[float]]:
    """Return the score of the chosen answer and those of the rejected ones."""
    chosen, *rejected = pair.scores[criterion]
    return chosen, rejected


def margin_of(pair: Pair, criterion: str) -> float:
    """Return how far the chosen answer is above the best rejected one.

    >>> margin_of(Pair("p", [], "a", ["b", "c"], scores={"r": [3.0, 1.0, 2.0]}), "r")
    1.0
    """
    chosen, rejected = scores_of(pair, criterion)
    return chosen - max(rejected)


def with_rejected(pair: Pair, places: Sequence[int]) -> Pair:
    """Return a pair with some of its rejected answers, and what belongs to them.

    Args:
        pair: a pair with several.
        places: their numbers, from 0.

    >>> pair = Pair("p", [], "a", ["b", "c"], ["loop", "empty"], {"r": [3.0, 1.0, 2.0]})
    >>> with_rejected(pair, [1]).rejected, with_rejected(pair, [1]).scores
    (['c'], {'r': [3.0, 2.0]})
    """
    count = len(pair.losers)

    def some(values: list[Any]) -> list[Any]:
        return [values[place] for place in places] if len(values) == count else values

    scores = {
        name: [numbers[0], *some(numbers[1:])] if len(numbers) == count + 1 else numbers
        for name, numbers in pair.scores.items()
    }
    return replace(
        pair,
        rejected=some(pair.losers),
        failure_modes=some(pair.failure_modes),
        scores=scores,
    )


class Groups:
    """Numbers for the groups of pairs, given as they come."""

    def __init__(self) -> None:
        self.names: dict[str, int] = {}

    def number(self, name: str) -> int:
        """Return the number of a group."""
        return self.names.setdefault(name, len(self.names))


class Range(NamedTuple):
    """Limits of a value, both included."""

    least: float
    most: float

    def fault(self, value: float) -> str | None:
        """Say on which side a value is outside.

        >>> Range(0.5, 2).fault(3), Range(0.5, 2).fault(1)
        ('more than 2', None)
        """
        if value < self.least:
            return f"less than {self.least:g}"
        if value > self.most:
            return f"more than {self.most:g}"
        return None


def check_range(least: float, most: float, lowest: float, highest: float, what: str) -> Range:
    """Return two limits.

    Raises:
        KnobError: one is not a number from `lowest` to `highest`, or the least is above the most.
    """
    for name, value in (("least", least), ("most", most)):
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not lowest <= value <= highest:
            raise KnobError(
                f"{name} should be {what} from {lowest:g} to {highest:g}, found {value!r}"
            )
    if least > most:
        raise KnobError(f"least should be at most as large as most, found {least} above {most}")
    return Range(least, most)


def check_one_of(given: Iterable[str], known: Iterable[str], knob: str) -> None:
    """Refuse names that a knob does not take.

    Raises:
        KnobError: names the first.
    """
    listed = list(known)
    for name in given:
        if name not in listed:
            raise KnobError(f"{knob} should be of: {', '.join(listed)}; found '{name}'")


def few(ids: Sequence[str], most: int = 5) -> str:
    """List a few ids.

    >>> few(["a", "b", "c"], most=2)
    'a, b, ...'
    """
    return ", ".join([*ids[:most], *(["..."] if len(ids) > most else [])])
