"""The alignment with the fewest edits and, of those, the most hits: where RapidFuzz's has fewer.

A dynamic program over prefixes. An edit costs `each`, more than there can be substitutions, and a
substitution one more: the least cost has the fewest edits, and among those the fewest
substitutions, which is the most hits. Long texts are done in strips of rows, of which only the
first is kept on the way there, so that memory grows with the square root of the rows.
"""

from collections.abc import Iterator, Sequence
from itertools import chain, groupby
from typing import Any

import numpy as np

# Below so many cells plain lists are faster than numpy's calls.
FEW_CELLS = 4096
# How many cells of a strip are held at once, 8 bytes each.
STRIP_CELLS = 2_000_000
NAMES = {"=": "equal", "S": "replace", "D": "delete", "I": "insert"}

Block = tuple[str, int, int, int, int]


def align_with_most_hits(truth: Sequence[str], hyp: Sequence[str]) -> list[Block]:
    """Align two token lists; of alignments with equal cost and hits one is always taken.

    >>> blocks = align_with_most_hits("喝 汤 meeting 的".split(), "堂 meeting 得 得".split())
    >>> [tag for tag, *_ in blocks]
    ['replace', 'delete', 'equal', 'insert', 'replace']
    """
    start, end = _same_start(truth, hyp), 0
    shorter = min(len(truth), len(hyp))
    while end < shorter - start and truth[-1 - end] == hyp[-1 - end]:
        end += 1
    middle = truth[start : len(truth) - end], hyp[start : len(hyp) - end]
    tags = chain("=" * start, _tags(*middle), "=" * end)
    return list(_blocks(tags))


def _same_start(truth: Sequence[str], hyp: Sequence[str]) -> int:
    """Count the tokens that both begin with."""
    same = 0
    for one, other in zip(truth, hyp, strict=False):
        if one != other:
            break
        same += 1
    return same


def _tags(truth: Sequence[str], hyp: Sequence[str]) -> list[str]:
    """Return the edits from the first to the last: `=`, `S`, `D` or `I`."""
    if len(truth) * len(hyp) <= FEW_CELLS:
        each = len(truth) + len(hyp) + 1
        rows = _plain_rows(truth, hyp, each)
        tags, column = _backwards(truth, hyp, rows, each, len(hyp))
        return ["I"] * column + tags[::-1]
    return _tags_in_strips(truth, hyp)


def _plain_rows(truth: Sequence[str], hyp: Sequence[str], each: int) -> list[list[int]]:
    """Compute the least cost of all pairs of prefixes: [truth tokens, hyp tokens]."""
    row = [each * place for place in range(len(hyp) + 1)]
    rows = [row]
    for token in truth:
        above = row
        left = above[0] + each
        row = [left]
        for place, other in enumerate(hyp):
            best = above[place] if token == other else above[place] + each + 1
            deletion = above[place + 1] + each
            if deletion < best:
                best = deletion
            left += each
            left = min(left, best)
            row.append(left)
        rows.append(row)
    return rows


def _backwards(
    truth: Sequence[str], hyp: Sequence[str], rows: Any, each: int, column: int
) -> tuple[list[str], int]:
    """Walk from the last row to the first; return the edits from the last, and the column."""
    tags = []
    row = len(rows) - 1
    while row:
        cost, above = rows[row][column], rows[row - 1]
        if above[column] + each == cost:
            tags.append("D")
            row -= 1
        elif column and truth[row - 1] == hyp[column - 1] and above[column - 1] == cost:
            tags.append("=")
            row, column = row - 1, column - 1
        elif column and above[column - 1] + each + 1 == cost:
            tags.append("S")
            row, column = row - 1, column - 1
        else:
            tags.append("I")
            column -= 1
    return tags, column


def _tags_in_strips(truth: Sequence[str], hyp: Sequence[str]) -> list[str]:
    """Do the same with numpy, strip by strip from the last."""
    each = len(truth) + len(hyp) + 1
    number: dict[str, int] = {}
    numbers = np.array([number.setdefault(token, len(number)) for token in hyp], dtype=np.int64)
    height = max(1, STRIP_CELLS // (len(hyp) + 1))
    firsts = [each * np.arange(len(hyp) + 1, dtype=np.int64)]
    for start in range(0, len(truth) - height, height):
        for row in _rows(truth[start : start + height], numbers, number, firsts[-1], each):
            last = row
        firsts.append(last)
    tags: list[str] = []
    column = len(hyp)
    for strip in range(len(firsts) - 1, -1, -1):
        said = truth[strip * height : (strip + 1) * height]
        rows = [firsts[strip], *_rows(said, numbers, number, firsts[strip], each)]
        found, column = _backwards(said, hyp, rows, each, column)
        tags += found
    return ["I"] * column + tags[::-1]


def _rows(
    truth: Sequence[str], hyp: Any, number: dict[str, int], above: Any, each: int
) -> Iterator[Any]:
    """Yield the rows of costs below a row: an insertion adds `each` a column."""
    insertions = each * np.arange(len(hyp) + 1, dtype=np.int64)
    for token in truth:
        row = above + each
        diagonal = above[:-1] + np.where(hyp == number.get(token, -1), 0, each + 1)
        np.minimum(row[1:], diagonal, out=row[1:])
        row -= insertions
        np.minimum.accumulate(row, out=row)
        row += insertions
        yield row
        above = row


def _blocks(tags: Any) -> Iterator[Block]:
    """Gather edits into runs of one kind with their places."""
    truth = hyp = 0
    for kind, group in groupby(tags):
        length = sum(1 for _ in group)
        t0, h0 = truth, hyp
        truth += 0 if kind == "I" else length
        hyp += 0 if kind == "D" else length
        yield NAMES[kind], t0, truth, h0, hyp
