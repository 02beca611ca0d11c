"""Keep so many pairs that the first word of an answer does not give its side away."""

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from earmark.curate.fields import Groups
from earmark.curate.settled import settled
from earmark.curate.verdict import Drop, Keep, Stream, Verdict
from earmark.errors import KnobError
from earmark.records import Pair
from earmark.text import tokenize


def first_word_leak(pairs: Stream, *, most: float = 0.8, seen: int = 10) -> Iterator[Verdict]:
    """Drop pairs until no frequent first word is on one side in more than `most` of its answers.

    In the data of arXiv 2512.06097 the first word alone separates chosen from rejected answers in
    99.95 % of texts, so that a model can be trained to open its answers and no more. Pairs are
    dropped from the end of the file. Pairs whose sides begin alike stay. Pairs that are kept have a
    record of it, since later steps may change the shares. The audit is that of the
    project's notes on the paper; the paper has none, and the limits are ours.

    Args:
        pairs: each rejected answer counts, and the chosen one once for each.
        most: share of a word's answers that may be on one side, from 0.5 to 1.
        seen: answers that begin with a word, from which it is looked at.

    Raises:
        KnobError: a share or count out of range.
    """
    check_leak(most, seen)
    return _verdicts(pairs, {"by": "first_word_leak", "most": most, "seen": seen})


def check_leak(most: float, seen: int = 1) -> None:
    """Refuse what no share of one of two sides can be.

    Raises:
        KnobError: says which.
    """
    if isinstance(most, bool) or not isinstance(most, int | float) or not 0.5 <= most <= 1:
        raise KnobError(f"most should be a share of one of two sides, 0.5 to 1, found {most!r}")
    if isinstance(seen, bool) or not isinstance(seen, int) or seen < 1:
        raise KnobError(f"seen should be a whole number from 1, found {seen!r}")


def first_word(text: str) -> str:
    """Return the first word of a text, or its first Han character; nothing of an empty one.

    >>> first_word("You're asking"), first_word("我们 go"), first_word("...")
    ("you're", '我', '')
    """
    # The first words of a long answer are at its beginning.
    return next(iter(tokenize(text[:200])), "")


class _Words:
    """The first words of all answers: those of a pair lie at starts[i] to starts[i + 1]."""

    def __init__(self, pairs: Iterable[Pair]) -> None:
        self.groups = Groups()
        self.words, self.starts = array("i"), array("q", [0])
        for pair in pairs:
            for text in (pair.chosen, *pair.losers):
                self.words.append(self.groups.number(first_word(text)))
            self.starts.append(len(self.words))
        self.names = list(self.groups.names)

    def of(self, index: int) -> tuple[int, list[int]]:
        chosen, *rejected = self.words[self.starts[index] : self.starts[index + 1]]
        return chosen, rejected


def _verdicts(pairs: Stream, step: dict[str, Any]) -> Iterator[Verdict]:
    words = _Words(pair for pair in pairs if settled(pair, step) is None)
    blamed = iter(_blamed(words, step["most"], step["seen"]))
    for pair in pairs:
        if settled(pair, step) is not None:
            yield Keep(pair)
        elif (word := next(blamed)) < 0:
            yield Keep(pair, step)
        else:
            yield Drop(pair, f"its first word gives its side away: '{words.names[word]}'")


def _blamed(words: _Words, most: float, seen: int) -> "array[int]":
    """Return for each pair the word for which it is dropped, -1 where it is kept."""
    left: Counter[int] = Counter()
    right: Counter[int] = Counter()
    for index in range(len(words.starts) - 1):
        _count(words.of(index), left, right, 1)
    blamed = array("i", [-1] * (len(words.starts) - 1))
    changed = True
    while changed:
        changed = False
        for index in range(len(blamed) - 1, -1, -1):
            if blamed[index] < 0 and (guilty := _guilty(words.of(index), left, right, most, seen)):
                blamed[index] = guilty - 1
                _count(words.of(index), left, right, -1)
                changed = True
    return blamed


def _count(of: tuple[int, list[int]], left: Counter[int], right: Counter[int], one: int) -> None:
    chosen, rejected = of
    for word in rejected:
        left[chosen] += one
        right[word] += one


def _guilty(
    of: tuple[int, list[int]], left: Counter[int], right: Counter[int], most: float, seen: int
) -> int:
    """Return one more than the word by which a pair gives a side away; 0 if there is none."""
    chosen, rejected = of
    if all(word == chosen for word in rejected):
        return 0
    if _one_sided(left[chosen], right[chosen], most, seen):
        return chosen + 1
    for word in rejected:
        if word != chosen and _one_sided(right[word], left[word], most, seen):
            return word + 1
    return 0


def _one_sided(here: int, there: int, most: float, seen: int) -> bool:
    total = here + there
    return total >= seen and here > most * total


def accuracy(sides: dict[str, list[int]]) -> float | None:
    """Return how often the side of an answer is guessed from its first word, in sample.

    Args:
        sides: for each word, how many chosen and how many rejected answers begin with it.

    >>> accuracy({"you": [0, 8], "i": [8, 0], "we": [2, 2]})
    0.9
    """
    total = sum(map(sum, sides.values()))
    return sum(map(max, sides.values())) / total if total else None
