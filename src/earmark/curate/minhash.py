"""Texts that are nearly the same, found by MinHash (Broder 1997) in bounded memory.

Each text becomes a set of shingles: runs of characters or of words. The share of PERMUTATIONS
random orders of all shingles in which two sets have the same first element estimates their Jaccard
similarity. Signatures are cut into bands, and texts that agree in a whole band are compared.

Written here because datasketch keeps a Python set for each band of each text, which is about a
hundred times the memory of these arrays, and is more to install than this file is to read.
Signatures lie in a temporary file; in memory a text takes about 20 bytes, one band at a time.
"""

import tempfile
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Literal

import numpy as np

from earmark.text import tokenize

PERMUTATIONS = 128
CHARACTERS = 5
WORDS = 3
PRIME = np.uint64((1 << 31) - 1)
# How many texts of exactly the wanted similarity may go unnoticed.
MOST_MISSED = 0.1

Unit = Literal["characters", "words"]


@cache
def _coefficients() -> tuple[np.ndarray, np.ndarray]:
    """Return factors and summands of the permutations x -> a x + b mod PRIME, shape (P, 1)."""
    draw = np.random.default_rng(20260101)
    a = draw.integers(1, int(PRIME), (PERMUTATIONS, 1), dtype=np.uint64)
    return a, draw.integers(0, int(PRIME), (PERMUTATIONS, 1), dtype=np.uint64)


def shingles(text: str, unit: Unit) -> np.ndarray:
    """Return the hashes of a text's shingles, each once; a shorter text is one shingle.

    >>> len(shingles("abcdefg", "characters")), len(shingles("我们 meet", "words"))
    (3, 1)
    """
    if unit == "characters":
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
        values, width = codes.astype(np.uint64), CHARACTERS
    else:
        values = np.array([_word_hash(word) for word in tokenize(text)], np.uint64)
        width = WORDS
    if not len(values):
        return np.zeros(1, np.uint64)
    count = max(1, len(values) - width + 1)
    found = np.zeros(count, np.uint64)
    for place in range(min(width, len(values))):
        found = (found * np.uint64(1_000_003) + values[place : place + count]) % PRIME
    return np.unique(found)


def _word_hash(word: str) -> int:
    value = 7
    for char in word:
        value = (value * 131 + ord(char)) % int(PRIME)
    return value


def signature(text: str, unit: Unit) -> np.ndarray:
    """Return the MinHash signature of a text, shape (PERMUTATIONS,), uint32."""
    a, b = _coefficients()
    hashes = (a * shingles(text, unit)[None, :] + b) % PRIME
    least: np.ndarray = hashes.min(axis=1).astype(np.uint32)
    return least


def similarity(one: np.ndarray, other: np.ndarray) -> float:
    """Return the estimated Jaccard similarity of two texts, from their signatures.

    >>> similarity(signature("hello world", "characters"), signature("hello world", "characters"))
    1.0
    """
    return float(np.mean(one == other))


def rows_per_band(least: float) -> int:
    """Return how many hashes make a band, so that texts of this similarity agree in one.

    Texts of similarity s agree in all r hashes of a band with probability s^r, and in none of the
    P / r bands with (1 - s^r)^(P / r). The longest band is taken that misses few.

    >>> rows_per_band(0.8), rows_per_band(0.5)
    (8, 2)
    """
    lengths = (1, 2, 4, 8, 16)
    missed = {rows: (1 - least**rows) ** (PERMUTATIONS // rows) for rows in lengths}
    return max((rows for rows in lengths if missed[rows] < MOST_MISSED), default=1)


def clusters(texts: Iterable[str], least: float, unit: Unit) -> np.ndarray:
    """Return a number for each text, equal for texts that are joined by near-duplicates.

    Args:
        texts: read once.
        least: similarity from which two texts are near-duplicates.
        unit: of the shingles.

    Returns:
        the number of the first text of its cluster, shape (texts,).

    >>> clusters(["we meet at three o'clock", "what else?", "we meet at three o'clock!"], 0.7,
    ...          "characters").tolist()
    [0, 1, 0]
    """
    with tempfile.TemporaryFile(prefix="earmark-") as file:
        count = 0
        for text in texts:
            file.write(signature(text, unit).tobytes())
            count += 1
        if not count:
            return np.zeros(0, np.int64)
        file.flush()
        signatures = np.memmap(file, np.uint32, "r", shape=(count, PERMUTATIONS))
        parents = np.arange(count)
        width = rows_per_band(least)
        for start in range(0, PERMUTATIONS, width):
            _join_band(signatures, start, width, least, parents)
        return _roots(parents)


def _join_band(
    signatures: np.ndarray, start: int, width: int, least: float, parents: np.ndarray
) -> None:
    """Join the texts that agree in a band and are similar enough."""
    for members in _agreeing(_band_keys(signatures, start, width)):
        # Equal signatures are joined at once, so that thousands of copies are no square.
        different, first, of = np.unique(
            signatures[members], axis=0, return_index=True, return_inverse=True
        )
        for member, group in zip(members, of.reshape(-1).tolist(), strict=True):
            _join(parents, members[int(first[group])], member)
        for place in range(len(different) - 1):
            alike = np.mean(different[place + 1 :] == different[place], axis=1) >= least
            for other in np.flatnonzero(alike).tolist():
                _join(parents, members[int(first[place])], members[int(first[place + 1 + other])])


def _band_keys(signatures: np.ndarray, start: int, width: int, chunk: int = 1 << 16) -> np.ndarray:
    """Return a hash of a band for each text, shape (texts,); a part of the file at a time."""
    keys = np.zeros(len(signatures), np.uint64)
    for first in range(0, len(signatures), chunk):
        band = np.asarray(signatures[first : first + chunk, start : start + width], np.uint64)
        key = np.full(len(band), 1469598103934665603, np.uint64)
        for column in band.T:
            key = (key ^ column) * np.uint64(1099511628211)
        keys[first : first + chunk] = key
    return keys


def _agreeing(keys: np.ndarray) -> Iterator[list[int]]:
    """Yield the numbers of texts with equal keys, where there are several, in their order."""
    order = np.argsort(keys, kind="stable")
    same = keys[order][1:] == keys[order][:-1]
    edges = np.flatnonzero(np.diff(np.concatenate([[False], same, [False]]).astype(np.int8)))
    for start, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        yield order[start : end + 1].tolist()


def _root(parents: np.ndarray, member: int) -> int:
    while parents[member] != member:
        parents[member] = parents[parents[member]]
        member = int(parents[member])
    return member


def _join(parents: np.ndarray, one: int, other: int) -> None:
    first, second = sorted((_root(parents, one), _root(parents, other)))
    parents[second] = first


def _roots(parents: np.ndarray) -> np.ndarray:
    """Return the root of each text; parents come before their children."""
    while True:
        above = parents[parents]
        if np.array_equal(above, parents):
            return above
        parents = above
