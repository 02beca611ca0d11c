"""A DPO step on Whisper: Earmark's, and the plain way with transformers' Trainer.

The plain way is what a user writes for an encoder-decoder, for which no trainer of preferences
exists: a collator that puts chosen and rejected answers into one batch, each with its clip's
spectrogram, and a forward pass of policy and of reference, in both of which the encoder runs.
Both are taken with Whisper's whole window of 30 s and with the clip and 4 s of silence, so that
it shows what comes from the window; within each, loss and gradients are compared first.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from transformers import Trainer, TrainingArguments

from earmark.policies.families.whisper import USUAL_SILENCE_S, WhisperPolicy
from earmark.policies.lora.adapt import add_lora, without_adapter
from earmark.report.tables import Table
from training_steps.earmark_step import CACHED, TOWER_LIVE, prepare, steps_of
from training_steps.names import start
from training_steps.race import Compared, compare, interleave
from training_steps.step import Hearing, Step, local_step
from training_steps.task import BETA, LORA_ALPHA, LORA_RANK, Case, clips_of, moved, pairs_of
from training_steps.whisper_shapes import WHISPER_SHAPES, build_policy

WINDOWS = {"30 s": 30.0, f"clip + {USUAL_SILENCE_S:g} s": USUAL_SILENCE_S}
PLAIN = "plain, transformers' Trainer"
FASTEST, PLAINEST = f"{CACHED}, clip + {USUAL_SILENCE_S:g} s", f"{PLAIN}, 30 s"
PROMPTS = 2
AIMS = {1: 3.0, 3: 5.0}  # times per pair, by rejected answers
IGNORED = -100


def cases_of(shape: str, losers: list[int], tunings: list[str], audio_tokens: int) -> list[Case]:
    """Return the cases; 25 audio tokens are a second, as in the other shapes."""
    return [
        Case(shape, audio_tokens, count, tuning, prompts=PROMPTS)
        for tuning in tunings
        for count in losers
    ]


class PairTrainer(Trainer):
    """DPO on batches of pairs, by the class's own forward passes."""

    def __init__(self, reference: Any, **options: Any) -> None:
        super().__init__(**options)
        self.reference = reference

    def compute_loss(self, model: Any, inputs: dict[str, Any], *_: Any, **__: Any) -> Tensor:
        """Return the mean loss; chosen answers are the first half of the batch."""
        found = answer_logps(model, inputs)
        frozen = self.reference or model
        switched = nullcontext() if self.reference else without_adapter(model)
        with torch.no_grad(), switched:
            known = answer_logps(frozen, inputs)
        ratios = found - known
        half = len(ratios) // 2
        return -F.logsigmoid(BETA * (ratios[:half] - ratios[half:])).mean()


def answer_logps(model: Any, inputs: dict[str, Any]) -> Tensor:
    """Sum the log-probabilities of each answer, in nats."""
    labels = inputs["labels"]
    shown = {name: value for name, value in inputs.items() if name != "labels"}
    logits = model(**shown, use_cache=False).logits
    losses = F.cross_entropy(logits.mT, labels, ignore_index=IGNORED, reduction="none")
    return -losses.sum(1)


def paired(policy: WhisperPolicy, root: Path, case: Case) -> dict[str, Tensor]:
    """Collate pairs: all chosen answers, then all rejected ones, each with its spectrogram."""
    rows: list[tuple[Any, list[int], list[int]]] = []
    for side in ("chosen", "rejected"):
        for pair, clip in zip(pairs_of(root, case), clips_of(root, case), strict=True):
            mel = policy.features(clip)["input_features"][0]
            prompt = policy.prompt_ids(pair.prompt, [1])
            answers = [pair.chosen] * len(pair.losers) if side == "chosen" else pair.losers
            rows += [(mel, prompt, policy.answer_ids(pair.prompt, text)) for text in answers]
    ids = [torch.tensor(prompt + answer[:-1]) for _, prompt, answer in rows]
    labels = [torch.tensor([IGNORED] * (len(p) - 1) + answer) for _, p, answer in rows]
    return {
        "input_features": torch.stack([mel for mel, *_ in rows]),
        "decoder_input_ids": pad_sequence(ids, batch_first=True, padding_value=policy.pad_id),
        "labels": pad_sequence(labels, batch_first=True, padding_value=IGNORED),
    }


def plain_step(root: Path, case: Case, silence_s: float, weights: dict[str, Tensor]) -> Step:
    """Return the plain way's step on the case's batch."""
    shape = WHISPER_SHAPES[case.shape]
    policy = build_policy(shape, silence_s)
    reference = None
    if case.tuning == "lora":
        add_lora(policy, LORA_RANK, LORA_ALPHA)
    else:
        reference = build_policy(shape, silence_s)
    start(policy.model, weights)
    towers = [policy.tower] + ([reference.tower] if reference else [])
    with tempfile.TemporaryDirectory() as folder:
        arguments = TrainingArguments(
            folder, use_cpu=True, report_to=[], remove_unused_columns=False
        )
        frozen = reference.network if reference else None
        trainer = PairTrainer(frozen, model=policy.model, args=arguments)
    inputs = paired(policy, root, case)
    trainer.current_gradient_accumulation_steps = 1

    def forward_backward() -> Tensor:
        return trainer.training_step(trainer.model, dict(inputs))

    return local_step(policy.model, Hearing(*towers), forward_backward, case.pairs)


def steps_with(root: Path, case: Case, silence_s: float) -> dict[str, Step]:
    """Return Earmark's steps and the plain one, from the same weights on the same batch."""
    policy = build_policy(WHISPER_SHAPES[case.shape], silence_s)
    kept: dict[str, Tensor] = {}

    def weights(model: Any) -> dict[str, Tensor]:
        kept.update(moved(model))
        return kept

    ready = prepare(root, case, policy, weights)
    clips: list[np.ndarray] = clips_of(root, case)
    ours = steps_of(ready, case, clips, None)
    plain = plain_step(root, case, silence_s, kept)
    return {CACHED: ours[CACHED], TOWER_LIVE: ours[TOWER_LIVE], PLAIN: plain}


def measure_whisper(
    case: Case, root: Path, rounds: int, *, deadline: float = float("inf")
) -> dict[str, tuple[float, Compared]]:
    """Compare the ways of each window, then time all of them in interleaved rounds.

    Returns for each way its median CPU seconds and what the comparison found.

    Raises:
        UnlikeError: two ways with one window do not compute the same thing.
    """
    torch.set_num_threads(1)
    steps: dict[str, Step] = {}
    compared: dict[str, Compared] = {}
    for window, silence_s in WINDOWS.items():
        of_window = steps_with(root, case, silence_s)
        found = compare(of_window, PLAIN, {CACHED})
        steps |= {f"{name}, {window}": step for name, step in of_window.items()}
        compared |= {f"{name}, {window}": each for name, each in found.items()}
    first = {name: each.seconds for name, each in compared.items()}
    times = interleave(steps, first, rounds, deadline, case.name)
    return {
        name: (statistics.median(times[name] or [first[name]]), compared[name]) for name in steps
    }


def whisper_table(case: Case, found: dict[str, tuple[float, Compared]]) -> Table:
    """Tabulate one case, a way a line."""
    plainest = found[PLAINEST][0]
    rows = [
        (
            name,
            f"{seconds:.2f}",
            f"{case.pairs / seconds:.3f}",
            f"{plainest / seconds:.2f}",
            f"{found[f'{PLAIN}, {window_of(name)}'][0] / seconds:.2f}",
            f"{compared.clips_per_pair:.2g}",
        )
        for name, (seconds, compared) in found.items()
    ]
    worst = max(compared.gradient_difference for _, compared in found.values())
    header = ("step", "CPU s", "pairs / CPU s", "x plain, 30 s", "x plain, same window")
    return Table(
        f"{case.shape}, {case.audio_tokens / 25:g} s, {case.losers} rejected, {case.tuning}",
        (*header, "clips heard / pair"),
        rows,
        f"{case.prompts} prompts a step. Within a window losses agree; largest relative gradient "
        f"difference {worst:.1e}.",
    )


def window_of(name: str) -> str:
    return next(window for window in WINDOWS if name.endswith(window))


def run_whisper(
    cases: list[Case], root: Path, rounds: int, show: Callable[[Table], None]
) -> dict[str, Any]:
    """Measure and print all cases; return what the last line says."""
    ratios, missed = {}, []
    for case in cases:
        found = measure_whisper(case, root, rounds)
        show(whisper_table(case, found))
        times = found[PLAINEST][0] / found[FASTEST][0]
        ratios[case.name] = round(times, 2)
        if times < AIMS[case.losers]:
            missed.append({"case": case.name, "aim": AIMS[case.losers], "found": round(times, 2)})
    return {"ratios": ratios, "missed": missed, "date": time.strftime("%Y-%m-%d")}
