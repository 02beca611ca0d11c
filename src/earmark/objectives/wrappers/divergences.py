"""Hold the policy to its reference by another divergence than the reverse Kullback-Leibler."""

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from earmark.errors import KnobError
from earmark.lookup import short_name
from earmark.objectives.contract.loss import Loss
from earmark.objectives.wrappers.pair_tensors import (
    RATIO_TENSORS,
    SAFE,
    is_gap_of_ratios,
    require,
)
from earmark.objectives.wrappers.wrap import Inner, wrap

Ratios = Float[Tensor, " pair"]
STEEP = 20.0  # from here on e^t continues as its tangent


def with_forward_kl(objective: Callable[..., Loss]) -> Callable[..., Loss]:
    """Replace the log-ratio u by 1 − e^(−u): forward Kullback-Leibler divergence.

    f(t) = −log t, f'(t) = −1/t, plus the constant 1 so that u = 0 stays 0

    By hand: u = log 2 becomes ½, u = −log 2 becomes −1.

    Args:
        objective: depends on the difference of two log-ratios alone, as dpo does.

    Example:
        >>> import torch
        >>> from earmark.objectives.dpo import dpo
        >>> two, zero = torch.tensor([2.0]).log(), torch.zeros(1)
        >>> round(with_forward_kl(dpo)(two, -two, zero, zero, beta=1.0).margin.item(), 4)
        1.5

    Raises:
        KnobError: the objective depends on anything else, so the wrapper would not be f-DPO.

    Source: f-DPO, Wang et al. 2023, arXiv 2309.16240, table 1.
    Departure: beyond t = 20, e^t continues as its tangent, so that 1e5 nats are finite and still
        have a gradient.
    """
    return with_divergence("forward-kl", objective, lambda u, _: -gentle_expm1(-u))


def with_js_divergence(objective: Callable[..., Loss]) -> Callable[..., Loss]:
    """Replace the log-ratio u by log 2 + log σ(u): Jensen-Shannon divergence.

    f'(t) = log(2t / (1 + t)); at most log 2, and as steep as u for very negative u

    By hand: u = log 3 becomes log 3/2 = 0.4055, u = −log 3 becomes log ½ = −0.6931.

    Args:
        objective: depends on the difference of two log-ratios alone, as dpo does.

    Example:
        >>> import torch
        >>> from earmark.objectives.dpo import dpo
        >>> three, zero = torch.tensor([3.0]).log(), torch.zeros(1)
        >>> round(with_js_divergence(dpo)(three, -three, zero, zero, beta=1.0).margin.item(), 4)
        1.0986

    Raises:
        KnobError: the objective depends on anything else, so the wrapper would not be f-DPO.

    Source: f-DPO, Wang et al. 2023, arXiv 2309.16240, table 1.
    """
    return with_divergence("js", objective, lambda u, _: math.log(2) + F.logsigmoid(u))


def with_alpha_divergence(objective: Callable[..., Loss]) -> Callable[..., Loss]:
    """Replace the log-ratio u by (1 − e^(−α·u)) / α: the α-divergence.

    f'(t) = (1 − t^(−α)) / α; α → 0 is the reverse Kullback-Leibler divergence, which leaves u as
    it is, and α = 1 the forward one.

    By hand: α = ½, u = log 4 becomes 2·(1 − ½) = 1, u = −log 4 becomes 2·(1 − 2) = −2.

    Args:
        objective: depends on the difference of two log-ratios alone, as dpo does.
        divergence_alpha: α, from 0 (reverse) to 1 (forward).

    Example:
        >>> import torch
        >>> from earmark.objectives.dpo import dpo
        >>> four, zero = torch.tensor([4.0]).log(), torch.zeros(1)
        >>> round(with_alpha_divergence(dpo)(four, -four, zero, zero, beta=1.0).margin.item(), 4)
        3.0

    Raises:
        KnobError: the objective depends on anything else, or α is not between 0 and 1.

    Source: f-DPO, Wang et al. 2023, arXiv 2309.16240, table 1.
    Departure: α = 0 is allowed, as the limit.
    Departure: beyond t = 20, e^t continues as its tangent, so that 1e5 nats are finite and still
        have a gradient. TRL 1.16 cuts at 80 instead, where the gradient ends.
    Departure: not from the paper but from TRL 1.16, whose coefficient is 1 − α.
    """

    def replace(u: Ratios, given: dict[str, Any]) -> Ratios:
        alpha = given["divergence_alpha"]
        if not 0 <= alpha <= 1:
            raise KnobError(f"knob 'divergence_alpha' should be from 0 to 1, found {alpha}")
        return u if alpha == 0 else -gentle_expm1(-alpha * u) / alpha

    return with_divergence("alpha-divergence", objective, replace, {"divergence_alpha": 0.5})


def with_divergence(
    wrapper: str,
    objective: Callable[..., Loss],
    replace: Callable[[Ratios, dict[str, Any]], Ratios],
    knobs: dict[str, float] | None = None,
) -> Callable[..., Loss]:
    """Give an objective other log-ratios: `replace(u, knobs)`, against a reference of 0.

    The normalising constant of the divergence is unknown and cancels in the difference of two
    log-ratios only; so no other loss is accepted.
    """
    require(wrapper, objective, RATIO_TENSORS, SAFE)
    if not is_gap_of_ratios(objective):
        raise KnobError(
            f"{wrapper} needs a loss of the difference of two log-ratios and nothing else; "
            f"'{short_name(objective)}' depends on more (add SFT and other terms afterwards)"
        )

    def run(inner: Inner, given: dict[str, Any]) -> Loss:
        changed = {
            side: replace(given[side] - given[f"ref_{side}"], given)
            for side in ("chosen", "rejected")
        }
        # Against a reference of 0, what the objective takes for the log-ratio is what replaces it.
        zeros = {f"ref_{side}": torch.zeros_like(u) for side, u in changed.items()}
        return inner(**changed, **zeros)

    return wrap(objective, run, knobs=knobs)


def gentle_expm1(t: Ratios) -> Ratios:
    """Return e^t − 1, and the tangent at STEEP beyond it.

    >>> import torch
    >>> bool(gentle_expm1(torch.tensor([1e5])).isfinite())
    True
    """
    # Each summand is constant where the other grows: value and slope meet at STEEP.
    return torch.expm1(t.clamp(max=STEEP)) + math.exp(STEEP) * F.relu(t - STEEP)
