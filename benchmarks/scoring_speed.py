"""How fast is scoring? Print a table for two made-up test sets, with ratios to jiwer.

    OMP_NUM_THREADS=1 python benchmarks/scoring_speed.py [--utterances 100000] [--rounds 3]

The test sets are those of `scoring_corpora.py`; jiwer is given tokens with blanks between them.
Rounds alternate, and the least time of each job counts, so that what else runs on the machine
matters least. All but the last line of a table is CPU time of one process; the last one is wall
time, and worth something on a quiet machine only.
"""

import argparse
import gc
import json
import platform
import time
from collections.abc import Callable

import jiwer

from earmark.evaluate.rows import row_dict
from earmark.evaluate.score import score
from earmark.evaluate.utterance import Measuring, Texts, texts_of
from earmark.evaluate.workers import measure_all
from earmark.text import tokenize
from earmark.text.align import align_blocks
from earmark.text.normalize.plain_texts import split_plain
from earmark.text.profiles import DEFAULT
from earmark.translators.dictionaries.shipped import load_earmark
from scoring_corpora import Corpus, artificial, sentences

JIWER = "jiwer, text split beforehand"
WHOLE = "score: everything in the JSON"
BARE = "score without failures"
CHUNK = 500


def seconds(work: Callable[[], object], clock: Callable[[], float]) -> float:
    """Time one call."""
    gc.collect()
    start = clock()
    work()
    return clock() - start


def jobs_of(corpus: Corpus) -> dict[str, Callable[[], object]]:
    """Return what is timed in CPU seconds, by name."""
    truths, hyps, said, written = corpus
    lines = [" ".join(tokens) for tokens in said], [" ".join(tokens) for tokens in written]
    texts = [row.text or "" for row in (*truths, *hyps)]
    chunks = [texts[start : start + CHUNK] for start in range(0, len(texts), CHUNK)]
    return {
        JIWER: lambda: jiwer.process_words(*lines),
        "split, one by one": lambda: [*map(tokenize, texts)],
        "split, many at once": lambda: [*map(split_plain, chunks)],
        "align alone": lambda: [*map(align_blocks, said, written)],
        "rows without failures": lambda: score(truths, hyps, failures=False),
        BARE: lambda: score(truths, hyps, failures=False).to_dict(),
        "score without a dictionary": lambda: score(truths, hyps, dictionary=None).to_dict(),
        WHOLE: lambda: score(truths, hyps).to_dict(),
        "score, and rows for a file": lambda: [
            *map(row_dict, score(truths, hyps, features=True).rows)
        ],
    }


def in_processes(texts: list[Texts], workers: int) -> float:
    """Return the wall time of measuring with a number of workers, in seconds."""
    how = Measuring(DEFAULT, load_earmark())
    return seconds(lambda: [*measure_all(texts, how, workers)], time.perf_counter)


def main() -> None:
    """Make the test sets, time the rounds, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--utterances", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    print(f"{args.utterances:,} utterances, Python {platform.python_version()}, least of rounds")
    for name, make in (("artificial", artificial), ("sentences", sentences)):
        corpus = make(args.utterances)
        jobs = jobs_of(corpus)
        texts = [texts_of(*pair) for pair in zip(corpus.truths, corpus.hyps, strict=True)]
        best = dict.fromkeys(jobs, float("inf"))
        wall = {1: float("inf"), 2: float("inf")}
        for _ in range(args.rounds):
            for job, work in jobs.items():
                best[job] = min(best[job], seconds(work, time.process_time))
            for workers in wall:
                wall[workers] = min(wall[workers], in_processes(texts, workers))
        report(name, best, wall, args.utterances)


def report(name: str, best: dict[str, float], wall: dict[int, float], utterances: int) -> None:
    """Print the table and, last, one line of JSON."""
    base = best[JIWER]
    print(f"\n| {name:31} | CPU s | µs/utterance | ratio to jiwer |")
    print(f"|{'-' * 33}|------:|-------------:|---------------:|")
    for job, value in best.items():
        each = 1e6 * value / utterances
        print(f"| {job:31} | {value:5.2f} | {each:12.1f} | {value / base:14.2f} |")
    efficiency = wall[1] / (2 * wall[2])
    print(f"\nmeasuring with 1 and 2 workers: {wall[1]:.2f} and {wall[2]:.2f} s of wall time, ")
    print(f"{100 * efficiency:.0f} % efficiency")
    line = {
        "benchmark": "scoring_speed",
        "corpus": name,
        "utterances": utterances,
        "ratio_to_jiwer": round(best[WHOLE] / base, 2),
        "ratio_without_failures": round(best[BARE] / base, 2),
        "efficiency_of_2_workers": round(efficiency, 2),
    }
    print("\n" + json.dumps(line))


if __name__ == "__main__":
    main()
