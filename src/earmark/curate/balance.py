"""Keep as many pairs of each language, failure mode or task."""

from array import array
from collections.abc import Iterator
from typing import Any

import numpy as np

from earmark.curate.fields import Groups, group_of
from earmark.curate.settled import settled
from earmark.curate.verdict import Drop, Keep, Stream, Verdict
from earmark.errors import KnobError, check_seed
from earmark.storage.digests import short_hash


def balance(
    pairs: Stream, *, per: str = "language", ratio: float = 1.0, least: int = 1, seed: int = 0
) -> Iterator[Verdict]:
    """Keep at most `ratio` times as many pairs of each group as the smallest group has.

    Which ones is drawn by id, so that it depends on no other pair. Pairs that are kept have a
    record of it, since later steps may make a group smaller.

    Args:
        pairs: each needs a value of the field `per`.
        per: the field: language, failure_modes, source, task or another annotation.
        ratio: largest group to smallest, at least 1.
        least: groups with fewer pairs are kept and do not count as the smallest.
        seed: of the draw.

    Raises:
        InputError: a pair without a value.
        KnobError: a ratio below 1, nothing to group by, or a seed out of range.
    """
    check_seed(seed)
    if not per:
        raise KnobError("per should name a field, such as language, failure_modes or task")
    if isinstance(ratio, bool) or not isinstance(ratio, int | float) or not ratio >= 1:
        raise KnobError(f"ratio should be a number from 1, found {ratio!r}")
    if isinstance(least, bool) or not isinstance(least, int) or least < 1:
        raise KnobError(f"least should be a whole number of pairs from 1, found {least!r}")
    step = {"by": "balance", "per": per, "ratio": ratio, "least": least, "seed": seed}
    return _verdicts(pairs, step)


def _verdicts(pairs: Stream, step: dict[str, Any]) -> Iterator[Verdict]:
    groups, of, draws = Groups(), array("i"), array("q")
    for pair in pairs:
        if settled(pair, step) is None:
            of.append(groups.number(group_of(pair, step["per"])))
            draws.append(short_hash(f"{step['seed']}\x1f{pair.id}"))
    names, sizes, kept = _drawn(groups, np.asarray(of), np.asarray(draws, np.int64), step)
    place = 0
    for pair in pairs:
        if settled(pair, step) is not None:
            yield Keep(pair)
            continue
        number = of[place]
        if kept[place]:
            yield Keep(pair, step)
        else:
            size = int(sizes[number])
            yield Drop(
                pair, f"one of {size} with {step['per']} '{names[number]}', drawn to balance"
            )
        place += 1


def _drawn(
    groups: Groups, of: np.ndarray, draws: np.ndarray, step: dict[str, Any]
) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return the names of the groups, their sizes, and which pairs are kept."""
    sizes = np.bincount(of, minlength=len(groups.names)) if len(of) else np.zeros(0, int)
    large = sizes[sizes >= step["least"]]
    allowed = int(step["ratio"] * large.min()) if len(large) else 0
    kept = np.ones(len(of), bool)
    for number in np.flatnonzero(sizes > max(allowed, step["least"] - 1)):
        members = np.flatnonzero(of == number)
        kept[members[np.argsort(draws[members], kind="stable")[allowed:]]] = False
    return list(groups.names), sizes, kept
