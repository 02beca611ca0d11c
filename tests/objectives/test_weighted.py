"""CAPO and SPA, the lexicographic score, and what may be stacked: by hand and by identity."""

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.errors import InputError, KnobError
from earmark.objectives import OBJECTIVES, WRAPPERS
from earmark.objectives.capo import capo, capo_external, capo_relative
from earmark.objectives.contract.choose import choose_objective
from earmark.objectives.contract.signature import contract
from earmark.objectives.contract.stacking import REWEIGHTS, check_stack
from earmark.objectives.dpo import dpo
from earmark.objectives.lexicographic import lexicographic_score
from earmark.objectives.simpo import simpo
from earmark.objectives.spa import spa
from earmark.objectives.wrappers.confidence import with_confidence


def pairs(count=12, seed=0, spread=20.0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return [
        -40 - spread * torch.randn(count, generator=generator, dtype=torch.float64).to(dtype)
        for _ in range(4)
    ]


# --- CAPO ---


def test_capo_by_hand():
    zero, logps = torch.zeros(2, dtype=torch.float64), torch.tensor([2.0, -2.0]).double()
    sure = 1 / (1 + math.exp(-2))
    weights = [sure / 0.5, (1 - sure) / 0.5]
    wanted = [weights[0] * math.log1p(math.exp(-2)), weights[1] * math.log1p(math.exp(2))]
    found = capo(logps, zero, zero, zero, beta=1.0)
    assert found.per_pair.tolist() == pytest.approx(wanted)
    rewards = torch.tensor([3.0, 1.0]).double()
    found = capo_relative(rewards, rewards.flip(0), zero, zero, beta=1.0)
    wanted = [1.5 * math.log1p(math.exp(-2)), 0.5 * math.log1p(math.exp(2))]
    assert found.per_pair.tolist() == pytest.approx(wanted)
    found = capo_external(zero, zero, zero, zero, torch.tensor([2.0, 0.0]).double(), zero)
    wanted = [c / ((sure + 0.5) / 2) * math.log(2) for c in (sure, 0.5)]
    assert found.per_pair.tolist() == pytest.approx(wanted)


def capo_variants():
    scores = [torch.linspace(0, 4, 12).double(), torch.linspace(1, -3, 12).double() ** 2]
    return {
        "capo": lambda s: capo(*s),
        "capo_relative": lambda s: capo_relative(*s),
        "capo_external": lambda s: capo_external(*s, *scores),
        "wrapped": lambda s: with_confidence(dpo)(*s),
    }


@pytest.mark.parametrize("name", capo_variants())
def test_the_mean_weight_is_1_and_carries_no_gradient(name):
    supply = [x.requires_grad_() for x in pairs()]
    loss = capo_variants()[name](supply)
    weights = loss.per_pair / dpo(*supply).per_pair
    assert weights.mean().item() == pytest.approx(1)
    assert weights.max() > weights.min() + 0.1
    (slope,) = torch.autograd.grad(loss.per_pair.sum(), supply[0])
    wanted = -weights.detach() * 0.1 * torch.sigmoid(-loss.margin.detach())
    assert torch.allclose(slope, wanted)


def test_capo_at_the_reference_or_without_differences_is_dpo():
    supply = pairs()
    at_reference = [supply[0], supply[1], supply[0], supply[1]]
    for name in ("capo", "capo_relative", "wrapped"):
        found = capo_variants()[name](at_reference).per_pair
        assert torch.allclose(found, torch.full_like(found, math.log(2)))
    assert torch.allclose(capo(*supply, floor=1.0).per_pair, dpo(*supply).per_pair)
    assert not torch.allclose(capo(*supply).per_pair, dpo(*supply).per_pair)
    assert torch.equal(with_confidence(dpo)(*supply).per_pair, capo(*supply).per_pair)


def test_the_floor_keeps_a_batch_of_reversed_pairs_finite():
    far = [torch.tensor([x, x / 2]) for x in (-1e5, 0.0, 0.0, 0.0)]
    raw = torch.sigmoid(dpo(*far).margin)
    assert torch.isnan(raw / raw.mean()).all(), "negative control: without a floor 0 / 0"
    assert capo(*far).per_pair.isfinite().all()
    with pytest.raises(KnobError, match="floor"):
        capo(*far, floor=0.0)
    with pytest.raises(KnobError, match="tau"):
        capo(*far, tau=0.0)


def test_confidence_wraps_objectives_with_state_and_refuses_those_without_a_gap():
    wrapped = with_confidence(simpo)
    assert {"confidence_tau", "confidence_floor"} <= contract(wrapped).knobs.keys()
    assert WRAPPERS["confidence"] is with_confidence
    with pytest.raises(KnobError, match="'sft' has no rejected"):
        with_confidence(OBJECTIVES["sft"])
    with pytest.raises(KnobError, match="'kto' has no rejected"):
        with_confidence(OBJECTIVES["kto"])


# --- SPA ---


def test_spa_by_hand():
    one = torch.ones(2, dtype=torch.float64)
    scores = torch.tensor([3.0, 1.0]).double()
    loss = spa(-4 * one, -8 * one, 4 * one, 4 * one, scores, 0 * one, 2 * one[0])
    base = math.log1p(math.exp(-1.25))
    assert loss.per_pair.tolist() == pytest.approx([1.5 * base, 0.5 * base])


def test_spa_at_alpha_0_or_equal_gaps_is_simpo_and_reversed_pairs_weigh_0():
    supply, tokens = pairs()[:2], [torch.full((12,), 9.0).double()] * 2
    scores = torch.linspace(1, 5, 12).double()
    wanted = simpo(*supply, *tokens, beta=2.5, gamma=1.25).per_pair
    zero, mean = 0 * scores, scores.mean()
    assert torch.allclose(spa(*supply, *tokens, scores, zero, mean, alpha=0.0).per_pair, wanted)
    assert torch.allclose(
        spa(*supply, *tokens, 0 * scores + 3, zero, 0 * mean + 3).per_pair, wanted
    )
    weighted = spa(*supply, *tokens, scores, zero, mean)
    assert weighted.logged["score_weight"].mean().item() == pytest.approx(1)
    assert not torch.allclose(weighted.per_pair, wanted)
    assert spa(*supply, *tokens, zero, scores, mean).per_pair.count_nonzero() == 0


steps = st.integers(-20, 20).map(lambda n: n * 0.5)
points = st.integers(0, 36).map(lambda n: 1 + n / 4)


@given(st.tuples(steps, points), st.tuples(steps, points))
@settings(max_examples=200, deadline=None)
def test_the_lexicographic_gap_has_the_sign_of_the_order(one, other):
    gap = lexicographic_score(*one) - lexicographic_score(*other)
    assert (gap > 0) == (one > other)
    assert (gap == 0) == (one == other)


def test_lexicographic_ties_and_bounds():
    nearly = lexicographic_score(8.2, 1.0), lexicographic_score(8.0, 2.0)
    assert nearly[0] < nearly[1], "8.2 and 8 are a tie: the second decides"
    strict = [lexicographic_score(x, y, tie_eps=0.1) for x, y in ((8.2, 1.0), (8.0, 2.0))]
    assert strict[0] > strict[1]
    assert 8.0 + 10.0 > 9.0 + 1.0, "negative control: a plain sum is not the order"
    assert lexicographic_score(8.0, 10.0) < lexicographic_score(9.0, 1.0)
    for wrong in (0.5, 10.5, math.nan):
        with pytest.raises(InputError, match=r"between 1\.0 and 10\.0"):
            lexicographic_score(5.0, wrong)
    with pytest.raises(InputError, match="finite"):
        lexicographic_score(math.inf, 5.0)
    with pytest.raises(KnobError, match="tie_eps"):
        lexicographic_score(5.0, 5.0, tie_eps=0.0)


# --- stacking ---


def test_two_weights_by_the_same_gap_are_refused():
    gammas = [n for n in OBJECTIVES if n.startswith("gamma_")]
    assert len(gammas) == 4
    for objective in ["beta_dpo", "beta_dpo_random_drop", "capo", "capo_relative", *gammas]:
        with pytest.raises(KnobError, match=rf"'{objective}' and 'confidence' both"):
            check_stack(objective, ["confidence"])
        with pytest.raises(KnobError, match=rf"'{objective}' and 'confidence' both"):
            with_confidence(OBJECTIVES[objective])
    with pytest.raises(KnobError, match="'confidence' and 'confidence' both"):
        with_confidence(with_confidence(dpo))
    with pytest.raises(KnobError, match="likely the policy is to write"):
        check_stack("dpo", ["policy-weight", "policy-weight"])
    with pytest.raises(KnobError, match="chosen and rejected rewards"):
        choose_objective("gamma_simpo", 0.0, {}, (), ["confidence"])
    for objective, wrapper in itertools.product(["dpo", "spa", "simpo"], ["confidence", "length"]):
        check_stack(objective, [wrapper])
    check_stack("beta_dpo", ["policy-weight"])


def test_the_stacking_table_names_what_there_is():
    assert set(REWEIGHTS) <= {*OBJECTIVES, *WRAPPERS}
