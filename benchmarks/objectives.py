"""Which objective, when: every objective on the same pairs, in equal steps, under conditions.

For each condition and objective the learning rate is chosen from one grid on the development
set; the test sets are then used once for each seed. Each run leaves a small result file, so a
table that was stopped resumes when it is started again with the same folder.

Prints the tables as Markdown, writes a figure for each condition, and one JSON object as last
line. `--slice` shows all of it in minutes, at a scale that says nothing about the objectives.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from earmark.errors import EarmarkError, KnobError, did_you_mean
from earmark.experiments.cells import check_scale
from earmark.experiments.clock import Clock
from earmark.experiments.kept import check_kept, keep_results, unpack_results
from earmark.experiments.outcomes import Outcomes, rates_of
from earmark.experiments.which_objective.arms import choose_arms
from earmark.experiments.which_objective.claims import CLAIMS
from earmark.experiments.which_objective.conditions import CONDITIONS
from earmark.experiments.which_objective.outcomes import read_outcomes
from earmark.experiments.which_objective.pages import pages
from earmark.experiments.which_objective.schedule import Plan, Sweep, base_result, plan_of_results
from earmark.experiments.which_objective.tables import (
    answer_table,
    arms_of,
    claims_table,
    differences,
    measured,
    overview,
)
from earmark.experiments.which_objective.world import SLICE, Scale, World
from earmark.progress import note
from earmark.report.plots.bars import Bar, difference_plot
from earmark.report.plots.seeds import seed_bars
from earmark.report.plots.svg import PAPER, to_svg_file
from earmark.report.tables import to_markdown
from earmark.storage.atomic import write_text

SLICE_CONDITIONS = "clean,flipped-40"
SLICE_OBJECTIVES = "sft,dpo,cdpo"


def parsed(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--slice", action="store_true", help="one seed, few steps, small sets: minutes")
    add("--objectives", help="core (default), all, or names with commas; sft and dpo are added")
    add("--conditions", help=f"names with commas; default all: {', '.join(CONDITIONS)}")
    add("--seeds", type=int, help="default 5")
    add("--rates", help="learning rates to choose from, with commas")
    add("--rate-seeds", type=int, help="seeds that try every learning rate; default 1")
    add("--steps", type=int, help="optimizer steps of every run; default 300")
    add("--hours", type=float, default=float("inf"), help="start no run after so many hours")
    add("--out", type=Path, help="folder of results and caches; default build/objectives")
    add("--figures", type=Path, help="folder of the figures; default OUT/figures")
    add("--keep", type=Path, help="write all results of OUT to this file, beside the tables")
    add("--read", type=Path, help="print the tables of such a file; nothing is run")
    add("--pages", type=Path, help="with --read: also write the tables as Markdown pages here")
    return parser.parse_args(arguments)


def scale_of(options: argparse.Namespace) -> Scale:
    """Return the scale: of the slice or the whole, with what was set by hand."""
    scale = SLICE if options.slice else Scale()
    rates = tuple(float(rate) for rate in options.rates.split(",")) if options.rates else None
    given = {"rates": rates, "rate_seeds": options.rate_seeds, "steps": options.steps}
    values = {name: value for name, value in given.items() if value is not None}
    return Scale(**{**vars(scale), **values})


def plan_of(options: argparse.Namespace) -> Plan:
    """Return the plan; names are checked."""
    conditions = options.conditions or (SLICE_CONDITIONS if options.slice else ",".join(CONDITIONS))
    for name in conditions.split(","):
        if name not in CONDITIONS:
            raise KnobError(f"no condition '{name}'; {did_you_mean(name, CONDITIONS)}")
    arms = choose_arms(options.objectives or (SLICE_OBJECTIVES if options.slice else "core"))
    seeds = options.seeds if options.seeds is not None else (1 if options.slice else 5)
    if seeds < 1:
        raise KnobError(f"--seeds should be at least 1, found {seeds}")
    return Plan(conditions.split(","), arms, seeds, options.hours * 3600)


def show(outcomes: Outcomes, plan: Plan, figures: Path) -> None:
    """Print all tables and draw each condition."""
    tables = [overview(outcomes, plan.conditions), answer_table(outcomes, plan.conditions)]
    tables.append(claims_table(outcomes))
    for condition in plan.conditions:
        tables += [measured(outcomes, condition), differences(outcomes, condition)]
        bars = {
            arm: rates_of(outcomes[condition, arm], "codeswitch")
            for arm in arms_of(outcomes, condition)
        }
        title = f"Mixed error rate, code-switching: {condition}"
        drawn = to_svg_file(seed_bars(bars, title=title, palette=PAPER), title)
        write_text(figures / f"objectives-{condition}.svg", drawn)
    draw_claims(outcomes, figures)
    for table in tables:
        print(f"\n**{table.title}**\n\n{to_markdown(table)}\n\n{table.note}")


def draw_claims(outcomes: Outcomes, figures: Path) -> None:
    """Draw what became of each claim that was run."""
    bars = []
    for claim in CLAIMS:
        found = claim.found(outcomes)
        if found is not None:
            elsewhere = f" ({claim.control_condition})" if claim.control_condition else ""
            name = f"{claim.arm} ({claim.condition}) minus {claim.control}{elsewhere}"
            bars.append(Bar(name, *found))
    if bars:
        title = "Points of mixed error rate, objective minus control"
        drawn = to_svg_file(difference_plot(bars, title=title, palette=PAPER), title)
        write_text(figures / "objectives-claims.svg", drawn)


def claims_json(outcomes: Outcomes) -> list[dict[str, Any]]:
    """Return the claims as plain values: difference, low, high, and what they show."""
    return [
        {
            **claim._asdict(),
            "difference": claim.found(outcomes),
            "verdict": claim.verdict(outcomes),
        }
        for claim in CLAIMS
    ]


def run(options: argparse.Namespace) -> None:
    if options.read:
        read(options)
        return
    start = time.monotonic()
    scale, plan = scale_of(options), plan_of(options)
    if plan.seeds < scale.rate_seeds:
        raise KnobError(
            f"--seeds {plan.seeds} is less than --rate-seeds {scale.rate_seeds}: a rate chosen on "
            "fewer seeds now and on more later would use the test sets twice"
        )
    if options.keep:
        check_kept(options.keep)
    out = options.out or Path("build", "objectives-slice" if options.slice else "objectives")
    check_scale(out, scale)
    world = World(out, scale)
    base_result(world)
    clock = Clock(plan.runs(len(scale.rates), scale.rate_seeds), plan.budget_s)
    complete = Sweep(world, plan, clock).run()
    outcomes = read_outcomes(world, plan)
    show(outcomes, plan, options.figures or out / "figures")
    if options.keep:
        note(f"{options.keep}: {keep_results(out, options.keep)} runs")
    last = {
        "complete": complete,
        "runs": clock.done,
        "runs_planned": clock.total,
        "seeds": plan.seeds,
        "conditions": plan.conditions,
        "objectives": plan.arms,
        "scale": vars(scale),
        "claims": [claim for claim in claims_json(outcomes) if claim["difference"]],
        "wall_s": round(time.monotonic() - start),
    }
    print(json.dumps(last))


def read(options: argparse.Namespace) -> None:
    """Print the tables of a file of results."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        scale = unpack_results(options.read, out, Scale)
        plan = plan_of_results(out)
        outcomes = read_outcomes(World(out, scale), plan)
        show(outcomes, plan, options.figures or Path("build/objectives/figures"))
        for name, text in pages(outcomes, plan.conditions).items() if options.pages else ():
            write_text(options.pages / name, text)


def main() -> None:
    try:
        run(parsed())
    except EarmarkError as error:
        raise SystemExit(f"error: {error}") from None


if __name__ == "__main__":
    main()
