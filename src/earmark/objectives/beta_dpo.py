"""DPO with a β of the batch, after a filter of the batch by the usual gap."""

from collections.abc import Callable
from typing import Literal, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float, Int
from torch import Tensor

from earmark.errors import KnobError
from earmark.objectives.contract.loss import Loss
from earmark.objectives.gap_filter import gaussian_keep, random_drop

LEAST_BETA = 1e-3


class BetaState(NamedTuple):
    """Mean and standard deviation of the gap over the batches so far, free of start-up bias."""

    mean: Float[Tensor, ""] = torch.zeros(())
    std: Float[Tensor, ""] = torch.zeros(())
    step: Int[Tensor, ""] = torch.zeros((), dtype=torch.int64)


Keep = Callable[[Float[Tensor, " pair"], BetaState, float, torch.Generator], Bool[Tensor, " pair"]]


def beta_dpo(
    chosen: Float[Tensor, " pair"],
    rejected: Float[Tensor, " pair"],
    ref_chosen: Float[Tensor, " pair"],
    ref_rejected: Float[Tensor, " pair"],
    training: bool,
    state: BetaState,
    *,
    beta: float = 0.1,
    alpha: float = 0.6,
    momentum: float = 0.9,
    rho: float = 0.8,
    gap_scale: Literal["beta", "raw"] = "beta",
    seed: int = 0,
) -> Loss:
    """Filter the batch by its gaps, then set β from the mean gap of the pairs that were kept.

    h = (log π(y⁺) − log π_ref(y⁺)) − (log π(y⁻) − log π_ref(y⁻)),  M = β·h
    β_b = max(min(0.001, β), β·[1 + α·(mean of the kept M − M₀)])
    ℓ = −log σ(β_b·h) of the kept pairs

    M₀ and σ follow the mean and the standard deviation of the batch's gaps, this batch included;
    a share ρ is kept with probability ∝ exp(−(M − M₀)²/2σ²). A wide batch has a larger β and
    moves less. Without the filter: ρ = 1. The filter alone: α = 0. Its control draws any pairs:
    `beta_dpo_random_drop`. The loss of the kept pairs is raised by pairs / kept, so that the
    mean over all pairs is their mean. The margin is β·h, in the same unit for every batch.

    By hand: a running mean of 1 over one batch, then gaps M of 2 and 4 (h 20 and 40, β 0.1),
    momentum 0.9: the new batch weighs 0.1/(1 − 0.81) = 0.5263, M₀ = 1 + 0.5263·(3 − 1) = 2.0526;
    with ρ 1 and α 0.6, β_b = 0.1·(1 + 0.6·(3 − 2.0526)) = 0.1568.

    Args:
        chosen: summed log-probability of the chosen answer under the policy, in nats.
        rejected: the same for the rejected answer.
        ref_chosen: summed log-probability of the chosen answer under the frozen reference.
        ref_rejected: the same for the rejected answer.
        training: whether to filter, to adapt β and to update the running mean.
        state: running mean and standard deviation of the gap.
        beta: how strongly the policy is held to the reference in a batch of the usual gap.
        alpha: how much β follows the batch's gap; 0 keeps it fixed.
        momentum: weight of the past in the running mean, at least 0 and below 1.
        rho: share of the batch that the filter keeps, above 0 and at most 1.
        gap_scale: measure the gap as beta (β times the log-ratios) or raw (the log-ratios).
        seed: seed of the filter's draws.

    Example:
        >>> one = torch.ones(1)
        >>> loss = beta_dpo(-2 * one, -4 * one, -3 * one, -3 * one, True, BetaState(), beta=0.5)
        >>> round(loss.per_pair.item(), 4), loss.state.mean.item(), loss.state.step.item()
        (0.3133, 1.0, 1)

    Source: β-DPO, Wu et al. 2024, arXiv 2407.08639.

    Departure: running means are free of start-up bias; the published ones start at 0.
    Departure: the gap is β·h as in the paper; the public code has h (`gap_scale` raw).
    Departure: equal gaps, as where policy equals reference, weigh the same; published: NaN.
    Departure: at evaluation nothing is filtered or updated and β is the knob's, so that the
    loss of a pair does not depend on its batch; the public code adapts and updates there too.
    """
    gap = (chosen - ref_chosen) - (rejected - ref_rejected)
    return _dynamic(gap, training, state, _near, beta, alpha, momentum, rho, gap_scale, seed)


def beta_dpo_random_drop(
    chosen: Float[Tensor, " pair"],
    rejected: Float[Tensor, " pair"],
    ref_chosen: Float[Tensor, " pair"],
    ref_rejected: Float[Tensor, " pair"],
    training: bool,
    state: BetaState,
    *,
    beta: float = 0.1,
    alpha: float = 0.6,
    momentum: float = 0.9,
    rho: float = 0.8,
    gap_scale: Literal["beta", "raw"] = "beta",
    seed: int = 0,
) -> Loss:
    """Do what `beta_dpo` does, but drop pairs at random: the control of its filter.

    ℓ = −log σ(β_b·h) of a share ρ of the pairs, each as likely as any other

    By hand: as for `beta_dpo`; with ρ 1 the two are the same.

    Args:
        chosen: summed log-probability of the chosen answer under the policy, in nats.
        rejected: the same for the rejected answer.
        ref_chosen: summed log-probability of the chosen answer under the frozen reference.
        ref_rejected: the same for the rejected answer.
        training: whether to drop, to adapt β and to update the running mean.
        state: running mean and standard deviation of the gap.
        beta: how strongly the policy is held to the reference in a batch of the usual gap.
        alpha: how much β follows the batch's gap; 0 keeps it fixed.
        momentum: weight of the past in the running mean, at least 0 and below 1.
        rho: share of the batch that is kept, above 0 and at most 1.
        gap_scale: measure the gap as beta (β times the log-ratios) or raw (the log-ratios).
        seed: seed of the draws.

    Example:
        >>> two = torch.zeros(2)
        >>> loss = beta_dpo_random_drop(two, two, two, two, True, BetaState(), rho=0.5)
        >>> sorted(round(x, 4) for x in loss.per_pair.tolist())  # 2 · log 2, and a dropped pair
        [0.0, 1.3863]

    Source: control arm of β-DPO, Wu et al. 2024, arXiv 2407.08639.

    Departure: not in the paper; it shows what of the filter's gain is owed to fewer pairs.
    """
    gap = (chosen - ref_chosen) - (rejected - ref_rejected)
    return _dynamic(gap, training, state, _any, beta, alpha, momentum, rho, gap_scale, seed)


def _dynamic(
    gap: Float[Tensor, " pair"],
    training: bool,
    state: BetaState,
    keep: Keep,
    beta: float,
    alpha: float,
    momentum: float,
    rho: float,
    gap_scale: str,
    seed: int,
) -> Loss:
    if not 0 <= momentum < 1:
        raise KnobError(f"momentum should be at least 0 and below 1, found {momentum}")
    if not 0 < rho <= 1:
        raise KnobError(f"rho should be above 0 and at most 1, found {rho}")
    margin = beta * gap
    if not training:
        logged = {"beta": margin.new_tensor(beta), "kept_share": margin.new_ones(())}
        return Loss(-F.logsigmoid(margin), margin, state, logged)
    # A few numbers in double precision on the CPU: every process draws and adapts alike.
    measured = (margin if gap_scale == "beta" else gap).detach().double().cpu()
    state = _follow(state, measured, momentum)
    generator = torch.Generator().manual_seed(1_000_003 * seed + int(state.step))
    kept = keep(measured, state, rho, generator)
    rise = measured[kept].mean() - state.mean.double()
    used = (beta * (1 + alpha * rise)).clamp(min=min(LEAST_BETA, beta)).to(gap)
    losses = (-F.logsigmoid(used * gap)).masked_fill(~kept.to(gap.device), 0.0)
    share = float(kept.double().mean())
    logged = {"beta": used, "kept_share": gap.new_tensor(share)}
    return Loss(losses / share, margin, state, logged)


def _follow(state: BetaState, gaps: Float[Tensor, " pair"], momentum: float) -> BetaState:
    """Move the running mean and deviation towards this batch's.

    The step (1 − m) / (1 − mᵗ) makes them equal to a running mean from 0 divided by 1 − mᵗ.
    """
    step = state.step.cpu() + 1
    share = (1 - momentum) / (1 - momentum ** int(step))
    now = (gaps.mean(), gaps.std(correction=0))
    before = (state.mean.double().cpu(), state.std.double().cpu())
    mean, std = ((b + share * (n - b)).float() for b, n in zip(before, now, strict=True))
    return BetaState(mean, std, step)


def _near(
    gaps: Float[Tensor, " pair"], state: BetaState, share: float, generator: torch.Generator
) -> Bool[Tensor, " pair"]:
    return gaussian_keep(gaps, state.mean, state.std, share, generator)


def _any(
    gaps: Float[Tensor, " pair"], state: BetaState, share: float, generator: torch.Generator
) -> Bool[Tensor, " pair"]:
    return random_drop(gaps, share, generator)
