"""What every model family must be able to do; the rest of the package knows no model class."""

from abc import ABC, abstractmethod
from collections import UserList
from collections.abc import Callable, MutableSequence, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import wraps
from typing import Any, NamedTuple

import numpy as np
import torch
from accelerate.utils import send_to_device
from jaxtyping import Bool, Float, Int, Real
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase, ProcessorMixin

from earmark.errors import KnobError
from earmark.policies.generation.branches import Written
from earmark.policies.next_token import LIKELIEST, Choice
from earmark.policies.rows.chunked_head import head_logps
from earmark.policies.rows.last_layer import only_where_read
from earmark.policies.rows.prompt_attention import prompts_attend_alone
from earmark.policies.rows.shared_row import (
    PADDING,
    SharedRows,
    attention_mask,
    continue_positions,
    sum_by_candidate,
)
from earmark.prompting.answer import Answer
from earmark.prompting.facts import Facts
from earmark.prompting.messages import Messages

Clip = np.ndarray
Features = dict[str, Tensor]
# A model of text alone has its tokenizer in the place of a processor.
Processor = ProcessorMixin | PreTrainedTokenizerBase


class Embedded(NamedTuple):
    """Rows as the language model is handed them; `positions` is None where it counts itself."""

    embeds: Float[Tensor, "row token hidden"]
    positions: Real[Tensor, "*axis row token"] | None = None


class SharedBatch(NamedTuple):
    """Shared rows and the clips they hold, in order.

    A clip is the tower's states [audio_token, feature], or still the tower's input, which a call
    of the model hears first. After `to` the clips are in a UserList: wrappers for several GPUs
    hand a copy of any list to the model, and what is heard would be lost with it.
    """

    rows: SharedRows
    clips: MutableSequence[Tensor | Features]

    @property
    def audio(self) -> list[Float[Tensor, "_audio_token _feature"]]:
        """Return the tower's states of all clips that were heard, each of its own length."""
        return [clip for clip in self.clips if isinstance(clip, Tensor)]

    def to(self, device: torch.device | str) -> "SharedBatch":
        """Move the batch to a device."""
        return SharedBatch(
            SharedRows(*(tensor.to(device) for tensor in self.rows)),
            UserList(send_to_device(clip, device) for clip in self.clips),
        )


class Policy(ABC):
    """An Audio LLM seen through one interface.

    `network` is the family's own model; LoRA layers are put into it in place, so it stays the
    place where the computation happens. `model` is what is trained and saved: the network, or
    the adapter around it. `hears` says whether prompts can hold audio at all, `needs_cache`
    whether answers continue from a key-value cache, which gradient checkpointing drops,
    `prefill` is what answers begin with in training where a prompt does not say,
    `tokens_input` under which name the library's class takes the tokens of prompt and answer, and
    `computes_in` what the matrix products of shared rows are computed in, where that is not the
    number type of the weights.
    """

    hears: bool = False
    needs_cache: bool = False
    prefill: str = ""
    tokens_input: str = "input_ids"
    computes_in: torch.dtype | None = None

    def __init__(
        self, network: PreTrainedModel, processor: Processor, facts: Facts | None = None
    ) -> None:
        self.network = network
        self.processor = processor
        self.facts = facts or Facts()
        self.model: nn.Module = network
        self._accept_shared_rows()

    # What a family supplies.

    @property
    def hearing(self) -> list[nn.Module]:
        """Return the parts that turn a clip into states; none in a model of text alone."""
        return []

    @property
    def frozen_by_default(self) -> list[nn.Module]:
        """Return the parts that preference training does not change."""
        return []

    @property
    def own_tokens(self) -> set[str]:
        """Return tokens that mean something to the model, and that no text may hold."""
        return set()

    @property
    def longest_row(self) -> int | None:
        """Return how many tokens a prompt with an answer may have; None where nothing says."""
        return None

    @abstractmethod
    def prompt_ids(
        self, messages: Messages, audio_tokens: Sequence[int], prefill: str | None = None
    ) -> list[int]:
        """Tokenize a prompt, each clip's placeholder repeated to its number of audio tokens.

        Args:
            messages: the prompt.
            audio_tokens: of each of its clips.
            prefill: what the answer begins with where the prompt does not say; None means the
                policy's own, as in training.
        """

    @abstractmethod
    def answer_ids(self, messages: Messages, answer: str) -> list[int]:
        """Tokenize an answer as the chat template continues the prompt, end token included."""

    @abstractmethod
    def plain_inputs(self, messages: Messages, clips: Sequence[Clip]) -> dict[str, Tensor]:
        """Return the library's own model inputs for one prompt, untouched by the shared row."""

    @abstractmethod
    def write(
        self,
        prompts: Sequence[Messages],
        clips: Sequence[Clip],
        caps: Sequence[int],
        each: int = 1,
        choice: Choice = LIKELIEST,
    ) -> list[list[Written]]:
        """Write answers, several to each prompt; no repetition penalty, no decoding but `choice`.

        A prompt and its clips are read once for all of its answers. Nothing is put before an
        answer but the text of a last assistant message.

        Args:
            prompts: the prompts.
            clips: those of the first prompt, then those of the second, and so on.
            caps: how many tokens an answer to each prompt may have; what was decoded with it
                does not matter.
            each: how many answers each prompt gets.
            choice: how tokens are chosen, by default greedily; one seed for each answer, those
                of the first prompt first.
        """

    def check_prompt(self, messages: Messages) -> None:  # noqa: B027
        """Refuse a prompt that cannot be rendered, before anything is computed.

        Raises:
            InputError: says why.
        """

    @abstractmethod
    def text_of(self, written: Written) -> str:
        """Return the text of an answer, without cleaning."""

    @abstractmethod
    def shared_token_logps(self, batch: SharedBatch) -> Float[Tensor, " answer_token"]:
        """Return the log-probability of every answer token, in nats, by candidate."""

    # What follows from it.

    def candidates(
        self,
        prompts: Sequence[Messages],
        clips: Sequence[Clip],
        caps: Sequence[int],
        each: int = 1,
        choice: Choice = LIKELIEST,
    ) -> list[list[Answer]]:
        """Write several answers to each prompt, as text; see `write`."""
        written = self.write(prompts, clips, caps, each, choice)
        return [
            [Answer(self.text_of(one), one.cut, tuple(one.ids), tuple(one.logps)) for one in own]
            for own in written
        ]

    def answers(
        self,
        prompts: Sequence[Messages],
        clips: Sequence[Clip],
        caps: Sequence[int],
        choice: Choice = LIKELIEST,
    ) -> list[Answer]:
        """Write one answer to each prompt; see `write`."""
        return [answer for (answer,) in self.candidates(prompts, clips, caps, 1, choice)]

    def transcribe(
        self, prompts: Sequence[Messages], clips: Sequence[Clip], max_new_tokens: int
    ) -> list[str]:
        """Write down what is heard, with one token cap for all; see `answers`."""
        answers = self.answers(prompts, clips, [max_new_tokens] * len(prompts))
        return [answer.text for answer in answers]

    @property
    def device(self) -> torch.device:
        """Return where the model lives."""
        return self.network.device

    @property
    def pad_id(self) -> int:
        """Return the token that fills short rows."""
        tokenizer: Any = getattr(self.processor, "tokenizer", self.processor)
        return int(tokenizer.pad_token_id)

    def lora_targets(self) -> str:
        """Return a regular expression for the linear layers of the language model."""
        return self.facts.lora_targets

    def hear(self, batch: SharedBatch) -> SharedBatch:
        """Return the batch with every clip as the audio tower's states."""
        return batch

    @property
    def hearing_options(self) -> tuple[Any, ...]:
        """Return what a clip's states depend on besides the weights and the clip."""
        return ()

    def hear_silence(self, seconds: float) -> None:
        """Set how much silence is heard after each clip.

        Raises:
            KnobError: that makes no difference to this family.
        """
        raise KnobError(
            f"silence_s {seconds:g}: of no use with {type(self.network).__name__}, whose encoder "
            "hears the clip alone, or always its whole window; leave it out"
        )

    def opening(self, language: str) -> str:
        """Return what answers are made to begin with for a language: `zh`, `en` or `auto`.

        Raises:
            KnobError: the family's prompts name no language.
        """
        raise KnobError(
            f"language '{language}': the prompts of {type(self.network).__name__} name no "
            "language; leave it out, or name it in the instruction"
        )

    def shared_logps(self, batch: SharedBatch) -> Float[Tensor, " candidate"]:
        """Return the summed log-probability of every candidate, in nats."""
        return sum_by_candidate(self.shared_token_logps(batch), batch.rows)

    def _mixed_precision(self) -> AbstractContextManager[Any]:
        # Here and not left to an engine: each has a way of its own, and some round the result.
        if self.computes_in is None:
            return nullcontext()
        return torch.autocast(self.device.type, self.computes_in)

    def _accept_shared_rows(self) -> None:
        # Wrappers for several processes act on a call of the model, so the step must be one.
        plain: Callable[..., Any] = self.network.forward

        @wraps(plain)
        def forward(
            *args: Any, shared: SharedBatch | None = None, by_token: bool = False, **kwargs: Any
        ) -> Any:
            if shared is None:
                return plain(*args, **kwargs)
            with self._mixed_precision():
                heard = self.hear(shared)
                return self.shared_token_logps(heard) if by_token else self.shared_logps(heard)

        self.network.forward = forward


class SharedRowPolicy(Policy):
    """A policy whose language model can be run on embeddings: a prompt and its answers share a row.

    A family supplies the embeddings and the language model.
    """

    @abstractmethod
    def prompt_embeds(
        self,
        ids: Int[Tensor, "row token"],
        audio: Sequence[Float[Tensor, "_audio_token feature"]],
        real: Bool[Tensor, "row token"] | None = None,
    ) -> Embedded:
        """Embed tokens and put the audio in the place of its placeholders.

        Args:
            ids: rows of tokens, each placeholder repeated to its number of audio tokens.
            audio: what `encode` made of each clip, in the order of the placeholders.
            real: which tokens are not padding; None if all are.
        """

    @property
    @abstractmethod
    def language_model(self) -> Any:
        """Return the part that turns embeddings into hidden states, without the output matrix."""

    def token_embeds(self, ids: Int[Tensor, "row token"]) -> Float[Tensor, "row token hidden"]:
        """Embed tokens of answers."""
        return self.network.get_input_embeddings()(ids)

    def decode(
        self,
        embeds: Float[Tensor, "row token hidden"],
        mask: Bool[Tensor, "row 1 token seen"] | None,
        positions: Real[Tensor, "*axis row token"],
        cache: Any = None,
    ) -> Float[Tensor, "row token hidden"]:
        """Run the language model without its output matrix.

        Args:
            embeds: tokens and audio.
            mask: which tokens each one looks at; None for all before it.
            positions: their places.
            cache: keys and values of earlier tokens, which is added to.
        """
        return self.language_model(
            inputs_embeds=embeds,
            attention_mask=mask,
            position_ids=positions,
            past_key_values=cache,
            use_cache=cache is not None,
        ).last_hidden_state

    def head(self, hidden: Float[Tensor, "token hidden"]) -> Float[Tensor, "token vocabulary"]:
        """Apply the output matrix."""
        return self.network.get_output_embeddings()(hidden)

    def shared_token_logps(self, batch: SharedBatch) -> Float[Tensor, " answer_token"]:
        """Return the log-probability of every answer token, in nats, by candidate."""
        rows = batch.rows
        prompt = self.prompt_embeds(rows.input_ids, batch.audio, rows.segments != PADDING)
        positions = continue_positions(prompt.positions, rows)
        mask = attention_mask(rows.segments)
        with (
            only_where_read(self.network, rows.read_from),
            prompts_attend_alone(self.network, rows.segments, mask),
        ):
            hidden = self.decode(prompt.embeds, mask, positions)
        # Logits of all tokens would be most of a step's memory; few places predict an answer.
        read = hidden.flatten(0, 1)[rows.read_from]  # [answer_token, hidden]
        vocabulary = self.network.get_output_embeddings().weight.shape[0]
        return head_logps(self.head, read, rows.targets, vocabulary)
