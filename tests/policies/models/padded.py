"""Prompts with their answers in rows of one width, as the library's own forward pass takes them."""

from typing import NamedTuple

import torch
from torch import Tensor

from earmark.policies.rows.shared_row import answer_logps


class Padded(NamedTuple):
    """Rows of tokens; `ends` says where each row's answer ends."""

    ids: Tensor
    mask: Tensor
    ends: list[int]


def pad_rows(rows, pad_id, side):
    """Pad (prompt, answer) pairs of token ids on one side; one at least must be shorter."""
    lengths = [len(prompt) + len(answer) for prompt, answer in rows]
    width = max(lengths)
    assert min(lengths) < width, "nothing would be padded"
    ids = torch.full((len(rows), width), pad_id)
    mask = torch.zeros(len(rows), width, dtype=torch.long)
    for row, (prompt, answer) in enumerate(rows):
        place = slice(width - lengths[row], width) if side == "left" else slice(lengths[row])
        ids[row, place], mask[row, place] = torch.tensor([*prompt, *answer]), 1
    return Padded(ids, mask, [width] * len(rows) if side == "left" else lengths)


def logps_in(logits, rows, ends):
    """Return the summed log-probability of each row's answer."""
    sums = [
        answer_logps(row[end - len(answer) - 1 : end - 1], torch.tensor(answer)).sum()
        for row, (_, answer), end in zip(logits, rows, ends, strict=True)
    ]
    return torch.stack(sums)
