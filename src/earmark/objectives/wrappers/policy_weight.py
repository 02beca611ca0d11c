"""Let pairs that the policy would write itself count for more."""

from collections.abc import Callable
from typing import Any

from earmark.errors import KnobError
from earmark.lookup import short_name
from earmark.objectives.contract.loss import Loss
from earmark.objectives.wrappers.pair_tensors import (
    PREFIXES,
    REFERENCES,
    SAFE,
    mixes_pairs,
    require,
)
from earmark.objectives.wrappers.wrap import Inner, wrap


def with_policy_weight(objective: Callable[..., Loss]) -> Callable[..., Loss]:
    """Multiply the loss of a pair by how likely the policy is to write its two answers (WPO).

    ℓ = w·ℓ_objective, w = exp(log π(y⁺)/|y⁺| + log π(y⁻)/|y⁻|), at most 1, no gradient through w

    Weights are below 1, so steps are smaller: compare at a learning rate of its own.

    By hand: −2 over 4 tokens and −3 over 6 give w = e^(−½ − ½) = 0.3679.

    Args:
        objective: reads one chosen and one rejected answer; its tensors and knobs stay.

    Example:
        >>> import torch
        >>> from earmark.objectives.dpo import dpo
        >>> zero, tokens = torch.zeros(1), (torch.tensor([4.0]), torch.tensor([6.0]))
        >>> loss = with_policy_weight(dpo)(zero - 2, zero - 3, zero - 2, zero - 3, *tokens)
        >>> round(loss.per_pair.item(), 4)  # 0.3679 · log 2
        0.255

    Raises:
        KnobError: the objective has no such answers, or one pair's loss moves another's answers.

    Source: WPO, Zhou et al. 2024, arXiv 2406.11827, equation 2.
    Departure: without the alignment term, which divides each token's probability by what the
        policy expects of its own samples and needs the whole vocabulary.
    """
    needs = ("chosen", "rejected")
    require("policy-weight", objective, needs, SAFE | PREFIXES | REFERENCES)
    if mixes_pairs(objective):
        raise KnobError(
            f"policy-weight weighs pair by pair; '{short_name(objective)}' mixes the pairs of a "
            "batch"
        )

    def run(inner: Inner, given: dict[str, Any]) -> Loss:
        # Detached: a smaller weight would lower the loss by unlearning both answers.
        chosen = given["chosen"].detach() / given["chosen_tokens"]  # [pair], nats per token
        rejected = given["rejected"].detach() / given["rejected_tokens"]
        # Rounding can leave a sum of log-probabilities above 0.
        weight = (chosen + rejected).exp().clamp(max=1)
        loss = inner()
        logged = {**loss.logged, "policy_weight": weight}
        return loss._replace(per_pair=weight * loss.per_pair, logged=logged)

    names = ("chosen", "rejected", "chosen_tokens", "rejected_tokens")
    return wrap(objective, run, tensors=names)
