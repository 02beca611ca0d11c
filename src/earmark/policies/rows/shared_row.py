"""One row per prompt: `[prompt | candidate | candidate ...]`.

The prompt, which holds the audio, goes through the language model once for all its answers.
Each candidate sees the prompt and itself and nothing of its neighbours (the mask), and its
positions continue from the end of the prompt as if it were there alone (restarted positions).
The last token of a candidate is predicted but never read, so it takes no place in the row.
The result equals one forward pass per candidate; `train/preflight/proofs.py` proves it in each run.

Idea: prefix sharing for DPO, Wang and Hegde 2024, arXiv 2410.20305.
Departure: scaled-dot-product attention instead of FlexAttention, under a dense mask, and on a CPU
under none where there is prompt alone (`prompt_attention.py`): at the lengths of utterances it is
faster (`benchmarks/attention_gpu.py`); any number of candidates instead of two.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int, Real
from torch import Tensor

PADDING = -1
PROMPT = 0


class Answers(NamedTuple):
    """A prompt and its candidate answers as token ids; chosen first, end token included."""

    prompt: list[int]
    candidates: list[list[int]]


class SharedRows(NamedTuple):
    """A batch of shared rows, padded on the right.

    `segments` is 0 in the prompt, k in candidate k (from 1), -1 in padding. The flat axes run
    over every answer token of the batch: `read_from` says where in the flattened rows the
    token is predicted, `targets` which token it is, `owner` which candidate it belongs to.
    """

    input_ids: Int[Tensor, "row token"]
    positions: Int[Tensor, "row token"]
    segments: Int[Tensor, "row token"]
    read_from: Int[Tensor, " answer_token"]
    targets: Int[Tensor, " answer_token"]
    owner: Int[Tensor, " answer_token"]
    lengths: Int[Tensor, " candidate"]


def lay_out(batch: Sequence[Answers], pad_id: int) -> SharedRows:
    """Lay prompts and candidates out in shared rows.

    Args:
        batch: one entry per row; each needs a prompt and candidates of at least one token.
        pad_id: the token that fills short rows.
    """
    ids, positions, segments = [], [], []
    places: list[tuple[int, int]] = []
    targets: list[int] = []
    owner: list[int] = []
    lengths: list[int] = []
    for row, (prompt, candidates) in enumerate(batch):
        row_ids, row_positions, row_segments = (
            list(prompt),
            list(range(len(prompt))),
            [PROMPT] * len(prompt),
        )
        for k, answer in enumerate(candidates, start=1):
            start = len(row_ids)
            inputs = answer[:-1]
            # The last token of the prompt predicts the first of every candidate.
            places += [(row, len(prompt) - 1)] + [(row, start + i) for i in range(len(inputs))]
            targets += answer
            owner += [len(lengths)] * len(answer)
            lengths.append(len(answer))
            row_ids += inputs
            row_positions += range(len(prompt), len(prompt) + len(inputs))
            row_segments += [k] * len(inputs)
        ids.append(row_ids)
        positions.append(row_positions)
        segments.append(row_segments)
    width = max(map(len, ids))
    return SharedRows(
        input_ids=_pad(ids, width, pad_id),
        positions=_pad(positions, width, 0),
        segments=_pad(segments, width, PADDING),
        # Places in the rows laid end to end, as `hidden.flatten(0, 1)` has them.
        read_from=torch.tensor([row * width + place for row, place in places]),
        targets=torch.tensor(targets),
        owner=torch.tensor(owner),
        lengths=torch.tensor(lengths),
    )


def continue_positions(
    prompt: Real[Tensor, "*axis row token"] | None, rows: SharedRows
) -> Real[Tensor, "*axis row token"]:
    """Let every candidate continue from the largest position of its prompt, on every axis.

    Args:
        prompt: the model's own positions of the rows, of which those of the prompts count; with
            axes of time, height and width first where it has such, and floats in some families.
            None where the model numbers tokens one by one.
        rows: the rows.
    """
    if prompt is None:
        return rows.positions
    in_prompt = rows.segments == PROMPT  # [row, token]
    largest = prompt.masked_fill(~in_prompt, -1).amax(-1)  # [*axis, row]
    # Text continues on every axis from the largest number that there was on any.
    while largest.dim() > 1:
        largest = largest.amax(0)
    own = rows.positions - in_prompt.sum(1, keepdim=True) + largest[:, None] + 1  # [row, token]
    # In padding it may fall below 0, where there is no position.
    return torch.where(in_prompt, prompt, own.clamp(min=0).expand_as(prompt))


def _pad(rows: list[list[int]], width: int, value: int) -> Int[Tensor, "row token"]:
    return torch.tensor([row + [value] * (width - len(row)) for row in rows])


def attention_mask(segments: Int[Tensor, "row token"]) -> Bool[Tensor, "row 1 token token"]:
    """Say who may look at whom: backwards only, at the prompt and at one's own candidate.

    Padding looks at itself, so that no row of the mask is empty.
    """
    width = segments.shape[1]
    backwards = torch.ones(width, width, dtype=torch.bool, device=segments.device).tril()
    looks, looked_at = segments[:, :, None], segments[:, None, :]  # against each other, by row
    visible = (looked_at == PROMPT) & (looks != PADDING) | (looks == looked_at)
    return (backwards & visible)[:, None]  # [row, 1, token, token]: the same for all heads


def answer_logps(
    logits: Float[Tensor, "answer_token vocabulary"],
    targets: Int[Tensor, " answer_token"],
) -> Float[Tensor, " answer_token"]:
    """Return the log-probability of each answer token, in nats, computed in float32."""
    return -F.cross_entropy(logits.float(), targets, reduction="none")


def sum_by_candidate(
    logps: Float[Tensor, " answer_token"], rows: SharedRows
) -> Float[Tensor, " candidate"]:
    """Sum token log-probabilities within each candidate."""
    return logps.new_zeros(len(rows.lengths)).index_add(0, rows.owner, logps)
