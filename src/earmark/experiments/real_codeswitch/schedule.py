"""Run what is still to be run: choose each arm's learning rate, then train and test every seed."""

import json
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from earmark.experiments.cells import Cell, Result, chosen_rate, read_result, write_result
from earmark.experiments.clock import Clock, OutOfTimeError
from earmark.experiments.jobs import do_jobs, processes
from earmark.experiments.outcomes import BASE
from earmark.experiments.real_codeswitch.arms import ARMS
from earmark.experiments.real_codeswitch.sets import HELD_OUT_SET, MIXED, OTHER_PROMPTS
from earmark.experiments.real_codeswitch.trial import (
    Trial,
    drawn_decoding,
    file_of,
    hear,
    measure,
    mined_files,
)
from earmark.experiments.real_codeswitch.world import Spoken, World
from earmark.progress import note
from earmark.storage.atomic import write_text
from earmark.train.trainer import LossError
from earmark.transcribe.decoding import Decoding

# Results are kept by condition; this comparison has one, arms tell what differs.
CONDITION = "real"
BASE_FILE = Path("results/base.json")
WHOLE_WINDOW, WHOLE_WINDOW_S = "whole-window", 30.0


@dataclass
class Sweep:
    """The runs of some arms, made where they are missing; an arm's start comes before it.

    With one worker an arm is whole before the next one begins. With several, all arms of a stage
    are under way together.
    """

    world: World
    arms: Sequence[str]
    seeds: int
    clock: Clock
    workers: int = 1
    rates: dict[str, float] = field(default_factory=dict)

    def trial(self, cell: Cell) -> Trial:
        """Make a trial; an arm that another one starts from has its learning rate by then."""
        start = ARMS[cell.arm].start
        if not start:
            return Trial(self.world, cell, self.world.parts.model)
        before = self.trial(cell._replace(arm=start, rate=self.rates[start]))
        return Trial(self.world, cell, str(before.run), before)

    def run(self) -> bool:
        """Run all arms; return whether it came to its end."""
        stages = [[arm for arm in self.arms if ARMS[arm].stage == stage] for stage in (1, 2)]
        together = stages if self.workers > 1 else [[arm] for arm in self.arms]
        try:
            with processes(self.workers) as pool:
                self.hear_base(pool)
                for arms in together:
                    self.row(arms, pool)
        except OutOfTimeError:
            clock = self.clock
            note(f"out of time after {clock.done} of {clock.total} runs; run it again to resume")
            return False
        return True

    def hear_base(self, pool: Executor | None) -> None:
        """Let the base model hear what is measured of it, and what is mined, set by set."""
        if pool is not None:
            jobs = base_hearings(self.world)
            if any(ARMS[arm].rows != "imitated" for arm in self.arms):
                jobs += pool_hearings(self.world)
            for _ in do_jobs(heard, jobs, pool, self.workers):
                pass
        base_result(self.world)

    def row(self, arms: Sequence[str], pool: Executor | None) -> None:
        """Choose the learning rates of arms, then train and test every seed with them."""
        scale = self.world.scale
        tried = range(scale.rate_seeds)
        if pool is not None:
            self.make_rows(arms, pool)
        self.each(
            [
                Cell(CONDITION, arm, rate, seed)
                for arm in arms
                for rate in scale.rates
                for seed in tried
            ],
            developed,
            pool,
        )
        for arm in arms:
            rate = chosen_rate(self.world.out, scale, CONDITION, arm)
            assert rate is not None, "every rate was tried"
            self.rates[arm] = rate
            for other in scale.rates:
                for seed in tried:
                    if other != rate:
                        self.trial(Cell(CONDITION, arm, other, seed)).forget()
        chosen = [
            Cell(CONDITION, arm, self.rates[arm], seed)
            for arm in arms
            for seed in range(self.seeds)
        ]
        needed = {ARMS[arm].start for arm in self.arms}
        self.each([cell for cell in chosen if cell.arm in needed], tested, pool)
        self.each([cell for cell in chosen if cell.arm not in needed], tested_and_forgotten, pool)

    def each(
        self,
        cells: Sequence[Cell],
        work: Callable[[Trial], float],
        pool: Executor | None,
    ) -> None:
        """Do work on the trials of cells; those of seeds that chose a rate were counted before."""
        trials = [self.trial(cell) for cell in cells]
        new = {cell for cell in cells if read_result(self.world.out, cell) is None}
        for trial, seconds in do_jobs(work, trials, pool, self.workers, self.clock.check):
            if work is developed or trial.cell.seed >= self.world.scale.rate_seeds:
                self.clock.count(trial.cell, seconds / self.workers, ran=trial.cell in new)
            else:
                self.clock.spent_s += seconds / self.workers

    def make_rows(self, arms: Sequence[str], pool: Executor) -> None:
        """Make what arms start from, where it is gone, and the rows of all arms and seeds.

        Each file is made by one process.
        """
        if any(ARMS[arm].replays for arm in arms):
            # Spoken here if it has to be, not in several processes at once.
            _ = self.world.replay
        jobs: dict[Path, list[Trial]] = {}
        for arm in arms:
            for seed in range(self.seeds):
                trial = self.trial(Cell(CONDITION, arm, self.world.scale.rates[0], seed))
                jobs.setdefault(trial.rows_folder, []).append(trial)
        starts = {trials[0].before for trials in jobs.values() if trials[0].before}
        for _ in do_jobs(trained, list(starts), pool, self.workers):
            pass
        for _ in do_jobs(rows_made, list(jobs.values()), pool, self.workers):
            pass


def trained(trial: Trial) -> None:
    """Train what other trials start from, where it is gone."""
    trial.trained()


def developed(trial: Trial) -> float:
    """Train a trial and measure the development set; return the seconds that it took.

    A loss of NaN is a result too.
    """
    start = time.monotonic()
    if read_result(trial.world.out, trial.cell) is None:
        try:
            trial.developed()
        except LossError as error:
            note(f"{trial.cell.place}: {error}")
            failed = {"failed": str(error), "development": None}
            write_result(trial.world.out, trial.cell, failed)
    return time.monotonic() - start


def tested(trial: Trial) -> float:
    """Measure the test sets too; return the seconds that it took."""
    start = time.monotonic()
    developed(trial)
    result = read_result(trial.world.out, trial.cell) or {}
    if "test" not in result and "failed" not in result:
        trial.tested()
    return time.monotonic() - start


def tested_and_forgotten(trial: Trial) -> float:
    """Measure the test sets and remove the model, which is 290 MB and can be trained again."""
    seconds = tested(trial)
    trial.forget()
    return seconds


def rows_made(trials: Sequence[Trial]) -> None:
    """Make the rows of trials that keep them in one folder."""
    for trial in trials:
        trial.rows()


class Hearing(NamedTuple):
    """A set that the base model hears, and the file where its transcripts are kept."""

    world: World
    spoken: Spoken
    out: Path
    silence_s: float | None = None
    language: str = ""
    decoding: Decoding | None = None


def heard(hearing: Hearing) -> None:
    """Transcribe a set."""
    world, spoken, out, silence_s, language, decoding = hearing
    model = world.parts.model
    hear(world, model, spoken, out, silence_s=silence_s, language=language, decoding=decoding)


def base_hearings(world: World) -> list[Hearing]:
    """Return what `base_result` measures, set by set."""
    folder = world.out / BASE
    sets = {"development": world.development, **world.tests}
    own = [Hearing(world, spoken, file_of(folder, name)) for name, spoken in sets.items()]
    mixed = [(name, world.tests[name]) for name in (MIXED, HELD_OUT_SET)]
    asked = [
        Hearing(world, spoken, file_of(folder, name, language), language=language)
        for language in OTHER_PROMPTS
        for name, spoken in mixed
    ]
    whole = [
        Hearing(world, spoken, file_of(folder / WHOLE_WINDOW, name), WHOLE_WINDOW_S)
        for name, spoken in mixed
    ]
    return [*own, *asked, *whole]


def pool_hearings(world: World) -> list[Hearing]:
    """Return what the base model hears of the pool, to be mined."""
    greedy, drawn = mined_files(world.out / BASE)
    return [
        Hearing(world, world.pool, greedy),
        Hearing(world, world.pool, drawn, decoding=drawn_decoding(world.scale)),
    ]


def planned(world: World, arms: Sequence[str], seeds: int) -> int:
    """Count the runs: every rate for the seeds that choose, one rate for the others."""
    scale = world.scale
    return len(arms) * (len(scale.rates) * scale.rate_seeds + seeds - scale.rate_seeds)


def base_result(world: World) -> Result:
    """Return the base model's result, measured once, with its other prompts on mixed speech."""
    path = world.out / BASE_FILE
    if not path.is_file():
        model, folder = world.parts.model, world.out / BASE
        sets = {"development": world.development}
        development = measure(world, model, folder, sets)["development"]
        mixed = {name: world.tests[name] for name in (MIXED, HELD_OUT_SET)}
        whole = folder / WHOLE_WINDOW
        result = {
            "development": development["errors"] / development["tokens"],
            "device": world.device,
            "test": measure(world, model, folder, world.tests),
            "prompts": {
                name: measure(world, model, folder, mixed, language=name) for name in OTHER_PROMPTS
            },
            "whole window": measure(world, model, whole, mixed, silence_s=WHOLE_WINDOW_S),
        }
        write_text(path, json.dumps(result, indent=1) + "\n")
    found: Result = json.loads(path.read_text("utf-8"))
    return found
