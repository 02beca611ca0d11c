"""Target margins that follow the reward gaps of pairs: an optimum, and its published recipe.

Both share a budget: of N pairs with gaps rᵢ, pair i gets the target margin γᵢ = N·γ₀·pᵢ with

    p = argmin over the simplex of τ·KL(p‖u) − (1/N)·Σ log σ(rᵢ − N·γ₀·pᵢ)

so that the margins average to γ₀. The problem is strictly convex; its one solution obeys
γᵢ = N·γ₀·softmax(−(γ₀/τ)·σ(γᵢ − rᵢ)): wide gaps get more, narrow ones less, and
no margin is more than e^(γ₀/τ) times another.
"""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from earmark.errors import KnobError

PUBLISHED_STEPS = 20
PUBLISHED_EPS = 1e-10
MOST_STEPS = 100
SMALLEST_STEP = 1e-9
HALVINGS = 50
ROUNDING = 1e-14


def published_margins(
    gaps: Float[Tensor, " pair"], mean: float, tau: float
) -> Float[Tensor, " pair"]:
    """Run the published recipe: 20 steps of exponentiated gradient from equal margins.

    p ← p·exp(−η·g) / Σ,  g = τ·(1 + log(N·p)) + γ₀·σ(γ − r),  η = min(0.5/τ, 1)

    At τ = 10 it has converged. At τ = 1 and γ₀ = 4 its steps are too long: it swings between two
    points without end, more steps do not help, and a narrower gap may have a wider margin.

    Args:
        gaps: reward gap of each pair, in nats.
        mean: γ₀, what the margins average to.
        tau: τ, how strongly the margins are held together.

    Example:
        >>> gaps = torch.tensor([-4.0, -1.0, 0.0, 1.0, 4.0, 8.0])
        >>> [round(x, 2) for x in published_margins(gaps, 4.0, 10.0).tolist()]
        [3.59, 3.6, 3.63, 3.68, 4.27, 5.23]

    Source: γ-PO, Sun et al. 2025, arXiv 2506.03690, and its public code.

    Departure: steps are taken in logarithms and in double precision, so that none overflows.
    """
    _check(mean, tau)
    values, count = gaps.detach().double(), len(gaps)
    log_p = torch.full_like(values, -math.log(count))
    rate = min(0.5 / tau, 1.0)
    for _ in range(PUBLISHED_STEPS):
        p = log_p.exp()
        pull = tau * (1 + (count * (p + PUBLISHED_EPS)).log())
        push = mean * torch.sigmoid(count * mean * p - values)
        log_p = F.log_softmax(log_p - rate * (pull + push), dim=0)
    return (count * mean * log_p.exp()).to(gaps.dtype)


def target_margins(gaps: Float[Tensor, " pair"], mean: float, tau: float) -> Float[Tensor, " pair"]:
    """Find the optimal margins by exponentiated Newton steps, each of which lowers the cost.

    w ← w·exp(η·(ν − g) / (τ + w·γ₀²·σ′)) / mean,  with w = N·p and g as in the published recipe;
    ν keeps the mean of w to first order; η is 1, halved while the cost would not fall.

    By hand: two equal gaps have equal margins, both γ₀, whatever τ is.

    Args:
        gaps: reward gap of each pair, in nats.
        mean: γ₀, what the margins average to.
        tau: τ, how strongly the margins are held together.

    Example:
        >>> gaps = torch.tensor([-4.0, -1.0, 0.0, 1.0, 4.0, 8.0])
        >>> [round(x, 2) for x in target_margins(gaps, 4.0, 1.0).tolist()]
        [2.07, 2.35, 2.66, 3.13, 5.2, 8.59]

    Source: γ-PO, Sun et al. 2025, arXiv 2506.03690.

    Departure: steps scaled by the curvature, with a line search; the published 20 steps miss
    the optimum where τ is small beside γ₀.
    """
    _check(mean, tau)
    values = gaps.detach().double()
    log_w = torch.zeros_like(values)
    for _ in range(MOST_STEPS):
        w = log_w.exp()
        missed = torch.sigmoid(mean * w - values)
        slope = tau * (1 + log_w) + mean * missed
        bend = tau + w * mean**2 * missed * (1 - missed)
        level = (w * slope / bend).sum() / (w / bend).sum()
        step = (level - slope) / bend
        gain = (w * bend * step**2).sum()
        # By the relative change of each weight: a weight near 0 adds next to nothing to the cost.
        # Written so that gaps which are not numbers end the loop, too.
        if not step.abs().max() > SMALLEST_STEP:
            break
        log_w = _descend(log_w, step, gain, values, mean, tau)
    return (mean * log_w.exp()).to(gaps.dtype)


def _descend(
    log_w: Float[Tensor, " pair"],
    step: Float[Tensor, " pair"],
    gain: Float[Tensor, ""],
    gaps: Float[Tensor, " pair"],
    mean: float,
    tau: float,
) -> Float[Tensor, " pair"]:
    """Go along a step as far as the cost falls, rounding aside."""
    before = _cost(log_w, gaps, mean, tau)
    rounding = ROUNDING * (before.abs() + tau * len(gaps))
    length = 1.0
    for _ in range(HALVINGS):
        there = F.log_softmax(log_w + length * step, dim=0) + math.log(len(gaps))
        if _cost(there, gaps, mean, tau) <= before - 1e-4 * length * gain + rounding:
            return there
        length /= 2
    return log_w


def _cost(
    log_w: Float[Tensor, " pair"], gaps: Float[Tensor, " pair"], mean: float, tau: float
) -> Float[Tensor, ""]:
    """Return N times the cost that the margins minimise."""
    w = log_w.exp()
    return (tau * w * log_w - F.logsigmoid(gaps - mean * w)).sum()


def _check(mean: float, tau: float) -> None:
    if not mean >= 0:
        raise KnobError(f"gamma should be at least 0, found {mean}")
    if not tau > 0:
        raise KnobError(f"tau should be above 0, found {tau}")
