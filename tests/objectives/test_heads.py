"""Losses over rewards of heads, and rewards of steps."""

import inspect
import math

import pytest
import torch

from earmark.errors import KnobError
from earmark.objectives import HEAD_OBJECTIVES, OBJECTIVES
from earmark.objectives.cdpo import cdpo
from earmark.objectives.contract.explain import argument_lines, papers, summary
from earmark.objectives.dph import con_dph, sep_dph
from earmark.objectives.dpo import dpo
from earmark.objectives.implicit_prm import implicit_prm_ce, implicit_prm_paired, step_rewards

PAIRED = (sep_dph, con_dph, implicit_prm_paired)


def rewards(pairs=6, scale=5.0, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    made = torch.randn(2, pairs, generator=generator, dtype=torch.float64) * scale
    return made.to(dtype).unbind(0)


def minimum(loss, start):
    """Follow the gradient down to where the loss is least."""
    at = [x.clone().requires_grad_() for x in start]
    optimizer = torch.optim.LBFGS(at, lr=0.5, max_iter=500, tolerance_grad=1e-12)

    def closure():
        optimizer.zero_grad()
        value = loss(*at).per_pair.sum()
        value.backward()
        return value

    optimizer.step(closure)
    return [x.detach() for x in at]


def test_head_losses_are_in_a_table_of_their_own():
    assert HEAD_OBJECTIVES.keys() == {
        "sep_dph",
        "con_dph",
        "implicit_prm_ce",
        "implicit_prm_paired",
    }
    assert not HEAD_OBJECTIVES.keys() & OBJECTIVES.keys()


def test_sep_dph_is_two_cross_entropies():
    chosen, rejected = rewards()
    entropy = torch.nn.functional.binary_cross_entropy_with_logits
    wanted = sum(
        entropy(x, torch.full_like(x, target), reduction="none")
        for x, target in ((chosen, 0.8), (rejected, 0.2))
    )
    found = sep_dph(chosen, rejected, label_smoothing=0.2)
    torch.testing.assert_close(found.per_pair, wanted)
    torch.testing.assert_close(found.margin, chosen - rejected)


def test_con_dph_is_conservative_dpo_with_its_margin_replaced():
    chosen, rejected = rewards()
    zero = torch.zeros_like(chosen)
    wanted = cdpo(chosen, rejected, zero, zero, beta=1.0, label_smoothing=0.2)
    found = con_dph(chosen, rejected, label_smoothing=0.2)
    torch.testing.assert_close(found.per_pair, wanted.per_pair)
    torch.testing.assert_close(found.margin, wanted.margin)


def test_dph_has_its_optimum_where_the_paper_says():
    best = math.log(0.9 / 0.1)
    chosen, rejected = minimum(sep_dph, rewards(pairs=2, scale=0.5))
    assert chosen.tolist() == pytest.approx([best, best], abs=1e-4)
    assert rejected.tolist() == pytest.approx([-best, -best], abs=1e-4)
    chosen, rejected = minimum(con_dph, rewards(pairs=2, scale=0.5))
    assert (chosen - rejected).tolist() == pytest.approx([best, best], abs=1e-4)
    assert best == pytest.approx(2.197, abs=1e-3)


@pytest.mark.parametrize("objective", [sep_dph, con_dph])
def test_smoothing_of_more_than_half_is_refused(objective):
    with pytest.raises(KnobError, match=r"from 0 to 0\.5, found 0\.6"):
        objective(*rewards(), label_smoothing=0.6)


def test_paired_implicit_prm_is_dpo():
    chosen, rejected = rewards()
    zero = torch.zeros_like(chosen)
    found, wanted = (
        implicit_prm_paired(chosen, rejected),
        dpo(chosen, rejected, zero, zero, beta=0.05),
    )
    torch.testing.assert_close(found.per_pair, wanted.per_pair)


def test_implicit_prm_is_cross_entropy():
    ratios, _ = rewards()
    wanted = torch.tensor([True, False, True, True, False, False])
    found = implicit_prm_ce(ratios, wanted, beta=0.3)
    entropy = torch.nn.functional.binary_cross_entropy_with_logits
    torch.testing.assert_close(
        found.per_pair, entropy(0.3 * ratios, wanted.double(), reduction="none")
    )
    assert torch.equal(found.margin > 0, (ratios > 0) == wanted)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_finite_at_1e5(dtype):
    far = rewards(scale=1e5, dtype=dtype)
    labels = torch.tensor([True, False, True, True, False, False])
    for objective in PAIRED:
        leaves = [x.clone().requires_grad_() for x in far]
        loss = objective(*leaves).per_pair
        assert loss.dtype == dtype
        assert torch.isfinite(loss).all()
        assert all(torch.isfinite(g).all() for g in torch.autograd.grad(loss.sum(), leaves))
    assert torch.isfinite(implicit_prm_ce(far[0], labels).per_pair).all()


@pytest.mark.parametrize("objective", PAIRED)
def test_gradients(objective):
    leaves = [x.clone().requires_grad_() for x in rewards(scale=1.0)]
    assert torch.autograd.gradcheck(lambda *xs: objective(*xs).per_pair, leaves)
    tie = [torch.zeros(3, dtype=torch.float64, requires_grad=True) for _ in range(2)]
    chosen, rejected = torch.autograd.grad(objective(*tie).per_pair.sum(), tie)
    assert (chosen < 0).all()
    assert (rejected > 0).all()


def test_cross_entropy_gradients():
    ratios = rewards(scale=1.0)[0].requires_grad_()
    labels = torch.tensor([True, False, True, True, False, False])
    assert torch.autograd.gradcheck(lambda x: implicit_prm_ce(x, labels).per_pair, [ratios])
    (gradient,) = torch.autograd.grad(implicit_prm_ce(ratios, labels).per_pair.sum(), ratios)
    assert torch.equal(gradient < 0, labels)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_step_rewards_telescope(dtype):
    generator = torch.Generator().manual_seed(0)
    ratios = torch.randn(2, 9, generator=generator, dtype=dtype)
    ends = torch.tensor([[2, 5, 8], [0, 6, -1]])
    found = step_rewards(ratios, ends, "sum", beta=0.3)
    torch.testing.assert_close(found.answer[0], 0.3 * ratios[0].sum())
    torch.testing.assert_close(found.answer[1], 0.3 * ratios[1, :7].sum())
    torch.testing.assert_close(found.alone[0, 1], 0.3 * ratios[0, 3:6].sum())
    torch.testing.assert_close(found.alone.cumsum(1)[0], found.so_far[0])
    worst = step_rewards(ratios, ends, beta=0.3)
    torch.testing.assert_close(worst.answer[1], found.alone[1, :2].min())
    assert found.alone[1, 2] == found.so_far[1, 2] == 0


def test_step_rewards_find_the_step_that_went_wrong():
    ratios = torch.full((1, 12), 0.5)
    ratios[0, 4:8] = -2.0
    found = step_rewards(ratios, torch.tensor([[3, 7, 11]]))
    assert found.alone.argmin().item() == 1
    assert found.answer.item() == pytest.approx(0.05 * -8)


def test_an_answer_without_steps_has_reward_0():
    for agg in ("min", "sum"):
        found = step_rewards(torch.ones(1, 3), torch.full((1, 2), -1), agg)
        assert found.answer.tolist() == [0.0]


def test_long_answers_in_half_precision_still_add_up():
    ratios = torch.full((1, 4096), 0.25, dtype=torch.bfloat16)
    found = step_rewards(ratios, torch.tensor([[2047, 4095]]), "sum", beta=1.0)
    assert found.answer.dtype == torch.bfloat16
    assert found.answer.item() == 1024


@pytest.mark.parametrize("name", HEAD_OBJECTIVES)
def test_every_head_objective_explains_itself(name):
    function = HEAD_OBJECTIVES[name]
    assert summary(function).endswith(".")
    assert papers(function)
    help_lines = argument_lines(function)
    for parameter in inspect.signature(function).parameters.values():
        assert parameter.name in help_lines
        if parameter.kind is parameter.KEYWORD_ONLY:
            assert parameter.default is not parameter.empty
