"""Count the words that the longer answer has beyond the shorter one for less."""

from collections.abc import Callable
from typing import Any

import torch

from earmark.errors import KnobError
from earmark.lookup import short_name
from earmark.objectives.contract.loss import Loss
from earmark.objectives.contract.signature import contract
from earmark.objectives.wrappers.pair_tensors import RATIO_TENSORS, SAFE, require
from earmark.objectives.wrappers.wrap import Inner, wrap


def with_length_desensitised(objective: Callable[..., Loss]) -> Callable[..., Loss]:
    """Weigh tokens beyond the shared length of a pair by α (LD-DPO).

    log π(y) becomes Σ_{t ≤ l} log π(y_t) + α·Σ_{t > l} log π(y_t), l = min(|y⁺|, |y⁻|),
    for the policy and, where the objective has one, the reference.

    Wrap a divergence first and this around it; weights and the SFT term go around this.

    By hand: −10 in all, −6 of it in the shared length, α = ½: −6 + ½·(−4) = −8.

    Args:
        objective: reads one chosen and one rejected answer; its tensors and knobs stay.
        ld_alpha: α, from 0 (the shared length alone) to 1 (the objective as it is).

    Example:
        >>> import torch
        >>> from earmark.objectives.dpo import dpo
        >>> ten, zero = torch.tensor([-10.0]), torch.zeros(1)
        >>> prefixes = {"chosen_prefix": ten + 4, "rejected_prefix": zero}
        >>> prefixes |= {"ref_chosen_prefix": zero, "ref_rejected_prefix": zero}
        >>> loss = with_length_desensitised(dpo)(ten, zero, zero, zero, **prefixes, beta=1.0)
        >>> loss.margin.item()
        -8.0

    Raises:
        KnobError: the objective has no such answers, or divides by their numbers of tokens, or α
            is not between 0 and 1.

    Source: LD-DPO, Liu et al. 2024, arXiv 2409.06411.
    Inferred: the default of α; the paper tunes it for each model.
    Departure: any objective of pairs on sums, not DPO alone; without a reference there is none to
        weigh.
    """
    require("length", objective, ("chosen", "rejected"), SAFE)
    counts = [name for name in contract(objective).tensors if name.endswith("_tokens")]
    if counts:
        raise KnobError(
            f"length shortens sums of log-probabilities; objective '{short_name(objective)}' "
            f"divides them by whole lengths ({', '.join(counts)}), so that the longer answer would "
            "win by its length. Take an objective on sums, such as dpo"
        )
    sums = [name for name in RATIO_TENSORS if name in contract(objective).tensors]

    def run(inner: Inner, given: dict[str, Any]) -> Loss:
        alpha = given["ld_alpha"]
        if not 0 <= alpha <= 1:
            raise KnobError(f"knob 'ld_alpha' should be from 0 to 1, found {alpha}")
        # lerp gives the whole sum bit by bit at α = 1.
        return inner(**{n: torch.lerp(given[f"{n}_prefix"], given[n], float(alpha)) for n in sums})

    prefixes = tuple(f"{name}_prefix" for name in sums)
    return wrap(objective, run, tensors=prefixes, knobs={"ld_alpha": 0.5})
