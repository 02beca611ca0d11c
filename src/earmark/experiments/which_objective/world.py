"""What all runs share: the sets of speech, and for each seed a pool of speech and its pairs.

All is kept on disk and made once. The first rows of a pool are the pairs of every condition,
so that conditions differ in what they say and in nothing else.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from earmark.experiments.disturb import flip, one_rejected, spoil_chosen, with_accuracy
from earmark.experiments.which_objective.conditions import Condition
from earmark.formats.reading import read
from earmark.pairs.defaults import FAILURES
from earmark.pairs.files import mine_file
from earmark.pairs.mined import Mining
from earmark.progress import note
from earmark.recipes.demo import DEVELOPMENT, TEST_SETS, TRAINING, SetPlan, Spoken, hear, make_pairs
from earmark.recipes.demo import speak as speak_anew
from earmark.records import MANIFEST, Pair, Utterance
from earmark.translators.dictionaries.shipped import load_grammar


@dataclass(frozen=True)
class Scale:
    """How large the comparison is; all results of a folder have the same scale.

    `rate_seeds` seeds try every learning rate. `pool` utterances are spoken for each seed and
    no condition takes more than `most_pairs` of them; each test set has `test_size` at most.
    """

    rates: tuple[float, ...] = (3e-5, 1e-4, 3e-4, 1e-3)
    rate_seeds: int = 1
    steps: int = 300
    batch_size: int = 8
    pool: int = 2400
    most_pairs: int = 2400
    mined_from: int = 1200
    test_size: int = 200


SLICE = Scale((1e-4, 3e-4), steps=20, pool=64, most_pairs=48, mined_from=64, test_size=24)


@dataclass(frozen=True)
class World:
    """The data below a folder, at a scale."""

    out: Path
    scale: Scale

    @cached_property
    def tests(self) -> dict[str, Spoken]:
        """Return the test sets; one of each for all seeds."""
        return {name: self._spoken(name, plan) for name, plan in TEST_SETS.items()}

    @cached_property
    def development(self) -> Spoken:
        """Return the development set."""
        return self._spoken("development", DEVELOPMENT)

    def _spoken(self, name: str, plan: SetPlan) -> Spoken:
        size = min(plan.size, self.scale.test_size)
        return speak(self.out / "data" / name, plan._replace(size=size))

    def folder(self, seed: int) -> Path:
        """Return the folder of a seed; audio paths of its pairs start there."""
        return self.out / "data" / f"seed-{seed}"

    def pairs(self, condition: Condition, seed: int) -> list[Pair]:
        """Return the pairs of a condition, scored; prints a note where there are too few."""
        rows = self._rows(condition, seed)
        wanted = min(condition.pairs, self.scale.most_pairs)
        if len(rows) < wanted:
            note(f"seed {seed}: {len(rows)} of {wanted} pairs; the pool has no more of them")
        rows = rows[:wanted]
        if not condition.several:
            rows = one_rejected(rows, seed)
        if condition.flipped:
            rows = flip(rows, condition.flipped, seed)
        if condition.noise:
            rows = spoil_chosen(rows, condition.noise, seed)
        return with_accuracy(rows)

    def _rows(self, condition: Condition, seed: int) -> list[Pair]:
        if condition.rejected == "mined":
            return mined(self.folder(seed), seed, self.scale)
        rows = imitated(self.folder(seed), seed, self.scale.pool)
        if not condition.failing_only:
            return rows
        failing = {pair.source for pair in mined(self.folder(seed), seed, self.scale)}
        return [pair for pair in rows if pair.source in failing]


def speak(folder: Path, plan: SetPlan, seed: int = 0) -> Spoken:
    """Make the speech of a set, or read what was made before."""
    if not (folder / MANIFEST).is_file():
        return speak_anew(folder, plan, seed)
    return Spoken(folder, list(read(Utterance, folder / MANIFEST)))


@lru_cache(maxsize=2)
def imitated(folder: Path, seed: int, pool: int) -> list[Pair]:
    """Return a seed's rows with an answer for each failure that can be imitated on the truth."""
    path = folder / "imitated.jsonl"
    speech = speak(folder / "speech", TRAINING._replace(size=pool), seed)
    return list(read(Pair, path)) if path.is_file() else make_pairs(speech, path, seed)


@lru_cache(maxsize=2)
def mined(folder: Path, seed: int, scale: Scale) -> list[Pair]:
    """Return a seed's rows whose rejected answer is the base model's own failure."""
    path = folder / "mined.jsonl"
    if not path.is_file():
        speech = speak(folder / "speech", TRAINING._replace(size=scale.pool), seed)
        first = speech._replace(utterances=speech.utterances[: scale.mined_from])
        if not (folder / "base.jsonl").is_file():
            hear(folder, None, {"base": first})
        mining = Mining(FAILURES, load_grammar())
        manifest = speech.folder / MANIFEST
        mine_file(manifest, [folder / "base.jsonl"], path, mining, several=True, seed=seed)
    return list(read(Pair, path))
