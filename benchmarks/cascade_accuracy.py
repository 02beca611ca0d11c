"""Precision and recall of the cascade on the hand-labelled cases, without and with a lexicon.

    python benchmarks/cascade_accuracy.py [--misses]

The cases (`tests/failures/cases.jsonl`) were written and labelled from the definitions before
the cascade was tuned; the lexicon beside them is a small general word list. A case that the
cascade gets wrong stays as it is.
"""

import json
import sys
from collections import Counter
from pathlib import Path

from rich.console import Console
from rich.table import Table

from earmark.failures.cascade import LABELS, name_failure
from earmark.translators.dictionary_file import read_dictionary

FOLDER = Path(__file__).parents[1] / "tests" / "failures"


def judge(cases, lexicon=None):
    """Return (expected label, expected detail, label, detail, case) for each case."""
    named = [name_failure(case["truth"], case["hyp"], lexicon=lexicon)[:2] for case in cases]
    return [
        (case["label"], case["detail"], label, detail, case)
        for case, (label, detail) in zip(cases, named, strict=True)
    ]


def precision_and_recall(pairs):
    """Return name -> (cases, precision, recall) from (expected, found) pairs."""
    said, found = Counter(e for e, _ in pairs), Counter(f for _, f in pairs)
    right = Counter(e for e, f in pairs if e == f)
    return {
        name: (said[name], right[name] / found[name] if found[name] else 0.0, right[name] / count)
        for name, count in said.items()
    }


def table(title, without, with_lexicon):
    """Lay both results side by side."""
    shown = Table(title=title)
    shown.add_column("")
    for column in ("cases", "precision", "recall", "precision, lexicon", "recall, lexicon"):
        shown.add_column(column, justify="right")
    for name, (count, precision, recall) in without.items():
        _, precision_with, recall_with = with_lexicon[name]
        numbers = (precision, recall, precision_with, recall_with)
        shown.add_row(name, str(count), *(f"{number:.2f}" for number in numbers))
    return shown


def main():
    cases = [json.loads(line) for line in (FOLDER / "cases.jsonl").open(encoding="utf-8")]
    runs = [judge(cases), judge(cases, read_dictionary(FOLDER / "lexicon.tsv"))]
    console = Console(width=100)
    by_label = [precision_and_recall([(e, f) for e, _, f, _, _ in run]) for run in runs]
    assert set(by_label[0]) == set(LABELS)
    console.print(table(f"Labels, {len(cases)} cases", *by_label))
    details = [[(f"{e} / {d}", f"{f} / {g}") for e, d, f, g, _ in run] for run in runs]
    console.print(table("Details", *(precision_and_recall(pairs) for pairs in details)))
    for run, name in zip(runs, ("without lexicon", "with lexicon"), strict=True):
        for part in ("first", "held out"):
            console.print(summary(name, part, [row for row in run if row[-1]["set"] == part]))
        if "--misses" in sys.argv:
            for e, d, f, g, case in run:
                if (e, d) != (f, g):
                    console.print(f"  {e}/{d} -> {f}/{g}: {case['truth']} => {case['hyp']}")


def summary(name, part, run):
    """Say how many of a run's labels are right."""
    labels = sum(e == f for e, _, f, _, _ in run) / len(run)
    both = sum(e == f and d == g for e, d, f, g, _ in run) / len(run)
    return (
        f"{name}, {part} ({len(run)} cases): label right {labels:.1%}, "
        f"label and detail right {both:.1%}"
    )


if __name__ == "__main__":
    main()
