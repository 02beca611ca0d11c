"""Which rows go through a policy together: within the budget of tokens, or so many at a time."""

import numpy as np
import torch
from jaxtyping import Int

from earmark.errors import InputError
from earmark.policies.policy import Policy
from earmark.progress import note
from earmark.train.data.examples import EncodedPairs
from earmark.train.data.token_budget import WINDOW_BATCHES, BudgetBatches, pack, packed
from earmark.train.distributed import Processes
from earmark.train.row_lengths import row_lengths
from earmark.train.settings import TrainSettings


def plan(
    policy: Policy, encoded: EncodedPairs, count: int, settings: TrainSettings, together: Processes
) -> BudgetBatches:
    """Put rows of like length into batches that keep to the budget, and say what came out."""
    lengths = lengths_within(policy, encoded, count, settings.token_budget)
    generator = torch.Generator().manual_seed(settings.seed)
    order = torch.randperm(count, generator=generator).tolist()
    window = WINDOW_BATCHES * max(1, settings.token_budget // max(1, int(lengths.mean())))
    batches = pack(lengths, order, settings.token_budget, window)
    made = packed(batches, lengths)
    note(
        f"{made.batches} batches within {settings.token_budget} tokens: {made.rows:.1f} rows each "
        f"on average, {made.filled:.0%} of the tokens only fill"
    )
    return BudgetBatches(batches, settings.seed, together)


def to_be_asked(
    policy: Policy, encoded: EncodedPairs, count: int, settings: TrainSettings
) -> list[list[int]]:
    """Return the batches in which a policy that is not trained is asked for the first rows."""
    if not settings.token_budget:
        return in_order(count, settings)
    lengths = lengths_within(policy, encoded, count, settings.token_budget)
    return pack(lengths, range(count), settings.token_budget, window=count)


def lengths_within(
    policy: Policy, encoded: EncodedPairs, count: int, budget: int
) -> Int[np.ndarray, " row"]:
    """Return how many tokens each of the first rows takes.

    Raises:
        InputError: a row alone takes more than the budget; names its pair.
    """
    lengths = row_lengths(policy, encoded, count)
    longest = int(np.argmax(lengths))
    if lengths[longest] > budget:
        raise InputError(
            f"pair '{encoded[longest].id}' alone takes about {lengths[longest]} tokens, more than "
            f"the token_budget of {budget}; raise it, or leave such pairs out"
        )
    return lengths


def in_order(count: int, settings: TrainSettings) -> list[list[int]]:
    """Return the first rows in batches of the usual size."""
    size = settings.per_device_train_batch_size
    return [list(range(start, min(start + size, count))) for start in range(0, count, size)]
