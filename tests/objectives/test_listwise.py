"""S-DPO and DDO-RM: by hand, by identity, with padding, and what goes wrong without guards."""

import math

import pytest
import torch

from earmark.errors import KnobError
from earmark.objectives.candidates import improved, mean_scores
from earmark.objectives.contract.signature import contract
from earmark.objectives.ddo_rm import (
    ddo_rm,
    ddo_rm_reference,
    ddo_rm_snapshot,
    ddo_rm_undetached,
)
from earmark.objectives.dpo import dpo
from earmark.objectives.s_dpo import s_dpo

CURRENT = {"ddo_rm": ddo_rm, "ddo_rm_undetached": ddo_rm_undetached}
ANCHORED = {"ddo_rm_reference": ddo_rm_reference, "ddo_rm_snapshot": ddo_rm_snapshot}


def rows(count=6, losers=3, seed=0, spread=20.0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return (-40 - spread * torch.randn(*shape, generator=generator).double()).to(dtype)

    mask = torch.ones(count, losers, dtype=torch.bool)
    return [draw(count), draw(count, losers), draw(count), draw(count, losers), mask]


def lists(count=5, candidates=4, seed=0, spread=1.0):
    generator = torch.Generator().manual_seed(seed)
    logps = -4 * spread * torch.rand(count, candidates, generator=generator).double() - 0.1
    tokens = torch.randint(1, 9, (count, candidates), generator=generator).double()
    mask = torch.ones(count, candidates, dtype=torch.bool)
    rewards = torch.randn(count, candidates, generator=generator).double()
    return logps, tokens, mask, rewards


def call(name, logps, tokens, mask, rewards, anchor=None, **knobs):
    if name in CURRENT:
        return CURRENT[name](logps, tokens, mask, rewards, **knobs)
    anchor = logps.detach() if anchor is None else anchor
    return ANCHORED[name](logps, anchor, tokens, mask, rewards, **knobs)


# --- S-DPO ---


def test_s_dpo_by_hand():
    zero = torch.zeros(1, dtype=torch.float64)
    losers = torch.tensor([[-1.0, 0.0]], dtype=torch.float64)
    mask = torch.ones(1, 2, dtype=torch.bool)
    loss = s_dpo(zero, losers, zero, 0 * losers, mask, beta=1.0)
    assert loss.per_pair.item() == pytest.approx(math.log(2 + math.exp(-1)))
    assert loss.margin.item() == 0


def test_s_dpo_with_one_loser_is_dpo():
    chosen, losers, ref_chosen, ref_losers, mask = rows(losers=1)
    found = s_dpo(chosen, losers, ref_chosen, ref_losers, mask, beta=0.3)
    wanted = dpo(chosen, losers[:, 0], ref_chosen, ref_losers[:, 0], beta=0.3)
    assert torch.allclose(found.per_pair, wanted.per_pair)
    assert torch.allclose(found.margin, wanted.margin)


@pytest.mark.parametrize("losers", [1, 2, 7])
def test_s_dpo_at_the_reference_is_log_of_one_more_than_the_losers(losers):
    chosen, others, _, _, mask = rows(losers=losers)
    loss = s_dpo(chosen, others, chosen, others, mask)
    assert torch.allclose(loss.per_pair, torch.full_like(chosen, math.log(1 + losers)))


def test_s_dpo_is_the_published_sum_where_that_is_finite():
    chosen, losers, ref_chosen, ref_losers, mask = rows(spread=1.0)
    gaps = (losers - ref_losers) - (chosen - ref_chosen)[:, None]
    published = -torch.nn.functional.logsigmoid(-gaps.exp().sum(1).log())
    found = s_dpo(chosen, losers, ref_chosen, ref_losers, mask, beta=1.0)
    assert torch.allclose(found.per_pair, published)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_s_dpo_is_finite_where_a_raw_exponential_overflows(dtype):
    chosen, losers, ref_chosen, ref_losers, mask = rows(spread=1e5, dtype=dtype)
    chosen.requires_grad_()
    losers.requires_grad_()
    gaps = (losers - ref_losers) - (chosen - ref_chosen)[:, None]
    assert gaps.exp().sum(1).isinf().any(), "negative control"
    loss = s_dpo(chosen, losers, ref_chosen, ref_losers, mask, beta=1.0)
    loss.per_pair.sum().backward()
    assert loss.per_pair.dtype == dtype
    assert loss.per_pair.isfinite().all()
    assert chosen.grad.isfinite().all()
    assert losers.grad.isfinite().all()


def test_s_dpo_padding_counts_nowhere():
    chosen, losers, ref_chosen, ref_losers, mask = rows(losers=2)
    wanted = s_dpo(chosen, losers, ref_chosen, ref_losers, mask)
    nothing = torch.full_like(losers[:, :1], torch.nan)
    padded = torch.cat([losers, nothing], 1).requires_grad_()
    found = s_dpo(
        chosen,
        padded,
        ref_chosen,
        torch.cat([ref_losers, nothing], 1),
        torch.cat([mask, ~mask[:, :1]], 1),
    )
    assert torch.allclose(found.per_pair, wanted.per_pair)
    assert torch.allclose(found.margin, wanted.margin)
    found.per_pair.sum().backward()
    assert (padded.grad[:, 2] == 0).all()
    none = s_dpo(chosen, losers, ref_chosen, ref_losers, ~mask)
    assert none.per_pair.tolist() == none.margin.tolist() == [0.0] * 6


def test_the_hardest_loser_is_pushed_most():
    zero = torch.zeros(1, dtype=torch.float64)
    losers = torch.tensor([[2.0, 0.0, -1.0]], dtype=torch.float64, requires_grad=True)
    mask = torch.ones(1, 3, dtype=torch.bool)
    loss = s_dpo(zero, losers, zero, torch.zeros_like(losers), mask, beta=1.0)
    loss.per_pair.sum().backward()
    shares = torch.cat([zero[:, None], losers.detach()], 1).softmax(1)[:, 1:]
    assert torch.allclose(losers.grad, shares)
    assert torch.autograd.gradcheck(
        lambda c, x: s_dpo(c, x, zero, torch.zeros_like(x), mask).per_pair,
        [zero.clone().requires_grad_(), losers.detach().clone().requires_grad_()],
    )


# --- DDO-RM ---


def test_ddo_rm_by_hand():
    logps = torch.zeros(1, 2, dtype=torch.float64, requires_grad=True)
    one, mask = torch.ones(1, 2, dtype=torch.float64), torch.ones(1, 2, dtype=torch.bool)
    loss = ddo_rm(logps, one, mask, torch.tensor([[1.0, 0.0]]).double())
    assert loss.per_pair.item() == pytest.approx(math.log(2))
    loss.per_pair.sum().backward()
    q = math.e / (1 + math.e)
    assert logps.grad[0].tolist() == pytest.approx([0.5 - q, q - 0.5])
    assert loss.logged["target_chosen"].item() == pytest.approx(q)


@pytest.mark.parametrize("name", [*CURRENT, *ANCHORED])
def test_the_target_does_not_move_with_a_shift_of_the_rewards(name):
    logps, tokens, mask, rewards = lists()
    plain = call(name, logps, tokens, mask, rewards)
    shifted = call(name, logps, tokens, mask, rewards + 17)
    assert torch.allclose(plain.per_pair, shifted.per_pair)
    scaled = call(name, logps, tokens, mask, 2 * rewards)
    assert not torch.allclose(plain.per_pair, scaled.per_pair)


@pytest.mark.parametrize("name", ["ddo_rm", *ANCHORED])
@pytest.mark.parametrize("tau", [0.5, 1.0, 3.0])
def test_the_detached_gradient_is_p_minus_q_over_tau(name, tau):
    logps, _, mask, rewards = lists()
    ones, anchor = torch.ones_like(logps), lists(seed=1)[0]
    logps.requires_grad_()
    call(name, logps, ones, mask, rewards, anchor, eta=0.7, tau=tau).per_pair.sum().backward()
    base = logps.detach() if name == "ddo_rm" else anchor
    p = (logps.detach() / tau).softmax(1)
    q = ((base + 0.7 * rewards) / tau).softmax(1)
    assert torch.allclose(logps.grad, (p - q) / tau)


def test_the_undetached_gradient_sharpens_the_policys_own_gap():
    """For two candidates and τ = 1: (p − q) − q·(1 − q)·d; the detached one lacks the last part."""
    logps, _, mask, rewards = lists(candidates=2)
    ones = torch.ones_like(logps)
    slopes = {}
    for name in CURRENT:
        leaf = logps.clone().requires_grad_()
        call(name, leaf, ones, mask, rewards).per_pair.sum().backward()
        slopes[name] = leaf.grad[:, 0]
    p, q = logps.softmax(1)[:, 0], (logps + rewards).softmax(1)[:, 0]
    apart = logps[:, 0] - logps[:, 1]
    assert torch.allclose(slopes["ddo_rm"], p - q)
    assert torch.allclose(slopes["ddo_rm_undetached"], (p - q) - q * (1 - q) * apart)
    leaf = logps.clone().requires_grad_()
    call("ddo_rm", leaf, ones, mask, 0 * rewards).per_pair.sum().backward()
    assert leaf.grad.abs().max() < 1e-12, "equal rewards move nothing when detached"


def test_an_anchor_at_the_policy_is_the_current_one():
    batch = lists()
    wanted = call("ddo_rm", *batch).per_pair
    for name in ANCHORED:
        assert torch.allclose(call(name, *batch).per_pair, wanted)
        other = call(name, *batch, lists(seed=3)[0]).per_pair
        assert not torch.allclose(other, wanted)


def test_a_steady_anchor_has_its_optimum_at_the_tilted_reference():
    """Following the gradient ends at softmax(s_ref + r), not at the best-rewarded candidate."""
    anchor, _, mask, rewards = lists()
    ones, logps = torch.ones_like(anchor), anchor.clone().requires_grad_()
    optimizer = torch.optim.SGD([logps], lr=2.0)
    for _ in range(400):
        optimizer.zero_grad()
        ddo_rm_reference(logps, anchor, ones, mask, rewards).per_pair.sum().backward()
        optimizer.step()
    assert torch.allclose(logps.detach().softmax(1), (anchor + rewards).softmax(1), atol=1e-6)
    running = anchor.clone().requires_grad_()
    optimizer = torch.optim.SGD([running], lr=2.0)
    for _ in range(400):
        optimizer.zero_grad()
        ddo_rm(running, ones, mask, rewards).per_pair.sum().backward()
        optimizer.step()
    best = running.detach().softmax(1).gather(1, rewards.argmax(1, keepdim=True))
    assert (best > 0.9).all(), "with a current anchor it runs to the best-rewarded one"


@pytest.mark.parametrize("name", [*CURRENT, *ANCHORED])
def test_padding_counts_nowhere(name):
    logps, tokens, mask, rewards = lists()
    wanted = call(name, logps, tokens, mask, rewards)
    nothing = torch.full_like(logps[:, :1], torch.nan)
    padded = torch.cat([logps, nothing], 1).requires_grad_()
    found = call(
        name,
        padded,
        torch.cat([tokens, 0 * tokens[:, :1]], 1),
        torch.cat([mask, ~mask[:, :1]], 1),
        torch.cat([rewards, nothing], 1),
    )
    assert torch.allclose(found.per_pair, wanted.per_pair)
    assert torch.allclose(found.margin, wanted.margin)
    assert torch.allclose(found.logged["coverage"], wanted.logged["coverage"])
    found.per_pair.sum().backward()
    assert padded.grad.isfinite().all()
    assert (padded.grad[:, -1] == 0).all()


@pytest.mark.parametrize("name", [*CURRENT, *ANCHORED])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_far_candidates_are_finite(name, dtype):
    logps, tokens, mask, rewards = lists(spread=1e5)
    leaf = logps.to(dtype).requires_grad_()
    loss = call(name, leaf, tokens.to(dtype), mask, 1e4 * rewards.to(dtype), tau=0.1)
    loss.per_pair.sum().backward()
    assert loss.per_pair.dtype == dtype
    assert loss.per_pair.isfinite().all()
    assert leaf.grad.isfinite().all()


@pytest.mark.parametrize("name", ["ddo_rm_undetached", *ANCHORED])
def test_gradients_in_double_precision(name):
    logps, tokens, mask, rewards = lists()
    anchor = lists(seed=2)[0]
    assert torch.autograd.gradcheck(
        lambda x: call(name, x, tokens, mask, rewards, anchor).per_pair, [logps.requires_grad_()]
    )


def test_margin_and_coverage_by_hand():
    logps = torch.tensor([[0.5, 0.25, 0.125]], dtype=torch.float64).log()
    tokens = torch.tensor([[1.0, 2.0, 1.0]], dtype=torch.float64)
    mask = torch.tensor([[True, True, True]])
    loss = ddo_rm(logps, tokens, mask, torch.zeros(1, 3))
    assert loss.logged["coverage"].item() == pytest.approx(0.875)
    assert loss.margin.item() == pytest.approx(0.0), "log ½ against ½ · log ¼"
    assert mean_scores(logps, tokens, mask)[0, 1].item() == pytest.approx(math.log(0.5))
    alone = ddo_rm(logps, tokens, torch.tensor([[True, False, False]]), torch.zeros(1, 3))
    assert alone.per_pair.item() == alone.margin.item() == 0


def test_large_rewards_do_not_cost_the_scores_their_digits():
    scores = torch.tensor([[0.0, 1.0]])
    mask = torch.ones(1, 2, dtype=torch.bool)
    found = improved(scores, torch.full((1, 2), 1e9), mask, 1.0, 1.0)
    assert torch.allclose(found, scores.softmax(1))
    uncentred = (scores + 1e9).softmax(1)
    assert not torch.allclose(uncentred, scores.softmax(1)), "negative control"


def test_what_each_asks_for():
    assert not contract(ddo_rm).needs_reference
    assert contract(ddo_rm_reference).needs_reference
    assert contract(ddo_rm).needs_scores
    assert contract(s_dpo).needs_reference
    for name in (*CURRENT, *ANCHORED):
        with pytest.raises(KnobError, match="tau"):
            call(name, *lists(), tau=0.0)
