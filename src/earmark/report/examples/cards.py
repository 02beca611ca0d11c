"""Prepare the chosen examples for the page: sound, truth, and each system's marked text."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from earmark.progress import track
from earmark.records import Hypothesis, Utterance
from earmark.report.examples.alignment import LangRun, Mark, lang_runs, marks
from earmark.report.examples.choose import Choice
from earmark.report.examples.clip import Clip, embed
from earmark.report.test_set import Outcome, ScoredSet
from earmark.text import tokenize


class System(NamedTuple):
    """A system's name, and its place among the systems, which is its colour."""

    name: str
    place: int


class Answer(NamedTuple):
    """What one or several systems wrote alike: its marks, and its failure."""

    systems: list[System]
    outcome: Outcome
    marks: list[Mark]


class ExampleCard(NamedTuple):
    """One example: its id, its clip, what was said, the answers, and each text as written."""

    id: str
    clip: Clip
    truth: list[LangRun]
    answers: list[Answer]
    raw: list[tuple[str, list[LangRun]]]


class Group(NamedTuple):
    """The examples that one rule chose."""

    rule: str
    cards: list[ExampleCard]


class Examples(NamedTuple):
    """The examples of a set: those that are open, and those that are folded."""

    open: list[Group]
    folded: list[Group]

    @property
    def folded_count(self) -> int:
        """Return the number of folded examples."""
        return sum(len(group.cards) for group in self.folded)


def examples_of(scored: ScoredSet, chosen: Sequence[Choice], *, open_rules: int) -> Examples:
    """Prepare the chosen examples; shows a progress bar.

    The first example of each of the first `open_rules` rules is open.
    """
    cards = zip(chosen, _cards(scored, chosen), strict=True)
    groups = [
        Group(rule, [card for _, card in group])
        for rule, group in groupby(cards, key=lambda pair: pair[0].rule)
    ]
    first, rest = groups[:open_rules], groups[open_rules:]
    opening = [group._replace(cards=group.cards[:1]) for group in first]
    others = [group._replace(cards=group.cards[1:]) for group in first]
    return Examples(opening, [group for group in (*others, *rest) if group.cards])


def _cards(scored: ScoredSet, chosen: Sequence[Choice]) -> Iterator[ExampleCard]:
    """Yield a card for each choice."""
    test_set = scored.test_set
    truths = {truth.id: truth for truth in test_set.truths}
    hyps = {system: {hyp.id: hyp for hyp in rows} for system, rows in test_set.hyps.items()}
    for choice in track(chosen, f"examples of {scored.name}") if chosen else ():
        truth = truths[choice.id]
        written = {system: rows.get(truth.id) for system, rows in hyps.items()}
        yield ExampleCard(
            truth.id,
            embed(truth, test_set.folder, allow_outside=test_set.allow_outside),
            lang_runs(truth.text or ""),
            _answers(truth, written, scored),
            [(system, lang_runs(_raw(hyp))) for system, hyp in written.items()],
        )


def _answers(
    truth: Utterance, written: dict[str, Hypothesis | None], scored: ScoredSet
) -> list[Answer]:
    """Align what each system wrote with the truth; systems that wrote the same share a row."""
    said = tokenize(truth.text or "", scored.profile)
    answers: list[Answer] = []
    for place, (system, outcome) in enumerate(scored.outcomes[truth.id].items()):
        hyp = written[system]
        # A missing hypothesis is all deletions.
        aligned = marks(said, tokenize(hyp.text if hyp else "", scored.profile))
        alike = [a for a in answers if a.marks == aligned and a.outcome == outcome]
        if alike:
            alike[0].systems.append(System(system, place))
        else:
            answers.append(Answer([System(system, place)], outcome, aligned))
    return answers


def _raw(hyp: Hypothesis | None) -> str:
    """Return what a system wrote before anything was done to it."""
    if hyp is None:
        return ""
    return hyp.text if hyp.raw_text is None else hyp.raw_text
