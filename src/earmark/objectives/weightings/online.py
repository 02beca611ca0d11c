"""Weightings that learn during training, from earlier batches only."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from earmark.errors import KnobError
from earmark.objectives.weightings.fixed import equal
from earmark.objectives.weightings.weighting import Gaps, Weighting, Weights, shares

APART = 1_000_003  # keeps the random streams of neighbouring seeds apart


class Window(NamedTuple):
    """Sums of |Δ| over each of the last batches, as a ring, and the number of batches seen."""

    sums: Float[Tensor, "batch ref"]
    batches: Int[Tensor, ""]


class Bets(NamedTuple):
    """Beta(a, b) of each reference, and the number of batches seen."""

    right: Float[Tensor, " ref"]
    wrong: Float[Tensor, " ref"]
    batches: Int[Tensor, ""]


def sliding_window(*, window: int = 16) -> Weighting:
    """Weigh references by how sharply they separated the pairs of the last few batches.

    α_k ∝ mean of |Δ_k| over the pairs of the last W batches, this batch not among them

    The weights are equal until W batches are seen.

    By hand: after one batch with gaps (3, −3) and (1, 1) and W = 1: 0.75 and 0.25.

    Args:
        window: W, the number of batches that are looked back on, at least 1.

    Example:
        >>> import torch
        >>> weighting = sliding_window(window=1)
        >>> state = weighting.start(None, 2)
        >>> before = weighting.draw(state, 0).tolist()
        >>> after = weighting.see(state, torch.tensor([[3.0, -3.0], [1.0, 1.0]]))
        >>> before, weighting.draw(after, 0).tolist()
        ([0.5, 0.5], [0.75, 0.25])

    Source: named in Wu, Echarghaoui 2025, arXiv 2512.10040.
    Inferred: the whole formula, and W.
    """
    if window < 1:
        raise KnobError(f"knob 'window' should be at least 1, found {window}")

    def start(_: Gaps | None, count: int) -> Window:
        return Window(torch.zeros(window, count, dtype=torch.float64), torch.tensor(0))

    def draw(state: Window, seed: int) -> Weights:
        if state.batches < window:
            return equal(state.sums.shape[1]).to(state.sums)
        # Every reference has seen the same pairs, so sums are in proportion to means.
        return shares(state.sums.sum(0))

    def see(state: Window, gaps: Gaps) -> Window:
        sums = state.sums.clone()
        sums[int(state.batches) % window] = gaps.detach().to(sums).abs().sum(1)
        return Window(sums, state.batches + 1)

    return Weighting(start, draw, see)


def thompson() -> Weighting:
    """Bet each batch on one reference, drawn by how often it was right so far.

    θ_k ~ Beta(a_k, b_k) before the batch is seen; α is 1 for the largest θ_k, else 0
    Afterwards a_k grows by the number of pairs with Δ_k > 0, b_k by the rest; a = b = 1 at first.

    By hand: after 99 right and no wrong, and none right and 99 wrong, the means of θ are 0.99
    and 0.01, so the first reference is bet on.

    Example:
        >>> import torch
        >>> weighting = thompson()
        >>> sure = torch.ones(2, 99) * torch.tensor([[1.0], [-1.0]])
        >>> weighting.draw(weighting.see(weighting.start(None, 2), sure), 0).tolist()
        [1.0, 0.0]

    Source: named in Wu, Echarghaoui 2025, arXiv 2512.10040.
    Inferred: the whole formula.
    """

    def draw(state: Bets, seed: int) -> Weights:
        beliefs = draw_beliefs(state, seed)
        return torch.zeros_like(beliefs).index_fill(0, beliefs.argmax(), 1)

    return Weighting(start_bets, draw, see_bets)


def thompson_mixture() -> Weighting:
    """Weigh references by a draw of how often each is right: `thompson` without the bet.

    θ_k ~ Beta(a_k, b_k) before the batch is seen; α_k = θ_k / Σ_j θ_j

    By hand: θ of 0.6 and 0.2 give weights 0.75 and 0.25.

    Example:
        >>> weighting = thompson_mixture()
        >>> round(weighting.draw(weighting.start(None, 3), 0).sum().item(), 6)
        1.0

    Source: named in Wu, Echarghaoui 2025, arXiv 2512.10040.
    Inferred: the whole formula.
    """
    return Weighting(start_bets, lambda state, seed: shares(draw_beliefs(state, seed)), see_bets)


def start_bets(_: Gaps | None, count: int) -> Bets:
    """Believe nothing: Beta(1, 1) for each reference."""
    one = torch.ones(count, dtype=torch.float64)
    return Bets(one, one.clone(), torch.tensor(0))


def see_bets(state: Bets, gaps: Gaps) -> Bets:
    """Count the pairs that each reference had right."""
    right = (gaps.detach() > 0).sum(1).to(state.right)
    return Bets(state.right + right, state.wrong + gaps.shape[1] - right, state.batches + 1)


def draw_beliefs(state: Bets, seed: int) -> Weights:
    """Draw θ_k ~ Beta(a_k, b_k), the same on every process and for the same batch number."""
    generator = torch.Generator().manual_seed(seed * APART + int(state.batches))
    # torch.distributions.Beta takes no generator; a Beta is a share of two Gammas.
    right = torch._standard_gamma(state.right.cpu(), generator=generator)
    wrong = torch._standard_gamma(state.wrong.cpu(), generator=generator)
    return (right / (right + wrong)).to(state.right)
