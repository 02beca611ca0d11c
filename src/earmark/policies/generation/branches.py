"""Several answers of one prompt, written side by side after one reading of it.

The cache holds a prompt once. In each step a row of tokens follows it, one of each answer that
still grows, under the mask of shared rows (`rows/shared_row.py`): an answer looks at its prompt
and at itself. So n answers cost one reading of prompt and clip, and their steps read keys and
values of the prompt once for all of them. What is computed equals n readings to rounding.
"""

from collections.abc import Sequence, Set
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from earmark.policies.generation.reader import Prefilled, Reader
from earmark.policies.next_token import Choice, next_tokens
from earmark.policies.rows.shared_row import PADDING, PROMPT


class Written(NamedTuple):
    """Tokens of an answer, the end token included, and the log-probability of each in nats.

    The log-probabilities are those of the model's own distribution: at temperature 1, with no
    token left out. `begun` are tokens that the model put at the end of its prompt before the
    answer, `cut` says that the answer met its cap.
    """

    ids: list[int]
    logps: list[float]
    cut: bool
    begun: tuple[int, ...] = ()


class Growing(NamedTuple):
    """An answer that is not whole: the row of its prompt in the cache, and its number there."""

    row: int
    number: int
    of_all: int


def branch(
    begun: Prefilled, ends: Set[int], caps: Sequence[int], each: int, choice: Choice
) -> list[list[Written]]:
    """Write answers to prompts that were read.

    Args:
        begun: the prompts; their reader is used up.
        ends: tokens that end an answer.
        caps: how many tokens an answer to each prompt may have.
        each: how many answers each prompt gets.
        choice: how tokens are chosen; its seeds are those of the first prompt's answers, then of
            the second's.
    """
    rows = len(begun.segments)
    generators = choice.generators(rows * each)
    ids: list[list[int]] = [[] for _ in range(rows * each)]
    logps: list[tuple[list[int], Tensor]] = []
    growing = [Growing(row, n, row * each + n) for row in range(rows) for n in range(each)]
    steps = Steps(begun)
    logits = begun.reader.head(begun.hidden).repeat_interleave(each, 0)  # [answer, vocabulary]
    while growing:
        own = [generators[one.of_all] for one in growing] if generators else []
        chosen = next_tokens(logits, choice, own)
        logps.append(([one.of_all for one in growing], logps_of(logits, chosen)))
        for one, token in zip(growing, chosen.tolist(), strict=True):
            ids[one.of_all].append(token)
        growing = [
            one
            for one in growing
            if ids[one.of_all][-1] not in ends and len(ids[one.of_all]) < caps[one.of_all // each]
        ]
        if growing:
            growing = steps.drop_ended(growing)
            logits = steps.read(growing, [ids[one.of_all][-1] for one in growing])
    own_logps = _by_answer(logps, len(ids))
    written = [
        Written(tokens, known, tokens[-1] not in ends)
        for tokens, known in zip(ids, own_logps, strict=True)
    ]
    return [written[start : start + each] for start in range(0, len(written), each)]


def logps_of(
    logits: Float[Tensor, "answer vocabulary"], chosen: Int[Tensor, " answer"]
) -> Float[Tensor, " answer"]:
    """Return the log-probabilities of tokens, in nats, computed in float32."""
    return -F.cross_entropy(logits.float(), chosen, reduction="none")


def _by_answer(parts: Sequence[tuple[list[int], Tensor]], answers: int) -> list[list[float]]:
    """Sort the log-probabilities of all steps by answer; they leave the device together."""
    found: list[list[float]] = [[] for _ in range(answers)]
    owners = [owner for part, _ in parts for owner in part]
    for owner, logp in zip(owners, torch.cat([logps for _, logps in parts]).tolist(), strict=True):
        found[owner].append(logp)
    return found


class Steps:
    """The tokens that a reader has read, by whom they belong to."""

    def __init__(self, begun: Prefilled) -> None:
        self.reader: Reader = begun.reader
        self.segments = begun.segments  # [row, token]
        self.following = begun.following[:, None]  # [row, 1]
        self.steps = 0

    def drop_ended(self, growing: list[Growing]) -> list[Growing]:
        """Forget prompts whose answers are all whole; return the others' in their new rows."""
        left = sorted({one.row for one in growing})
        if len(left) == len(self.segments):
            return growing
        rows = torch.tensor(left, device=self.segments.device)
        self.reader.keep(rows)
        self.segments, self.following = self.segments[rows], self.following[rows]
        place = {row: new for new, row in enumerate(left)}
        return [one._replace(row=place[one.row]) for one in growing]

    def read(
        self, growing: Sequence[Growing], tokens: Sequence[int]
    ) -> Float[Tensor, "answer vocabulary"]:
        """Read one token of each answer; return the logits of what follows it."""
        columns: list[list[int]] = [[] for _ in range(len(self.segments))]
        for index, one in enumerate(growing):
            columns[one.row].append(index)
        width = max(map(len, columns))
        ids = [[tokens[i] for i in row] + [0] * (width - len(row)) for row in columns]
        owners = [
            [PROMPT + 1 + growing[i].number for i in row] + [PADDING] * (width - len(row))
            for row in columns
        ]
        device = self.segments.device
        owned = torch.tensor(owners, device=device)  # [row, token]
        self.segments = torch.cat([self.segments, owned], dim=1)
        positions = (self.following + self.steps).expand(-1, width)
        hidden = self.reader.read(torch.tensor(ids, device=device), positions, self._mask(owned))
        self.steps += 1
        places = [0] * len(growing)
        for row, indices in enumerate(columns):
            for column, index in enumerate(indices):
                places[index] = row * width + column
        return self.reader.head(hidden.flatten(0, 1)[torch.tensor(places, device=device)])

    def _mask(self, owned: Int[Tensor, "row token"]) -> Bool[Tensor, "row 1 token seen"]:
        """Let each token look at its prompt and at its own answer; padding looks at itself."""
        looked_at = self.segments[:, None, :]  # [row, 1, seen]
        return ((looked_at == PROMPT) | (looked_at == owned[:, :, None]))[:, None]
