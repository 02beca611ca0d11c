"""How much alike two sounds are, and from where on that is no accident.

Sounds are strings of phone classes; the similarity is RapidFuzz's: 2 x the letters in common, in
order, over the letters of both. Two random stretches are more alike the longer they are, and a
longer stretch that means something agrees better, so the threshold depends on the length. Made
and reported by `benchmarks/sound_alike.py`.
"""

from collections.abc import Sequence
from itertools import pairwise, product

from rapidfuzz import fuzz

from earmark.text.pronunciation.sound import readings_of

# Thresholds at lengths of the longer sound, in letters (a consonant has two), with straight lines
# between them: of random stretches of a length, one in a hundred is as much alike or fewer.
KNOTS = ((0, 0.75), (6, 0.68), (10, 0.64), (17, 0.60), (27, 0.55), (50, 0.52))
FOUND_KNOTS = ((0, 0.95), (6, 0.86), (10, 0.76), (17, 0.68), (27, 0.62), (50, 0.57))
LONGEST = KNOTS[-1][0]
# Letters of the shorter sound, two for a consonant: is and 是 may sound alike by accident.
SHORTEST = 4
# Within a longer text a sound is found by accident more often: it must be longer, and the text
# at most so many times as long.
SHORTEST_WITHIN, MUCH_LONGER = 10, 3


def alike(one: str, other: str) -> float:
    """Return how much alike two sounds are, from 0 to 1; equal ones are 1.

    >>> round(alike("PpLlaMne", "PpLlaNnPpo"), 3)
    0.667
    >>> alike("", "Pp")
    0.0
    """
    return fuzz.ratio(one, other) / 100


def sounds_alike(one: str, other: str) -> bool:
    """Return whether two sounds are more alike than chance makes them.

    >>> sounds_alike("KkaMn", "KkaMna"), sounds_alike("KkaMn", "PpiLl"), sounds_alike("", "")
    (True, False, False)
    """
    longest = max(len(one), len(other))
    return bool(longest) and alike(one, other) >= threshold(longest)


def found_in(sound: str, written: str) -> float:
    """Return how well a sound is found within what was written, from 0 to 1.

    The best window of what was written, as long as the sound; `alike` where it is no longer.

    >>> found_in("PpLliSs", "uoTaPpLliSsKku")
    1.0
    """
    if len(written) <= len(sound):
        return alike(sound, written)
    return fuzz.partial_ratio(sound, written) / 100


def is_found_in(sound: str, written: str) -> bool:
    """Return whether a sound is within what was written, more so than chance makes it.

    >>> is_found_in("PpLliSs", "uoTaPpLliSsKku"), is_found_in("PpLliSs", "uoTaMnaSsKku")
    (True, False)
    """
    return bool(sound) and found_in(sound, written) >= found_threshold(len(sound))


def most_alike(said: Sequence[str], written: Sequence[str]) -> float:
    """Return how much alike two stretches of tokens are, in the readings that agree best.

    >>> most_alike(["women"], ["我", "们"])
    1.0
    """
    readings = product(readings_of(said), readings_of(written))
    return max(alike(one, other) for one, other in readings)


def sound_agrees(said: Sequence[str], written: Sequence[str]) -> bool:
    """Return whether one stretch of tokens sounds like another, or is in it by sound.

    >>> sound_agrees(["plumber"], list("普兰柏")), sound_agrees(["plumber"], list("水管工"))
    (True, False)
    """
    return any(_agrees(*pair) for pair in product(readings_of(said), readings_of(written)))


def _agrees(said: str, written: str) -> bool:
    """Return whether a sound is like another, or is found in one that is not much longer."""
    if min(len(said), len(written)) < SHORTEST:
        return False
    within = len(said) >= SHORTEST_WITHIN and len(written) <= MUCH_LONGER * len(said)
    return sounds_alike(said, written) or (within and is_found_in(said, written))


def threshold(length: int) -> float:
    """Return the similarity from which sounds agree; `length` is that of the longer, in letters.

    >>> threshold(0) >= threshold(12) >= threshold(100)
    True
    """
    return _THRESHOLDS[min(length, LONGEST)]


def found_threshold(length: int) -> float:
    """Return the similarity from which a sound is found; `length` is its own, in letters."""
    return _FOUND[min(length, LONGEST)]


def _lines(knots: Sequence[tuple[int, float]]) -> tuple[float, ...]:
    """Return the values at each whole length, on straight lines between the knots."""
    values = []
    for (start, first), (end, last) in pairwise(knots):
        values += [first + (last - first) * (n - start) / (end - start) for n in range(start, end)]
    return (*values, knots[-1][1])


_THRESHOLDS, _FOUND = _lines(KNOTS), _lines(FOUND_KNOTS)
