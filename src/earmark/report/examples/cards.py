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


class SystemRow(NamedTuple):
    """What one system wrote for an example: its marks, its failure, and the text as written."""

    system: str
    outcome: Outcome
    marks: list[Mark]
    raw: list[LangRun]


class ExampleCard(NamedTuple):
    """One example: its id, its clip, what was said, and a row per system."""

    id: str
    clip: Clip
    truth: list[LangRun]
    rows: list[SystemRow]


class Group(NamedTuple):
    """The examples that one rule chose."""

    rule: str
    cards: list[ExampleCard]


def example_groups(scored: ScoredSet, chosen: Sequence[Choice]) -> list[Group]:
    """Prepare the chosen examples, gathered by rule; shows a progress bar."""
    cards = zip(chosen, _cards(scored, chosen), strict=True)
    return [
        Group(rule, [card for _, card in group])
        for rule, group in groupby(cards, key=lambda pair: pair[0].rule)
    ]


def _cards(scored: ScoredSet, chosen: Sequence[Choice]) -> Iterator[ExampleCard]:
    """Yield a card for each choice."""
    truths = {truth.id: truth for truth in scored.test_set.truths}
    hyps = {system: {hyp.id: hyp for hyp in rows} for system, rows in scored.test_set.hyps.items()}
    for choice in track(chosen, f"examples of {scored.name}") if chosen else ():
        truth = truths[choice.id]
        yield ExampleCard(
            truth.id,
            embed(truth, scored.test_set.folder),
            lang_runs(truth.text or ""),
            [
                _row(system, truth, hyps[system].get(truth.id), outcome, scored.profile)
                for system, outcome in scored.outcomes[truth.id].items()
            ],
        )


def _row(
    system: str, truth: Utterance, hyp: Hypothesis | None, outcome: Outcome, profile: str
) -> SystemRow:
    """Align what a system wrote with the truth; a missing hypothesis is all deletions."""
    text = hyp.text if hyp else ""
    raw = hyp.raw_text if hyp and hyp.raw_text is not None else text
    aligned = marks(tokenize(truth.text or "", profile), tokenize(text, profile))
    return SystemRow(system, outcome, aligned, lang_runs(raw))
