"""Scale the loss of each pair by how sure the policy is of it: a wrapper for margin losses."""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from earmark.errors import KnobError
from earmark.lookup import short_name
from earmark.objectives.contract.loss import Loss
from earmark.objectives.contract.signature import contract
from earmark.objectives.contract.stacking import check_stack
from earmark.objectives.wrappers.wrap import Inner, wrap


def with_confidence(objective: Callable[..., Loss]) -> Callable[..., Loss]:
    """Scale the loss of each pair by the confidence σ(margin/τ), detached, over its batch mean.

    ℓ = c / mean(c) · ℓ_objective,  c = max(c_min, σ(margin / τ))

    Pairs that the policy already orders well push more, reversed ones less. A hard but clean
    pair is pushed less as well.

    Args:
        objective: the objective to wrap; its tensors and knobs stay as they are.
        confidence_tau: margin at which the confidence is 0.73; larger makes pairs more alike.
        confidence_floor: least confidence before it is divided by the mean, above 0, at most 1.

    Example:
        >>> from earmark.objectives.dpo import dpo
        >>> zero, logps = torch.zeros(2), torch.tensor([2.0, -2.0])
        >>> loss = with_confidence(dpo)(logps, zero, zero, zero, beta=1.0)
        >>> [round(x, 4) for x in loss.per_pair.tolist()]  # 1.7616 · 0.1269 and 0.2384 · 2.1269
        [0.2236, 0.5071]

    Raises:
        KnobError: the objective has no rejected answer, hence no gap to be sure of, or weighs
            pairs by their gap itself.

    Source: CAPO 2025, arXiv 2511.07691.

    Inferred: the whole formula; see `capo`.
    """
    name, needs = short_name(objective), contract(objective)
    if not needs.needs_rejected:
        raise KnobError(f"confidence weighs pairs by their gap; '{name}' has no rejected answer")
    again = ["confidence"] if "confidence_tau" in needs.knobs else []
    check_stack(name, ["confidence", *again])

    def run(inner: Inner, given: dict[str, Any]) -> Loss:
        loss = inner()
        tau, floor = given["confidence_tau"], given["confidence_floor"]
        return scale_by_confidence(loss, confidence_of_gap(loss.margin, tau), floor)

    return wrap(objective, run, knobs={"confidence_tau": 1.0, "confidence_floor": 0.1})


def confidence_of_gap(gap: Float[Tensor, " pair"], tau: float) -> Float[Tensor, " pair"]:
    """Return σ(gap/τ).

    >>> confidence_of_gap(torch.tensor([0.0]), 1.0).item()
    0.5
    """
    if not tau > 0:
        raise KnobError(f"the tau of a confidence should be above 0, found {tau}")
    return torch.sigmoid(gap / tau)


def scale_by_confidence(loss: Loss, confidence: Float[Tensor, " pair"], floor: float) -> Loss:
    """Multiply the loss of each pair by its confidence, detached, over the batch's mean.

    The mean weight is 1, so that the learning rate means what it does without the weights.

    >>> loss = Loss(torch.ones(2), torch.zeros(2))
    >>> scale_by_confidence(loss, torch.tensor([0.0, 0.9]), 0.1).per_pair.tolist()
    [0.20000000298023224, 1.7999999523162842]
    """
    if not 0 < floor <= 1:
        raise KnobError(f"the floor of a confidence should be above 0, at most 1, found {floor}")
    # Detached: a pair must not get a smaller loss by making the policy less sure of it.
    held = confidence.detach().clamp(min=floor)  # [pair]
    weights = held / held.mean()
    logged = {**loss.logged, "confidence": held, "weight_max": weights.max()}
    return loss._replace(per_pair=weights * loss.per_pair, logged=logged)
