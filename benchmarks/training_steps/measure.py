"""Measure one case: every way in one interleaved run, then the memory of each in a process."""

import json
import multiprocessing
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch

from earmark.progress import note, track
from earmark.storage.atomic import write_text
from training_steps.earmark_step import CACHED, LIVE, TOWER_LIVE, earmark_steps, floor_step
from training_steps.environments import PEERS, AbsentError, environment
from training_steps.memory import added_mib, keep_nothing_back
from training_steps.peer import peer_added_mib, peer_step
from training_steps.race import race
from training_steps.step import Step
from training_steps.task import Case, load_base, write_task
from training_steps.trl_step import DEFAULT, PRECOMPUTED, HearingCollator, trl_step

OURS = (CACHED, TOWER_LIVE, LIVE)
PRECOMPUTE = {PRECOMPUTED: True, DEFAULT: False}
WAYS_WITH_MEMORY = (CACHED, LIVE, PRECOMPUTED, DEFAULT)


@dataclass(frozen=True)
class Way:
    """What one way of a case took; `added_mib` is None where it was not measured."""

    seconds: float
    timed: int
    loss: float
    gradient_difference: float
    clips_per_pair: float
    added_mib: float | None = None


@dataclass(frozen=True)
class Measured:
    """A case with all its ways, its floor, and why a trainer is absent."""

    case: Case
    ways: dict[str, Way]
    floor_s: float
    absent: dict[str, str]
    date: str

    def times(self, base: str, way: str = CACHED) -> float:
        """Return how many times as fast a way is as another, per pair."""
        return self.ways[base].seconds / self.ways[way].seconds

    def of_memory(self, base: str, way: str = CACHED) -> float | None:
        """Return a way's added memory as a share of another's."""
        mine, other = self.ways[way].added_mib, self.ways[base].added_mib
        return mine / other if mine is not None and other else None

    def of_floor(self, way: str = CACHED) -> float:
        """Return a way's time as a multiple of the floor."""
        return self.ways[way].seconds / self.floor_s


@dataclass(frozen=True)
class Plan:
    """Where files are kept, which peers take part, how often, until when.

    `weighed` are the local ways whose memory is measured.
    """

    root: Path
    peers: Path
    names: tuple[str, ...] = ()
    rounds: int = 3
    deadline: float = float("inf")
    weighed: tuple[str, ...] = WAYS_WITH_MEMORY
    collator: type[HearingCollator] = HearingCollator


def measure(case: Case, plan: Plan) -> Measured:
    """Measure one case.

    Raises:
        UnlikeError: two ways do not compute the same thing.
    """
    torch.set_num_threads(1)
    task = write_task(load_base(plan.root, case.shape), plan.root, case)
    pythons, absent = environments(plan)
    steps = local_steps(case, plan)
    for name, python in list(pythons.items()):
        try:
            steps[PEERS[name].name] = peer_step(name, python, task, case.pairs)
        except AbsentError as error:
            absent[PEERS[name].name] = str(error)
            del pythons[name]
    try:
        found, floor = race(
            steps,
            floor_step(plan.root, case),
            DEFAULT,
            {CACHED},
            rounds=plan.rounds,
            deadline=plan.deadline,
            name=case.name,
        )
    finally:
        for step in steps.values():
            step.close()
    del steps
    memory = memory_of(case, plan, pythons, task)
    ways = {name: Way(*values, memory.get(name)) for name, values in found.items()}
    return Measured(case, ways, floor, absent, time.strftime("%Y-%m-%d"))


def environments(plan: Plan) -> tuple[dict[str, Path], dict[str, str]]:
    """Return each peer's Python, and why the others have none."""
    pythons, absent = {}, {}
    for name in plan.names:
        try:
            pythons[name] = environment(name, plan.peers)
        except AbsentError as error:
            note(str(error))
            absent[PEERS[name].name] = str(error)
    return pythons, absent


def local_steps(case: Case, plan: Plan) -> dict[str, Step]:
    """Return the ways that run in this process."""
    steps = earmark_steps(plan.root, case)
    for name, precompute in PRECOMPUTE.items():
        steps[name] = trl_step(plan.root, case, precompute=precompute, collator=plan.collator)
    return steps


def memory_of(case: Case, plan: Plan, pythons: dict[str, Path], task: Path) -> dict[str, float]:
    """Return the memory that a step of each way adds at its peak, each in its own process."""
    jobs: dict[str, Callable[[], float]] = {
        way: partial(in_own_process, plan.root, case, way) for way in plan.weighed
    }
    for name, python in pythons.items():
        jobs[PEERS[name].name] = partial(peer_added_mib, name, python, task)
    return {
        name: job() for name, job in track(jobs.items(), f"memory: {case.name}", total=len(jobs))
    }


def in_own_process(root: Path, case: Case, way: str) -> float:
    """Measure one of the local ways in a fresh process."""
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=fresh) as pool:
        return pool.submit(local_added_mib, root, case, way).result()


def local_added_mib(root: Path, case: Case, way: str) -> float:
    """Measure one of the local ways in this process."""
    keep_nothing_back()
    torch.set_num_threads(1)
    if way in PRECOMPUTE:
        step = trl_step(root, case, precompute=PRECOMPUTE[way])
    else:
        step = earmark_steps(root, case)[way]
    return added_mib(step.take, step.clear)


def save(measured: Measured, folder: Path) -> None:
    """Keep what was measured, so that a stopped run resumes."""
    write_text(folder / f"{measured.case.name}.json", json.dumps(asdict(measured), indent=1))


def load(case: Case, folder: Path) -> Measured | None:
    """Read what was measured before."""
    path = folder / f"{case.name}.json"
    if not path.is_file():
        return None
    data = json.loads(path.read_text("utf-8"))
    ways = {name: Way(**way) for name, way in data.pop("ways").items()}
    return Measured(**{**data, "case": Case(**data["case"]), "ways": ways})
