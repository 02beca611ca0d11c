"""Small made-up test sets for the tests of scoring."""

import random

from earmark.records import Hypothesis, Utterance

WORDS = [chr(0x4E00 + n) for n in range(0, 60, 3)] + [
    "ok",
    "go",
    "the",
    "meeting",
    "book",
    "一",
    "2019",
]
PLAIN_WORDS = [word for word in WORDS if word.isascii() or word in "一丁"]


def corpus(count: int, seed: int = 0, speakers: int = 0) -> list[Utterance]:
    """Make utterances of 0 to 12 tokens."""
    rng = random.Random(seed)
    return [
        Utterance(
            id=f"u{n}",
            text=" ".join(rng.choices(PLAIN_WORDS, k=rng.randint(0, 12))),
            speaker=f"s{n % speakers}" if speakers else None,
        )
        for n in range(count)
    ]


def noisy(truths: list[Utterance], rate: float, seed: int = 1) -> list[Hypothesis]:
    """Write each truth with random substitutions, deletions and insertions."""
    rng = random.Random(seed)

    def spoil(word: str) -> list[str]:
        roll = rng.random() / rate if rate else 9.0
        if roll < 1 / 3:
            return [rng.choice(PLAIN_WORDS)]
        if roll < 2 / 3:
            return []
        return [word, rng.choice(PLAIN_WORDS)] if roll < 1 else [word]

    texts = [" ".join(w for word in (t.text or "").split() for w in spoil(word)) for t in truths]
    return [Hypothesis(t.id, text) for t, text in zip(truths, texts, strict=True)]
