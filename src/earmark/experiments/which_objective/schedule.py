"""Run what is still to be run, say how far it is, and stop in time."""

import json
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from earmark.experiments.cells import Cell, Result, chosen_rate, read_result, write_result
from earmark.experiments.clock import Clock, OutOfTimeError
from earmark.experiments.kept import cell_of, read_object
from earmark.experiments.which_objective.arms import ARMS, CORE, arms_under
from earmark.experiments.which_objective.conditions import CONDITIONS
from earmark.experiments.which_objective.trial import Trial, measure, warm
from earmark.experiments.which_objective.world import World
from earmark.progress import note
from earmark.recipes.demo import error_rate, hear
from earmark.records import Pair
from earmark.storage.atomic import write_text
from earmark.train.trainer import LossError


@dataclass(frozen=True)
class Plan:
    """What is to be compared."""

    conditions: Sequence[str]
    arms: Sequence[str]
    seeds: int
    budget_s: float = float("inf")

    def rows(self) -> Iterator[tuple[str, str]]:
        """Yield each condition with each arm that runs under it; references come first."""
        for condition in self.conditions:
            for arm in arms_under(self.arms, CONDITIONS[condition]):
                yield condition, arm

    def runs(self, rates: int, rate_seeds: int) -> int:
        """Count the runs: every rate for the seeds that choose, one rate for the others."""
        return len(list(self.rows())) * (rates * rate_seeds + self.seeds - rate_seeds)


@dataclass
class Sweep:
    """The runs of a plan, made where they are missing."""

    world: World
    plan: Plan
    clock: Clock
    known: tuple[tuple[str, int], list[Pair]] | None = None
    warmed: set[tuple[str, int]] = field(default_factory=set)

    def pairs(self, condition: str, seed: int) -> list[Pair]:
        """Return the pairs of a condition and seed; the last ones are kept at hand."""
        if self.known is None or self.known[0] != (condition, seed):
            self.known = (condition, seed), self.world.pairs(CONDITIONS[condition], seed)
        return self.known[1]

    def trial(self, cell: Cell) -> Trial:
        """Make a cell's trial; runs that it needs as references are trained if they are gone."""
        references = []
        for arm in ARMS[cell.arm].references:
            rate = chosen_rate(self.world.out, self.world.scale, cell.condition, arm)
            assert rate is not None, "references come first"
            references.append(self.trial(cell._replace(arm=arm, rate=rate)).trained()[0])
        return Trial(self.world, cell, self.pairs(cell.condition, cell.seed), tuple(references))

    def develop(self, cell: Cell) -> Result:
        """Return a cell's result with the development set, training only what is missing."""
        known = read_result(self.world.out, cell)
        self.clock.check()
        start = time.monotonic()
        result = known or self.trained_warm(cell)
        self.clock.count(cell, time.monotonic() - start, known is None)
        return result

    def test(self, cell: Cell) -> None:
        """Use the test sets on a cell; the time counts in the estimate of what is left."""
        self.clock.check()
        start = time.monotonic()
        self.trial(cell).tested()
        self.clock.spent_s += time.monotonic() - start

    def trained_warm(self, cell: Cell) -> Result:
        """Train a cell with caches that are warm; a loss of NaN is a result too."""
        try:
            return self.warm_trial(cell).developed()
        except LossError as error:
            note(f"{cell.place}: {error}")
            return write_result(self.world.out, cell, {"failed": str(error), "development": None})

    def warm_trial(self, cell: Cell) -> Trial:
        """Make a cell's trial, and hear the clips once for each condition and seed."""
        trial = self.trial(cell)
        if (cell.condition, cell.seed) not in self.warmed:
            warm(trial)
            self.warmed.add((cell.condition, cell.seed))
        return trial

    def row(self, condition: str, arm: str) -> None:
        """Choose the learning rate of an arm, then train and test every seed with it."""
        scale, plan = self.world.scale, self.plan
        tries = range(scale.rate_seeds)
        tried = [Cell(condition, arm, rate, seed) for seed in tries for rate in scale.rates]
        for cell in tried:
            self.develop(cell)
        rate = chosen_rate(self.world.out, scale, condition, arm)
        assert rate is not None, "every rate was tried"
        for seed in range(plan.seeds):
            cell = Cell(condition, arm, rate, seed)
            if seed not in tries:
                self.develop(cell)
            result = read_result(self.world.out, cell) or {}
            if "test" not in result and "failed" not in result:
                self.test(cell)
        needed = any(arm in ARMS[other].references for other in plan.arms)
        for cell in {*tried, *(Cell(condition, arm, rate, seed) for seed in range(plan.seeds))}:
            trial = Trial(self.world, cell, [])
            trial.forget(keep_model=needed and cell.rate == rate)

    def run(self) -> bool:
        """Run the plan; return whether it came to its end."""
        try:
            for condition, arm in self.plan.rows():
                self.row(condition, arm)
        except OutOfTimeError:
            clock = self.clock
            note(f"out of time after {clock.done} of {clock.total} runs; run it again to resume")
            return False
        shutil.rmtree(self.world.out / "runs", ignore_errors=True)
        return True


def base_result(world: World) -> Result:
    """Return the base model's result: the same in every condition, and measured once."""
    path: Path = world.out / "results" / "base.json"
    if not path.is_file():
        folder, development = world.out / "base", world.development
        heard = hear(folder, None, {"development": development})["development"]
        tests = measure(None, folder, world.tests)
        result = {"development": error_rate(development, heard), "test": tests}
        write_text(path, json.dumps(result, indent=1) + "\n")
    found: Result = json.loads(path.read_text("utf-8"))
    return found


def plan_of_results(out: Path) -> Plan:
    """Return the plan that a folder's results are part of, in the order of the tables."""
    cells = [cell_of(read_object(run)) for run in (out / "results").glob("*/*/*/*.json")]
    there = {cell.condition for cell in cells}, {cell.arm for cell in cells}
    return Plan(
        [name for name in CONDITIONS if name in there[0]],
        [name for name in dict.fromkeys((*CORE, *ARMS)) if name in there[1]],
        max(cell.seed for cell in cells) + 1,
    )
