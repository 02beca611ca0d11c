"""DPO and SimPO with dynamic target margins as published: 20 steps, converged or not."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from earmark.objectives.contract.loss import Loss
from earmark.objectives.gap_queue import QueueState, batch_margins
from earmark.objectives.margins import published_margins


def gamma_dpo_published(
    chosen: Float[Tensor, " pair"],
    rejected: Float[Tensor, " pair"],
    ref_chosen: Float[Tensor, " pair"],
    ref_rejected: Float[Tensor, " pair"],
    training: bool,
    state: QueueState,
    *,
    beta: float = 0.1,
    gamma: float = 1.0,
    tau: float = 1.0,
    seed: int = 0,
) -> Loss:
    """Do what `gamma_dpo` does with the published solver, which may not converge.

    r = β·[(log π(y⁺) − log π_ref(y⁺)) − (log π(y⁻) − log π_ref(y⁻))]
    ℓ = −log σ(r − (γ − γ₀)),  γ detached, 20 steps of `published_margins`

    At τ = 10 the two agree; at τ = 1 it swings between two points.

    By hand: gaps −4, −1, 0, 1, 4 and 8 with γ₀ 4 and τ 1 have margins 1.47, 1.90, 2.39, 3.20, 9.92
    and 5.12; the last pair's loss is −log σ(8 − 1.12) = 0.0010.

    Args:
        chosen: summed log-probability of the chosen answer under the policy, in nats.
        rejected: the same for the rejected answer.
        ref_chosen: summed log-probability of the chosen answer under the frozen reference.
        ref_rejected: the same for the rejected answer.
        training: whether to set margins and to store this batch's gaps.
        state: the gaps of earlier batches.
        beta: how strongly the policy is held to the reference; larger moves less.
        gamma: γ₀, the mean of the margins; it bounds how far they can lie apart.
        tau: how strongly the margins are held together; larger is nearer to DPO.
        seed: seed of the draws from the queue.

    Example:
        >>> import torch
        >>> zero, gaps = torch.zeros(6), torch.tensor([-4.0, -1.0, 0.0, 1.0, 4.0, 8.0])
        >>> knobs = {"beta": 1.0, "gamma": 4.0, "tau": 1.0}
        >>> loss = gamma_dpo_published(gaps, zero, zero, zero, True, QueueState(), **knobs)
        >>> round(loss.per_pair[-1].item(), 4), round(loss.logged["gamma_max"].item(), 2)
        (0.001, 9.92)

    Source: γ-PO, Sun et al. 2025, arXiv 2506.03690, and its public code.

    Departure: the queue starts empty; the published one starts with eight normal draws.
    Departure: the queue is of all processes together; the published one is of each by itself.
    Departure: at evaluation every margin is γ₀ and the queue stays as it is, so that the loss
    of a pair does not depend on its batch.
    Departure: β, γ₀ and τ have defaults of our own; published settings are for the SimPO form.
    """
    gap = beta * ((chosen - ref_chosen) - (rejected - ref_rejected))
    found = batch_margins(published_margins, gap, training, state, gamma, tau, seed)
    per_pair = -F.logsigmoid(gap - (found.margins - gamma))
    return Loss(per_pair, gap, found.state, found.logged)


def gamma_simpo_published(
    chosen: Float[Tensor, " pair"],
    rejected: Float[Tensor, " pair"],
    chosen_tokens: Float[Tensor, " pair"],
    rejected_tokens: Float[Tensor, " pair"],
    training: bool,
    state: QueueState,
    *,
    beta: float = 10.0,
    gamma: float = 4.0,
    tau: float = 10.0,
    seed: int = 0,
) -> Loss:
    """Do what `gamma_simpo` does with the published solver, which may not converge.

    r = β·[log π(y⁺)/|y⁺| − log π(y⁻)/|y⁻|],  ℓ = −log σ(r − γ),  γ detached,
    20 steps of `published_margins`

    At τ = 10 the two agree; at τ = 1 it swings between two points.

    By hand: gaps −4, −1, 0, 1, 4 and 8 with γ₀ 4 and τ 1 have margins 1.47, 1.90, 2.39, 3.20, 9.92
    and 5.12; the last pair's loss is −log σ(8 − 5.12) = 0.0544.

    Args:
        chosen: summed log-probability of the chosen answer under the policy, in nats.
        rejected: the same for the rejected answer.
        chosen_tokens: number of tokens in the chosen answer, the end token included.
        rejected_tokens: number of tokens in the rejected answer.
        training: whether to set margins and to store this batch's gaps.
        state: the gaps of earlier batches.
        beta: scale of the mean log-probabilities.
        gamma: γ₀, the mean of the margins.
        tau: how strongly the margins are held together; larger is nearer to SimPO.
        seed: seed of the draws from the queue.

    Example:
        >>> import torch
        >>> one, gaps = torch.ones(6), torch.tensor([-4.0, -1.0, 0.0, 1.0, 4.0, 8.0])
        >>> loss = gamma_simpo_published(gaps, 0 * one, one, one, True, QueueState(), beta=1, tau=1)
        >>> round(loss.per_pair[-1].item(), 4), round(loss.logged["gamma_max"].item(), 2)
        (0.0544, 9.92)

    Source: γ-PO, Sun et al. 2025, arXiv 2506.03690; settings of its Llama-3-8B run.

    Departure: the queue starts empty; the published one starts with eight normal draws.
    Departure: the queue is of all processes together; the published one is of each by itself.
    Departure: at evaluation every margin is γ₀ and the queue stays as it is, so that the loss
    of a pair does not depend on its batch.
    """
    gap = beta * (chosen / chosen_tokens - rejected / rejected_tokens)
    found = batch_margins(published_margins, gap, training, state, gamma, tau, seed)
    return Loss(-F.logsigmoid(gap - found.margins), gap, found.state, found.logged)
