"""Move the policy towards a reward-improved distribution over the candidates of a prompt."""

from jaxtyping import Bool, Float
from torch import Tensor

from earmark.objectives.candidates import improved, mean_scores, towards
from earmark.objectives.contract.loss import Loss


def ddo_rm(
    logps: Float[Tensor, "pair candidate"],
    candidate_tokens: Float[Tensor, "pair candidate"],
    candidates_mask: Bool[Tensor, "pair candidate"],
    rewards: Float[Tensor, "pair candidate"],
    *,
    eta: float = 1.0,
    tau: float = 1.0,
) -> Loss:
    """Move the policy towards its own distribution over the candidates, tilted by rewards.

    sᵢ = log π(yᵢ) / |yᵢ|,  p = softmax(s/τ),  c = r − Σ p·r
    q = softmax((s + η·c)/τ), detached,  ℓ = −Σ q·log p,  so that ∂ℓ/∂s = (p − q)/τ

    Nothing holds the policy to its start: q is built again from the current p, and the limit is
    the best-rewarded candidate; `ddo_rm_reference` and `ddo_rm_snapshot` hold it. Taking the
    mean reward off changes nothing but rounding. The margin is the score of the first candidate,
    the chosen one, minus the best of the others, in nats a token.

    Logged: `coverage`, the probability that the policy writes one of the candidates at all (a
    target over a set that the policy hardly ever writes teaches it little), and `target_chosen`,
    the share of the target that is the chosen candidate's.

    By hand: scores 0 and 0 with rewards 1 and 0 give p = (½, ½), q = (0.7311, 0.2689), a loss of
    log 2 and the gradient (−0.2311, 0.2311).

    Args:
        logps: summed log-probabilities of all candidates under the policy, chosen first.
        candidate_tokens: number of tokens in each candidate, the end token included.
        candidates_mask: which candidates there are; the others are padding.
        rewards: score of each candidate by the criterion named.
        eta: how far the rewards move the target.
        tau: temperature of both distributions; smaller is sharper.

    Example:
        >>> import torch
        >>> two, mask = torch.ones(1, 2), torch.ones(1, 2, dtype=torch.bool)
        >>> loss = ddo_rm(0 * two, two, mask, torch.tensor([[1.0, 0.0]]))
        >>> round(loss.per_pair.item(), 4)
        0.6931

    Source: DDO-RM 2026, arXiv 2604.11119, stage with a current anchor.

    Departure: q is detached, as in the authors' later text; the first public code lets gradients
    through it (`ddo_rm_undetached`).
    Inferred: the coverage; the paper's is that of the optimum over all answers.
    """
    others = candidate_tokens, candidates_mask, rewards
    return ddo_rm_reference(logps, logps, *others, eta=eta, tau=tau)


def ddo_rm_undetached(
    logps: Float[Tensor, "pair candidate"],
    candidate_tokens: Float[Tensor, "pair candidate"],
    candidates_mask: Bool[Tensor, "pair candidate"],
    rewards: Float[Tensor, "pair candidate"],
    *,
    eta: float = 1.0,
    tau: float = 1.0,
) -> Loss:
    """Do what `ddo_rm` does with gradients through the target, as first published.

    q = softmax((s + η·c)/τ), not detached,  ℓ = −Σ q·log p

    For two candidates with d = s₁ − s₂ and τ = 1 the gradient is (p − q) − q·(1 − q)·d for each
    one's share: it follows the policy's own gap as well as the rewards, and sharpens that gap
    even where the rewards are equal.

    By hand: scores 1 and 0 with equal rewards give q = p = 0.7311, and the gradient −0.1966
    where that of `ddo_rm` is 0.

    Args:
        logps: summed log-probabilities of all candidates under the policy, chosen first.
        candidate_tokens: number of tokens in each candidate, the end token included.
        candidates_mask: which candidates there are; the others are padding.
        rewards: score of each candidate by the criterion named.
        eta: how far the rewards move the target.
        tau: temperature of both distributions; smaller is sharper.

    Example:
        >>> import torch
        >>> scores = torch.tensor([[1.0, 0.0]], requires_grad=True)
        >>> two, mask = torch.ones(1, 2), torch.ones(1, 2, dtype=torch.bool)
        >>> ddo_rm_undetached(scores, two, mask, 0 * two).per_pair.sum().backward()
        >>> [round(x, 4) for x in scores.grad[0].tolist()]
        [-0.1966, 0.1966]

    Source: DDO-RM 2026, arXiv 2604.11119 and its public code.
    """
    scores = mean_scores(logps, candidate_tokens, candidates_mask)
    target = improved(scores, rewards, candidates_mask, eta, tau)
    return towards(target, scores, logps, candidates_mask, tau)


def ddo_rm_reference(
    logps: Float[Tensor, "pair candidate"],
    ref_logps: Float[Tensor, "pair candidate"],
    candidate_tokens: Float[Tensor, "pair candidate"],
    candidates_mask: Bool[Tensor, "pair candidate"],
    rewards: Float[Tensor, "pair candidate"],
    *,
    eta: float = 1.0,
    tau: float = 1.0,
) -> Loss:
    """Move the policy towards the frozen reference's distribution, tilted by rewards.

    q = softmax((s_ref + η·r)/τ),  ℓ = −Σ q·log p

    q ∝ π_ref·e^(r·η/τ) in mean log-probabilities: the optimum of reward with a penalty on
    leaving the reference, on these candidates. It does not move while training.

    By hand: reference scores 0 and 0, rewards 1 and 0 and policy scores 1 and 0 give q = p and the
    least loss there is, the entropy of q: 0.5822.

    Args:
        logps: summed log-probabilities of all candidates under the policy, chosen first.
        ref_logps: the same, under the frozen reference.
        candidate_tokens: number of tokens in each candidate, the end token included.
        candidates_mask: which candidates there are; the others are padding.
        rewards: score of each candidate by the criterion named.
        eta: how far the rewards move the target.
        tau: temperature of both distributions; smaller is sharper.

    Example:
        >>> import torch
        >>> two, mask = torch.ones(1, 2), torch.ones(1, 2, dtype=torch.bool)
        >>> first = torch.tensor([[1.0, 0.0]])
        >>> loss = ddo_rm_reference(first, 0 * two, two, mask, rewards=first)
        >>> round(loss.per_pair.item(), 4)
        0.5822

    Source: DDO-RM 2026, arXiv 2604.11119.

    Inferred: the anchor as a choice, from the authors' q ∝ p·exp(r/λ).
    """
    scores = mean_scores(logps, candidate_tokens, candidates_mask)
    anchor = mean_scores(ref_logps, candidate_tokens, candidates_mask).detach()
    target = improved(anchor, rewards, candidates_mask, eta, tau)
    return towards(target, scores, logps, candidates_mask, tau)


def ddo_rm_snapshot(
    logps: Float[Tensor, "pair candidate"],
    snapshot_logps: Float[Tensor, "pair candidate"],
    candidate_tokens: Float[Tensor, "pair candidate"],
    candidates_mask: Bool[Tensor, "pair candidate"],
    rewards: Float[Tensor, "pair candidate"],
    *,
    eta: float = 1.0,
    tau: float = 1.0,
) -> Loss:
    """Move the policy towards its own earlier distribution, tilted by rewards.

    q = softmax((s_snapshot + η·r)/τ),  ℓ = −Σ q·log p

    Between `ddo_rm`, which may run away, and `ddo_rm_reference`, which stays at home.

    By hand: snapshot scores 0 and 0, rewards 1 and 0 and policy scores 0 and 0 give log 2, as for
    `ddo_rm`; policy scores 1 and 0 have reached the target already: 0.5822.

    Args:
        logps: summed log-probabilities of all candidates under the policy, chosen first.
        snapshot_logps: the same, under the policy as it was when it last saw the pair.
        candidate_tokens: number of tokens in each candidate, the end token included.
        candidates_mask: which candidates there are; the others are padding.
        rewards: score of each candidate by the criterion named.
        eta: how far the rewards move the target.
        tau: temperature of both distributions; smaller is sharper.

    Example:
        >>> import torch
        >>> two, mask = torch.ones(1, 2), torch.ones(1, 2, dtype=torch.bool)
        >>> first = torch.tensor([[1.0, 0.0]])
        >>> loss = ddo_rm_snapshot(first, 0 * two, two, mask, rewards=first)
        >>> round(loss.per_pair.item(), 4)
        0.5822

    Source: DDO-RM 2026, arXiv 2604.11119.

    Inferred: the anchor as a choice, from the authors' q ∝ p·exp(r/λ).
    """
    others = candidate_tokens, candidates_mask, rewards
    return ddo_rm_reference(logps, snapshot_logps, *others, eta=eta, tau=tau)
