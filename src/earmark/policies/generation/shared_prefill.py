"""Read prompts and their clips once, as training reads them: tower, embeddings, decoder.

What is trained and what is sampled hear a clip by the same code, so that log-probabilities of
both are the same numbers.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int, Real
from torch import Tensor
from transformers import DynamicCache

from earmark.errors import InputError
from earmark.policies.audio import audio_policy
from earmark.policies.generation.reader import Prefilled, Reader
from earmark.policies.policy import Clip, SharedBatch, SharedRowPolicy
from earmark.policies.rows.shared_row import PADDING, Answers, lay_out
from earmark.prompting.messages import Messages, by_prompt


class RowReader(Reader):
    """The decoder of a policy whose answers share a row."""

    def __init__(self, policy: SharedRowPolicy) -> None:
        self.policy = policy
        self.cache = DynamicCache()
        self.axes: tuple[int, ...] = ()

    def start(
        self, batch: SharedBatch
    ) -> tuple[Float[Tensor, "row token hidden"], Real[Tensor, "*axis row token"]]:
        """Read prompts, padded on the right; return their hidden states and positions."""
        rows = batch.rows
        embedded = self.policy.prompt_embeds(rows.input_ids, batch.audio, rows.segments != PADDING)
        positions = rows.positions if embedded.positions is None else embedded.positions
        self.axes = tuple(positions.shape[:-2])
        # Looking back only, a prompt never sees the padding on its right: no mask is needed.
        return self.policy.decode(embedded.embeds, None, positions, self.cache), positions

    def read(
        self,
        ids: Int[Tensor, "row token"],
        positions: Real[Tensor, "row token"],
        mask: Bool[Tensor, "row 1 token seen"] | None,
    ) -> Float[Tensor, "row token hidden"]:
        """Read tokens of answers, which continue on every axis of the positions alike."""
        embeds = self.policy.token_embeds(ids)
        everywhere = positions.expand(*self.axes, *positions.shape)
        return self.policy.decode(embeds, mask, everywhere, self.cache)

    def head(self, hidden: Float[Tensor, "token hidden"]) -> Float[Tensor, "token vocabulary"]:
        """Apply the output matrix."""
        return self.policy.head(hidden)

    def keep(self, rows: Int[Tensor, " kept"]) -> None:
        """Forget all rows but some."""
        self.cache.batch_select_indices(rows)


def read_prompts(
    policy: SharedRowPolicy, prompts: Sequence[Messages], clips: Sequence[Clip]
) -> Prefilled:
    """Read prompts and their clips; each once, together.

    Args:
        policy: the model.
        prompts: the prompts.
        clips: those of the first prompt, then those of the second.

    Raises:
        InputError: a clip that cannot be heard, more or fewer clips than the prompts hold, or a
            prompt that leaves no position for an answer.
    """
    features = [audio_policy(policy).features(clip) for clip in clips]
    counts = [audio_policy(policy).audio_tokens(one) for one in features]
    ids = [
        policy.prompt_ids(messages, own, prefill="")
        for messages, own in zip(prompts, by_prompt(prompts, counts), strict=True)
    ]
    for prompt in ids:
        if policy.longest_row is not None and len(prompt) >= policy.longest_row:
            raise InputError(
                f"the prompt has {len(prompt)} tokens, but this model has positions for "
                f"{policy.longest_row}, and the answer needs some; shorten the prompt or its clips"
            )
    rows = lay_out([Answers(prompt, []) for prompt in ids], policy.pad_id)
    batch = policy.hear(SharedBatch(rows, [*features]).to(policy.device))
    reader = RowReader(policy)
    hidden, positions = reader.start(batch)
    lengths = torch.tensor([len(prompt) for prompt in ids], device=hidden.device)
    largest = positions.masked_fill(batch.rows.segments == PADDING, -1).amax(-1)
    while largest.dim() > 1:
        largest = largest.amax(0)
    last = hidden[torch.arange(len(ids), device=hidden.device), lengths - 1]  # [row, hidden]
    return Prefilled(reader, last, batch.rows.segments, largest + 1)
