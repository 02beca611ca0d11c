"""Show how a system's utterances divide: right, ordinary errors, and each named failure."""

from collections.abc import Sequence
from typing import NamedTuple

from earmark.report.numbers import NO_BREAK, per_cent
from earmark.report.test_set import ScoredSet

# Of a bar: below these shares a segment has no room for its number, or for its name too.
NUMBER_FITS = 0.09
LETTER_WIDTH = 0.02  # the share that one letter of a label takes in a bar of a wide page


class Segment(NamedTuple):
    """One label's part of a bar. `kind` numbers the label; `room` says what fits into it.

    `text` is the share with its number of utterances, `short` the share alone.
    """

    label: str
    kind: int
    share: float
    text: str
    short: str
    room: str


class Stack(NamedTuple):
    """The bar of one system: its error rate, and its segments from the left."""

    system: str
    rate: str
    segments: list[Segment]

    @property
    def spoken(self) -> str:
        """Say the bar in words."""
        parts = [f"{segment.label} {segment.text}" for segment in self.segments]
        return f"{self.system}: {', '.join(parts)}"


class Stacks(NamedTuple):
    """The bars of one test set."""

    name: str
    stacks: list[Stack]


def kinds(sets: Sequence[ScoredSet]) -> dict[str, int]:
    """Number the labels of all sets, in their order: a number has one colour on the page."""
    labels = dict.fromkeys(label for scored in sets for label in scored.failure_modes)
    return {label: number for number, label in enumerate(labels)}


def shares(scored: ScoredSet, kind_of: dict[str, int]) -> Stacks:
    """Divide each system's utterances by their label; a label that does not occur is left out."""
    stacks = []
    for system, score in scored.scores.items():
        segments = []
        for label, found in score["failure_modes"].items():
            if found["utterances"]:
                share = found["rate"]
                text = f"{per_cent(share)} ({found['utterances']:,})"
                short, room = f"{int(100 * share + 0.5)}{NO_BREAK}%", _room(label, share)
                segments.append(Segment(label, kind_of[label], share, text, short, room))
        stacks.append(Stack(system, per_cent(score["mixed_error_rate"]), segments))
    return Stacks(scored.name, stacks)


def _room(label: str, share: float) -> str:
    """Say what fits into a segment: nothing, its number, or its name and number.

    >>> [_room("omission", share) for share in (0.05, 0.1, 0.35)]
    ['none', 'number', 'name']
    """
    if share < NUMBER_FITS:
        return "none"
    return "name" if share >= LETTER_WIDTH * (len(label) + 5) else "number"
