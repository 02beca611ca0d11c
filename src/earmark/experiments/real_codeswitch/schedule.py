"""Run what is still to be run: choose each arm's learning rate, then train and test every seed."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from earmark.experiments.cells import Cell, Result, choose_rate, read_result, write_result
from earmark.experiments.clock import Clock, OutOfTimeError
from earmark.experiments.real_codeswitch.arms import ARMS
from earmark.experiments.real_codeswitch.sets import HELD_OUT_SET, MIXED, OTHER_PROMPTS
from earmark.experiments.real_codeswitch.trial import Trial, measure
from earmark.experiments.real_codeswitch.world import World
from earmark.progress import note
from earmark.storage.atomic import write_text
from earmark.train.trainer import LossError

# Results are kept by condition; this comparison has one, arms tell what differs.
CONDITION = "real"
BASE_FILE = Path("results/base.json")
WHOLE_WINDOW_S = 30.0


@dataclass
class Sweep:
    """The runs of some arms, made where they are missing; an arm's start comes before it."""

    world: World
    arms: Sequence[str]
    seeds: int
    clock: Clock
    rates: dict[str, float] = field(default_factory=dict)

    def trial(self, arm: str, rate: float, seed: int) -> Trial:
        """Make a trial; the run that it starts from is trained if it is gone."""
        start = ARMS[arm].start
        model = self.world.parts.model
        if start:
            model = str(self.trial(start, self.rates[start], seed).trained()[0])
        return Trial(self.world, Cell(CONDITION, arm, rate, seed), model)

    def develop(self, arm: str, rate: float, seed: int) -> Result:
        """Return a result with the development set; a loss of NaN is a result too."""
        cell = Cell(CONDITION, arm, rate, seed)
        known = read_result(self.world.out, cell)
        self.clock.check()
        start, found = time.monotonic(), known or {}
        if known is None:
            try:
                found = self.trial(arm, rate, seed).developed()
            except LossError as error:
                note(f"{cell.place}: {error}")
                failed = {"failed": str(error), "development": None}
                found = write_result(self.world.out, cell, failed)
        self.clock.count(cell, time.monotonic() - start, ran=known is None)
        return found

    def row(self, arm: str) -> None:
        """Choose the learning rate of an arm, then train and test every seed with it."""
        scale = self.world.scale
        tried = range(scale.rate_seeds)
        errors = {
            rate: [self.develop(arm, rate, seed)["development"] for seed in tried]
            for rate in scale.rates
        }
        rate = self.rates[arm] = choose_rate(errors)
        for seed in range(self.seeds):
            if seed not in tried:
                self.develop(arm, rate, seed)
            result = read_result(self.world.out, Cell(CONDITION, arm, rate, seed)) or {}
            if "test" not in result and "failed" not in result:
                self.clock.check()
                trial = self.trial(arm, rate, seed)
                trial.tested()
                # A model is 290 MB; one that others start from stays.
                if not any(ARMS[other].start == arm for other in self.arms):
                    trial.forget()
        for other in scale.rates:
            for seed in tried:
                if other != rate:
                    Trial(self.world, Cell(CONDITION, arm, other, seed), "").forget()

    def run(self) -> bool:
        """Run all arms; return whether it came to its end."""
        try:
            for arm in self.arms:
                self.row(arm)
        except OutOfTimeError:
            clock = self.clock
            note(f"out of time after {clock.done} of {clock.total} runs; run it again to resume")
            return False
        return True


def planned(world: World, arms: Sequence[str], seeds: int) -> int:
    """Count the runs: every rate for the seeds that choose, one rate for the others."""
    scale = world.scale
    return len(arms) * (len(scale.rates) * scale.rate_seeds + seeds - scale.rate_seeds)


def chosen_rate(world: World, arm: str) -> float | None:
    """Return the learning rate that the development set chose; None before all were tried."""
    scale = world.scale
    errors: dict[float, list[float | None]] = {}
    for rate in scale.rates:
        for seed in range(scale.rate_seeds):
            result = read_result(world.out, Cell(CONDITION, arm, rate, seed))
            if result is None:
                return None
            errors.setdefault(rate, []).append(result["development"])
    return choose_rate(errors)


def base_result(world: World) -> Result:
    """Return the base model's result, measured once, with its other prompts on mixed speech."""
    path = world.out / BASE_FILE
    if not path.is_file():
        model, folder, silence_s = world.parts.model, world.out / "base", world.scale.silence_s
        sets = {"development": world.development}
        development = measure(model, folder, sets, silence_s)["development"]
        mixed = {name: world.tests[name] for name in (MIXED, HELD_OUT_SET)}
        result = {
            "development": development["errors"] / development["tokens"],
            "test": measure(model, folder, world.tests, silence_s),
            "prompts": {
                name: measure(model, folder, mixed, silence_s, name) for name in OTHER_PROMPTS
            },
            "whole window": measure(model, folder / "whole-window", mixed, WHOLE_WINDOW_S),
        }
        write_text(path, json.dumps(result, indent=1) + "\n")
    found: Result = json.loads(path.read_text("utf-8"))
    return found
