"""Weightings that are fixed before training, and the published one that is not."""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from earmark.errors import KnobError
from earmark.objectives.weightings.weighting import Gaps, Weighting, Weights, shares


class Fixed(NamedTuple):
    """Weights that stay as they are."""

    weights: Float[Tensor, " ref"]


def uniform() -> Weighting:
    """Weigh all references alike: α_k = 1/K.

    By hand: four references have weight 0.25 each.

    Example:
        >>> weighting = uniform()
        >>> weighting.draw(weighting.start(None, 4), 0).tolist()
        [0.25, 0.25, 0.25, 0.25]

    Source: MRPO, Le et al. 2024, arXiv 2405.16388.
    """
    return Weighting(lambda _, count: Fixed(equal(count)), draw_fixed, keep)


def adaptive() -> Weighting:
    """Weigh the references of each pair by how sharply they separate its two answers (ARWC).

    α_k = |Δ_k| / Σ_j |Δ_j|, separately for every pair

    This is the published rule, and it leaks: the weights of a pair are computed from its own
    chosen and rejected answers. It is here for comparison; the other weightings cannot do it.

    By hand: gaps 3 and −1 give weights 0.75 and 0.25.

    Example:
        >>> import torch
        >>> adaptive().of_pairs(torch.tensor([[3.0], [-1.0]])).tolist()
        [[0.75], [0.25]]

    Source: MRPO, Le et al. 2024, arXiv 2405.16388; named ARWC by arXiv 2512.10040.
    Departure: without the 1e-6 in the authors' denominator; all gaps 0 give equal weights.
    """
    return Weighting(
        lambda _, count: Fixed(equal(count)), None, keep, lambda gaps: shares(gaps.abs())
    )


def validation_discriminative() -> Weighting:
    """Weigh references by how sharply they separate validation pairs (VDW).

    α_k ∝ mean over validation pairs of |Δ_k|

    A sharp reference that prefers the wrong answer has a high weight, too.

    By hand: gaps (3, −3) and (1, 1) have means 3 and 1, hence weights 0.75 and 0.25.

    Example:
        >>> import torch
        >>> weighting = validation_discriminative()
        >>> state = weighting.start(torch.tensor([[3.0, -3.0], [1.0, 1.0]]), 2)
        >>> weighting.draw(state, 0).tolist()
        [0.75, 0.25]

    Raises:
        KnobError: at the start, without gaps of validation pairs.

    Source: Wu, Echarghaoui 2025, arXiv 2512.10040.
    Inferred: the linear normalisation of the means.
    """

    def start(gaps: Gaps | None, count: int) -> Fixed:
        known = validation("validation_discriminative", gaps, count)
        return Fixed(shares(known.abs().mean(1)))

    return Weighting(start, draw_fixed, keep, needs_validation=True)


def validation_accuracy() -> Weighting:
    """Weigh references by how often they prefer the chosen answer of validation pairs (VAW).

    α_k ∝ mean over validation pairs of 1[Δ_k > 0]

    By hand: gaps (3, −3) and (1, 1) have accuracies ½ and 1, hence weights ⅓ and ⅔.

    Example:
        >>> import torch
        >>> weighting = validation_accuracy()
        >>> state = weighting.start(torch.tensor([[3.0, -3.0], [1.0, 1.0]]), 2)
        >>> [round(w, 3) for w in weighting.draw(state, 0).tolist()]
        [0.333, 0.667]

    Raises:
        KnobError: at the start, without gaps of validation pairs.

    Source: Wu, Echarghaoui 2025, arXiv 2512.10040.
    Inferred: the linear normalisation of the accuracies; a tie counts as wrong.
    """

    def start(gaps: Gaps | None, count: int) -> Fixed:
        known = validation("validation_accuracy", gaps, count)
        return Fixed(shares((known > 0).double().mean(1)))

    return Weighting(start, draw_fixed, keep, needs_validation=True)


def equal(count: int) -> Weights:
    """Give each of some references the same weight."""
    return torch.full((count,), 1 / count, dtype=torch.float64)


def draw_fixed(state: Fixed, seed: int) -> Weights:
    """Return the weights, whatever the seed."""
    return state.weights


def keep(state: Fixed, gaps: Gaps) -> Fixed:
    """Learn nothing from a batch."""
    return state


def validation(name: str, gaps: Gaps | None, count: int) -> Gaps:
    """Return the gaps of validation pairs, or say that they are missing."""
    if gaps is None or not gaps.shape[1]:
        raise KnobError(
            f"weighting '{name}' weighs references on validation pairs, found none; "
            "give it pairs that are not trained on, or choose uniform, sliding_window or thompson"
        )
    assert len(gaps) == count, f"{len(gaps)} lines of gaps for {count} references"
    return gaps.detach().double()
