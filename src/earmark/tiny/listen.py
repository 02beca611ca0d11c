"""Teach a projector between a frozen encoder and a frozen language model to hear, by CTC.

What a word sounds like is brought to where the word's own embedding lies, so that the language
model, which has read text alone, later finds a text in the place of the audio. Audio states and
embeddings are compared without the mean μ of all embeddings (Graves et al., ICML 2006, for CTC):

    score of token v = τ · (h − μ)·(e_v − μ) / mean ‖e − μ‖²,    score of the blank = b

so that silence and what lies between words is brought to μ, which is no word at all. τ is fixed,
b is trained. Only tokens of the training truths are compared. The encoder has run before: a step
costs one linear layer and the scores.

A run that is stopped resumes from its last checkpoint, to the same losses: the clips of a step
depend on its number and the seed alone.
"""

import json
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Generator, Tensor, nn

from earmark.errors import InputError, KnobError
from earmark.progress import note, track
from earmark.storage.atomic import atomic_path
from earmark.tiny.ctc import ctc_loss
from earmark.tiny.forward import Heard
from earmark.tiny.halves import TokenSpace

SHARPNESS = 20.0
WARMUP_STEPS = 50
LAST_RATE = 0.05
BETAS = (0.9, 0.98)
LOG_EVERY, SAVE_EVERY = 20, 100
STATE, LOG = "state.safetensors", "log.jsonl"


class Listening(NamedTuple):
    """How long the projector learns: `clips` a step, `rate` as a share of its weights' size."""

    steps: int = 1500
    clips: int = 32
    rate: float = 0.05
    seed: int = 0

    def check(self) -> None:
        """Refuse numbers that cannot work.

        Raises:
            KnobError: names it.
        """
        for name in ("steps", "clips"):
            if getattr(self, name) < 1:
                raise KnobError(f"{name} should be at least 1, found {getattr(self, name)}")
        if not 0 < self.rate < 1:
            raise KnobError(f"rate should lie between 0 and 1, found {self.rate}")


class Corpus(NamedTuple):
    """Encoder states of clips, [audio_token, feature] each, and the tokens of what was said."""

    states: Sequence[Tensor]
    truths: Sequence[Sequence[int]]

    def batch(self, numbers: Sequence[int], device: torch.device) -> tuple[Tensor, Tensor]:
        """Return padded states [clip, audio_token, feature] and how many of each are real."""
        chosen = [self.states[number] for number in numbers]
        lengths = torch.tensor([len(states) for states in chosen], device=device)
        padded = nn.utils.rnn.pad_sequence(list(chosen), batch_first=True)
        return padded.to(device).float(), lengths


class Ear(nn.Module):
    """The projector beside the score of the blank; `vocabulary` are the tokens it compares with."""

    mean: Tensor
    tokens: Tensor

    def __init__(self, projector: nn.Linear, space: TokenSpace, vocabulary: Sequence[int]) -> None:
        super().__init__()
        self.projector = projector
        self.blank = nn.Parameter(torch.tensor(SHARPNESS / 2))
        self.vocabulary = list(vocabulary)
        self.place = {token: place for place, token in enumerate(self.vocabulary, start=1)}
        centred = space.embeddings[self.vocabulary] - space.mean
        size = centred.square().sum(dim=1).mean()
        self.register_buffer("mean", space.mean.clone())
        self.register_buffer("tokens", SHARPNESS * centred / size)

    def forward(
        self, states: Float[Tensor, "clip audio_token feature"]
    ) -> Float[Tensor, "clip audio_token choice"]:
        """Score the blank, which is choice 0, and every token of the vocabulary."""
        heard = (self.projector(states) - self.mean) @ self.tokens.T
        return torch.cat([self.blank.expand(*heard.shape[:2], 1), heard], dim=2)

    def places(self, truth: Sequence[int]) -> list[int]:
        """Return which choices a text's tokens are."""
        return [self.place[token] for token in truth]

    @torch.no_grad()
    def write(self, states: Float[Tensor, "audio_token feature"]) -> list[int]:
        """Return the likeliest tokens, repeats merged and blanks left out."""
        best = self(states[None].to(self.mean.device).float())[0].argmax(dim=1)
        return [self.vocabulary[i - 1] for i in best.unique_consecutive().tolist() if i]


def listen(ear: Ear, corpus: Corpus, plan: Listening, folder: Path, inputs: str) -> list[float]:
    """Train the projector, or resume; return the loss of every step, in nats per token.

    Args:
        ear: changed in place; it lives where it is trained.
        corpus: what it hears.
        plan: how long.
        folder: for checkpoints and the log.
        inputs: a hash of everything the losses depend on beside the plan.

    Raises:
        InputError: the folder holds another run.
    """
    plan.check()
    note_of_short(corpus)
    spread = float(ear.projector.weight.detach().std())
    optimizer = torch.optim.AdamW(ear.parameters(), betas=BETAS, weight_decay=0.0)
    folder.mkdir(parents=True, exist_ok=True)
    of = {"inputs": inputs, "plan": json.dumps(plan)}
    losses = _resume(ear, optimizer, folder, of)
    rest, began = range(len(losses), plan.steps), monotonic()
    for step in track(rest, "learning to hear", total=len(rest)):
        for group in optimizer.param_groups:
            group["lr"] = rate_at(step + 1, plan) * spread
        losses.append(_step(ear, corpus, clips_of(step, len(corpus.states), plan), optimizer))
        done = step + 1
        if done % LOG_EVERY == 0 or done == plan.steps:
            mean = sum(losses[-LOG_EVERY:]) / len(losses[-LOG_EVERY:])
            left_s = (monotonic() - began) / (done - rest.start) * (plan.steps - done)
            note(
                f"learning to hear: step {done} of {plan.steps}, loss {mean:.3f}, about "
                f"{left_s / 60:.1f} min left"
            )
        if done % SAVE_EVERY == 0 or done == plan.steps:
            _save(ear, optimizer, losses, folder, of)
    return losses


def _step(ear: Ear, corpus: Corpus, numbers: Sequence[int], optimizer: Any) -> float:
    """Take one step on some clips; return their loss."""
    states, lengths = corpus.batch(numbers, ear.mean.device)
    truths = [ear.places(corpus.truths[number]) for number in numbers]
    scores = ear(states)
    loss = ctc_loss(scores, Heard(scores, lengths), truths, blank=0)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return float(loss.item())


def clips_of(step: int, count: int, plan: Listening) -> list[int]:
    """Return the numbers of a step's clips: every clip once an epoch, in a new order.

    >>> plan = Listening(clips=2)
    >>> sorted(clips_of(0, 4, plan) + clips_of(1, 4, plan))
    [0, 1, 2, 3]
    """
    size = min(plan.clips, count)
    each = count // size
    epoch, at = divmod(step, each)
    generator = Generator().manual_seed(plan.seed * 1_000_003 + epoch)
    return torch.randperm(count, generator=generator)[at * size : (at + 1) * size].tolist()


def rate_at(step: int, plan: Listening) -> float:
    """Return the rate: a short warm-up, then linear down to LAST_RATE of the peak.

    >>> round(rate_at(1000, Listening(steps=1000, rate=0.1)), 4)
    0.005
    """
    warm = min(1.0, step / WARMUP_STEPS)
    return plan.rate * warm * (1 - (1 - LAST_RATE) * step / plan.steps)


def note_of_short(corpus: Corpus) -> None:
    """Say how many clips have fewer states than CTC needs for their text; they teach nothing."""
    short = sum(
        len(states) < len(truth) + sum(a == b for a, b in pairwise(truth))
        for states, truth in zip(corpus.states, corpus.truths, strict=True)
    )
    if short:
        note(f"{short} of {len(corpus.states)} clips are too short for their text to be aligned")


def _named(ear: Ear, optimizer: Any) -> Iterator[tuple[str, Tensor]]:
    """Yield the trained tensors, and what the optimizer keeps of each."""
    for name, value in ear.named_parameters():
        yield name, value.detach()
        for kind, kept in optimizer.state[value].items():
            yield f"{name}.{kind}", kept


def _save(ear: Ear, optimizer: Any, losses: Sequence[float], folder: Path, of: Any) -> None:
    """Write a checkpoint; it replaces the one before when it is whole."""
    tensors = {name: value.cpu().contiguous() for name, value in _named(ear, optimizer)}
    tensors["losses"] = torch.tensor(losses, dtype=torch.float64)
    with atomic_path(folder / STATE) as temporary:
        save_file(tensors, temporary, of)
    with atomic_path(folder / LOG) as temporary:
        rows = (json.dumps({"step": n, "loss": loss}) for n, loss in enumerate(losses, start=1))
        temporary.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")


def _resume(ear: Ear, optimizer: Any, folder: Path, of: dict[str, str]) -> list[float]:
    """Load the last checkpoint, if there is one; return the losses so far.

    Raises:
        InputError: it is that of another run.
    """
    if not (folder / STATE).is_file():
        return []
    with safe_open(folder / STATE, "pt") as file:
        if file.metadata() != of:
            raise InputError(
                f"{folder}: a run with other inputs or settings is here; choose another folder, "
                "or remove it"
            )
        kept = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    losses = kept.pop("losses").tolist()
    # One step without gradients makes the optimizer's tensors, which are then filled.
    for parameter in ear.parameters():
        parameter.grad = torch.zeros_like(parameter)
    optimizer.param_groups[0]["lr"] = 0.0
    optimizer.step()
    with torch.no_grad():
        for name, value in _named(ear, optimizer):
            value.copy_(kept[name])
    note(f"learning to hear: resuming after step {len(losses)}")
    return losses
