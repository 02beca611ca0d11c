"""A small Audio LLM of real halves: Whisper's encoder, a pretrained language model, a projector.

Claim: none of a paper. It is the decoder-only Audio LLM of arXiv 2605.23975 in small and real, for
the comparison on real models: both halves were pretrained by others, and what joins them is
trained on speech in one language at a time. So what it does with two languages in one sentence,
nobody taught it.

Scale: Whisper base's encoder (20 million parameters) and SmolLM2-135M or Gemma 3 270M, instead of
7 billion; a few thousand clips of neural voices; minutes on a GPU, hours on two cores.

Departure: the encoder stays as it is throughout, where Qwen2-Audio's was trained with the rest.
Departure: the projector learns by CTC against the language model's own token embeddings before the
language model learns to write (`tiny/listen.py`), where the paper's model had 500 000 hours.

It checks: the error rate of each language alone on a development set that shares no sentence with
the training set. At 10 % or better in every language that it was trained on, it may have rows in
the comparison; otherwise it says that it may not.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from earmark.errors import InputError, KnobError
from earmark.evaluate.score import score
from earmark.evaluate.summary import summary
from earmark.export.merge import export
from earmark.pairs.prompts import Prompter, load_prompts
from earmark.policies.checkpoint.weights_hash import hash_of_model
from earmark.policies.load import device_of, load_policy
from earmark.progress import note
from earmark.prompting.facts import ATTENTION_AND_MLP
from earmark.prompting.families import FACTS
from earmark.recipes.monolingual import Spoken, by_language, check_apart, check_languages, speech
from earmark.records import Hypothesis, Pair, Utterance
from earmark.storage.atomic import write_text
from earmark.storage.digests import of_values
from earmark.storage.outputs import check_folder
from earmark.tiny.listen import Listening
from earmark.tiny.start import Clips, make_start
from earmark.train.data.clip import ClipRef
from earmark.train.run import train
from earmark.train.settings import TrainSettings
from earmark.transcribe.local import how_it_was_made, transcribe, weights_of

PLAN, RESULT = "plan.json", "result.json"
TARGET = 0.1
MAX_NEW_TOKENS = 120
# The family's own; training draws it as often as all those of the pool together.
PROMPT = FACTS["qwen2_audio"].prompt
LORA_TARGETS = rf"({ATTENTION_AND_MLP})|(.*multi_modal_projector\.linear)"
NAMES = {"en": "english", "zh": "mandarin"}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How long and how fast it learns.

    Attributes:
        listening: how the projector learns alone.
        steps: optimizer steps of the LoRA on projector and language model.
        batch_size: clips of such a step.
        learning_rate: its peak.
        lora_rank: rank of the LoRA.
        seed: draws the projector, the LoRA, the orders and the prompts.
        device: cpu, cuda, ... or auto.
    """

    listening: Listening = field(default_factory=Listening)
    steps: int = 600
    batch_size: int = 16
    learning_rate: float = 3e-4
    lora_rank: int = 32
    seed: int = 0
    device: str = "auto"

    def settings(self, cache: Path) -> TrainSettings:
        """Return the trainer's settings.

        Raises:
            KnobError: a number that cannot work.
        """
        self.listening.check()
        if self.lora_rank < 1 or self.steps < 1:
            raise KnobError(
                f"lora_rank and steps should be at least 1, found {self.lora_rank}, {self.steps}"
            )
        return TrainSettings(
            learning_rate=self.learning_rate,
            lora_rank=self.lora_rank,
            lora_targets=LORA_TARGETS,
            max_steps=self.steps,
            per_device_train_batch_size=self.batch_size,
            lr_scheduler_type="cosine",
            warmup_steps=min(50, self.steps // 10),
            logging_steps=5,
            save_steps=25,
            save_total_limit=2,
            device=self.device,
            seed=self.seed,
            cache_features=True,
            cache_dir=str(cache),
        )


class Measured(NamedTuple):
    """What the model wrote for a set: errors, tokens of the truth, labels of the failures."""

    errors: int
    tokens: int
    utterances: int
    labels: dict[str, int]

    @property
    def rate(self) -> float:
        """Return the mixed error rate, a fraction."""
        return self.errors / self.tokens


class Made(NamedTuple):
    """The model's folder and what was measured: by language, by CTC before, on mixed speech."""

    model: Path
    alone: dict[str, Measured]
    by_ear: dict[str, float]
    mixed: Measured | None = None

    @property
    def reads(self) -> bool:
        """Return whether every language alone is read at the target or better."""
        return all(found.rate <= TARGET for found in self.alone.values())


def make_real_audio_llm(
    out: Path,
    *,
    whisper: str,
    language_model: str,
    training: Sequence[Path],
    development: Sequence[Path],
    mixed: Sequence[Path] = (),
    plan: Plan | None = None,
) -> Made:
    """Join the halves, train what joins them, measure; or resume what was stopped.

    Args:
        out: a folder: `model` in it is the result, the rest may be removed.
        whisper: folder or hub id of a Whisper checkpoint.
        language_model: folder or hub id of a causal language model.
        training: manifests of speech in one language a row, in any format.
        development: others, with no sentence of the training set.
        mixed: code-switched speech that the result is measured on, and never trained on.
        plan: how long and how fast.

    Raises:
        InputError: speech or halves that cannot be used, or a folder that holds something else.
        KnobError: a number of the plan that cannot work.
    """
    plan = plan or Plan()
    settings = plan.settings(out / "cache")
    device_of(plan.device)
    spoken = [speech(path, alone=True) for path in training]
    held = [speech(path, alone=True) for path in development]
    switched = [speech(path, alone=False) for path in mixed]
    check_languages(spoken, held)
    check_apart(spoken, held)
    check_plan(out, plan, whisper, language_model, spoken)
    note("1 of 4: the halves are joined, and the projector learns to hear (CTC)")
    by_ear = make_start(
        out / "start",
        whisper,
        language_model,
        clips_of(spoken),
        {name: clips_of(rows) for name, rows in by_language(held).items()},
        plan.listening._replace(seed=plan.seed),
        cache=out / "cache",
        device=plan.device,
    )
    note(f"2 of 4: projector and language model learn to write, {plan.steps} steps")
    train(
        rows_of(spoken, out, plan.seed),
        out,
        str(out / "start"),
        out / "run",
        objective="sft",
        settings=settings,
    )
    note("3 of 4: the model is merged")
    if not (out / "model").is_dir():
        export(out / "run", out / "model")
    note("4 of 4: the development set is transcribed")
    made = measured(out, by_language(held), switched, by_ear, plan.device)
    write_text(out / RESULT, json.dumps(as_json(made), indent=2) + "\n")
    return made


def clips_of(spoken: Sequence[Spoken]) -> Clips:
    """Return clips and texts of speech."""
    rows = [(folder, row) for folder, rows in spoken for row in rows]
    return Clips(
        [ClipRef(str(folder / (row.audio or "")), row.start_s, row.end_s) for folder, row in rows],
        [(row.text or "").strip() for _, row in rows],
    )


def rows_of(spoken: Sequence[Spoken], out: Path, seed: int) -> list[Pair]:
    """Return training rows without a rejected answer; prompts are drawn from the pool."""
    pool, rng, found = load_prompts(), Random(f"prompts {seed}"), []
    for number, (folder, rows) in enumerate(spoken):
        prompter = Prompter([*pool, *[PROMPT] * len(pool)], folder, out / "rows")
        found += [
            Pair(f"{number}-{row.id}", prompter.prompt(row, rng), (row.text or "").strip(), [])
            for row in rows
        ]
    return found


def check_plan(
    out: Path, plan: Plan, whisper: str, language_model: str, training: Sequence[Spoken]
) -> None:
    """Refuse a folder that was begun otherwise, and note down what is begun in a new one.

    The device may change.

    Raises:
        InputError: it holds something else, or was begun with another plan.
    """
    said = [(row.id, row.text, row.audio) for _, rows in training for row in rows]
    wanted = {
        **asdict(replace(plan, device="auto")),
        "listening": plan.listening._asdict(),
        "whisper": hash_of_model(whisper) or whisper,
        "language_model": hash_of_model(language_model) or language_model,
        "training": of_values(said),
    }
    del wanted["device"]
    path = out / PLAN
    check_folder(out, path.is_file(), "an Audio LLM that this recipe has begun")
    if not path.is_file():
        write_text(path, json.dumps(wanted, indent=2) + "\n")
        return
    found = json.loads(path.read_text("utf-8"))
    other = sorted(name for name in wanted if found.get(name) != wanted[name])
    if other:
        raise InputError(
            f"{out}: begun with other values of {', '.join(other)} (see {PLAN}); take those, or "
            "another folder"
        )


def measured(
    out: Path,
    held: dict[str, list[Spoken]],
    mixed: Sequence[Spoken],
    by_ear: dict[str, float],
    device: str,
) -> Made:
    """Transcribe the development set, and mixed speech where there is any, and count."""
    model = str(out / "model")
    policy = load_policy(model, device=device)
    weights = weights_of(policy, model, None)
    made_by = how_it_was_made(model, None, PROMPT, MAX_NEW_TOKENS, "refuse", weights=weights)

    def hear(spoken: Sequence[Spoken], name: str) -> Measured:
        truths: list[Utterance] = []
        hyps: list[Hypothesis] = []
        for number, (folder, rows) in enumerate(spoken):
            file = out / "heard" / f"{name}-{number}.jsonl"
            heard = transcribe(
                policy,
                rows,
                folder,
                file,
                prompt=PROMPT,
                made_by=made_by,
                max_new_tokens=MAX_NEW_TOKENS,
            )
            # Two manifests may count their rows alike.
            truths += [replace(row, id=f"{number}-{row.id}") for row in rows]
            hyps += [replace(row, id=f"{number}-{row.id}") for row in heard]
        return counted(truths, hyps)

    alone = {NAMES[name]: hear(rows, NAMES[name]) for name, rows in sorted(held.items())}
    ear = {NAMES[name]: rate for name, rate in sorted(by_ear.items())}
    return Made(out / "model", alone, ear, hear(mixed, "mixed") if mixed else None)


def counted(truths: Sequence[Utterance], hyps: Sequence[Hypothesis]) -> Measured:
    """Count errors and name failures.

    >>> counted([Utterance("u", "我想 review 一下")], [Hypothesis("u", "我想一下")]).rate
    0.2
    """
    found = summary(score(truths, hyps, over="utterance").rows)
    counts = found["counts"]
    errors = sum(counts[kind] for kind in ("substitutions", "deletions", "insertions"))
    labels = {name: mode["utterances"] for name, mode in found["failure_modes"].items()}
    return Measured(errors, counts["truth_tokens"], found["utterances"], labels)


def as_json(made: Made) -> dict[str, Any]:
    """Return what was measured as plain values."""
    return {
        "model": str(made.model),
        "development": {name: found._asdict() for name, found in made.alone.items()},
        "by_ctc_before": made.by_ear,
        "mixed": made.mixed._asdict() if made.mixed else None,
        "reads_single_languages": made.reads,
    }


def figures(made: Made) -> str:
    """Lay out the error rates as a Markdown table in per cent, and say what they allow."""
    lines = ["| set | utterances | by CTC alone | error rate |", "|---|---|---|---|"]
    for name, found in made.alone.items():
        ear = f"{100 * made.by_ear[name]:.1f}" if name in made.by_ear else "–"
        lines.append(f"| {name} | {found.utterances} | {ear} | {100 * found.rate:.1f} |")
    if made.mixed:
        rate = f"{100 * made.mixed.rate:.1f}"
        lines.append(f"| mixed, never trained on | {made.mixed.utterances} | – | {rate} |")
    says = (
        f"It reads every language alone at {100 * TARGET:.0f} % or better: it may have rows in the "
        "comparison on real models."
        if made.reads
        else f"It does not read every language alone at {100 * TARGET:.0f} % or better: it has no "
        "rows in the comparison on real models. More clips, or more steps."
    )
    return "\n".join([*lines, "", says]) + "\n"
