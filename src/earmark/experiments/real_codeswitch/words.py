"""Utterances of recorded words: a Mandarin frame with one or two English words in it.

They are no sentences that somebody would say; what they are for is that every sound in them is a
person's. The words are those that both folders hold, short English ones, each as often as others.
"""

from pathlib import Path
from random import Random

from earmark.records import Utterance
from earmark.text.script import is_han
from earmark.voices.engines.recorded import recordings

FEWEST, MOST = 2, 4
SEED = 5


def word_sentences(words: Path, english: Path, count: int) -> list[Utterance]:
    """Draw utterances of Mandarin words, then English ones, then Mandarin ones again.

    Args:
        words: folder of recorded Mandarin words.
        english: folder of recorded English words.
        count: how many.
    """
    zh = sorted(word for word in recordings(words) if all(map(is_han, word)))
    en = sorted(word for word in recordings(english) if word.isascii() and word.isalpha())
    rng = Random(SEED)
    found = []
    for number in range(count):
        before = rng.sample(zh, rng.randint(FEWEST, MOST))
        inside = rng.sample(en, rng.choice((1, 1, 2)))
        after = rng.sample(zh, rng.randint(1, FEWEST))
        text = f"{''.join(before)} {' '.join(inside)} {''.join(after)}"
        found.append(Utterance(f"words-{number:03d}", text, language="mixed"))
    return found
