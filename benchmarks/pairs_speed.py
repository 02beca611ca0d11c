"""How long 100 000 pairs take by rule, and 100 000 names of failures, on one core.

    python benchmarks/pairs_speed.py [pairs]

Pairs are built as `earmark pairs imitate` builds them, from a manifest on disk to a pairs file:
reading, checking that each clip exists, imitating, normalising, writing. Sentences have about
15 tokens, a quarter of them English. Names are given to the imitations, to the truths and to
truths with a few ordinary errors; tokens and blocks are passed in, as scoring does.
"""

import json
import random
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from earmark.failures import MODES
from earmark.failures.cascade import name_failure
from earmark.failures.mode import Tools
from earmark.pairs.defaults import PAPER_MIX
from earmark.pairs.files import imitate_file
from earmark.pairs.imitate import Imitation
from earmark.pairs.mix import parse_mix
from earmark.text import tokenize
from earmark.text.align import align_blocks
from earmark.translators.dictionaries.dictionary_file import read_dictionary

ENTRIES = Path(__file__).parents[1] / "tests" / "failures" / "dictionary.tsv"
WORDS_PER_SENTENCE = 9
ENGLISH_SHARE = 0.35
MIXES = {"the paper's mix": PAPER_MIX, "every mode": ",".join(f"{mode}=1" for mode in MODES)}


def sentence(rng, entries):
    """Make a sentence of words in both languages."""
    words = [
        en if rng.random() < ENGLISH_SHARE else zh
        for zh, en in rng.choices(entries, k=WORDS_PER_SENTENCE)
    ]
    return " ".join(words)


def write_manifest(folder, count):
    """Write a manifest of `count` utterances that share a thousand clips; return its path."""
    rng = random.Random(0)
    entries = [line.split("\t") for line in ENTRIES.read_text("utf-8").splitlines()]
    for n in range(1000):
        (folder / f"{n}.wav").touch()
    path = folder / "utterances.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for n in range(count):
            row = {"id": f"u{n}", "audio": f"{n % 1000}.wav", "text": sentence(rng, entries)}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return path


def slips(truth, rng):
    """Make one to three ordinary errors."""
    tokens = list(truth)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(tokens))
        tokens[at : at + 1] = rng.choice([[], [rng.choice(truth)], [tokens[at], "的"]])
    return tokens


def aligned(pairs_file, rng):
    """Return what name_failure is given: texts, tokens and blocks, of four kinds in turn."""
    rows = []
    with pairs_file.open(encoding="utf-8") as file:
        for n, line in enumerate(file):
            pair = json.loads(line)
            truth = tokenize(pair["chosen"])
            if n % 4 == 0:
                hyp = tokenize(pair["rejected"])
            else:
                hyp = slips(truth, rng) if n % 4 < 3 else list(truth)
            rows.append((pair["chosen"], " ".join(hyp), truth, hyp, align_blocks(truth, hyp)))
    return rows


def name_all(rows):
    """Name every failure; return how many."""
    for truth, hyp, truth_tokens, hyp_tokens, blocks in rows:
        name_failure(truth, hyp, blocks=blocks, truth_tokens=truth_tokens, hyp_tokens=hyp_tokens)
    return len(rows)


def timed(table, title, work):
    """Add a row that says how long some work took, on the clock and of the processor's time."""
    clock, processor = time.perf_counter(), time.process_time()
    number = work()
    clock, processor = time.perf_counter() - clock, time.process_time() - processor
    numbers = (f"{number:,}", f"{clock:.1f}", f"{processor:.1f}", f"{number / processor:,.0f}")
    table.add_row(title, *numbers)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    columns = ("number", "seconds", "CPU seconds", "per CPU second")
    table = Table("", *columns, title="Pairs and failures, one core")
    for column in table.columns[1:]:
        column.justify = "right"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        manifest, out = write_manifest(folder, count), folder / "pairs.jsonl"
        for title, mix in MIXES.items():
            plan = Imitation(parse_mix(mix)[0], Tools(read_dictionary(ENTRIES)))
            timed(
                table, f"pairs, {title}", lambda plan=plan: imitate_file(manifest, out, plan).pairs
            )
        rows = aligned(out, random.Random(0))
    timed(table, "failures named", lambda: name_all(rows))
    Console().print(table)


if __name__ == "__main__":
    main()
