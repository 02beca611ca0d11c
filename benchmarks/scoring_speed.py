"""How fast is scoring? Print a table, and the ratio to jiwer on text split beforehand.

    OMP_NUM_THREADS=1 python benchmarks/scoring_speed.py [--utterances 100000] [--rounds 3]

Half of the made-up utterances switch between Mandarin and English, a quarter each is in one
language; 15 tokens each, of which one in ten is wrong. Everything runs on one core, in
rounds that alternate, and the median counts.
"""

import argparse
import json
import platform
import random
import time
from collections.abc import Callable
from statistics import median

import jiwer

from earmark.evaluate.rows import row_dict
from earmark.evaluate.score import score
from earmark.records import Hypothesis, Utterance
from earmark.text import tokenize
from earmark.text.align import align

HAN = "我们你他的是在有会要去来说看想这那个不了就也都很好吗吧呢今天明年时候公司老师学生问题开始"
_ENGLISH = (
    "the meeting project deadline is going to be really nice but I think we should book a room "
    "for lunch tomorrow maybe after class because presentation slides are not ready yet okay"
)
WORDS = _ENGLISH.split()
TOKENS = 15
SPOILED = 0.1


def utterance(rng: random.Random) -> list[str]:
    """Make tokens: in one language, or in runs of both."""
    kind = rng.choice(("mixed", "mixed", "zh", "en"))
    tokens: list[str] = []
    mandarin = kind == "zh" or (kind == "mixed" and rng.random() < 0.5)
    while len(tokens) < TOKENS:
        run = TOKENS if kind != "mixed" else rng.randint(1, 6)
        tokens += rng.choices(HAN if mandarin else WORDS, k=run)
        mandarin = not mandarin
    return tokens[:TOKENS]


def spoil(tokens: list[str], rng: random.Random) -> list[str]:
    """Substitute, delete or insert at one token in ten."""
    written = []
    for token in tokens:
        roll = rng.random() / SPOILED
        if roll < 1 / 3:
            written.append(rng.choice(HAN))
        elif roll >= 2 / 3:
            written += [token, rng.choice(WORDS)] if roll < 1 else [token]
    return written


def write(tokens: list[str]) -> str:
    """Write tokens as people do: no blank between Han characters."""
    text = " ".join(tokens)
    for char in set(text) & set(HAN):
        text = text.replace(f"{char} ", char)
    return text + "。"


def seconds(work: Callable[[], object]) -> float:
    """Time one call, in seconds of this process's CPU."""
    start = time.process_time()
    work()
    return time.process_time() - start


def main() -> None:
    """Make the test set, time the rounds, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--utterances", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    rng = random.Random(0)
    said = [utterance(rng) for _ in range(args.utterances)]
    written = [spoil(tokens, rng) for tokens in said]
    truths = [Utterance(str(n), write(tokens)) for n, tokens in enumerate(said)]
    hyps = [Hypothesis(str(n), write(tokens)) for n, tokens in enumerate(written)]
    split = ([" ".join(tokens) for tokens in said], [" ".join(tokens) for tokens in written])
    score(truths[:100], hyps[:100]).to_dict()

    result = {}
    jobs: dict[str, Callable[[], object]] = {
        "jiwer, text split beforehand": lambda: jiwer.process_words(*split),
        "align alone, split beforehand": lambda: [*map(align, said, written)],
        "tokenize both sides": lambda: [tokenize(row.text or "") for row in (*truths, *hyps)],
        "score: everything in the JSON": lambda: result.update(score(truths, hyps).to_dict()),
        "score, and rows for a file": lambda: [
            *map(row_dict, score(truths, hyps, features=True).rows)
        ],
    }
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(args.rounds):
        for name, work in jobs.items():
            times[name].append(seconds(work))
    report(times, result, args.utterances)


def report(times: dict[str, list[float]], result: dict, utterances: int) -> None:
    """Print the table and, last, one line of JSON."""
    middle = {name: median(values) for name, values in times.items()}
    base = middle["jiwer, text split beforehand"]
    rate = 100 * result["mixed_error_rate"]
    print(f"{utterances:,} utterances of {TOKENS} tokens, mixed error rate {rate:.1f} %, one core,")
    print(f"Python {platform.python_version()}, median of interleaved rounds\n")
    print(f"| {'':31} | CPU s | µs/utterance | ratio to jiwer |")
    print(f"|{'-' * 33}|------:|-------------:|---------------:|")
    for name, value in middle.items():
        each = 1e6 * value / utterances
        print(f"| {name:31} | {value:5.2f} | {each:12.1f} | {value / base:14.2f} |")
    full = middle["score: everything in the JSON"]
    line = {
        "benchmark": "scoring_speed",
        "utterances": utterances,
        "score_s": round(full, 2),
        "jiwer_s": round(base, 2),
        "ratio_to_jiwer": round(full / base, 2),
        "target_s": 12,
    }
    print("\n" + json.dumps(line))


if __name__ == "__main__":
    main()
