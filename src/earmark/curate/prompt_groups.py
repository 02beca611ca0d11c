"""The scores of all answers to a prompt, gathered from the pairs that have it.

A pair with several rejected answers may hold them all; else they come from several pairs. Each
answer of a prompt counts once. In memory an answer takes 32 bytes.
"""

from array import array
from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from earmark.curate.duplicates import prompt_key
from earmark.curate.fields import Missing, names_in, unscored
from earmark.curate.verdict import Stream
from earmark.errors import KnobError
from earmark.records import Pair
from earmark.storage.digests import short_hash


class Criteria(NamedTuple):
    """Two criteria, the first of which comes first: harmless or honest, then helpful."""

    first: str
    second: str


def two_criteria(criteria: str) -> Criteria:
    """Read two criteria.

    Raises:
        KnobError: there are not two, or both are the same.

    >>> two_criteria("harmless+helpful")
    Criteria(first='harmless', second='helpful')
    """
    names = names_in(criteria)
    if len(names) != 2 or names[0] == names[1]:
        raise KnobError(
            "criteria should name two criteria, the one with priority first, as in "
            f"harmless+helpful; found '{criteria}'"
        )
    return Criteria(*names)


def key_of(pair: Pair) -> int:
    """Return a number for the prompt of a pair."""
    return short_hash(prompt_key(pair.prompt))


def by_prompt(
    pairs: Stream,
    criteria: Criteria,
    missing: Missing,
    skip: Callable[[Pair], bool],
    measure: Callable[[np.ndarray], float],
) -> dict[int, float]:
    """Return what is measured of each prompt's answers, by `key_of` its pairs.

    Args:
        pairs: the pairs.
        criteria: two criteria by which their answers are scored.
        missing: whether pairs without scores stop the work.
        skip: pairs that are left out.
        measure: takes the scores of the different answers to a prompt, shape (answers, 2).
    """
    prompts, answers, scores = array("q"), array("q"), array("d")
    for pair in pairs:
        if skip(pair) or any(unscored(pair, name, missing) for name in criteria):
            continue
        key = key_of(pair)
        for place, text in enumerate([pair.chosen, *pair.losers]):
            prompts.append(key)
            answers.append(short_hash(prompt_key(text)))
            scores.extend(pair.scores[name][place] for name in criteria)
    keys = np.stack([np.asarray(prompts, np.int64), np.asarray(answers, np.int64)], axis=1)
    different, first = np.unique(keys, axis=0, return_index=True)
    values = np.asarray(scores).reshape(-1, 2)[first]
    changes = np.flatnonzero(different[1:, 0] != different[:-1, 0]) + 1
    starts = [0, *changes.tolist(), len(different)] if len(different) else []
    return {int(different[start, 0]): measure(values[start:end]) for start, end in pairwise(starts)}


def best_place(scores: np.ndarray) -> int | None:
    """Return the place of the answer that is strictly above all others on both criteria.

    Args:
        scores: shape (answers, 2).

    >>> best_place(np.array([[1, 1], [2, 3], [1, 2]])), best_place(np.array([[1, 2], [2, 1]]))
    (1, None)
    """
    place = int(np.argmax(scores[:, 0]))
    others = np.delete(scores, place, axis=0)
    return place if (scores[place] > others).all() else None
