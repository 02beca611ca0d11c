"""β-DPO, γ-PO: by hand, by identity, their state, and what goes wrong without guards."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import example, given, settings
from hypothesis import strategies as st

from earmark.errors import KnobError
from earmark.objectives import margins
from earmark.objectives.beta_dpo import BetaState, beta_dpo, beta_dpo_random_drop
from earmark.objectives.capo import capo, capo_relative
from earmark.objectives.contract.signature import contract
from earmark.objectives.dpo import dpo
from earmark.objectives.gamma_po import gamma_dpo, gamma_simpo
from earmark.objectives.gamma_published import gamma_dpo_published, gamma_simpo_published
from earmark.objectives.gap_filter import gaussian_keep, random_drop
from earmark.objectives.gap_queue import QueueState, push, recall
from earmark.objectives.margins import published_margins, target_margins
from earmark.objectives.simpo import simpo

GOLDEN_GAPS = torch.tensor([-4.0, -1.0, 0.0, 1.0, 4.0, 8.0], dtype=torch.float64)
GOLDEN = [3.590, 3.603, 3.627, 3.682, 4.268, 5.230]
GOLDEN_TAU_1 = [2.07, 2.35, 2.66, 3.13, 5.20, 8.59]
PUBLISHED_TAU_1 = [1.47, 1.90, 2.39, 3.20, 9.92, 5.12]
ON_RATIOS = {
    "beta_dpo": beta_dpo,
    "beta_dpo_random_drop": beta_dpo_random_drop,
    "gamma_dpo": gamma_dpo,
    "gamma_dpo_published": gamma_dpo_published,
    "capo": capo,
    "capo_relative": capo_relative,
}


def pairs(count=12, seed=0, spread=20.0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return [
        -40 - spread * torch.randn(count, generator=generator, dtype=torch.float64).to(dtype)
        for _ in range(4)
    ]


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def call(objective, supply, *, training=True, state=None, **knobs):
    kind = contract(objective).state_class
    if kind is None:
        return objective(*supply, **knobs)
    return objective(*supply, training, kind() if state is None else state, **knobs)


# --- the filter ---


def test_the_filter_keeps_by_weight():
    gaps, draws = torch.tensor([0.0, 1.0, 3.0]), 4000
    weights = torch.exp(torch.tensor([-0.5, 0.0, -2.0]))
    generator = seeded()
    kept = sum(gaussian_keep(gaps, 1.0, 1.0, 1 / 3, generator).double() for _ in range(draws))
    assert torch.allclose(kept / draws, (weights / weights.sum()).double(), atol=0.03)
    alike = sum(random_drop(gaps, 1 / 3, generator).double() for _ in range(draws))
    assert torch.allclose(alike / draws, torch.full((3,), 1 / 3).double(), atol=0.03)


def test_the_filter_draws_without_replacement_in_order_of_weight():
    """Two of three: P(keep i) = p_i + Σ_j p_j·p_i/(1 − p_j), summed by hand."""
    gaps, draws, generator = torch.tensor([0.0, 1.0, 3.0]), 4000, seeded(1)
    p = torch.exp(torch.tensor([-0.5, 0.0, -2.0], dtype=torch.float64)).tolist()
    p = [x / sum(p) for x in p]
    wanted = [p[i] + sum(p[j] * p[i] / (1 - p[j]) for j in range(3) if j != i) for i in range(3)]
    kept = sum(gaussian_keep(gaps, 1.0, 1.0, 2 / 3, generator).double() for _ in range(draws))
    assert torch.allclose(kept / draws, torch.tensor(wanted, dtype=torch.float64), atol=0.03)


def test_the_filter_drops_wide_and_reversed_gaps_random_drop_does_not():
    gaps = torch.tensor([*[1.0] * 8, 30.0, -30.0])
    near, anything = seeded(), seeded()
    for _ in range(20):
        assert gaussian_keep(gaps, 1.0, 2.0, 0.8, near).tolist() == [True] * 8 + [False] * 2
    assert any(random_drop(gaps, 0.8, anything)[8:].any() for _ in range(20))


def test_the_filter_fills_its_share_where_every_weight_would_be_zero():
    gaps = torch.tensor([1e5, 2e5, -1e5, 1.0], dtype=torch.float32)
    assert torch.exp(-((gaps - 0) ** 2) / (2 * 1e-6)).count_nonzero() == 0, "negative control"
    assert gaussian_keep(gaps, 0.0, 1e-3, 0.5, seeded()).sum() == 2
    assert gaussian_keep(gaps[:1], 0.0, 0.0, 0.1, seeded()).sum() == 1
    assert gaussian_keep(torch.zeros(4), 0.0, 0.0, 0.5, seeded()).sum() == 2


# --- beta-DPO ---


def test_beta_dpo_by_hand():
    zero = torch.zeros(2, dtype=torch.float64)
    state = BetaState(torch.tensor(1.0), torch.tensor(0.5), torch.tensor(1))
    loss = beta_dpo(zero + torch.tensor([20, 40]), zero, zero, zero, True, state, rho=1.0)
    share = 0.1 / (1 - 0.81)
    mean = 1 + share * (3 - 1)
    used = 0.1 * (1 + 0.6 * (3 - mean))
    assert loss.logged["beta"].item() == pytest.approx(used)
    assert used == pytest.approx(0.1568, abs=1e-4)
    assert loss.state.std.item() == pytest.approx(0.5 + share * (1 - 0.5))
    wanted = [math.log1p(math.exp(-used * h)) for h in (20, 40)]
    assert loss.per_pair.tolist() == pytest.approx(wanted)
    assert loss.margin.tolist() == pytest.approx([2.0, 4.0])


def test_raw_gaps_make_alpha_ten_times_as_strong():
    supply, state = [torch.tensor([x]) for x in (110.0, 0.0, 0.0, 0.0)], BetaState()
    start = state._replace(mean=torch.tensor(10.0), step=torch.tensor(10**6))
    scaled = start._replace(mean=torch.tensor(1.0))
    still = {"momentum": 1 - 1e-9, "rho": 1.0}
    raw = beta_dpo(*supply, True, start, gap_scale="raw", **still).logged["beta"]
    by_beta = beta_dpo(*supply, True, scaled, gap_scale="beta", **still).logged["beta"]
    assert raw.item() / 0.1 - 1 == pytest.approx(60, rel=0.01)
    assert by_beta.item() / 0.1 - 1 == pytest.approx(6, rel=0.01)


@pytest.mark.parametrize("objective", [beta_dpo, beta_dpo_random_drop])
def test_beta_dpo_without_both_is_dpo(objective):
    supply = pairs()
    loss = objective(*supply, True, BetaState(), alpha=0.0, rho=1.0)
    assert torch.allclose(loss.per_pair, dpo(*supply).per_pair)
    moved = objective(*supply, True, BetaState(torch.ones(()), torch.ones(()), torch.tensor(3)))
    assert not torch.allclose(moved.per_pair, dpo(*supply).per_pair)


@pytest.mark.parametrize("objective", [beta_dpo, beta_dpo_random_drop])
def test_the_mean_over_all_pairs_is_that_of_the_kept(objective):
    supply = pairs()
    loss = objective(*supply, True, BetaState(), alpha=0.0, rho=0.5)
    kept = loss.per_pair != 0
    assert kept.sum() == 6
    assert loss.logged["kept_share"].item() == 0.5
    assert torch.allclose(loss.per_pair.mean(), dpo(*supply).per_pair[kept].mean())


def test_beta_follows_the_kept_pairs_only():
    supply = pairs(count=40)
    loss = beta_dpo(*supply, True, BetaState(), rho=0.5, seed=3)
    kept = loss.margin[loss.per_pair != 0]
    used = 0.1 * (1 + 0.6 * (kept.mean() - loss.margin.mean()))
    assert loss.logged["beta"].item() == pytest.approx(used.clamp(min=1e-3).item(), rel=1e-5)
    every = beta_dpo(*supply, True, BetaState(), rho=1.0).logged["beta"]
    assert abs(every.item() - loss.logged["beta"].item()) > 1e-3


def test_beta_dpo_drops_the_odd_pair_and_its_control_any_pair():
    gaps = torch.tensor([*[10.0] * 9, -500.0], dtype=torch.float64)
    zero, dropped = 0 * gaps, {beta_dpo: 0, beta_dpo_random_drop: 0}
    usual = BetaState(torch.ones(()), torch.ones(()), torch.tensor(10**6))
    for objective in dropped:
        for seed in range(20):
            knobs = {"rho": 0.9, "momentum": 0.999999, "seed": seed}
            loss = objective(gaps, zero, zero, zero, True, usual, **knobs)
            dropped[objective] += int(loss.per_pair[-1] == 0)
    assert dropped[beta_dpo] == 20
    assert dropped[beta_dpo_random_drop] < 10


def test_beta_never_falls_below_its_least():
    high = BetaState(torch.tensor(1e4), torch.ones(()), torch.tensor(1000))
    assert beta_dpo(*pairs(), True, high).logged["beta"].item() == pytest.approx(1e-3)


def test_the_running_mean_is_a_bias_corrected_one():
    state, plain_mean, plain_std = BetaState(), 0.0, 0.0
    for step in range(1, 4):
        supply = pairs(seed=step)
        loss = beta_dpo(*supply, True, state, momentum=0.9)
        state = loss.state
        plain_mean = 0.9 * plain_mean + 0.1 * loss.margin.mean().item()
        plain_std = 0.9 * plain_std + 0.1 * loss.margin.std(correction=0).item()
        assert state.mean.item() == pytest.approx(plain_mean / (1 - 0.9**step), rel=1e-5)
        assert state.std.item() == pytest.approx(plain_std / (1 - 0.9**step), rel=1e-5)
        assert state.step.item() == step


def test_without_bias_correction_a_pair_at_the_mean_would_weigh_nothing():
    """Mean = std = 1: from 0 they are 0.1 after a step, and the mean pair lies 9σ out."""
    uncorrected = math.exp(-((1 - 0.1) ** 2) / (2 * 0.1**2))
    assert uncorrected < 1e-17
    zero = torch.zeros(2, dtype=torch.float64)
    state = beta_dpo(torch.tensor([0.0, 20.0]).double(), zero, zero, zero, True, BetaState()).state
    corrected = math.exp(-((1 - state.mean.item()) ** 2) / (2 * state.std.item() ** 2))
    assert corrected == pytest.approx(1)


def test_two_steps_draw_differently_and_two_runs_alike():
    supply = pairs(count=30, spread=0.0)
    first = beta_dpo(*supply, True, BetaState(), rho=0.5)
    again = beta_dpo(*supply, True, BetaState(), rho=0.5)
    later = beta_dpo(*supply, True, first.state, rho=0.5)
    other = beta_dpo(*supply, True, BetaState(), rho=0.5, seed=1)
    assert torch.equal(first.per_pair, again.per_pair)
    assert not torch.equal(first.per_pair, later.per_pair)
    assert not torch.equal(first.per_pair, other.per_pair)


# --- gamma-PO ---


def test_golden_margins():
    assert target_margins(GOLDEN_GAPS, 4.0, 10.0).tolist() == pytest.approx(GOLDEN, abs=6e-4)
    assert published_margins(GOLDEN_GAPS, 4.0, 10.0).tolist() == pytest.approx(GOLDEN, abs=6e-4)
    found = target_margins(GOLDEN_GAPS, 4.0, 1.0)
    assert found.tolist() == pytest.approx(GOLDEN_TAU_1, abs=6e-3)
    assert found.mean().item() == pytest.approx(4.0, abs=1e-12)


def test_the_published_steps_do_not_converge_at_tau_1(monkeypatch):
    published = published_margins(GOLDEN_GAPS, 4.0, 1.0)
    assert published.tolist() == pytest.approx(PUBLISHED_TAU_1, abs=6e-3)
    assert published[4] > published[5], "a narrower gap with a wider margin"
    monkeypatch.setattr(margins, "PUBLISHED_STEPS", 21)
    once_more = published_margins(GOLDEN_GAPS, 4.0, 1.0)
    assert (once_more - published).abs().max() > 1, "it swings between two points"
    monkeypatch.setattr(margins, "PUBLISHED_STEPS", 2000)
    assert torch.allclose(published_margins(GOLDEN_GAPS, 4.0, 1.0), published, atol=0.01)
    assert cost(published, GOLDEN_GAPS, 4.0, 1.0) > cost_of_optimum(GOLDEN_GAPS, 4.0, 1.0) + 0.05


def cost(margins, gaps, mean, tau):
    p = margins / margins.sum()
    return (tau * (p * (len(p) * p).log()).sum() - F.logsigmoid(gaps - margins).mean()).item()


def cost_of_optimum(gaps, mean, tau):
    return cost(target_margins(gaps, mean, tau), gaps, mean, tau)


@given(
    st.lists(st.floats(-300, 300), min_size=1, max_size=12),
    st.floats(0.01, 10),
    st.floats(0.05, 50),
)
@example([0.0, 14.0], 7.0, 0.0625)  # a first step that leaves one weight at e^−64
@settings(max_examples=60, deadline=None)
def test_margins_are_the_fixed_point_and_average_to_gamma(gaps, mean, tau):
    gaps = torch.tensor(gaps, dtype=torch.float64)
    found = target_margins(gaps, mean, tau)
    assert found.mean().item() == pytest.approx(mean, rel=1e-9)
    fixed = len(gaps) * mean * torch.softmax(-(mean / tau) * torch.sigmoid(found - gaps), 0)
    assert torch.allclose(found, fixed, rtol=1e-6, atol=1e-9 * mean)
    in_order = found[gaps.argsort()]
    assert (in_order.diff() >= -1e-9 * mean).all(), "wider gaps have wider margins"


def test_margins_are_those_of_a_slow_plain_descent():
    """The same optimum by 20000 exponentiated-gradient steps too small to go wrong."""
    log_p = torch.full_like(GOLDEN_GAPS, -math.log(6))
    for _ in range(20000):
        margins = 6 * 4.0 * log_p.exp()
        slope = 1 + (6 * log_p.exp()).log() + 4.0 * torch.sigmoid(margins - GOLDEN_GAPS)
        log_p = (log_p - 0.01 * slope).log_softmax(0)
    assert torch.allclose(target_margins(GOLDEN_GAPS, 4.0, 1.0), margins, rtol=1e-6)


@pytest.mark.parametrize("solve", [target_margins, published_margins])
def test_margins_of_far_gaps_are_finite(solve):
    far = torch.tensor([1e5, -1e5, 0.0], dtype=torch.float32)
    assert solve(far, 4.0, 0.01).isfinite().all()
    assert solve(far[:1], 4.0, 1.0).item() == pytest.approx(4.0)
    assert solve(far, 0.0, 1.0).tolist() == [0, 0, 0]
    with pytest.raises(KnobError, match="tau"):
        solve(far, 1.0, 0.0)
    with pytest.raises(KnobError, match="gamma"):
        solve(far, -1.0, 1.0)


def test_gamma_losses_by_hand():
    zero, one = torch.zeros(6, dtype=torch.float64), torch.ones(6, dtype=torch.float64)
    knobs = {"beta": 1.0, "gamma": 4.0, "tau": 10.0}
    margins = torch.tensor(GOLDEN, dtype=torch.float64)
    found = gamma_dpo(GOLDEN_GAPS, zero, zero, zero, True, QueueState(), **knobs)
    wanted = torch.log1p(torch.exp(-(GOLDEN_GAPS - (margins - 4))))
    assert torch.allclose(found.per_pair, wanted, atol=1e-3)
    found = gamma_simpo(GOLDEN_GAPS, zero, one, one, True, QueueState(), **knobs)
    wanted = torch.log1p(torch.exp(-(GOLDEN_GAPS - margins)))
    assert torch.allclose(found.per_pair, wanted, atol=1e-3)
    assert found.logged["gamma"].item() == pytest.approx(4.0)
    assert found.logged["gamma_min"].item() == pytest.approx(GOLDEN[0], abs=1e-3)


@pytest.mark.parametrize("training", [True, False])
def test_gamma_with_a_stiff_tau_is_dpo_or_simpo(training):
    supply, tokens = pairs(), [torch.full((12,), 7.0, dtype=torch.float64)] * 2
    stiff = {"gamma": 0.7, "tau": 1e9}
    found = gamma_dpo(*supply, training, QueueState(), **stiff).per_pair
    assert torch.allclose(found, dpo(*supply).per_pair, atol=1e-6)
    found = gamma_simpo(*supply[:2], *tokens, training, QueueState(), beta=2.0, **stiff)
    wanted = simpo(*supply[:2], *tokens, beta=2.0, gamma=0.7).per_pair
    assert torch.allclose(found.per_pair, wanted, atol=1e-6)


def test_two_batches_give_what_one_solution_over_both_gives():
    first, second = pairs(count=5, seed=1), pairs(count=4, seed=2)
    state = gamma_dpo(*first, True, QueueState()).state
    loss = gamma_dpo(*second, True, state)
    gaps = torch.cat([dpo(*first).margin.float().double(), dpo(*second).margin])
    margins = target_margins(gaps, 1.0, 1.0)
    assert margins.mean().item() == pytest.approx(1.0)
    wanted = -F.logsigmoid(gaps[5:] - (margins[5:] - 1.0))
    assert torch.allclose(loss.per_pair, wanted, rtol=1e-5)
    alone = gamma_dpo(*second, True, QueueState()).per_pair
    assert not torch.allclose(loss.per_pair, alone, rtol=1e-5), "the queue must matter"
    assert loss.state.seen.item() == 9
    assert torch.equal(loss.state.gaps[:9], gaps.float())


def test_the_queue_is_first_in_first_out_and_bounded():
    state, everything = QueueState(torch.zeros(7)), []
    for size in (3, 3, 5, 7, 20, 1):
        batch = torch.arange(size, dtype=torch.float32) + 100 * size
        everything += batch.tolist()
        state = push(state, batch)
        remembered = everything[-7:]
        drawn = recall(state, 100, seed=0).tolist()
        assert sorted(drawn) == sorted(remembered)
    assert len(set(recall(state, 3, seed=0).tolist())) == 3
    assert recall(state, -5, seed=0).numel() == 0
    assert recall(state, 7, 0).tolist() != recall(state, 7, 1).tolist()


def test_a_batch_beyond_the_problem_size_needs_no_queue():
    supply = pairs(count=300)
    full = push(QueueState(), torch.full((2048,), 50.0))
    empty = gamma_dpo(*supply, True, QueueState()).per_pair
    assert torch.equal(gamma_dpo(*supply, True, full).per_pair, empty)


# --- all of them ---


@pytest.mark.parametrize("name", ON_RATIOS)
@pytest.mark.parametrize("count", [1, 5])
def test_policy_equal_to_reference_gives_log_2_and_no_nan(name, count):
    supply = pairs(count=count)
    supply = [supply[0].requires_grad_(), supply[1].requires_grad_(), *supply[:2]]
    supply[2:] = [x.detach().clone() for x in supply[2:]]
    knobs = {"rho": 1.0} if name.startswith("beta") else {}
    loss = call(ON_RATIOS[name], supply, **knobs)
    assert torch.allclose(loss.per_pair, torch.full_like(loss.per_pair, math.log(2)))
    loss.per_pair.sum().backward()
    assert supply[0].grad.isfinite().all()
    assert (supply[0].grad < 0).all()
    for value in (*(loss.state or ()), *loss.logged.values()):
        assert value.isfinite().all()
        assert not value.requires_grad


def test_published_weights_at_the_reference_would_be_nan():
    gaps = torch.zeros(3)
    assert torch.exp(-(gaps**2) / (2 * gaps.std() ** 2)).isnan().all()


@pytest.mark.parametrize("name", [n for n, o in ON_RATIOS.items() if contract(o).state_class])
def test_evaluation_changes_no_state_and_is_plain_dpo(name):
    objective = ON_RATIOS[name]
    before = call(objective, pairs()).state
    loss = call(objective, pairs(seed=1), training=False, state=before)
    assert all(a is b for a, b in zip(loss.state, before, strict=True))
    assert torch.allclose(loss.per_pair, dpo(*pairs(seed=1)).per_pair)
    halves = [
        call(objective, [x[part] for x in pairs(seed=1)], training=False, state=before).per_pair
        for part in (slice(0, 6), slice(6, 12))
    ]
    assert torch.allclose(torch.cat(halves), loss.per_pair)


@pytest.mark.parametrize("name", [*ON_RATIOS, "gamma_simpo_published"])
def test_far_pairs_are_finite_in_every_precision(name):
    objective = {**ON_RATIOS, "gamma_simpo_published": gamma_simpo_published}[name]
    for dtype in (torch.float32, torch.bfloat16):
        supply = [x.requires_grad_() for x in pairs(spread=1e5, dtype=dtype)]
        loss = call(objective, supply)
        assert loss.per_pair.dtype == loss.margin.dtype == dtype
        loss.per_pair.sum().backward()
        assert loss.per_pair.isfinite().all()
        assert supply[0].grad.isfinite().all()


@pytest.mark.parametrize("knob", [{"momentum": 1.0}, {"rho": 0.0}, {"rho": 1.5}])
def test_impossible_knobs_are_refused(knob):
    with pytest.raises(KnobError, match=next(iter(knob))):
        beta_dpo(*pairs(), True, BetaState(), **knob)
