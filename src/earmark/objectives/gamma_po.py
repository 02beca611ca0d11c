"""DPO and SimPO with a target margin for each pair that follows its reward gap."""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from earmark.objectives.contract.loss import Loss
from earmark.objectives.gap_queue import QueueState, batch_margins
from earmark.objectives.margins import target_margins


def gamma_dpo(
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
    """Shift the gap of each pair by how much its target margin differs from the mean margin.

    r = β·[(log π(y⁺) − log π_ref(y⁺)) − (log π(y⁻) − log π_ref(y⁻))]
    ℓ = −log σ(r − (γ − γ₀)),  γ detached, the optimum of `target_margins`

    The margins are set among the batch's gaps and up to 256 in all from earlier batches; they
    average to γ₀ over those. Pairs with equal gaps, so also policy = reference, give DPO's loss.
    The margin that is logged is r.

    By hand: gaps −4, −1, 0, 1, 4 and 8 with γ₀ 4 and τ 10 have margins 3.590, 3.603, 3.627, 3.682,
    4.268 and 5.230; the last pair's loss is −log σ(8 − 1.230) = 0.0011.

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
        >>> knobs = {"beta": 1.0, "gamma": 4.0, "tau": 10.0}
        >>> loss = gamma_dpo(gaps, zero, zero, zero, True, QueueState(), **knobs)
        >>> round(loss.per_pair[-1].item(), 4), round(loss.logged["gamma_max"].item(), 2)
        (0.0011, 5.23)

    Source: γ-PO, Sun et al. 2025, arXiv 2506.03690, and its public code.

    Departure: the margins are the optimum; the published 20 steps may miss it
    (`gamma_dpo_published`).
    Departure: the queue starts empty; the published one starts with eight normal draws.
    Departure: the queue is of all processes together; the published one is of each by itself.
    Departure: at evaluation every margin is γ₀ and the queue stays as it is, so that the loss
    of a pair does not depend on its batch.
    Departure: β, γ₀ and τ have defaults of our own; published settings are for the SimPO form.
    """
    gap = beta * ((chosen - ref_chosen) - (rejected - ref_rejected))
    found = batch_margins(target_margins, gap, training, state, gamma, tau, seed)
    per_pair = -F.logsigmoid(gap - (found.margins - gamma))
    return Loss(per_pair, gap, found.state, found.logged)


def gamma_simpo(
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
    """Ask each pair for a margin of its own: more of wide gaps, less of narrow ones.

    r = β·[log π(y⁺)/|y⁺| − log π(y⁻)/|y⁻|],  ℓ = −log σ(r − γ),  γ detached,
    the optimum of `target_margins`

    The margins are set among the batch's gaps and up to 256 in all from earlier batches; they
    average to γ₀ over those. Pairs with equal gaps give SimPO's loss. The margin that is logged
    is r.

    By hand: gaps −4, −1, 0, 1, 4 and 8 with γ₀ 4 and τ 10 have margins 3.590, 3.603, 3.627, 3.682,
    4.268 and 5.230; the last pair's loss is −log σ(8 − 5.230) = 0.0608.

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
        >>> loss = gamma_simpo(gaps, 0 * one, one, one, True, QueueState(), beta=1.0)
        >>> round(loss.per_pair[-1].item(), 4), round(loss.logged["gamma_max"].item(), 2)
        (0.0608, 5.23)

    Source: γ-PO, Sun et al. 2025, arXiv 2506.03690; settings of its Llama-3-8B run.

    Departure: the margins are the optimum; the published 20 steps may miss it
    (`gamma_simpo_published`).
    Departure: the queue starts empty; the published one starts with eight normal draws.
    Departure: the queue is of all processes together; the published one is of each by itself.
    Departure: at evaluation every margin is γ₀ and the queue stays as it is, so that the loss
    of a pair does not depend on its batch.
    """
    gap = beta * (chosen / chosen_tokens - rejected / rejected_tokens)
    found = batch_margins(target_margins, gap, training, state, gamma, tau, seed)
    return Loss(-F.logsigmoid(gap - found.margins), gap, found.state, found.logged)
