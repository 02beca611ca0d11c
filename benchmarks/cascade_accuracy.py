"""How often failures are named right: precision, recall and F1 per label and detail.

    python benchmarks/cascade_accuracy.py [--dictionary earmark] [--misses] [--json out.json]

Four sets of self-written cases in `tests/failures`, each printed by itself:

- own: written from the definitions by the hands that wrote the rules (`cases.jsonl`);
- blind: written from the definitions by somebody who had not read the rules;
- format: what models say instead of a transcript, and speech that only sounds like it; half of a
  set of which the other half served to write the rules;
- analogues: modelled on real outputs of Audio LLMs, with the border that each lies on.

**Own cases are an upper bound**: real outputs are messier. Intervals are Wilson's, 95 %.
"""

import argparse
import json
import sys
from collections import Counter
from math import sqrt
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from earmark.failures.cascade import LABELS, name_failure
from earmark.translators.dictionaries.choose import chosen_dictionary

FOLDER = Path(__file__).parents[1] / "tests" / "failures"
SETS = {
    "own": "cases.jsonl",
    "blind": "blind.jsonl",
    "format": "format.jsonl",
    "analogues": "analogues.jsonl",
}
Z = 1.96
# Fewer cases say next to nothing of a label.
FEWEST = 8


class Named(NamedTuple):
    """A case and what it was called."""

    case: dict
    label: str
    detail: str

    @property
    def is_right(self):
        return self.label == self.case["label"]


def wilson(right, total):
    """Return Wilson's interval of a share (95 %)."""
    if not total:
        return 0.0, 1.0
    share, spread = right / total, Z * Z / total
    middle = share + spread / 2
    half = Z * sqrt(share * (1 - share) / total + spread / (4 * total))
    return max(0.0, (middle - half) / (1 + spread)), min(1.0, (middle + half) / (1 + spread))


def load(name):
    """Read the cases of a set."""
    with (FOLDER / SETS[name]).open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def judge(cases, dictionary):
    """Name the failure of every case."""
    named = (name_failure(case["truth"], case["hyp"], dictionary=dictionary)[:2] for case in cases)
    return [Named(case, *found) for case, found in zip(cases, named, strict=True)]


def by_name(pairs):
    """Return name -> (cases, said, right) from (expected, found) pairs."""
    cases, said = Counter(e for e, _ in pairs), Counter(f for _, f in pairs)
    right = Counter(e for e, f in pairs if e == f)
    return {name: (cases[name], said[name], right[name]) for name in sorted(cases | said)}


def share(right, total):
    """Write a share with its interval."""
    if not total:
        return "-"
    low, high = wilson(right, total)
    return f"{right / total:.2f} [{low:.2f}, {high:.2f}]"


def table(title, counted):
    """Lay out precision, recall and F1."""
    shown = Table(title=title, title_justify="left")
    shown.add_column("")
    for column in ("cases", "said", "precision", "recall", "F1"):
        shown.add_column(column, justify="right")
    for name, (cases, said, right) in counted.items():
        both = cases + said
        f1 = f"{2 * right / both:.2f}" if both else "-"
        mark = " *" if cases < FEWEST else ""
        shown.add_row(
            name + mark, str(cases), str(said), share(right, said), share(right, cases), f1
        )
    return shown


def report(name, rows, console):
    """Print the tables of a set; return its numbers."""
    labels = by_name([(row.case["label"], row.label) for row in rows])
    details = by_name(
        [
            (f"{row.case['label']} / {row.case['detail']}", f"{row.label} / {row.detail}")
            for row in rows
        ]
    )
    right = sum(row.is_right for row in rows)
    console.print(f"\n{name}: {len(rows)} cases, label right {share(right, len(rows))}")
    console.print(table("labels", {label: labels[label] for label in LABELS if label in labels}))
    console.print(table("labels and details (* fewer than 8 cases)", details))
    borders = sorted({row.case.get("border", "") for row in rows} - {""})
    found = {}
    for border in borders:
        near = [row for row in rows if row.case.get("border") == border]
        found[border] = (sum(row.is_right for row in near), len(near))
        console.print(f"  {border}: {share(*found[border])} of {len(near)}")
    return {"right": right, "cases": len(rows), "labels": labels, "borders": found}


def main():
    """Judge the sets, print, and write the numbers if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dictionary", default="earmark", help="as `earmark score` takes it")
    parser.add_argument("--misses", action="store_true", help="list the cases that are wrong")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--json", type=Path, help="write the numbers here")
    args = parser.parse_args()
    dictionary = chosen_dictionary(args.dictionary)
    console = Console(width=100)
    console.print(f"dictionary: {dictionary.signature if dictionary else 'none'}")
    numbers = {}
    for name in args.sets:
        rows = judge(load(name), dictionary)
        numbers[name] = report(name, rows, console)
        if args.misses:
            for row in rows:
                case = row.case
                if (case["label"], case["detail"]) != (row.label, row.detail):
                    console.print(
                        f"  {case['label']}/{case['detail']} -> {row.label}/{row.detail}: "
                        f"{case['truth']} => {case['hyp']}"
                    )
    console.print(
        "\nOwn cases are an upper bound: they were written by the hands that wrote the rules."
    )
    if args.json:
        args.json.write_text(json.dumps(numbers, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    sys.exit(main())
