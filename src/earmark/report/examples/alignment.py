"""Prepare an alignment for the page: one mark per token, written like tracked changes.

The marks are plain values; the template turns them into HTML and escapes every text. A hit
is plain, a substitution has what was spoken above it, a deletion is struck through and an
insertion underlined, so that the kind can be read without its colour.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from earmark.text.align import align
from earmark.text.language import Language, language_of

LangRun = tuple[Language, str]
"""A stretch of text in one language."""


class Mark(NamedTuple):
    """One token of an alignment. `folded` insertions beyond this one are only counted."""

    kind: str
    truth: str | None
    hyp: str | None
    folded: int = 0

    @property
    def joins(self) -> bool:
        """Return whether this is a Han character as said, which takes no blank beside its like."""
        return self.kind == "hit" and language_of(self.hyp or "") == "zh"


def marks(truth: Sequence[str], hyp: Sequence[str], *, longest_run: int = 24) -> list[Mark]:
    """Align two token lists and mark every token; a longer run of insertions is folded.

    A model that loops can write hundreds of words too many; the page shows the first
    `longest_run` of a run and says how many more there are.

    >>> [(m.kind, m.truth, m.hyp) for m in marks(["我", "去"], ["我", "去", "呢"])]
    [('hit', '我', '我'), ('hit', '去', '去'), ('insertion', None, '呢')]
    >>> [m.folded for m in marks([], ["对"] * 9, longest_run=3)]
    [0, 0, 0, 6]
    """
    whole = [
        Mark(
            edit.kind,
            None if edit.truth is None else truth[edit.truth],
            None if edit.hyp is None else hyp[edit.hyp],
        )
        for edit in align(truth, hyp)
    ]
    return [mark for run in _runs(whole) for mark in _fold(run, longest_run)]


def _runs(whole: list[Mark]) -> Iterator[list[Mark]]:
    """Split marks into runs of one kind."""
    for _, run in groupby(whole, key=lambda mark: mark.kind):
        yield list(run)


def _fold(run: list[Mark], longest_run: int) -> list[Mark]:
    """Keep the first insertions of a long run and count the others in one mark."""
    # One more mark that says "1 more" would take the room of the token itself.
    if run[0].kind != "insertion" or len(run) <= longest_run + 1:
        return run
    rest = len(run) - longest_run
    return [*run[:longest_run], Mark("insertion", None, None, folded=rest)]


def lang_runs(text: str) -> list[LangRun]:
    """Cut a text into runs of one language, for `lang` attributes; the runs join to the text.

    Blanks, digits and punctuation go with the run before them.

    >>> lang_runs("我要去 meeting 了。")
    [('zh', '我要去 '), ('en', 'meeting '), ('zh', '了。')]
    """
    runs: list[LangRun] = []
    for char in text:
        language = language_of(char)
        if runs and (language == "other" or runs[-1][0] in (language, "other")):
            before = runs[-1][0] if language == "other" else language
            runs[-1] = (before, runs[-1][1] + char)
        else:
            runs.append((language, char))
    return runs
