"""The demo over several seeds: what each arm reaches, with intervals, and what was promised.

Each seed draws its own training speech, pairs and training order; the development and test sets
are the same for all. The preference arm is chosen on the development set, for each seed. A run
that was stopped resumes when it is started again with the same folder.

Prints the tables as Markdown, writes a figure beside them, and one JSON object as last line.
"""

import argparse
import json
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from earmark.recipes.demo import ARMS, Result, run_demo
from earmark.recipes.demo_summary import error_rate, summary_tables
from earmark.report.plots.seeds import seed_bars
from earmark.report.plots.svg import PAPER, to_svg_file
from earmark.report.tables import to_markdown
from earmark.storage.atomic import write_text

MONOLINGUAL = ("english", "mandarin")


def rates(results: Sequence[Result], arm: str, name: str) -> list[float]:
    """Return one mixed error rate per seed; `best` is the arm that development chose."""
    return [error_rate(r.scores()[r.best if arm == "best" else arm][name]) for r in results]


def promises(results: Sequence[Result]) -> dict[str, bool]:
    """Check what the best preference arm must show, on means over seeds."""
    mean = {
        (arm, name): statistics.mean(rates(results, arm, name))
        for arm in ("base", "best")
        for name in ("codeswitch", "codeswitch-heldout", *MONOLINGUAL)
    }
    worst = max(mean["best", name] - mean["base", name] for name in MONOLINGUAL)
    return {
        "code-switching error falls by at least 80 %": mean["best", "codeswitch"]
        <= 0.2 * mean["base", "codeswitch"],
        "held-out code-switching error falls by at least 40 %": mean["best", "codeswitch-heldout"]
        <= 0.6 * mean["base", "codeswitch-heldout"],
        "monolingual error rises by at most 1 point": worst <= 0.01,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", type=Path, default=Path("build/demo-seeds"))
    parser.add_argument("--figure", type=Path, default=Path("docs/figures/demo.svg"))
    options = parser.parse_args()
    start = time.monotonic()
    results = run_demo(options.out, options.seeds)
    for table in summary_tables(results):
        print(f"\n**{table.title}**\n\n{to_markdown(table)}\n\n{table.note}")
    bars = {arm: rates(results, arm, "codeswitch") for arm in ("base", *ARMS)}
    figure = seed_bars(bars, title="Mixed error rate, code-switching", palette=PAPER)
    write_text(options.figure, to_svg_file(figure, "Mixed error rate of each arm over seeds"))
    kept = promises(results)
    for promise, is_kept in kept.items():
        print(f"- {'kept' if is_kept else 'NOT KEPT'}: {promise}")
    print(
        json.dumps(
            {
                "seeds": options.seeds,
                "chosen": [result.best for result in results],
                "promises": kept,
                "wall_s": round(time.monotonic() - start),
            }
        )
    )


if __name__ == "__main__":
    main()
