"""The made-up test sets that scoring is timed on: an artificial one, and one of sentences.

`artificial` draws tokens: half of the utterances switch between Mandarin and English, a quarter
each is in one language; 15 tokens each, of which one in ten is substituted, deleted or inserted.

`sentences` draws the labelled cases of `tests/failures`: one to three after the other, of which
six in ten are written as they were said, a quarter with a few words corrupted, and the rest as the
case has it: translated, written by sound, left out, looping, with an assistant's talk.
"""

import json
import random
from pathlib import Path
from typing import NamedTuple

from earmark.records import Hypothesis, Utterance
from earmark.text import tokenize

CASES = Path(__file__).parents[1] / "tests" / "failures"
HAN = "我们你他的是在有会要去来说看想这那个不了就也都很好吗吧呢今天明年时候公司老师学生问题开始"
_ENGLISH = (
    "the meeting project deadline is going to be really nice but I think we should book a room "
    "for lunch tomorrow maybe after class because presentation slides are not ready yet okay"
)
WORDS = _ENGLISH.split()
TOKENS = 15
SPOILED = 0.1
# Of the sentences: written as they were said, with corrupted words, and then as the case has it.
AS_SAID, WITH_ERRORS = 0.6, 0.85


class Corpus(NamedTuple):
    """A test set, and the tokens of both sides, which jiwer is given with blanks between them."""

    truths: list[Utterance]
    hyps: list[Hypothesis]
    said: list[list[str]]
    written: list[list[str]]


def artificial(count: int) -> Corpus:
    """Make utterances of drawn tokens."""
    rng = random.Random(0)
    said = [_utterance(rng) for _ in range(count)]
    written = [_spoil(tokens, rng) for tokens in said]
    return _corpus([*map(_write, said)], [*map(_write, written)], said, written)


def sentences(count: int) -> Corpus:
    """Make utterances of sentences."""
    rng = random.Random(0)
    cases = [json.loads(row) for path in sorted(CASES.glob("*.jsonl")) for row in _lines(path)]
    words = [word for case in cases for word in tokenize(case["truth"])]
    truths, hyps = [], []
    for _ in range(count):
        drawn = rng.choices(cases, k=rng.randint(1, 3))
        truths.append("，".join(case["truth"] for case in drawn))
        hyps.append("，".join(_written(case, words, rng) for case in drawn))
    return _corpus(truths, hyps, [*map(tokenize, truths)], [*map(tokenize, hyps)])


def _corpus(
    truths: list[str], hyps: list[str], said: list[list[str]], written: list[list[str]]
) -> Corpus:
    return Corpus(
        [Utterance(str(n), text) for n, text in enumerate(truths)],
        [Hypothesis(str(n), text) for n, text in enumerate(hyps)],
        said,
        written,
    )


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


def _utterance(rng: random.Random) -> list[str]:
    """Make tokens: in one language, or in runs of both."""
    kind = rng.choice(("mixed", "mixed", "zh", "en"))
    tokens: list[str] = []
    mandarin = kind == "zh" or (kind == "mixed" and rng.random() < 0.5)
    while len(tokens) < TOKENS:
        run = TOKENS if kind != "mixed" else rng.randint(1, 6)
        tokens += rng.choices(HAN if mandarin else WORDS, k=run)
        mandarin = not mandarin
    return tokens[:TOKENS]


def _spoil(tokens: list[str], rng: random.Random) -> list[str]:
    """Substitute, delete or insert at one token in ten."""
    written = []
    for token in tokens:
        roll = rng.random() / SPOILED
        if roll < 1 / 3:
            written.append(rng.choice(HAN))
        elif roll >= 2 / 3:
            written += [token, rng.choice(WORDS)] if roll < 1 else [token]
    return written


def _write(tokens: list[str]) -> str:
    """Write tokens as people do: no blank between Han characters."""
    text = " ".join(tokens)
    for char in set(text) & set(HAN):
        text = text.replace(f"{char} ", char)
    return text + "。"


def _written(case: dict[str, str], words: list[str], rng: random.Random) -> str:
    """Write a case: as it was said, with a few words corrupted, or as the case has it."""
    roll = rng.random()
    if roll < AS_SAID:
        return case["truth"]
    if roll >= WITH_ERRORS:
        return case["hyp"]
    tokens = tokenize(case["truth"])
    for _ in range(rng.randint(1, 2)):
        place = rng.randrange(len(tokens) + 1)
        tokens[place : place + 1] = rng.choice(([], [rng.choice(words)], [rng.choice(words)]))
    return " ".join(tokens)
