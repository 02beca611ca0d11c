"""One run: train an arm on the pairs of a condition, and measure what came out."""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from earmark.evaluate.score import score
from earmark.evaluate.summary import summary
from earmark.experiments.cells import Cell, Result, read_result, write_result
from earmark.experiments.run_log import chosen_logps
from earmark.experiments.which_objective.arms import ARMS
from earmark.experiments.which_objective.conditions import CONDITIONS
from earmark.experiments.which_objective.world import World
from earmark.objectives import OBJECTIVES
from earmark.objectives.contract.choose import choose_objective
from earmark.objectives.contract.signature import contract
from earmark.policies.load import load_policy
from earmark.recipes.demo import MODEL, Spoken, error_rate, hear
from earmark.records import Pair
from earmark.train.assemble import assemble
from earmark.train.cache.fingerprint import of_policy
from earmark.train.data.examples import EncodedPairs
from earmark.train.resume.checkpoints import last_checkpoint
from earmark.train.run import train
from earmark.train.run_folder import RUN, is_finished
from earmark.train.settings import TrainSettings


@dataclass(frozen=True)
class Trial:
    """A cell with all that its run is made of; `references` are run folders."""

    world: World
    cell: Cell
    pairs: list[Pair]
    references: tuple[Path, ...] = ()

    @property
    def run(self) -> Path:
        """Return the run folder."""
        return self.world.out / "runs" / self.cell.place

    def trained(self) -> tuple[Path, float | None]:
        """Train, resume, or find it done; return the run and its CPU seconds if it ran whole."""
        arm = ARMS[self.cell.arm]
        if (self.run / RUN).is_file() and is_finished(self.run):
            return self.run, None
        fresh, start = last_checkpoint(self.run) is None, time.process_time()
        run = train(
            self.pairs,
            self.world.folder(self.cell.seed),
            MODEL,
            self.run,
            objective=arm.objective,
            sft_weight=arm.sft_weight,
            knobs=knobs_of(self.cell),
            settings=settings_of(self),
        )
        return run, round(time.process_time() - start, 2) if fresh else None

    def developed(self) -> Result:
        """Return the result with the development set, made now or before."""
        known = read_result(self.world.out, self.cell)
        if known is not None:
            return known
        run, cost = self.trained()
        development = self.world.development
        heard = hear(run / "hyps", run, {"development": development})["development"]
        result = {"development": error_rate(development, heard), "cpu_s": cost, **chosen_logps(run)}
        return write_result(self.world.out, self.cell, result)

    def tested(self) -> Result:
        """Return the result with the test sets, which are used once and never again."""
        result = self.developed()
        if "test" in result:
            return result
        run, _ = self.trained()
        result = {**result, "test": measure(run, run / "hyps", self.world.tests)}
        return write_result(self.world.out, self.cell, result)

    def forget(self, keep_model: bool = False) -> None:
        """Remove the run, or its checkpoints alone; it can be trained again to the same end."""
        for checkpoint in self.run.glob("checkpoint-*") if keep_model else (self.run,):
            shutil.rmtree(checkpoint, ignore_errors=True)


def knobs_of(cell: Cell) -> dict[str, float]:
    """Return what is set of the objective's knobs.

    Objectives that draw, such as the filter of β-DPO, draw alike in all seeds: pairs, order and
    speech are what seeds change.
    """
    arm = ARMS[cell.arm]
    draws = "seed" in contract(OBJECTIVES[arm.objective]).knobs
    return arm.knobs(CONDITIONS[cell.condition]) | ({"seed": 0} if draws else {})


def settings_of(trial: Trial) -> TrainSettings:
    """Return the settings of a run: the same for all arms except the learning rate."""
    scale, needs = trial.world.scale, contract(OBJECTIVES[ARMS[trial.cell.arm].objective])
    several = (MODEL, *map(str, trial.references)) if needs.needs_references else ()
    return TrainSettings(
        learning_rate=trial.cell.rate,
        lora_rank=0,
        max_steps=scale.steps,
        per_device_train_batch_size=scale.batch_size,
        warmup_steps=min(10, scale.steps // 2),
        logging_steps=5,
        save_steps=100,
        save_total_limit=1,
        device="cpu",
        seed=trial.cell.seed,
        criterion="accuracy" if needs.needs_scores else "",
        references=several,
        cache_dir=str(cache_of(trial.world)),
    )


def cache_of(world: World) -> Path:
    """Return where features and reference log-probabilities are kept for all runs."""
    return world.out / "cache"


def warm(trial: Trial) -> None:
    """Hear the clips and compute the reference, so that no run's cost has what all share."""
    needs, settings = choose_objective("dpo", 0.0, {}).contract, settings_of(trial)
    encoded = EncodedPairs(trial.pairs, trial.world.folder(trial.cell.seed), needs)
    policy = load_policy(MODEL, device="cpu")
    assemble(policy, of_policy(policy), encoded, settings)


def measure(run: Path | None, folder: Path, sets: dict[str, Spoken]) -> dict[str, Any]:
    """Transcribe the test sets and count: errors, tokens, utterances, and those by label."""
    found = {}
    for name, hyps in hear(folder, run, sets).items():
        counted = summary(score(sets[name].utterances, hyps).rows)
        counts = counted["counts"]
        found[name] = {
            "errors": sum(counts[k] for k in ("substitutions", "deletions", "insertions")),
            "tokens": counts["truth_tokens"],
            "utterances": counted["utterances"],
            "labels": {k: v["utterances"] for k, v in counted["failure_modes"].items()},
        }
    return found
