"""Objectives by hand, by identity and by conformance over the whole table."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.errors import KnobError
from earmark.objectives import OBJECTIVES
from earmark.objectives.choose import choose_objective
from earmark.objectives.contract import contract
from earmark.objectives.dpo import dpo
from earmark.objectives.sft import sft, with_sft

nats = st.floats(-500, -0.01)


def batch(pairs=5, dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    supply = {
        name: -40 * torch.rand(pairs, generator=generator, dtype=dtype)
        for name in ("chosen", "rejected", "ref_chosen", "ref_rejected")
    }
    for name in ("chosen_tokens", "rejected_tokens"):
        supply[name] = torch.randint(1, 20, (pairs,), generator=generator).to(dtype)
    return supply


def call(objective, supply):
    return objective(**{name: supply[name] for name in contract(objective).tensors})


def everything():
    return {**OBJECTIVES, "dpo+sft": with_sft(dpo, 0.7)}


def test_dpo_by_hand():
    loss = dpo(*(torch.tensor([x]) for x in (-2.0, -4.0, -3.0, -3.0)), beta=0.5)
    assert loss.margin.item() == pytest.approx(1.0)
    assert loss.per_pair.item() == pytest.approx(math.log(1 + math.exp(-1)))


@given(st.lists(st.tuples(nats, nats), min_size=1, max_size=4), st.floats(0.01, 2))
@settings(max_examples=50, deadline=None)
def test_dpo_is_log_2_where_policy_is_reference(logps, beta):
    chosen, rejected = (torch.tensor(x) for x in zip(*logps, strict=True))
    loss = dpo(chosen, rejected, chosen, rejected, beta=beta)
    assert torch.allclose(loss.per_pair, torch.full_like(chosen, math.log(2)))


def test_shifting_policy_and_reference_together_changes_nothing():
    supply = batch()
    shifted = {**supply, "chosen": supply["chosen"] - 7, "ref_chosen": supply["ref_chosen"] - 7}
    assert torch.allclose(call(dpo, supply).per_pair, call(dpo, shifted).per_pair)


def test_sft_ignores_everything_but_the_chosen():
    assert contract(sft).tensors == ("chosen", "chosen_tokens")
    assert not contract(sft).needs_reference
    assert not contract(sft).needs_rejected


def test_sft_term_adds_up():
    supply = batch()
    combined = with_sft(dpo, 0.7)
    expected = call(dpo, supply).per_pair + 0.7 * call(sft, supply).per_pair
    assert torch.allclose(call(combined, supply).per_pair, expected)
    assert torch.equal(call(combined, supply).margin, call(dpo, supply).margin)
    assert contract(combined).knobs == {"beta": 0.1}


@pytest.mark.parametrize("name", everything())
def test_conformance(name):
    objective = everything()[name]
    supply = batch(pairs=6)
    loss = call(objective, supply)
    assert loss.per_pair.shape == loss.margin.shape == (6,)
    for dtype in (torch.float32, torch.bfloat16):
        far = {k: v.to(dtype) * (1 if "tokens" in k else 2500) for k, v in supply.items()}
        assert torch.isfinite(call(objective, far).per_pair).all()
    names = contract(objective).tensors
    wrt = [n for n in names if n in ("chosen", "rejected")]
    leaves = [supply[n].clone().requires_grad_() for n in wrt]
    assert torch.autograd.gradcheck(
        lambda *xs: (
            objective(
                **{**{n: supply[n] for n in names}, **dict(zip(wrt, xs, strict=True))}
            ).per_pair
        ),
        leaves,
    )
    tie = {k: torch.full_like(v, -5.0) if "tokens" not in k else v for k, v in supply.items()}
    leaves = {n: tie[n].clone().requires_grad_() for n in wrt}
    call(objective, {**tie, **leaves}).per_pair.sum().backward()
    assert (leaves["chosen"].grad < 0).all(), "the chosen answer must be pushed up"
    if "rejected" in leaves:
        assert (leaves["rejected"].grad > 0).all(), "the rejected answer must be pushed down"


def test_names_and_knobs_are_checked():
    with pytest.raises(KnobError, match="did you mean 'dpo'"):
        choose_objective("dpoo", 0.0, {})
    with pytest.raises(KnobError, match="no knob 'bta'; did you mean 'beta'"):
        choose_objective("dpo", 0.0, {"bta": 1})
    with pytest.raises(KnobError, match="did you mean 'learning_rate'"):
        choose_objective("dpo", 0.0, {"lerning_rate": 1}, other_options=["learning_rate"])
    with pytest.raises(KnobError, match="should be a number"):
        choose_objective("dpo", 0.0, {"beta": "a lot"})
    with pytest.raises(KnobError, match="at least 0"):
        choose_objective("dpo", -1.0, {})
    with pytest.raises(KnobError, match="the SFT term itself"):
        choose_objective("sft", 1.0, {})
