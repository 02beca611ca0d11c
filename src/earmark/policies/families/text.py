"""Text alone: any causal language model of transformers, with a tokenizer in place of a processor.

Prompts hold no audio. Answers share a row where every layer looks through the mask that it is
given; sliding windows and scaled logits take the key-value route.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from transformers import PreTrainedModel

from earmark.errors import InputError
from earmark.policies.audio import deaf
from earmark.policies.chat import ChatPolicy
from earmark.policies.lora.targets import linear_layers
from earmark.policies.policy import Clip, Embedded, SharedBatch, SharedRowPolicy
from earmark.policies.rows.forked_cache import (
    plain_prompt,
    refuse_recurrent,
    rows_by_cache,
    why_no_shared_row,
)
from earmark.prompting.facts import Facts
from earmark.prompting.messages import Messages


class TextPolicy(ChatPolicy):
    """A causal language model: prompts and answers as tokens."""

    def __init__(
        self, network: PreTrainedModel, processor: Any, facts: Facts | None = None
    ) -> None:
        super().__init__(network, processor, facts)
        refuse_recurrent(network)

    def lora_targets(self) -> str:
        """Return every linear layer but the head, and those that a kernel reads past a LoRA."""
        layers = self.network.named_modules()
        fused = [layer for name, layer in layers if name.endswith("mamba.out_proj")]
        return linear_layers(self.network, fused)

    def prompt_ids(
        self, messages: Messages, audio_tokens: Sequence[int], prefill: str | None = None
    ) -> list[int]:
        """Tokenize a prompt; the chat template brings what a row begins with.

        Raises:
            InputError: there are clips.
        """
        if audio_tokens:
            raise InputError(deaf(self.network))
        begun = self.prefill if prefill is None else prefill
        return self._tokens([self.render(messages, begun)])[0]

    def process(self, texts: Sequence[str], clips: Sequence[Clip]) -> Any:
        """Tokenize rendered prompts, padded on the left.

        Raises:
            InputError: there are clips.
        """
        if clips:
            raise InputError(deaf(self.network))
        rows = self._tokens(texts)
        width = max(map(len, rows))
        ids = torch.tensor([[self.pad_id] * (width - len(row)) + row for row in rows])
        mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows])
        return {"input_ids": ids.to(self.device), "attention_mask": mask.to(self.device)}

    def _tokens(self, texts: Sequence[str]) -> list[list[int]]:
        return [self.tokenizer(text, add_special_tokens=False)["input_ids"] for text in texts]


class SharedTextPolicy(TextPolicy, SharedRowPolicy):
    """A language model whose answers share a row: every layer takes the mask that it is given."""

    @property
    def language_model(self) -> Any:
        """Return the network without its output matrix."""
        return self.network.base_model

    def prompt_embeds(
        self,
        ids: Int[Tensor, "row token"],
        audio: Sequence[Float[Tensor, "_audio_token feature"]],
        real: Bool[Tensor, "row token"] | None = None,
    ) -> Embedded:
        """Embed tokens."""
        return Embedded(self.network.get_input_embeddings()(ids))


class CachedTextPolicy(TextPolicy):
    """A language model with sliding windows or scaled logits: answers continue from a cache."""

    needs_cache = True

    def shared_token_logps(self, batch: SharedBatch) -> Float[Tensor, " answer_token"]:
        """Return the log-probability of every answer token, in nats, by candidate."""
        inputs = partial(plain_prompt, device=self.device)
        return rows_by_cache(self.network, batch.rows, inputs)


def text_policy(network: PreTrainedModel, processor: Any, facts: Facts | None = None) -> TextPolicy:
    """Return the policy of a causal language model, by what its layers allow."""
    shares = why_no_shared_row(network) is None
    return (SharedTextPolicy if shares else CachedTextPolicy)(network, processor, facts)
