"""One run: train an arm on its rows, transcribe, and count."""

import shutil
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from earmark.evaluate.score import score
from earmark.evaluate.summary import summary
from earmark.experiments.cells import Cell, Result, read_result, write_result
from earmark.experiments.outcomes import BASE
from earmark.experiments.real_codeswitch.arms import ARMS
from earmark.experiments.real_codeswitch.pairs import rows_of
from earmark.experiments.real_codeswitch.scale import Scale
from earmark.experiments.real_codeswitch.world import Spoken, World
from earmark.experiments.run_log import chosen_logps
from earmark.formats.reading import read
from earmark.policies.load import load_policy, model_path
from earmark.policies.policy import Policy
from earmark.records import Hypothesis, Pair
from earmark.train.run import train
from earmark.train.run_folder import LOG, RUN, is_finished
from earmark.train.settings import TrainSettings
from earmark.transcribe.decoding import Decoding
from earmark.transcribe.local import how_it_was_made, transcribe, weights_of
from earmark.transcribe.resume import candidate_paths

MAX_NEW_TOKENS = 120
BATCH_SIZE = 16
# On every device, so that results are those of a CPU within rounding.
DTYPE: Literal["float32"] = "float32"
ACCELERATED_BATCH_SIZE = 64


@dataclass(frozen=True)
class Trial:
    """A cell with all that its run is made of.

    `start` is the model that it starts from; `before` is the trial that made it, if one did.
    """

    world: World
    cell: Cell
    start: str
    before: "Trial | None" = None

    @property
    def run(self) -> Path:
        """Return the run folder."""
        return self.world.out / "runs" / self.cell.place

    @property
    def kept(self) -> Path:
        """Return where transcripts and the log of the run stay when it is removed."""
        return self.world.out / "kept" / self.cell.place

    @property
    def rows_folder(self) -> Path:
        """Return where the pairs lie: with the start, since what is mined depends on it."""
        start = ARMS[self.cell.arm].start
        return self.world.out / "rows" / (start or "base") / f"seed-{self.cell.seed}"

    def trained(self) -> tuple[Path, float | None]:
        """Train, resume, or find it done; return the run and its CPU seconds.

        They are None where it was done before, and where another device did the work.
        """
        arm = ARMS[self.cell.arm]
        if (self.run / RUN).is_file() and is_finished(self.run):
            return self.run, None
        rows = self.rows()
        if self.before:
            self.before.trained()
        start = time.process_time()
        train(
            rows,
            self.rows_folder,
            self.start,
            self.run,
            objective=arm.objective,
            sft_weight=arm.sft_weight,
            knobs=dict(arm.knobs),
            settings=self.settings(),
        )
        spent = time.process_time() - start
        return self.run, round(spent, 2) if self.world.device == "cpu" else None

    def rows(self) -> list[Pair]:
        """Return the rows of the run, made now or before."""
        arm = ARMS[self.cell.arm]
        hyps = self.written() if arm.rows != "imitated" else []
        return rows_of(self.world, arm, self.cell.seed, self.rows_folder, hyps)

    def written(self) -> list[Path]:
        """Return what the starting model writes for the training speech: greedily, and drawn.

        The base model hears the whole pool once for all seeds, another one its own seed's speech.
        """
        world, stage = self.world, ARMS[self.cell.arm].start
        spoken = world.training(self.cell.seed) if stage else world.pool
        folder = self.rows_folder if stage else world.out / BASE
        greedy, drawn = mined_files(folder)
        files = [greedy, *candidate_paths(drawn, world.scale.candidates)]
        if self.before and not all(path.is_file() for path in files):
            self.before.trained()
        hear(world, self.start, spoken, greedy)
        hear(world, self.start, spoken, drawn, decoding=drawn_decoding(world.scale))
        return files

    def settings(self) -> TrainSettings:
        """Return the settings of a run: the same for all arms except the learning rate."""
        scale = self.world.scale
        return TrainSettings(
            learning_rate=self.cell.rate,
            lora_rank=0,
            max_steps=scale.steps,
            per_device_train_batch_size=scale.batch_size,
            warmup_steps=min(6, scale.steps // 2),
            logging_steps=5,
            save_steps=scale.steps + 5 - scale.steps % 5,
            save_total_limit=1,
            device=self.world.device,
            dtype=DTYPE,
            seed=self.cell.seed,
            silence_s=scale.silence_s,
            cache_features=True,
            cache_dir=str(self.world.out / "cache"),
        )

    def developed(self) -> Result:
        """Return the result with the development set, made now or before."""
        known = read_result(self.world.out, self.cell)
        if known is not None:
            return known
        run, cost = self.trained()
        sets = {"development": self.world.development}
        found = measure(self.world, str(run), self.kept, sets)
        shutil.copyfile(run / LOG, self.kept / LOG)
        rate = found["development"]["errors"] / found["development"]["tokens"]
        result = {"development": rate, "cpu_s": cost, "device": self.world.device}
        result |= chosen_logps(run)
        return write_result(self.world.out, self.cell, result)

    def tested(self) -> Result:
        """Return the result with the test sets, which are used once and never again."""
        result = self.developed()
        if "test" in result:
            return result
        run, _ = self.trained()
        tests = measure(self.world, str(run), self.kept, self.world.tests)
        return write_result(self.world.out, self.cell, {**result, "test": tests})

    def forget(self) -> None:
        """Remove the run; it can be trained again to the same end. Its log is kept elsewhere."""
        shutil.rmtree(self.run, ignore_errors=True)


def mined_files(folder: Path) -> tuple[Path, Path]:
    """Return the files of what is mined: the greedy answers, and the drawn ones."""
    return folder / "greedy.jsonl", folder / "drawn.jsonl"


def drawn_decoding(scale: Scale) -> Decoding:
    """Return how answers are drawn that are mined beside the greedy ones."""
    return Decoding(
        candidates=scale.candidates, temperature=scale.temperature, max_new_tokens=MAX_NEW_TOKENS
    )


@lru_cache(maxsize=1)
def loaded(model: str, silence_s: float, device: str) -> Policy:
    """Load a model; the last one is kept at hand."""
    return load_policy(model, device=device, dtype=DTYPE, silence_s=silence_s)


def hear(
    world: World,
    model: str,
    spoken: Spoken,
    out: Path,
    *,
    silence_s: float | None = None,
    language: str = "",
    decoding: Decoding | None = None,
) -> list[Hypothesis]:
    """Transcribe a set, or read what was transcribed before.

    Args:
        world: its scale says how long a silence is heard after each clip.
        model: folder of the model.
        spoken: the set.
        out: file of the transcripts.
        silence_s: in place of the scale's.
        language: what the prompt names in place of the set's own.
        decoding: how tokens are drawn; by default the likeliest is taken.
    """
    there = candidate_paths(out, decoding.candidates if decoding else 1)
    if all(path.is_file() for path in there):
        return list(read(Hypothesis, there[0]))
    silence_s = world.scale.silence_s if silence_s is None else silence_s
    policy = loaded(model, silence_s, world.device)
    prefill = policy.opening(language or spoken.prompt_language)
    made_by = how_it_was_made(
        Path(model).name,
        None,
        policy.facts.prompt,
        MAX_NEW_TOKENS,
        "refuse",
        prefill,
        weights=weights_of(policy, model_path(model), None),
        decoding=decoding,
    )
    return transcribe(
        policy,
        spoken.utterances,
        spoken.folder,
        out,
        prompt=None,
        made_by=made_by,
        prefill=prefill,
        max_new_tokens=MAX_NEW_TOKENS,
        decoding=decoding,
        batch_size=BATCH_SIZE if world.device == "cpu" else ACCELERATED_BATCH_SIZE,
    )


def measure(
    world: World,
    model: str,
    folder: Path,
    sets: dict[str, Spoken],
    *,
    silence_s: float | None = None,
    language: str = "",
) -> dict[str, Any]:
    """Transcribe sets and count: errors, tokens, each language's, labels, switches."""
    found = {}
    for name, spoken in sets.items():
        file = file_of(folder, name, language)
        heard = hear(world, model, spoken, file, silence_s=silence_s, language=language)
        found[name] = counted(summary(score(spoken.utterances, heard).rows))
    return found


def file_of(folder: Path, name: str, language: str = "") -> Path:
    """Return the file of a set's transcripts.

    >>> file_of(Path("hyps"), "mixed, other voices", "en").as_posix()
    'hyps/mixed-other-voices-en.jsonl'
    """
    plain = name.replace(",", "").replace(" ", "-")
    return folder / f"{plain}{language and f'-{language}'}.jsonl"


def counted(summed: dict[str, Any]) -> dict[str, Any]:
    """Keep of a summary what the tables are made from; all of it adds.

    >>> from earmark.records import Utterance
    >>> said, heard = [Utterance("u", "我想 review 一下")], [Hypothesis("u", "我想一下")]
    >>> found = counted(summary(score(said, heard).rows))
    >>> found["errors"], found["tokens"], found["en"], found["switches"]
    (1, 5, [1, 1], [0, 2])
    """
    counts, mixing = summed["counts"], summed["composition"]
    return {
        "errors": _errors(counts),
        "tokens": counts["truth_tokens"],
        "utterances": summed["utterances"],
        **{
            name: [_errors(at["counts"]), at["counts"]["truth_tokens"]]
            for name, at in summed["by_language"].items()
            if name != "other"
        },
        "switches": [mixing["hyp"]["switches"], mixing["truth"]["switches"]],
        "labels": {name: at["utterances"] for name, at in summed["failure_modes"].items()},
    }


def _errors(counts: dict[str, int]) -> int:
    return sum(counts[kind] for kind in ("substitutions", "deletions", "insertions"))
