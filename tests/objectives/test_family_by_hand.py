"""The objectives that TRL names too: numbers by hand, identities, optima, and refusals."""

import math

import pytest
import torch

from earmark.errors import KnobError
from earmark.objectives import OBJECTIVES
from earmark.objectives.bco_pair import BcoState
from earmark.objectives.contract.signature import contract
from earmark.objectives.orpo import SUREST

LOG2 = math.log(2)
PAIRED = ("dpo", "cdpo", "robust_dpo", "sigmoid_norm", "ipo", "ipo_mean", "hinge", "exo_pair")
PAIRED += ("nca_pair", "bco_pair", "sppo_hard", "aot_unpaired", "apo_zero", "apo_down", "discopop")
# Log-probabilities −2 and −4, references −3 and −3: log-ratios 1 and −1, a gap of 2 nats.
ONE = {"chosen": -2.0, "rejected": -4.0, "ref_chosen": -3.0, "ref_rejected": -3.0}
ONE |= {"chosen_tokens": 4.0, "rejected_tokens": 2.0}


def batch(pairs=7, seed=0):
    generator = torch.Generator().manual_seed(seed)
    names = ("chosen", "rejected", "ref_chosen", "ref_rejected")
    found = {n: -30 * torch.rand(pairs, generator=generator, dtype=torch.float64) for n in names}
    for name in ("chosen_tokens", "rejected_tokens"):
        found[name] = torch.randint(2, 15, (pairs,), generator=generator).double()
    return found


def one(**changed):
    return {n: torch.tensor([v], dtype=torch.float64) for n, v in {**ONE, **changed}.items()}


def call(name, supply, *, training=False, state=None, **knobs):
    supply = {**supply, "training": training, "state": state or BcoState()}
    objective = OBJECTIVES[name]
    return objective(**{n: supply[n] for n in contract(objective).tensors}, **knobs)


def loss_of(name, supply, **knobs):
    return call(name, supply, **knobs).per_pair


def slope(name, supply, wrt, **knobs):
    leaf = supply[wrt].clone().requires_grad_()
    call(name, {**supply, wrt: leaf}, **knobs).per_pair.sum().backward()
    return leaf.grad


def softplus(x):
    return math.log1p(math.exp(x))


def sigma(x):
    return 1 / (1 + math.exp(-x))


# At β ½ the margin of ONE is 1; its rewards are ½ and −½.
BY_HAND = [
    ("dpo", {}, softplus(-1)),
    ("cdpo", {"label_smoothing": 0.2}, 0.8 * softplus(-1) + 0.2 * softplus(1)),
    ("robust_dpo", {"flip_rate": 0.2}, (0.8 * softplus(-1) - 0.2 * softplus(1)) / 0.6),
    ("sigmoid_norm", {}, softplus(-0.5 * (1 / 4 + 1 / 2))),
    ("ipo", {}, (2 - 1) ** 2),
    ("ipo_mean", {}, (1 / 4 + 1 / 2 - 1) ** 2),
    ("hinge", {"beta": 0.2}, 1 - 0.4),
    (
        "exo_pair",
        {"label_smoothing": 0.2},
        sigma(1) * math.log(sigma(1) / 0.8) + sigma(-1) * math.log(sigma(-1) / 0.2),
    ),
    ("nca_pair", {}, softplus(-0.5) + softplus(0.5) / 2 + softplus(-0.5) / 2),
    ("bco_pair", {}, 2 * softplus(-0.5)),
    ("sppo_hard", {"beta": 0.25}, (1 - 2) ** 2 + (-1 + 2) ** 2),
    ("aot", {"label_smoothing": 0.2}, 0.8 * softplus(-1) + 0.2 * softplus(1)),
    ("aot_unpaired", {"label_smoothing": 0.2}, 0.8 * softplus(-1) + 0.2 * softplus(1)),
    ("apo_zero", {}, 2 * sigma(-0.5)),
    ("apo_down", {}, sigma(0.5) + sigma(-1)),
    ("discopop", {"tau": 0.5}, sigma(-2) * softplus(-1) + sigma(2) * math.exp(-1)),
    ("simpo", {"gamma": 0.3}, softplus(-(0.5 * (-2 / 4 + 4 / 2) - 0.3))),
    ("cpo", {"alpha": 0.7}, softplus(-1) + 0.7 * 2 / 4),
]


@pytest.mark.parametrize(("name", "knobs", "expected"), BY_HAND, ids=[c[0] for c in BY_HAND])
def test_by_hand(name, knobs, expected):
    found = loss_of(name, one(), **{"beta": 0.5, **knobs})
    assert found.item() == pytest.approx(expected, abs=1e-9)


def test_orpo_by_hand():
    p, q = math.exp(-2 / 4), math.exp(-4 / 2)
    ratio = (p / (1 - p)) / (q / (1 - q))
    expected = 2 / 4 - 0.5 * math.log(ratio / (1 + ratio))
    assert loss_of("orpo", one(), beta=0.5).item() == pytest.approx(expected)


def test_orpo_is_finite_where_the_policy_is_sure():
    for sure in ({"chosen": 0.0}, {"rejected": 0.0}, {"chosen": 0.0, "rejected": 0.0}):
        for dtype in (torch.float32, torch.bfloat16):
            supply = {n: v.to(dtype) for n, v in one(**sure).items()}
            assert torch.isfinite(loss_of("orpo", supply)).all()
            for wrt in ("chosen", "rejected"):
                assert torch.isfinite(slope("orpo", supply, wrt)).all()
    nearly = one(chosen=4 * SUREST)
    assert torch.equal(call("orpo", one(chosen=0.0)).margin, call("orpo", nearly).margin)


KTO = {
    "answers": torch.tensor([-2.0, -4.0, -9.0]),
    "ref_answers": torch.tensor([-5.0, -3.0, -4.0]),
    "wanted": torch.tensor([True, False, True]),
    "ref_mismatched": torch.tensor([-3.0, -3.0, -3.0]),
}


def test_kto_by_hand():
    supply = {**KTO, "mismatched": torch.tensor([-1.0, -4.0, -1.0])}
    knobs = {"beta": 0.5, "desirable_weight": 2.0, "undesirable_weight": 3.0}
    found = call("kto", supply, **knobs)
    assert found.logged["kl"].item() == pytest.approx(1.0)
    expected = [2 * sigma(-0.5 * (3 - 1)), 3 * sigma(-0.5 * (1 + 1)), 2 * sigma(-0.5 * (-5 - 1))]
    torch.testing.assert_close(found.per_pair, torch.tensor(expected))


def test_ktos_baseline_is_clamped_and_a_constant():
    below = KTO["ref_mismatched"] - 5
    found = call("kto", {**KTO, "mismatched": below})
    assert found.logged["kl"] == 0
    torch.testing.assert_close(
        found.per_pair, call("kto", {**KTO, "mismatched": KTO["ref_mismatched"]}).per_pair
    )
    leaves = {n: (KTO["ref_mismatched"] + 1).requires_grad_() for n in ("mismatched", "answers")}
    call("kto", {**KTO, **leaves}).per_pair.sum().backward()
    assert leaves["mismatched"].grad is None
    assert (leaves["answers"].grad != 0).all()


def test_kto_at_the_reference_is_half_of_each_weight():
    supply = {**KTO, "answers": KTO["ref_answers"], "mismatched": KTO["ref_mismatched"]}
    found = loss_of("kto", supply, desirable_weight=2.0, undesirable_weight=3.0)
    torch.testing.assert_close(found, torch.tensor([1.0, 1.5, 1.0]))


AT_THE_REFERENCE = {
    "dpo": LOG2,
    "cdpo": LOG2,
    "robust_dpo": LOG2,
    "sigmoid_norm": LOG2,
    "aot": LOG2,
    "aot_unpaired": LOG2,
    "hinge": 1.0,
    "ipo": 25.0,
    "ipo_mean": 25.0,
    "sppo_hard": 50.0,
    "nca_pair": 2 * LOG2,
    "bco_pair": 2 * LOG2,
    "apo_zero": 1.0,
    "apo_down": 1.0,
    "exo_pair": -LOG2 - (math.log(1e-3) + math.log(1 - 1e-3)) / 2,
    "discopop": (LOG2 + 1) / 2,
}


@pytest.mark.parametrize("name", AT_THE_REFERENCE)
def test_where_policy_is_reference(name):
    supply = batch()
    supply |= {"ref_chosen": supply["chosen"], "ref_rejected": supply["rejected"]}
    for training in (False, True):
        found = call(name, supply, training=training).per_pair
        torch.testing.assert_close(found, torch.full_like(found, AT_THE_REFERENCE[name]))


@pytest.mark.parametrize("name", PAIRED)
def test_shifting_policy_and_reference_together_changes_nothing(name):
    supply = batch()
    shifts = torch.linspace(-9, 9, 7).double()
    shifted = dict(supply)
    for side, by in (("chosen", shifts), ("rejected", 3 * shifts.flip(0))):
        shifted |= {n: supply[n] - by for n in (side, f"ref_{side}")}
    torch.testing.assert_close(loss_of(name, supply), loss_of(name, shifted))
    alone = {**supply, "chosen": supply["chosen"] - 1}
    assert not torch.allclose(loss_of(name, supply), loss_of(name, alone))


def test_aot_ranks_policy_and_reference_apart():
    """Only a shift of all pairs alike leaves the loss; no pair meets its own reference."""
    supply = batch()
    alike = {**supply, "chosen": supply["chosen"] - 5, "ref_chosen": supply["ref_chosen"] - 5}
    torch.testing.assert_close(loss_of("aot", supply), loss_of("aot", alike))
    shifts = torch.linspace(-40, 40, 7).double()
    each = {n: supply[n] + shifts for n in ("chosen", "ref_chosen")}
    assert not torch.allclose(
        loss_of("aot", supply).mean(), loss_of("aot", {**supply, **each}).mean()
    )


@pytest.mark.parametrize(
    ("name", "knobs"),
    [
        ("cdpo", {"label_smoothing": 0.0}),
        ("robust_dpo", {"flip_rate": 0.0}),
        ("sigmoid_norm", {"beta": 0.1}),
    ],
)
def test_is_dpo(name, knobs):
    supply = {**batch(), "chosen_tokens": torch.ones(7), "rejected_tokens": torch.ones(7)}
    torch.testing.assert_close(loss_of(name, supply, **knobs), loss_of("dpo", supply))
    if name != "sigmoid_norm":
        assert not torch.allclose(loss_of(name, supply), loss_of("dpo", supply)), "its default"


@pytest.mark.parametrize("name", ["aot", "aot_unpaired"])
def test_optimal_transport_of_one_pair_is_cdpo(name):
    expected = loss_of("cdpo", one(), label_smoothing=0.2)
    torch.testing.assert_close(loss_of(name, one(), label_smoothing=0.2), expected)


@pytest.mark.parametrize("name", ["aot", "aot_unpaired"])
def test_optimal_transport_compares_sorted_values(name):
    supply = batch()
    found = call(name, supply)
    above, below = (
        (supply["chosen"] - supply["rejected"], supply["ref_chosen"] - supply["ref_rejected"])
        if name == "aot"
        else (supply["chosen"] - supply["ref_chosen"], supply["rejected"] - supply["ref_rejected"])
    )
    sorted_gaps = 0.1 * (above.sort().values - below.sort().values)
    torch.testing.assert_close(found.margin[above.argsort()], sorted_gaps)
    shuffled = torch.tensor([3, 0, 6, 1, 5, 2, 4])
    again = call(name, {n: v[shuffled] for n, v in supply.items()})
    torch.testing.assert_close(again.per_pair, found.per_pair[shuffled])


def test_robust_dpo_is_unbiased():
    """Flip every pair with weight ε: the mean is the DPO loss on the labels as they were."""
    supply, rate = batch(), 0.3
    other = {"chosen": "rejected", "ref_chosen": "ref_rejected"}
    other |= {v: k for k, v in other.items()}
    flipped = {name: supply[other[name]] for name in other}
    kept, swapped = (loss_of("robust_dpo", s, flip_rate=rate) for s in (supply, flipped))
    torch.testing.assert_close((1 - rate) * kept + rate * swapped, loss_of("dpo", supply))


def gap_of(target):
    return one(chosen=-3.0 + target, rejected=-3.0)


@pytest.mark.parametrize("beta", [0.1, 0.3, 0.5])
def test_ipo_ends_at_its_target_from_both_sides(beta):
    target = 1 / (2 * beta)
    assert loss_of("ipo", gap_of(target), beta=beta).item() == pytest.approx(0, abs=1e-12)
    assert call("ipo", gap_of(target), beta=beta).margin.item() == pytest.approx(0.5)
    assert slope("ipo", gap_of(target - 0.1), "chosen", beta=beta) < 0
    assert slope("ipo", gap_of(target + 0.1), "chosen", beta=beta) > 0


def test_ipo_per_token_is_ipo_rescaled_where_lengths_are_equal():
    supply = {**batch(), "chosen_tokens": torch.full((7,), 5.0)}
    supply["rejected_tokens"] = supply["chosen_tokens"]
    rescaled = loss_of("ipo", supply, beta=0.3 / 5) / 25
    torch.testing.assert_close(loss_of("ipo_mean", supply, beta=0.3), rescaled)


@pytest.mark.parametrize(
    ("name", "knobs", "gap"),
    [
        ("cdpo", {"beta": 0.5, "label_smoothing": 0.1}, 2 * math.log(9)),
        ("exo_pair", {"beta": 0.5, "label_smoothing": 0.1}, 2 * math.log(9)),
        ("nca_pair", {"beta": 0.5}, 2 * LOG2),
    ],
)
def test_where_the_loss_is_least(name, knobs, gap):
    at = slope(name, gap_of(gap), "chosen", **knobs)
    assert at.item() == pytest.approx(0, abs=1e-9)
    assert slope(name, gap_of(gap - 0.1), "chosen", **knobs) < 0
    assert slope(name, gap_of(gap + 0.1), "chosen", **knobs) > 0


def test_hinge_leaves_a_wide_gap_alone():
    assert slope("hinge", gap_of(11.0), "chosen") == 0
    assert slope("hinge", gap_of(9.0), "chosen").item() == pytest.approx(-0.1)


def test_cpos_gradient_on_the_chosen():
    """With answers of one token the mean over tokens is the paper's sum."""
    supply = {**batch(), "chosen_tokens": torch.ones(7, dtype=torch.float64)}
    gap = supply["chosen"] - supply["rejected"]
    expected = -(1 + 0.3 * torch.sigmoid(-0.3 * gap))
    torch.testing.assert_close(slope("cpo", supply, "chosen", beta=0.3, alpha=1.0), expected)


def test_cpo_without_its_sft_term_is_dpo_under_a_flat_reference():
    supply = batch()
    flat = {**supply, "ref_chosen": torch.zeros(7), "ref_rejected": torch.zeros(7)}
    torch.testing.assert_close(loss_of("cpo", supply, alpha=0.0), loss_of("dpo", flat))
    assert not torch.allclose(loss_of("cpo", supply), loss_of("dpo", flat))


def test_simpo_without_a_target_is_length_normalized_dpo_under_a_flat_reference():
    supply = batch()
    flat = {**supply, "ref_chosen": torch.zeros(7), "ref_rejected": torch.zeros(7)}
    expected = loss_of("sigmoid_norm", flat, beta=2.0)
    torch.testing.assert_close(loss_of("simpo", supply, gamma=0.0), expected)
    assert (loss_of("simpo", supply, gamma=0.5) > expected).all()


def test_orpo_without_its_odds_is_sft():
    supply = batch()
    torch.testing.assert_close(loss_of("orpo", supply, beta=0.0), loss_of("sft", supply))
    assert (loss_of("orpo", supply) > loss_of("sft", supply)).all()


def test_bco_keeps_the_mean_of_all_rewards():
    rewards, state = [], BcoState()
    for seed, pairs in enumerate((3, 5, 1)):
        supply = batch(pairs, seed)
        good, bad = (supply[s] - supply[f"ref_{s}"] for s in ("chosen", "rejected"))
        rewards += [good, bad]
        found = call("bco_pair", supply, training=True, state=state, beta=1.0)
        state = found.state
        shift = torch.cat(rewards).mean()
        assert state.seen == 2 * (3, 8, 9)[seed]
        assert state.mean.item() == pytest.approx(shift.item(), rel=1e-5)
        expected = torch.nn.functional.softplus(shift - good)
        expected = expected + torch.nn.functional.softplus(bad - shift)
        torch.testing.assert_close(found.per_pair, expected, rtol=1e-5, atol=1e-5)
    kept = call("bco_pair", batch(4, 9), training=False, state=state)
    assert kept.state is state
    assert kept.logged["shift"].item() == pytest.approx(state.mean.item())


def test_apo_down_moves_the_rejected_first():
    tie = one(chosen=-3.0, rejected=-3.0)
    assert slope("apo_down", tie, "chosen").item() == pytest.approx(0, abs=1e-12)
    assert slope("apo_down", tie, "rejected") > 0
    assert slope("apo_zero", tie, "chosen") < 0


def test_discopop_narrows_the_gap_between_its_dip_and_its_hump():
    def at(margin):
        return slope("discopop", gap_of(margin), "chosen", beta=1.0).item()

    assert at(0.0) == pytest.approx((1 - LOG2) / (4 * 0.05) - 0.75)
    assert at(-0.119) < 0 < at(-0.118)
    assert at(0.072) > 0 > at(0.073)
    assert at(-3.0) < 0
    assert at(3.0) < 0


@pytest.mark.parametrize(
    ("name", "knobs", "message"),
    [
        ("cdpo", {"label_smoothing": 0.6}, r"'cdpo': label_smoothing .* found 0\.6"),
        ("robust_dpo", {"flip_rate": 0.5}, r"'robust_dpo': flip_rate .* found 0\.5"),
        ("exo_pair", {"label_smoothing": 0.0}, r"'exo_pair': label_smoothing .* found 0\.0"),
        ("aot", {"label_smoothing": -0.1}, r"label_smoothing .* found -0\.1"),
        ("discopop", {"tau": 0.0}, r"'discopop': tau .* found 0\.0"),
    ],
)
def test_a_knob_out_of_range_is_refused(name, knobs, message):
    with pytest.raises(KnobError, match=message):
        call(name, one(), **knobs)
