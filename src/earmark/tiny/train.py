"""Make the tiny base model from nothing: speech, hearing, writing, a checkpoint to ship.

It is to transcribe one language well and to fail on two, as large Audio LLMs do. Stage A trains
the audio tower alone (`ctc_warmup`), on what was really said, code-switched speech included: the
tower must carry what the language model then learns to drop. Stage B trains everything, at
first to write the truth and then to write the labels of `tiny_labels`, with CTC on the truth
beside it: like a large model it can read code-switched speech and has the habit of not doing so.
Stage C does the same once more, at half the rate.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Generator, Tensor
from transformers import Qwen2AudioForConditionalGeneration, Qwen2AudioProcessor

from earmark.pairs.prompts import load_prompts
from earmark.progress import track
from earmark.tiny.augment import augment
from earmark.tiny.bad_habits import label
from earmark.tiny.ctc import ctc_loss, flat_start_loss, said_letters, token_scores
from earmark.tiny.forward import hear, write
from earmark.tiny.model import END, build_tiny
from earmark.tiny.optimize import Stage, learn
from earmark.voices.corpus import LanguageMode, Spoken, make_corpus, read_corpus

UTTERANCES = 10_000
LANGUAGES: dict[LanguageMode, float] = {"mixed": 0.4, "zh": 0.3, "en": 0.3}
HEARING = Stage("hearing", steps=2000, clips=16, learning_rate=2.5e-3)
WRITING = Stage("writing", steps=1300, clips=24, learning_rate=3e-3)
POLISHING = Stage("polishing", steps=700, clips=24, learning_rate=1.5e-3)
HONEST_UNTIL = 0.45
FLAT_START_UNTIL = 0.3
AUGMENT_FROM = 0.55
AUGMENTED_SHARE = 0.35
CTC_WEIGHT = 0.3
FEATURE_BATCH = 128


class Speech(NamedTuple):
    """A corpus in memory: log-mel features in half precision, and token ids.

    `truths` are what was said, `labels` what the model learns to write, with the end token.
    """

    mel: Float[Tensor, "clip mel frame"]
    frames: Int[Tensor, " clip"]
    truths: list[list[int]]
    labels: list[list[int]]

    def clips(
        self, batch: Sequence[int], augmented: bool, generator: Generator
    ) -> tuple[Float[Tensor, "clip mel frame"], Int[Tensor, " clip"]]:
        """Return the features of a batch in single precision, varied or as they are."""
        mel, frames = self.mel[batch].float(), self.frames[batch]
        return augment(mel, frames, generator) if augmented else (mel, frames)


def log_mel(
    clips: Sequence[np.ndarray], processor: Qwen2AudioProcessor
) -> tuple[Float[Tensor, "clip mel frame"], Int[Tensor, " clip"]]:
    """Turn clips into features in half precision, and the number of frames that hold audio."""
    mels, frames = [], []
    for start in track(range(0, len(clips), FEATURE_BATCH), "log-mel features"):
        batch = processor.feature_extractor(
            clips[start : start + FEATURE_BATCH],
            sampling_rate=processor.feature_extractor.sampling_rate,
            padding="max_length",
            return_attention_mask=True,
            return_tensors="pt",
        )
        mels.append(batch["input_features"].half())
        frames.append(batch["attention_mask"].sum(-1))
    return torch.cat(mels), torch.cat(frames)


def learn_to_hear(
    model: Qwen2AudioForConditionalGeneration,
    processor: Qwen2AudioProcessor,
    speech: Speech,
    stage: Stage,
    generator: Generator,
) -> list[float]:
    """Train tower, projector and token embeddings; return the loss of each step."""
    tokenizer = processor.tokenizer
    letters = [said_letters(tokenizer.decode([token])) for token in range(len(tokenizer))]

    def loss_of(batch: list[int], progress: float) -> Tensor:
        varied = torch.rand(1, generator=generator).item() < AUGMENTED_SHARE
        heard = hear(model, *speech.clips(batch, varied and progress > AUGMENT_FROM, generator))
        scores, truths = token_scores(model, heard), [speech.truths[i] for i in batch]
        loss = ctc_loss(scores, heard, truths, blank=tokenizer.pad_token_id)
        flat = 1 - progress / FLAT_START_UNTIL
        if flat > 0:
            loss = loss + flat * flat_start_loss(scores, heard, truths, letters=letters)
        return loss

    parameters = [
        *model.model.audio_tower.parameters(),
        *model.model.multi_modal_projector.parameters(),
        *model.get_input_embeddings().parameters(),
    ]
    return learn(parameters, stage, loss_of, lengths=speech.frames.tolist(), generator=generator)


def learn_to_write(
    model: Qwen2AudioForConditionalGeneration,
    processor: Qwen2AudioProcessor,
    speech: Speech,
    stage: Stage,
    generator: Generator,
) -> list[float]:
    """Train the whole model to write the labels, asked in varied words; return the losses."""
    pool = [prompt_ids(processor, prompt) for prompt in load_prompts()]
    blank, end = processor.tokenizer.pad_token_id, processor.tokenizer.eos_token_id

    def loss_of(batch: list[int], progress: float) -> Tensor:
        varied = torch.rand(1, generator=generator).item() < AUGMENTED_SHARE
        heard = hear(model, *speech.clips(batch, varied, generator))
        drawn = torch.randint(len(pool), [len(batch)], generator=generator).tolist()
        truths = [speech.truths[i] for i in batch]
        honest = progress < HONEST_UNTIL
        answers = [[*t, end] for t in truths] if honest else [speech.labels[i] for i in batch]
        written = write(model, heard, [pool[i] for i in drawn], answers)
        hearing = ctc_loss(token_scores(model, heard), heard, truths, blank=blank)
        return F.cross_entropy(written.logits, written.targets) + CTC_WEIGHT * hearing

    parameters = list(model.parameters())
    return learn(parameters, stage, loss_of, lengths=speech.frames.tolist(), generator=generator)


def prompt_ids(processor: Qwen2AudioProcessor, prompt: str) -> list[int]:
    """Tokenize a prompt as the chat template renders it, with one audio placeholder."""
    content = [{"type": "audio"}, {"type": "text", "text": prompt}]
    messages: list[dict[str, Any]] = [{"role": "user", "content": content}]
    text = processor.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    return processor.tokenizer(text)["input_ids"]


@dataclass(frozen=True)
class TinyBase:
    """A trained tiny base model, the loss of every step, and what it cost in seconds.

    `speech_s` is wall time; `cpu_s` counts the CPU time of both training stages, all threads.
    """

    model: Qwen2AudioForConditionalGeneration
    processor: Qwen2AudioProcessor
    hearing_losses: list[float]
    writing_losses: list[float]
    speech_s: float
    wall_s: float
    cpu_s: float


def prepare(
    spoken: Sequence[Spoken], folder: Path, seed: int
) -> tuple[Qwen2AudioForConditionalGeneration, Qwen2AudioProcessor, Speech]:
    """Build the untrained model for a corpus, and take the corpus into memory."""
    truths = [row.rendering.text for row in spoken]
    labels = [label(row.rendering) for row in spoken]
    model, processor = build_tiny([*load_prompts(), *truths, *labels], seed=seed)
    mel, frames = log_mel([clip for _, clip in read_corpus(folder)], processor)
    ids = processor.tokenizer
    answers = [text + END for text in labels]
    return model, processor, Speech(mel, frames, ids(truths).input_ids, ids(answers).input_ids)


def train_tiny_base(
    *,
    seed: int = 1,
    utterances: int = UTTERANCES,
    hearing: Stage = HEARING,
    writing: Stage = WRITING,
    polishing: Stage | None = None,
    workers: int | None = None,
) -> TinyBase:
    """Make speech, build the model, train the stages; the result has float32 weights.

    The speech lives in a temporary folder. On another machine, or with another number of
    threads, sums are rounded otherwise, and the weights come out a little different.
    """
    started = time.monotonic()
    with TemporaryDirectory(prefix="earmark-tiny-base-") as folder:
        spoken = make_corpus(
            folder, count=utterances, language_mix=LANGUAGES, seed=seed, workers=workers
        )
        model, processor, speech = prepare(spoken, Path(folder), seed)
    speech_s, wall, cpu = time.monotonic() - started, time.monotonic(), time.process_time()
    generator = Generator().manual_seed(seed)
    hearing_losses = learn_to_hear(model, processor, speech, hearing, generator)
    # The tower has learnt to put a word's own embedding where the word is spoken, so a head that
    # starts as the embeddings has only to learn where to look.
    model.lm_head.weight.data.copy_(model.get_input_embeddings().weight.data)
    writing_losses = [
        loss
        for stage in (writing, *([polishing] if polishing else []))
        for loss in learn_to_write(model, processor, speech, stage, generator)
    ]
    return TinyBase(
        model.eval(),
        processor,
        hearing_losses,
        writing_losses,
        speech_s=speech_s,
        wall_s=time.monotonic() - wall,
        cpu_s=time.process_time() - cpu,
    )
