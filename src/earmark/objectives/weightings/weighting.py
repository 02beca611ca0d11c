"""What a weighting of several references is, and the gaps that it learns from."""

from collections.abc import Callable
from typing import Any, NamedTuple

from jaxtyping import Float
from torch import Tensor

Gaps = Float[Tensor, "ref pair"]
Weights = Float[Tensor, " ref"]


class Weighting(NamedTuple):
    """A rule that weighs references, as pure functions over a state of tensors.

    `start(gaps of validation pairs or None, number of references)` makes the state.
    `draw(state, seed)` gives the weights of the next batch. It is not given that batch, so it
    cannot peek; None only where `of_pairs` takes its place.
    `see(state, gaps)` is called after the batch was trained on, and makes the next state.
    `of_pairs(gaps)` weighs each pair of the batch by its own gaps. It peeks.
    `needs_validation` says that `start` needs gaps of pairs that are not trained on.
    """

    start: Callable[[Gaps | None, int], Any]
    draw: Callable[[Any, int], Weights] | None
    see: Callable[[Any, Gaps], Any]
    of_pairs: Callable[[Gaps], Gaps] | None = None
    needs_validation: bool = False


def ref_weights(weighting: Weighting, state: Any, gaps: Gaps, seed: int = 0) -> Gaps:
    """Give the weights of a batch, one per reference and pair: what objectives take.

    Args:
        weighting: the rule.
        state: what it keeps, before this batch.
        gaps: of this batch. Only its shape is used, unless the rule weighs by the pair itself.
        seed: the same on every process.
    """
    if weighting.draw is None:
        assert weighting.of_pairs is not None
        return weighting.of_pairs(gaps)
    weights = weighting.draw(state, seed)
    return weights.to(gaps)[:, None].expand_as(gaps)


def preference_gaps(refs_chosen: Gaps, refs_rejected: Gaps) -> Gaps:
    """Say by how much each reference prefers the chosen answer: Δ_k = log π_k(y⁺) − log π_k(y⁻).

    >>> import torch
    >>> preference_gaps(torch.tensor([[-2.0]]), torch.tensor([[-5.0]])).item()
    3.0
    """
    return refs_chosen - refs_rejected


def per_token_gaps(
    refs_chosen: Gaps,
    refs_rejected: Gaps,
    chosen_tokens: Float[Tensor, " pair"],
    rejected_tokens: Float[Tensor, " pair"],
) -> Gaps:
    """Say the same per token, so that a long answer does not speak louder.

    |Δ| measures how sharp a reference is, not how right.

    >>> import torch
    >>> two, three = torch.tensor([2.0]), torch.tensor([3.0])
    >>> per_token_gaps(torch.tensor([[-2.0]]), torch.tensor([[-6.0]]), two, three).item()
    1.0
    """
    return refs_chosen / chosen_tokens - refs_rejected / rejected_tokens


def shares(amounts: Tensor) -> Tensor:
    """Divide amounts (at least 0) by their sum over references; all 0 makes equal shares.

    >>> import torch
    >>> shares(torch.tensor([1.0, 3.0])).tolist(), shares(torch.zeros(2)).tolist()
    ([0.25, 0.75], [0.5, 0.5])
    """
    total = amounts.sum(0, keepdim=True)
    return (amounts / total.where(total > 0, 1)).where(total > 0, 1 / len(amounts))
