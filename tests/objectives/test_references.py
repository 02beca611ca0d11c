"""Several references: by hand, by identity, at extremes, and against the authors' formula."""

import math

import pytest
import torch

from earmark.errors import KnobError
from earmark.objectives.contract.signature import contract
from earmark.objectives.dpo import dpo
from earmark.objectives.mrpo import hold_near_first, mdpo, mrpo

BOTH = (mrpo, mdpo)


def batch(refs=3, pairs=5, dtype=torch.float64, scale=40.0, seed=0):
    generator = torch.Generator().manual_seed(seed)

    def logps(*shape):
        return -scale * (0.01 + torch.rand(*shape, generator=generator, dtype=torch.float64))

    weights = torch.rand(refs, pairs, generator=generator, dtype=torch.float64)
    supply = {
        "chosen": logps(pairs),
        "rejected": logps(pairs),
        "refs_chosen": logps(refs, pairs),
        "refs_rejected": logps(refs, pairs),
        "ref_weights": weights / weights.sum(0),
    }
    return {name: value.to(dtype) for name, value in supply.items()}


def dpo_on(supply, ref, **knobs):
    references = (supply["refs_chosen"][ref], supply["refs_rejected"][ref])
    return dpo(supply["chosen"], supply["rejected"], *references, **knobs)


def test_mrpo_by_hand():
    refs = torch.tensor([[0.5], [0.25]], dtype=torch.float64).log()
    weights = torch.tensor([[0.25], [0.75]], dtype=torch.float64)
    zero = refs.new_zeros(1)
    loss = mrpo(zero, zero, refs, refs[:1].repeat(2, 1), weights, beta=1.0, clip=9.0)
    # 1/π̃ = ¼·2 + ¾·4 = 3.5 for the chosen; both references agree on ½ for the rejected
    assert loss.margin.item() == pytest.approx(math.log(3.5) - math.log(2))
    swapped = mrpo(zero, zero, refs, refs[:1].repeat(2, 1), weights.flip(0), beta=1.0, clip=9.0)
    assert swapped.margin.item() == pytest.approx(math.log(2.5) - math.log(2))


def test_clamping_by_hand():
    chosen = torch.tensor([[-10.0], [-20.0], [-9.9]], dtype=torch.float64)
    rejected = torch.tensor([[-30.0], [-30.0], [-29.9]], dtype=torch.float64)
    held_chosen, held_rejected = hold_near_first(chosen, rejected, 0.1)
    share = (39.9 / 3) / (39.9 / 3 + 89.9 / 3)
    assert held_chosen[1].item() == pytest.approx(-10 * (1 + 0.1 * share))
    assert held_chosen[2].item() == pytest.approx(-9.9), "within reach, it stays"
    assert held_rejected[:, 0].tolist() == pytest.approx([-30, -30, -29.9])


def test_mrpo_is_the_authors_formula_with_their_weights_swapped():
    supply = batch(refs=2)
    ours = mrpo(**supply, beta=0.3, clip=0.1).margin
    first, other = supply["refs_chosen"], supply["refs_rejected"]
    near_w, near_l = hold_near_first(first, other, 0.1)
    alpha = supply["ref_weights"]

    def published(near, weight_of_first):
        mixed = torch.logaddexp(
            weight_of_first.log() + near[0], (1 - weight_of_first).log() + near[1]
        )
        return near[0] + near[1] - mixed

    def margin(weight):
        gap = supply["chosen"] - published(near_w, weight)
        return 0.3 * (gap - (supply["rejected"] - published(near_l, weight)))

    torch.testing.assert_close(ours, margin(alpha[1]))
    assert not torch.allclose(ours, margin(alpha[0])), "the bug must be visible for this to prove"


@pytest.mark.parametrize("objective", BOTH)
def test_one_reference_is_dpo(objective):
    supply = batch(refs=1)
    found, wanted = objective(**supply, beta=0.3), dpo_on(supply, 0, beta=0.3)
    torch.testing.assert_close(found.per_pair, wanted.per_pair)
    torch.testing.assert_close(found.margin, wanted.margin)


def test_clip_0_is_dpo_on_the_first():
    supply = batch()
    torch.testing.assert_close(mrpo(**supply, clip=0.0).per_pair, dpo_on(supply, 0).per_pair)
    assert not torch.allclose(mrpo(**supply, clip=0.1).per_pair, dpo_on(supply, 0).per_pair)


@pytest.mark.parametrize("objective", BOTH)
def test_all_weight_on_one_reference_is_dpo_on_it(objective):
    supply = batch()
    supply["ref_weights"] = torch.zeros_like(supply["ref_weights"]).index_fill(
        0, torch.tensor(2), 1.0
    )
    knobs = {"clip": 1e9} if objective is mrpo else {}
    found = objective(**supply, **knobs)
    torch.testing.assert_close(found.per_pair, dpo_on(supply, 2).per_pair)


@pytest.mark.parametrize("objective", BOTH)
def test_a_zero_weight_gives_no_nan(objective):
    supply = batch()
    weights = supply["ref_weights"].clone()
    weights[0] = 0
    leaves = {name: value.clone().requires_grad_() for name, value in supply.items()}
    leaves["ref_weights"] = (weights / weights.sum(0)).requires_grad_()
    loss = objective(**leaves).per_pair
    assert torch.isfinite(loss).all()
    for gradient in torch.autograd.grad(loss.sum(), list(leaves.values())):
        assert torch.isfinite(gradient).all()


@pytest.mark.parametrize("objective", BOTH)
def test_policy_as_every_reference_is_log_2(objective):
    supply = batch()
    for side in ("chosen", "rejected"):
        supply[f"refs_{side}"] = supply[side].expand_as(supply[f"refs_{side}"])
    found = objective(**supply)
    torch.testing.assert_close(found.per_pair, torch.full_like(found.per_pair, math.log(2)))


@pytest.mark.parametrize("objective", BOTH)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_finite_at_1e5_nats(objective, dtype):
    supply = batch(dtype=dtype, scale=1e5)
    supply["refs_chosen"][1] = 0  # one reference is certain, the others think it impossible
    leaves = {n: supply[n].clone().requires_grad_() for n in ("chosen", "rejected")}
    loss = objective(**{**supply, **leaves})
    assert loss.per_pair.dtype == dtype
    assert torch.isfinite(loss.per_pair).all()
    for gradient in torch.autograd.grad(loss.per_pair.sum(), list(leaves.values())):
        assert torch.isfinite(gradient).all()


def test_references_that_are_certain_have_no_width():
    supply = batch()
    for side in ("chosen", "rejected"):
        supply[f"refs_{side}"] = torch.zeros_like(supply[f"refs_{side}"])
    assert torch.isfinite(mrpo(**supply).per_pair).all()


@pytest.mark.parametrize("objective", BOTH)
def test_gradients(objective):
    supply = batch(refs=2, pairs=3)
    names = ("chosen", "rejected")
    leaves = [supply[name].clone().requires_grad_() for name in names]
    assert torch.autograd.gradcheck(
        lambda *xs: objective(**{**supply, **dict(zip(names, xs, strict=True))}).per_pair, leaves
    )
    chosen, rejected = torch.autograd.grad(
        objective(**{**supply, **dict(zip(names, leaves, strict=True))}).per_pair.sum(), leaves
    )
    assert (chosen < 0).all()
    assert (rejected > 0).all()


@pytest.mark.parametrize("objective", BOTH)
def test_weights_are_logged_and_references_asked_for(objective):
    supply = batch()
    logged = objective(**supply).logged
    assert list(logged) == ["weight/0", "weight/1", "weight/2"]
    assert torch.equal(logged["weight/1"], supply["ref_weights"][1])
    assert contract(objective).needs_references
    assert contract(objective).needs_rejected


def test_a_negative_clip_is_refused():
    with pytest.raises(KnobError, match="at least 0, found -1"):
        mrpo(**batch(), clip=-1.0)
