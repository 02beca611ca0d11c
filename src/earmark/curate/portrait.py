"""What a set of pairs looks like: counts by source and task, order by score, what gives sides away.

Counted pair by pair, so that a million pairs need no more memory than a thousand: values beyond the
first MOST_VALUES of a field, and first words beyond MOST_WORDS, are counted together.
"""

from collections import Counter
from typing import Any, NamedTuple

from earmark.curate.fields import value_of
from earmark.curate.first_word_leak import accuracy, first_word
from earmark.curate.length_leak import lengthening
from earmark.pairs.rules import score_problems
from earmark.records import Pair

FIELDS = ("source", "task", "language", "failure_modes", "difficulty", "input_quality", "safety")
MOST_VALUES = 200
MOST_WORDS = 20_000
NONE = "not given"
OTHERS = "others"


class Facts(NamedTuple):
    """What is counted of one pair.

    `order` says for each criterion whether the chosen answer is above, equal to or below the best
    rejected one; `length` whether it is shorter, equal or longer than they are on average.
    """

    values: tuple[str, ...]
    order: dict[str, str]
    length: str
    first_words: tuple[str, ...]


def facts_of(pair: Pair) -> Facts:
    """Return what is counted of a pair.

    >>> facts_of(Pair("p", [], "我 go", "you", scores={"r": [1, 2]}))[1:]
    ({'r': 'below'}, 'longer', ('我', 'you'))
    """
    order = {}
    for criterion in pair.scores:
        if next(score_problems(pair, criterion), None) is None:
            chosen, *rejected = pair.scores[criterion]
            highest = max(rejected)
            side = "below" if chosen < highest else "above" if chosen > highest else "equal"
            order[criterion] = side
    more = lengthening(pair)
    return Facts(
        tuple(value_of(pair, name) or NONE for name in FIELDS),
        order,
        "shorter" if more < 0 else "longer" if more > 0 else "equal",
        tuple(map(first_word, (pair.chosen, *pair.losers))),
    )


class Portrait:
    """Counts over pairs; `add` the facts of each, then `as_dict`."""

    def __init__(self) -> None:
        self.pairs = 0
        self._fields = {name: Counter[str]() for name in FIELDS}
        self._order: dict[str, Counter[str]] = {}
        self._lengths: Counter[str] = Counter()
        self._words: dict[str, list[int]] = {}

    def add(self, facts: Facts) -> None:
        """Count a pair."""
        self.pairs += 1
        for counts, value in zip(self._fields.values(), facts.values, strict=True):
            room = value in counts or len(counts) < MOST_VALUES
            counts[value if room else OTHERS] += 1
        for criterion, side in facts.order.items():
            self._order.setdefault(criterion, Counter())[side] += 1
        self._lengths[facts.length] += 1
        chosen, *rejected = facts.first_words
        for word in rejected:
            self._see(chosen, 0)
            self._see(word, 1)

    def _see(self, word: str, side: int) -> None:
        if word not in self._words and len(self._words) >= MOST_WORDS:
            word = OTHERS
        self._words.setdefault(word, [0, 0])[side] += 1

    def as_dict(self) -> dict[str, Any]:
        """Return the counts as plain values.

        `chosen_below_rejected` is the share of pairs whose best rejected answer scores above the
        chosen one; `guessed_by_length` how often the better of the two rules "the shorter" and
        "the longer" names the chosen answer of pairs of unequal lengths; `guessed_by_first_word`
        how often the side of an answer follows from its first word, in sample.
        """
        unequal = self._lengths["shorter"] + self._lengths["longer"]
        best = max(self._lengths["shorter"], self._lengths["longer"])
        return {
            "pairs": self.pairs,
            "by": {
                name: dict(counts.most_common())
                for name, counts in self._fields.items()
                if counts and set(counts) != {NONE}
            },
            "order": {
                criterion: {
                    **{side: counts[side] for side in ("above", "equal", "below")},
                    "chosen_below_rejected": counts["below"] / counts.total(),
                }
                for criterion, counts in sorted(self._order.items())
            },
            "lengths": {side: self._lengths[side] for side in ("shorter", "equal", "longer")},
            "guessed_by_length": best / unequal if unequal else None,
            "guessed_by_first_word": accuracy(self._words),
        }
