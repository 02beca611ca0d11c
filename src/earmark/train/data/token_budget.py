"""Batches by a budget of tokens instead of a number of rows.

Rows of similar length are put together, so that little is padding, and as many as the budget
holds: long clips train one or two at a time, short ones many. Which rows share a batch is
settled once; the order of the batches is drawn again in every epoch.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Int
from torch.utils.data import Sampler

from earmark.errors import InputError
from earmark.policies.audio import audio_policy
from earmark.policies.policy import Policy
from earmark.progress import note, track
from earmark.train.data.examples import EncodedPair, EncodedPairs, tokenize_pair
from earmark.train.data.shares import Repeated
from earmark.train.distributed import Processes
from earmark.train.settings import TrainSettings

# Rows that are sorted together are drawn at random, so that a batch is not the same in all else.
WINDOW_BATCHES = 50


class Measured(NamedTuple):
    """The size of each pair: the tokens of its longest prompt with answers, and its prompts.

    A pair whose sides have different prompts takes two rows of a batch.
    """

    lengths: Int[np.ndarray, " pair"]
    prompts: Int[np.ndarray, " pair"]


def pack(
    lengths: Int[np.ndarray, " row"],
    order: Sequence[int],
    budget: int,
    window: int,
    prompts: Int[np.ndarray, " row"] | None = None,
) -> list[list[int]]:
    """Put rows into batches whose padded size, rows times the longest, keeps to the budget.

    Args:
        lengths: tokens of each row, none of them above the budget.
        order: the rows in the order in which they are drawn.
        budget: tokens of a batch, filling included.
        window: rows that are sorted by length together.
        prompts: how many rows of a batch each takes, where not all take one.

    >>> pack(np.array([5, 2, 5, 2]), [0, 1, 2, 3], budget=10, window=4)
    [[1, 3], [0, 2]]
    >>> pack(np.array([5, 5, 5, 5]), [0, 1, 2, 3], 10, 4, prompts=np.array([1, 2, 1, 1]))
    [[0], [1], [2, 3]]
    """
    counts = np.ones_like(lengths) if prompts is None else prompts
    batches: list[list[int]] = []
    for start in range(0, len(order), window):
        rows = sorted(order[start : start + window], key=lambda row: (lengths[row], row))
        batch: list[int] = []
        taken = 0
        for row in rows:
            if batch and (taken + int(counts[row])) * int(lengths[row]) > budget:
                batches.append(batch)
                batch, taken = [], 0
            batch.append(row)
            taken += int(counts[row])
        batches.append(batch)
    return batches


class Packed(NamedTuple):
    """What packing came to, for the log."""

    batches: int
    rows: float
    filled: float


def packed(
    batches: Sequence[Sequence[int]],
    lengths: Int[np.ndarray, " row"],
    prompts: Int[np.ndarray, " row"] | None = None,
) -> Packed:
    """Count batches, rows in one of them on average, and the share of tokens that only fill."""
    counts = np.ones_like(lengths) if prompts is None else prompts
    size = sum(
        int(counts[list(batch)].sum()) * int(lengths[list(batch)].max()) for batch in batches
    )
    rows = sum(map(len, batches))
    return Packed(len(batches), rows / len(batches), 1 - int((lengths * counts).sum()) / size)


class BudgetBatches(Sampler[list[int]]):
    """The batches of one process, in another order in every epoch.

    All processes have equally many: where they do not come out even, a process without a batch
    computes a row once more that counts for nothing.
    """

    def __init__(self, batches: Sequence[list[int]], seed: int, processes: Processes) -> None:
        self.batches = batches
        self.seed = seed
        self.processes = processes
        self.epoch = 0

    @property
    def mean_size(self) -> float:
        """Return how many rows a batch has on average."""
        return sum(map(len, self.batches)) / len(self.batches)

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order is drawn."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Return the number of batches of this process."""
        return -(-len(self.batches) // self.processes.size)

    def __iter__(self) -> Iterator[list[int]]:
        """Yield the batches of this process."""
        generator = torch.Generator().manual_seed(self.seed + self.epoch)
        order = torch.randperm(len(self.batches), generator=generator).tolist()
        rank, size = self.processes
        own = [self.batches[i] for i in order[rank::size]]
        if len(own) < len(self):
            own.append([Repeated(self.batches[order[0]][0])])
        return iter(own)


STEPS_PER_S = 10
SAMPLE_RATE_HZ = 16_000


class AudioTokens:
    """Counts the tokens of silence of a length, once for each tenth of a second.

    So it holds for towers whose tokens follow the length, and for those that fill windows.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.known: dict[int, int] = {}

    def __call__(self, duration_s: float) -> int:
        """Return the tokens of a clip, its length rounded up to a tenth of a second."""
        steps = max(1, math.ceil(duration_s * STEPS_PER_S))
        if steps not in self.known:
            policy = audio_policy(self.policy)
            length_s = min(steps / STEPS_PER_S, policy.longest_clip_s)
            silence = np.zeros(round(length_s * SAMPLE_RATE_HZ), np.float32)
            self.known[steps] = policy.audio_tokens(policy.features(silence))
        return self.known[steps]


def row_lengths(policy: Policy, encoded: EncodedPairs, count: int) -> Measured:
    """Return how many tokens each of the first `count` rows takes, rounded up, and its prompts.

    Text is tokenized; a clip's tokens follow from its length, which its header tells.
    """
    tokens = AudioTokens(policy)
    numbers = track(range(count), "measuring rows", total=count)
    sizes = np.array([size_of(policy, encoded[number], tokens) for number in numbers])
    return Measured(sizes[:, 0], sizes[:, 1])


def size_of(policy: Policy, pair: EncodedPair, tokens: AudioTokens) -> tuple[int, int]:
    """Return how many tokens the longest shared row of a pair takes, and how many rows it has."""
    sides = tokenize_pair(policy, pair, [tokens(clip.duration_s()) for clip in pair.clips])
    widths = [len(side.prompt) + sum(len(ids) - 1 for ids in side.candidates) for side in sides]
    return max(widths), len(widths)


def plan(
    policy: Policy, encoded: EncodedPairs, count: int, settings: TrainSettings, together: Processes
) -> BudgetBatches:
    """Put rows of similar length into batches within the budget, and note what came out."""
    lengths, prompts = lengths_within(policy, encoded, count, settings.token_budget)
    generator = torch.Generator().manual_seed(settings.seed)
    order = torch.randperm(count, generator=generator).tolist()
    window = WINDOW_BATCHES * max(1, settings.token_budget // max(1, int(lengths.mean())))
    batches = pack(lengths, order, settings.token_budget, window, prompts)
    made = packed(batches, lengths, prompts)
    note(
        f"{made.batches} batches within {settings.token_budget} tokens: {made.rows:.1f} rows each "
        f"on average, {made.filled:.0%} of the tokens only fill"
    )
    return BudgetBatches(batches, settings.seed, together)


def to_be_asked(
    policy: Policy, encoded: EncodedPairs, count: int, settings: TrainSettings
) -> list[list[int]]:
    """Return the batches in which a frozen policy computes the first rows."""
    if not settings.token_budget:
        return in_order(count, settings)
    lengths, prompts = lengths_within(policy, encoded, count, settings.token_budget)
    return pack(lengths, range(count), settings.token_budget, count, prompts)


def lengths_within(policy: Policy, encoded: EncodedPairs, count: int, budget: int) -> Measured:
    """Return how many tokens each of the first rows takes, and how many prompts.

    Raises:
        InputError: a row alone takes more than the budget; names its pair.
    """
    measured = row_lengths(policy, encoded, count)
    sizes = measured.lengths * measured.prompts
    longest = int(np.argmax(sizes))
    if sizes[longest] > budget:
        raise InputError(
            f"pair '{encoded[longest].id}' alone takes about {sizes[longest]} tokens, more than "
            f"the token_budget of {budget}; raise it, or leave such pairs out"
        )
    return measured


def in_order(count: int, settings: TrainSettings) -> list[list[int]]:
    """Return the first rows in batches of the usual size."""
    size = settings.per_device_train_batch_size
    return [list(range(start, min(start + size, count))) for start in range(0, count, size)]
