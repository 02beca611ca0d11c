"""Choose which pairs of a batch are trained on: those near the usual gap, or any at all."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

# Gaps that differ by less are equal except for rounding, in nats. So they are where policy equals
# reference, and a filter that distinguished them would drop pairs by the order of summation.
ROUNDING = 1e-4


def gaussian_keep(
    gaps: Float[Tensor, " pair"],
    mean: Tensor | float,
    std: Tensor | float,
    keep_share: float,
    generator: torch.Generator,
) -> Bool[Tensor, " pair"]:
    """Draw a share of the pairs without replacement, those near the mean gap more often.

    p(keep i) ∝ exp(−(Mᵢ − M₀)² / 2σ²)

    A wide gap is as far from the mean as a reversed one: the filter drops wide correct pairs
    with the mislabelled ones. With a std of rounding size every pair weighs the same.

    By hand: gaps 0, 1 and 3 with mean 1 and std 1 weigh e^−½ = 0.607, 1 and e^−2 = 0.135, so one
    pair alone is kept with probabilities 0.348, 0.574 and 0.078.

    Args:
        gaps: how far the chosen answer of each pair is above the rejected one, in nats.
        mean: M₀, the usual gap.
        std: σ, its standard deviation, at least 0.
        keep_share: share of the pairs to keep; at least one is kept.
        generator: of the CPU, so that the draw is the same beside every device.

    Example:
        >>> gaps = torch.tensor([0.0, 0.1, 50.0, -0.1])
        >>> gaussian_keep(gaps, 0.0, 1.0, 0.75, torch.Generator().manual_seed(0)).tolist()
        [True, True, False, True]

    Source: β-DPO, Wu et al. 2024, arXiv 2407.08639.
    """
    values = gaps.detach().double().cpu()
    middle, width = (torch.as_tensor(x).detach().double().cpu() for x in (mean, std))
    spread = width > ROUNDING
    distance = (values - middle) / torch.where(spread, width, 1.0)
    log_weights = torch.where(spread, -(distance**2) / 2, torch.zeros_like(distance))
    return _draw(log_weights, keep_share, generator).to(gaps.device)


def random_drop(
    gaps: Float[Tensor, " pair"], keep_share: float, generator: torch.Generator
) -> Bool[Tensor, " pair"]:
    """Draw the same share of the pairs whatever their gaps: the control of `gaussian_keep`.

    Args:
        gaps: one number a pair; only how many there are matters.
        keep_share: share of the pairs to keep; at least one is kept.
        generator: of the CPU.

    Example:
        >>> random_drop(torch.zeros(4), 0.5, torch.Generator().manual_seed(0)).sum().item()
        2
    """
    log_weights = torch.zeros(len(gaps), dtype=torch.float64)
    return _draw(log_weights, keep_share, generator).to(gaps.device)


def _draw(
    log_weights: Float[Tensor, " pair"], keep_share: float, generator: torch.Generator
) -> Bool[Tensor, " pair"]:
    """Draw without replacement by an exponential race: the k first to arrive are kept.

    In logarithms, so that pairs too far out for a weight above 0 can still fill the share.
    """
    waits = torch.empty(len(log_weights), dtype=torch.float64).exponential_(generator=generator)
    keys = log_weights - waits.log()
    count = max(1, round(keep_share * len(keys)))
    kept = torch.zeros(len(keys), dtype=torch.bool)
    kept[keys.topk(count).indices] = True
    return kept
