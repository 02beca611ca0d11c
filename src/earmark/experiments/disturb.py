"""Make pairs worse on purpose, or plainer: flip, corrupt the chosen text, keep one rejected."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from earmark.failures.surface import surface_of
from earmark.records import Pair
from earmark.text import tokenize
from earmark.text.align import align


def one_rejected(pairs: Sequence[Pair], seed: int) -> list[Pair]:
    """Keep one rejected answer of each row, drawn by the seed and the row's id alone."""
    kept = []
    for pair in pairs:
        at = Random(f"one {seed} {pair.id}").randrange(len(pair.losers))
        modes = pair.failure_modes[at : at + 1]
        kept.append(replace(pair, rejected=pair.losers[at], failure_modes=modes))
    return kept


def flip(pairs: Sequence[Pair], share: float, seed: int) -> list[Pair]:
    """Swap chosen and rejected in a share of the rows, which must have one rejected each.

    How many are flipped is exact; which ones is drawn by the seed. A larger share flips the
    rows of a smaller one and more.
    """
    order = list(range(len(pairs)))
    Random(f"flip {seed}").shuffle(order)
    flipped = set(order[: round(share * len(pairs))])
    return [_swapped(pair) if at in flipped else pair for at, pair in enumerate(pairs)]


def _swapped(pair: Pair) -> Pair:
    """Swap the two answers, each with its prompt."""
    (loser,) = pair.losers
    other = pair.rejected_prompt
    return replace(
        pair,
        chosen=loser,
        rejected=pair.chosen,
        prompt=pair.prompt if other is None else other,
        rejected_prompt=None if other is None else pair.prompt,
        failure_modes=["truth"],
        made_by={**pair.made_by, "flipped": True},
    )


def spoil_chosen(pairs: Sequence[Pair], rate: float, seed: int) -> list[Pair]:
    """Drop or replace a share of the tokens of the chosen answers; rejected ones stay.

    A row whose corrupted answer is empty or equals a rejected one keeps its own.
    """
    words = sorted({token for pair in pairs for token in tokenize(pair.chosen)})
    spoilt = []
    for pair in pairs:
        text = noisy(pair.chosen, rate, Random(f"noise {seed} {pair.id}"), words)
        taken = {tuple(tokenize(loser)) for loser in pair.losers} | {()}
        keep = tuple(tokenize(text)) in taken
        spoilt.append(pair if keep else replace(pair, chosen=text))
    return spoilt


def noisy(text: str, rate: float, rng: Random, words: Sequence[str]) -> str:
    """Hit each token with probability `rate`: half of those hit go, half become another word.

    >>> noisy("we share it", 0.0, Random(0), ["no"]), noisy("we share", 1.0, Random(1), ["no"])
    ('we share it', 'no')
    """
    surface = surface_of(text)
    parts = []
    for piece in surface.pieces:
        if rng.random() >= rate:
            parts.append(piece)
        elif rng.random() < 0.5:
            parts.append(rng.choice(words))
    return surface.assemble(parts)


def with_accuracy(pairs: Sequence[Pair]) -> list[Pair]:
    """Score each candidate: 1 minus its mixed error rate against the row's chosen answer.

    Scores below 0 become 0. Flipped and corrupted rows are scored against what they call chosen:
    scores from the truth would tell the objective which rows are wrong.
    """
    return [
        replace(pair, scores={**pair.scores, "accuracy": [1.0, *_accuracies(pair)]})
        for pair in pairs
    ]


def _accuracies(pair: Pair) -> list[float]:
    truth = tokenize(pair.chosen)
    wrong = (sum(edit.kind != "hit" for edit in align(truth, tokenize(x))) for x in pair.losers)
    return [max(0.0, 1 - errors / max(1, len(truth))) for errors in wrong]
