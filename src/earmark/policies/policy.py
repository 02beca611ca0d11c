"""What every model family must be able to do; the rest of the package knows no model class."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from transformers import PreTrainedModel, ProcessorMixin

from earmark.errors import InputError
from earmark.policies.facts import Facts
from earmark.policies.messages import Messages
from earmark.policies.shared_row import (
    PADDING,
    SharedRows,
    answer_logps,
    attention_mask,
    continue_positions,
    sum_by_candidate,
)

Clip = np.ndarray


class Embedded(NamedTuple):
    """Rows as the language model is handed them; `positions` is None where it counts itself."""

    embeds: Float[Tensor, "row token hidden"]
    positions: Int[Tensor, "*axis row token"] | None = None


class SharedBatch(NamedTuple):
    """Shared rows and the audio they hold: one tensor of tower states per clip, in order."""

    rows: SharedRows
    audio: list[Float[Tensor, "audio_token feature"]]

    def to(self, device: torch.device | str) -> "SharedBatch":
        """Move the batch to a device."""
        return SharedBatch(
            SharedRows(*(tensor.to(device) for tensor in self.rows)),
            [states.to(device) for states in self.audio],
        )


class Policy(ABC):
    """An Audio LLM seen through one interface.

    `network` is the family's own model; LoRA layers are put into it in place, so it stays the
    place where the computation happens. `model` is what is trained and saved: the network, or
    the adapter wrapped round it. `hears` says whether prompts can hold audio at all, `needs_cache`
    whether answers go on from a key-value cache, which gradient checkpointing drops.
    """

    hears: bool = True
    needs_cache: bool = False

    def __init__(
        self, network: PreTrainedModel, processor: ProcessorMixin, facts: Facts | None = None
    ) -> None:
        self.network = network
        self.processor = processor
        self.facts = facts or Facts()
        self.model: nn.Module = network
        self._accept_shared_rows()

    # What a family supplies.

    @property
    @abstractmethod
    def tower(self) -> nn.Module:
        """Return the audio tower, whose output can be cached while it is frozen."""

    @property
    @abstractmethod
    def hearing(self) -> list[nn.Module]:
        """Return the parts that `encode` runs; its output belongs to their weights."""

    @property
    @abstractmethod
    def frozen_by_default(self) -> list[nn.Module]:
        """Return the parts that preference training leaves alone."""

    @property
    @abstractmethod
    def longest_clip_s(self) -> float:
        """Return how many seconds of audio the model hears at most."""

    @abstractmethod
    def features(self, clip: Clip) -> dict[str, Tensor]:
        """Turn one clip (float32, mono, 16 kHz) into the tower's input."""

    @abstractmethod
    def encode(self, features: dict[str, Tensor]) -> Float[Tensor, "audio_token feature"]:
        """Run the tower on one clip and keep the states of real audio, without padding."""

    @abstractmethod
    def prompt_embeds(
        self,
        ids: Int[Tensor, "row token"],
        audio: Sequence[Float[Tensor, "audio_token feature"]],
        real: Bool[Tensor, "row token"] | None = None,
    ) -> Embedded:
        """Embed tokens and put the audio in the place of its placeholders.

        Args:
            ids: rows of tokens, each placeholder repeated to its number of audio tokens.
            audio: what `encode` made of each clip, in the order of the placeholders.
            real: which tokens are not padding; None if all are.
        """

    @abstractmethod
    def decode(
        self,
        embeds: Float[Tensor, "row token hidden"],
        mask: Bool[Tensor, "row 1 token token"],
        positions: Int[Tensor, "*axis row token"],
    ) -> Float[Tensor, "row token hidden"]:
        """Run the language model without its head."""

    @abstractmethod
    def head(self, hidden: Float[Tensor, "token hidden"]) -> Float[Tensor, "token vocabulary"]:
        """Turn hidden states into logits."""

    @abstractmethod
    def prompt_ids(self, messages: Messages, audio_tokens: Sequence[int]) -> list[int]:
        """Tokenize a prompt, each clip's placeholder repeated to its number of audio tokens."""

    @abstractmethod
    def answer_ids(self, messages: Messages, answer: str) -> list[int]:
        """Tokenize an answer as the chat template continues the prompt, end token included."""

    @abstractmethod
    def plain_inputs(self, messages: Messages, clips: Sequence[Clip]) -> dict[str, Tensor]:
        """Return the library's own model inputs for one prompt, untouched by the shared row."""

    @abstractmethod
    def transcribe(
        self, prompts: Sequence[Messages], clips: Sequence[Clip], max_new_tokens: int
    ) -> list[str]:
        """Write down what is heard: greedy, no repetition penalty, raw text without cleaning.

        Nothing is put before the answer but the text of a last assistant message.
        """

    # What follows from it.

    @property
    def device(self) -> torch.device:
        """Return where the model lives."""
        return self.network.device

    @property
    def pad_id(self) -> int:
        """Return the token that fills short rows."""
        return int(self.processor.tokenizer.pad_token_id)

    def lora_targets(self) -> str:
        """Return a regular expression for the linear layers of the language model."""
        return self.facts.lora_targets

    def check_length(self, clip: Clip, sample_rate_hz: int = 16_000, where: str = "clip") -> None:
        """Refuse a clip that the model would cut in silence.

        Raises:
            InputError: the clip is longer than the model hears.
        """
        duration_s = len(clip) / sample_rate_hz
        if duration_s > self.longest_clip_s:
            raise InputError(
                f"{where}: {duration_s:.2f} s of audio, but this model hears "
                f"{self.longest_clip_s:g} s at most; cut it into shorter utterances"
            )

    def shared_logps(self, batch: SharedBatch) -> Float[Tensor, " candidate"]:
        """Return the summed log-probability of every candidate, in nats."""
        return sum_by_candidate(self.shared_token_logps(batch), batch.rows)

    def shared_token_logps(self, batch: SharedBatch) -> Float[Tensor, " answer_token"]:
        """Return the log-probability of every answer token, in nats, by candidate."""
        rows = batch.rows
        prompt = self.prompt_embeds(rows.input_ids, batch.audio, rows.segments != PADDING)
        positions = continue_positions(prompt.positions, rows)
        hidden = self.decode(prompt.embeds, attention_mask(rows.segments), positions)
        logits = self.head(hidden.flatten(0, 1)[rows.read_from])
        return answer_logps(logits, rows.targets)

    def _accept_shared_rows(self) -> None:
        # Wrappers for several processes act on a call of the model, so the step must be one.
        plain: Callable[..., Any] = self.network.forward

        @wraps(plain)
        def forward(
            *args: Any, shared: SharedBatch | None = None, by_token: bool = False, **kwargs: Any
        ) -> Any:
            if shared is None:
                return plain(*args, **kwargs)
            return self.shared_token_logps(shared) if by_token else self.shared_logps(shared)

        self.network.forward = forward
