"""One answer to each prompt by the library's own `generate`, for decoders that share no row."""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from transformers import LogitsProcessor, LogitsProcessorList

from earmark.policies.generation.branches import Written, logps_of
from earmark.policies.next_token import Choice, next_tokens
from earmark.policies.plain_decoding import GREEDY, decoding_plainly


class OnlyChosen(LogitsProcessor):
    """Leave the library's greedy search no token but the one that is chosen here."""

    def __init__(self, choice: Choice, answers: int) -> None:
        self.choice = choice
        self.generators = choice.generators(answers)
        self.logps: list[Tensor] = []

    def __call__(
        self, input_ids: Int[Tensor, "answer token"], scores: Float[Tensor, "answer vocabulary"]
    ) -> Float[Tensor, "answer vocabulary"]:
        """Return 0 for the token that is chosen and -inf for all others."""
        chosen = next_tokens(scores, self.choice, self.generators)
        self.logps.append(logps_of(scores, chosen))
        only = torch.full_like(scores, -torch.inf)
        return only.scatter(1, chosen[:, None], 0.0)


def generate(
    network: Any,
    inputs: dict[str, Tensor],
    ends: set[int],
    pad_id: int,
    caps: Sequence[int],
    choice: Choice,
) -> list[Written]:
    """Write one answer to each prompt.

    Args:
        network: the library's own model.
        inputs: its inputs for all prompts, padded on the left.
        ends: tokens that end an answer.
        pad_id: the token that fills short rows.
        caps: how many tokens each answer may have.
        choice: how tokens are chosen.
    """
    kept = OnlyChosen(choice, len(caps))
    options: dict[str, Any] = {**GREEDY, "max_new_tokens": max(caps)}
    with decoding_plainly(network):
        made = network.generate(**inputs, **options, logits_processor=LogitsProcessorList([kept]))
    asked = inputs["input_ids"]
    width = asked.shape[1]
    # The library puts the prompt before the answer; code of a model's own may not.
    rows = made[:, width:] if torch.equal(made[:, :width], asked) else made
    logps = torch.stack(kept.logps, dim=1).tolist()
    return [
        _until_end(row[:cap].tolist(), own, ends, pad_id)
        for row, own, cap in zip(rows, logps, caps, strict=True)
    ]


def _until_end(ids: list[int], logps: list[float], ends: set[int], pad_id: int) -> Written:
    """Leave out what fills a row up after an answer's end."""
    length = next((n for n, token in enumerate(ids, start=1) if token in ends), len(ids))
    while length and ids[length - 1] == pad_id and pad_id not in ends:
        length -= 1
    whole = length < len(ids) or (length > 0 and ids[-1] in ends)
    return Written(ids[:length], logps[:length], cut=not whole)
