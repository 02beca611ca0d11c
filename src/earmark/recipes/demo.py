"""The demo: a small Audio LLM that fails at code-switching, aligned before one's eyes.

Claim of the paper (DPO for English-Mandarin code-switching, arXiv 2605.23975): preference
pairs whose rejected side imitates a failure cut the mixed error rate of Audio LLMs.

Scale: a Qwen2-Audio of 3 million parameters and synthetic speech instead of 7 billion and
570 hours; 800 utterances instead of 100 000 pairs; minutes on two cores.

Departure: the rejected sides imitate all three failures (omission, translation, hallucination),
one of each per utterance, where the paper uses translation alone, since the tiny model has all
three.
Departure: an SFT arm on the same transcripts is trained beside the preference arms. The paper has
none, so it does not show that the gain comes from preference.

It checks: the preference arm that is best on the development set against the base on four test
sets, each used once. Nothing here is chosen on a test set.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from earmark.evaluate.score import score
from earmark.failures.mode import Tools
from earmark.formats.reading import read
from earmark.pairs.files import imitate_file
from earmark.pairs.imitate import Imitation
from earmark.pairs.mix import parse_mix
from earmark.pairs.prompts import load_prompts
from earmark.policies.load import load_policy, model_path
from earmark.progress import note
from earmark.records import MANIFEST, Hypothesis, Pair, Utterance
from earmark.report.page import make_page
from earmark.report.scoring import score_set
from earmark.report.test_set import ScoredSet, TestSet
from earmark.storage.atomic import write_text
from earmark.storage.outputs import RESULTS, check_folder, recognised, visible
from earmark.train.run import train
from earmark.train.settings import TrainSettings
from earmark.transcribe.local import how_it_was_made, transcribe, weights_of
from earmark.translators.dictionaries.shipped import load_grammar
from earmark.voices.corpus import LanguageMode, Split, make_corpus
from earmark.voices.speakers import Distribution

MODEL = "tiny-base"
MAX_NEW_TOKENS = 40
CORPUS_SEED = 2605
RESULTS_FILE = "results.json"
# What the demo leaves in its folder, besides one seed-N for each of several seeds.
WRITTEN = {
    *("data", "base", "runs", "cache"),
    *("pairs.jsonl", "pairs.jsonl.tally.json", RESULTS_FILE, "report.html"),
}
MIX = "omit_embedded=1,truncate_at_switch=1,global_translation=1,stock_phrase=1,loop=1"


class SetPlan(NamedTuple):
    """A set of utterances to be spoken."""

    split: Split
    languages: dict[LanguageMode, float]
    voices: Distribution
    size: int


TRAINING = SetPlan("train", {"mixed": 0.7, "zh": 0.15, "en": 0.15}, "train", 800)
DEVELOPMENT = SetPlan("dev", {"mixed": 0.5, "zh": 0.25, "en": 0.25}, "train", 200)
TEST_SETS = {
    "codeswitch": SetPlan("test", {"mixed": 1}, "train", 200),
    "codeswitch-heldout": SetPlan("test", {"mixed": 1}, "heldout", 200),
    "english": SetPlan("test", {"en": 1}, "train", 150),
    "mandarin": SetPlan("test", {"zh": 1}, "train", 150),
}


@dataclass(frozen=True)
class Arm:
    """One way of training on the same pairs."""

    objective: str
    sft_weight: float
    learning_rate: float


ARMS = {
    "sft": Arm("sft", 0.0, 2e-4),
    "dpo": Arm("dpo", 0.0, 1e-4),
    "dpo+sft": Arm("dpo", 3.0, 2e-4),
}
PREFERENCE_ARMS = ("dpo", "dpo+sft")
WHY_FOCUS = "the preference arm with the lowest error rate on the development set"

SETTINGS = TrainSettings(
    lora_rank=0,
    per_device_train_batch_size=8,
    num_train_epochs=2,
    warmup_steps=10,
    logging_steps=5,
    save_steps=100,
    save_total_limit=1,
    device="cpu",
)


class Spoken(NamedTuple):
    """Utterances and the folder where their audio paths start."""

    folder: Path
    utterances: list[Utterance]


class Result(NamedTuple):
    """One seed: the scored test sets, the arm that the development set chose, the run folders."""

    sets: list[ScoredSet]
    best: str
    runs: list[Path]

    def scores(self) -> dict[str, dict[str, Any]]:
        """Return arm -> test set -> the JSON of `score`."""
        return {
            arm: {scored.name: dict(scored.scores[arm]) for scored in self.sets}
            for arm in ("base", *ARMS)
        }


def run_demo(out: Path, seeds: int = 1) -> list[Result]:
    """Run the demo into a folder: results.json, report.html, and all that led to them.

    Each seed draws its own training speech, pairs and training order; development and test
    sets are the same for all. Several seeds get a folder each; results.json is the first's.

    Raises:
        InputError: the folder holds something else.
    """
    check_folder(out, is_demo(out), "an earlier demo")
    sets = {name: speak(out / "data" / name, plan) for name, plan in TEST_SETS.items()}
    development = speak(out / "data" / "development", DEVELOPMENT)
    base = hear(out / "base", None, sets)
    results = []
    for seed in range(seeds):
        folder = out if seeds == 1 else out / f"seed-{seed}"
        results.append(run_seed(folder, seed, sets, development, base))
    write_text(out / RESULTS_FILE, json.dumps(results[0].scores(), indent=1, ensure_ascii=False))
    return results


def is_demo(out: Path) -> bool:
    """Return whether a folder holds a demo, finished or not, and nothing else."""
    if (out / RESULTS_FILE).is_file():
        return recognised(out / RESULTS_FILE, RESULTS)
    return all(name in WRITTEN or name.startswith("seed-") for name in visible(out))


def run_seed(
    out: Path,
    seed: int,
    sets: dict[str, Spoken],
    development: Spoken,
    base: dict[str, list[Hypothesis]],
) -> Result:
    """Train every arm on the same pairs, choose on the development set, score the test sets."""
    training = speak(out / "data" / "training", TRAINING, seed)
    pairs = make_pairs(training, out / "pairs.jsonl", seed)
    heard, chosen_on = {"base": base}, {}
    for name, arm in ARMS.items():
        note(f"arm {name}: {arm.objective}, SFT weight {arm.sft_weight:g}, seed {seed}")
        settings = replace(
            SETTINGS, learning_rate=arm.learning_rate, seed=seed, cache_dir=str(out / "cache")
        )
        run = train(
            pairs,
            out,
            MODEL,
            out / "runs" / name,
            objective=arm.objective,
            sft_weight=arm.sft_weight,
            settings=settings,
        )
        heard[name] = hear(run / "hyps", run, {**sets, "development": development})
        chosen_on[name] = error_rate(development, heard[name]["development"])
    best = min(PREFERENCE_ARMS, key=lambda name: chosen_on[name])
    note(f"the development set chooses {best} among the preference arms")
    scored = [
        score_set(
            TestSet(name, s.utterances, {arm: heard[arm][name] for arm in heard}, s.folder),
        )
        for name, s in sets.items()
    ]
    runs = [out / "runs" / name for name in ARMS]
    title = "Earmark demo: a tiny Audio LLM before and after preference training"
    write_text(
        out / "report.html", make_page(title, scored, runs=runs, focus=best, focus_why=WHY_FOCUS)
    )
    write_text(out / RESULTS_FILE, json.dumps(Result(scored, best, runs).scores(), indent=1))
    return Result(scored, best, runs)


def speak(folder: Path, plan: SetPlan, seed: int = 0) -> Spoken:
    """Make the speech of a set; sets of different splits share no sentence."""
    spoken = make_corpus(
        folder,
        count=plan.size,
        language_mix=plan.languages,
        voices=plan.voices,
        split=plan.split,
        seed=CORPUS_SEED + seed,
    )
    return Spoken(folder, [row.utterance for row in spoken])


def make_pairs(training: Spoken, out: Path, seed: int) -> list[Pair]:
    """Build one row per utterance: the truth, and one rejected answer for each imitated failure."""
    mix, _ = parse_mix(MIX)
    imitation = Imitation(mix, Tools(translator=load_grammar(), longest=10), each=True)
    imitate_file(training.folder / MANIFEST, out, imitation, several=True, seed=seed)
    return list(read(Pair, out))


def hear(out: Path, run: Path | None, sets: dict[str, Spoken]) -> dict[str, list[Hypothesis]]:
    """Transcribe every set with the base model, or with what a run has trained."""
    path = str(run) if run else MODEL
    policy, prompt = load_policy(path, device="cpu"), load_prompts()[0]
    name = f"runs/{run.name}" if run else MODEL
    weights = weights_of(policy, model_path(path), None)
    made_by = how_it_was_made(name, None, prompt, MAX_NEW_TOKENS, "refuse", weights=weights)
    return {
        name: transcribe(
            policy,
            spoken.utterances,
            spoken.folder,
            out / f"{name}.jsonl",
            prompt=prompt,
            made_by=made_by,
            max_new_tokens=MAX_NEW_TOKENS,
            batch_size=32,
        )
        for name, spoken in sets.items()
    }


def error_rate(spoken: Spoken, hypotheses: Sequence[Hypothesis]) -> float:
    """Return the mixed error rate, a fraction."""
    scored = score(spoken.utterances, hypotheses, failures=False)
    return float(scored.to_dict()["mixed_error_rate"])
