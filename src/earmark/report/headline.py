"""Say the result first: what preference changed on each test set, with its interval."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from earmark.errors import KnobError, did_you_mean
from earmark.report.numbers import (
    Verdict,
    counted,
    difference,
    interval,
    per_cent,
    relative,
    verdict,
)
from earmark.report.test_set import Json, ScoredSet

MOST_FAILURES_OF_A_LINE = 0.05
MOST_CARDS = 6
NO_CONTROL = (
    "No system is marked as the SFT control, so the page cannot say what preference adds to "
    "fine-tuning on the chosen answers alone."
)


class Span(NamedTuple):
    """Where an interval and its middle lie on a line with 0 at 50, all from 0 to 100."""

    left: float
    right: float
    middle: float


class Change(NamedTuple):
    """The error rate of one system minus another's: what it shows, and where it lies on a line."""

    system: str
    other: str
    verdict: Verdict
    words: str
    points: str
    interval: str
    span: Span | None


class Rate(NamedTuple):
    """The error rate of one system, with its interval."""

    system: str
    rate: str
    interval: str


class Card(NamedTuple):
    """The result on one test set, or of one system: first what changed, then the rates."""

    heading: str
    about: str
    changes: list[Change]
    rates: list[Rate]


class Headline(NamedTuple):
    """The cards, the sets that need one line each, and the note about both."""

    cards: list[Card]
    lines: list[Card]
    note: str


class Against(NamedTuple):
    """A comparison of two systems, before it is known how wide the widest of its kind is."""

    first: str
    second: str
    change: Json


def headline(sets: Sequence[ScoredSet], focus: str | None = None, why: str = "") -> Headline:
    """Return the result: for each set what one system changed, first against the control.

    On one set there is a card per system. On several there is a card per set, and all follow
    one system, so that what it loses on one set is beside what it gains on another: `focus`,
    or the system with the lowest rate on the first set. A set in one language on which failures
    are rare is one line.

    Raises:
        KnobError: `focus` is not one of the systems after the first.
    """
    first, *others = sets[0].systems
    if focus is not None and focus not in others:
        raise KnobError(f"cannot follow '{focus}'; {did_you_mean(focus, others)}")
    if not others:
        cards = _cards(sets, [(scored.name, scored, first) for scored in sets])
        return _split(sets, cards, f"Mixed error rate of {first}. In brackets: 95 % intervals.")
    control = sets[0].control
    if len(sets) == 1:
        cards = _cards(sets, [(system, sets[0], system) for system in others])
        about = f"Mixed error rate on {sets[0].name}, compared with {_both(first, control)}."
    else:
        focus, why = (focus, why) if focus else _lowest(sets[0])
        cards = _cards(sets, [(scored.name, scored, focus) for scored in sets])
        because = f", {why}," if why else ""
        rest = " Every system is under Numbers." if len(others) > 1 else ""
        about = f"Mixed error rate of {focus}{because} minus that of {_both(first, control)}.{rest}"
    unsure = (
        "In brackets: 95 % intervals; a difference whose interval includes 0 may be chance. "
        "The mark in the middle of each line is 0; left of it are fewer errors."
    )
    parts = [about, unsure, *([] if control else [NO_CONTROL])]
    return _split(sets, cards, " ".join(parts))


def _both(first: str, control: str | None) -> str:
    """Name the systems to compare with."""
    return f"{control} (the control) and of {first}" if control else first


def _lowest(scored: ScoredSet) -> tuple[str, str]:
    """Return the system with the lowest rate after the first, and what that choice does."""
    _, *others = scored.systems
    rates = {system: scored.scores[system]["mixed_error_rate"] for system in others}
    focus = min(others, key=lambda system: float("inf") if rates[system] is None else rates[system])
    if len(others) == 1:
        return focus, ""
    return focus, (
        f"of the {len(others)} systems after {scored.systems[0]} the one with the lowest rate on "
        f"{scored.name} (picked after seeing that result, which flatters it a little there)"
    )


def _split(sets: Sequence[ScoredSet], cards: list[Card], note: str) -> Headline:
    """Set aside the cards of the sets that need one line only, unless all of them do.

    Where there are more cards than fit before the examples, all are lines.
    """
    if len(cards) > MOST_CARDS:
        return Headline([], cards, note)
    small = {scored.name for scored in sets if needs_one_line(scored)}
    if len(sets) == 1 or len(small) == len(sets):
        return Headline(cards, [], note)
    return Headline(
        [card for card in cards if card.heading not in small],
        [card for card in cards if card.heading in small],
        note,
    )


def needs_one_line(scored: ScoredSet) -> bool:
    """Return whether a set is in one language and no system shows failures on much of it."""
    utterances = scored.scores[scored.systems[0]]["utterances"]
    return scored.is_monolingual and scored.most_failures <= MOST_FAILURES_OF_A_LINE * utterances


def _cards(sets: Sequence[ScoredSet], wanted: Sequence[tuple[str, ScoredSet, str]]) -> list[Card]:
    """Make a card for each (heading, set, system); differences of one kind share a scale."""
    several = len(sets) > 1
    found = [_against(scored, system) for _, scored, system in wanted]
    reach = _reach(each for card in found for each in card)
    return [
        Card(
            heading,
            _about(scored) if several else "",
            [_change(each, reach.get(each.first, 0.0)) for each in against],
            _rates(scored, system),
        )
        for (heading, scored, system), against in zip(wanted, found, strict=True)
    ]


def _reach(found: Iterable[Against]) -> dict[str, float]:
    """Return how far from 0 the intervals reach, for each system that is compared with."""
    reach: dict[str, float] = {}
    for each in found:
        for end in each.change["interval"] or ():
            reach[each.first] = max(reach.get(each.first, 0.0), abs(end))
    return reach


def _against(scored: ScoredSet, system: str) -> list[Against]:
    """List what a system is compared with: the control first, then the first system."""
    found = []
    if scored.control is not None and system in scored.control_comparisons:
        change = scored.control_comparisons[system]["mixed_error_rate"]
        found.append(Against(scored.control, system, change))
    if system in scored.comparisons:
        change = scored.comparisons[system]["mixed_error_rate"]
        found.append(Against(scored.systems[0], system, change))
    return found


def _change(against: Against, reach: float) -> Change:
    """Write a comparison; `reach` is the difference at the end of its line."""
    change = against.change
    shown, span = verdict(change), None
    if change["interval"] is not None:
        ends = (*change["interval"], change["difference"])
        span = Span(*(round(50 + 48 * end / (reach or 1.0), 2) for end in ends))
    words = relative(change["first"], change["second"])
    if shown == "unsure" and change["difference"] is not None:
        words = "no clear difference"
    points, _, rest = difference(change, " points").partition(" [")
    brackets = f"[{rest}" if rest else ""
    return Change(against.second, against.first, shown, words, points, brackets, span)


def _rates(scored: ScoredSet, system: str) -> list[Rate]:
    """Return the rates of the first system, the control and the system, each once."""
    names = dict.fromkeys([scored.systems[0], scored.control or system, system])
    scores = ((name, scored.scores[name]) for name in names)
    return [
        Rate(name, per_cent(score["mixed_error_rate"]), interval(score["interval"]))
        for name, score in scores
    ]


def _about(scored: ScoredSet) -> str:
    """Say how large a set is, and on how much of it the worst system fails."""
    utterances = scored.scores[scored.systems[0]]["utterances"]
    text = counted(utterances, "utterance")
    if not needs_one_line(scored):
        return text
    failures = scored.most_failures
    return f"{text}, " + (f"at most {counted(failures, 'failure')}" if failures else "no failures")
