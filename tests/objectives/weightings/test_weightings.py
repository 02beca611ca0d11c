"""Weightings: by hand, no look at the current batch, the same draw everywhere, checkpoints."""

import pytest
import torch

from earmark.errors import KnobError
from earmark.objectives.weightings import WEIGHTINGS
from earmark.objectives.weightings.online import Bets, draw_beliefs, sliding_window, thompson
from earmark.objectives.weightings.weighting import ref_weights

REFS = 3


def gaps(seed, pairs=4, refs=REFS):
    generator = torch.Generator().manual_seed(seed)
    return 10 * torch.randn(refs, pairs, generator=generator)


def made(name):
    return WEIGHTINGS[name](window=2) if name == "sliding_window" else WEIGHTINGS[name]()


def after(name, seen=3):
    weighting = made(name)
    state = weighting.start(gaps(99), REFS)
    for batch in range(seen):
        state = weighting.see(state, gaps(batch))
    return weighting, state


def weights_of(name, current):
    weighting, state = after(name)
    return ref_weights(weighting, state, current, seed=5)


@pytest.mark.parametrize("name", sorted(set(WEIGHTINGS) - {"adaptive"}))
def test_no_weighting_sees_the_batch_that_it_weighs(name):
    current = gaps(7)
    usual = weights_of(name, current)
    assert torch.equal(usual, weights_of(name, -100 * current + 3))
    assert torch.equal(usual, usual[:, :1].expand_as(usual)), "nor can it tell pairs apart"
    weighting, _ = after(name)
    assert weighting.of_pairs is None


def test_adaptive_does_see_it():
    current = gaps(7)
    assert not torch.equal(weights_of("adaptive", current), weights_of("adaptive", current + 3))
    assert made("adaptive").draw is None


@pytest.mark.parametrize("name", ["sliding_window", "thompson", "thompson_mixture"])
def test_online_weightings_do_learn_from_the_batch_before(name):
    weighting, state = after(name)
    drawn = weighting.draw(state, 5)
    other = weighting.draw(
        weighting.see(state, 100 * gaps(7).abs() * torch.eye(REFS)[0][:, None]), 5
    )
    assert not torch.equal(drawn, other)


@pytest.mark.parametrize("name", WEIGHTINGS)
def test_weights_sum_to_1_and_take_the_kind_of_the_gaps(name):
    for dtype in (torch.float32, torch.bfloat16, torch.float64):
        current = gaps(7).to(dtype)
        found = weights_of(name, current)
        assert found.dtype == dtype
        assert found.shape == current.shape
        assert (found >= 0).all()
        torch.testing.assert_close(found.sum(0).float(), torch.ones(4), rtol=1e-2, atol=1e-2)


@pytest.mark.parametrize("name", WEIGHTINGS)
def test_equal_gaps_of_0_are_no_division_by_0(name):
    weighting = made(name)
    state = weighting.start(torch.zeros(REFS, 2), REFS)
    for _ in range(3):
        state = weighting.see(state, torch.zeros(REFS, 2))
    assert torch.isfinite(ref_weights(weighting, state, torch.zeros(REFS, 2))).all()


@pytest.mark.parametrize("name", WEIGHTINGS)
def test_a_state_is_tensors_and_outlives_a_checkpoint(name, tmp_path):
    weighting, state = after(name)
    assert all(isinstance(value, torch.Tensor) for value in state)
    torch.save(state._asdict(), tmp_path / "state.pt")
    back = type(state)(**torch.load(tmp_path / "state.pt"))
    for step in range(2):
        current = gaps(step + 20)
        one, two = (ref_weights(weighting, s, current, seed=1) for s in (state, back))
        assert torch.equal(one, two)
        state, back = weighting.see(state, current), weighting.see(back, current)


@pytest.mark.parametrize("name", WEIGHTINGS)
def test_seeing_a_batch_leaves_the_old_state_as_it_was(name):
    weighting, state = after(name)
    copies = [value.clone() for value in state]
    weighting.see(state, gaps(8))
    assert all(torch.equal(a, b) for a, b in zip(state, copies, strict=True))


@pytest.mark.parametrize("name", ["validation_discriminative", "validation_accuracy"])
def test_validation_weightings_need_validation_pairs(name):
    for missing in (None, torch.zeros(REFS, 0)):
        with pytest.raises(KnobError, match=f"'{name}' weighs references on validation pairs"):
            made(name).start(missing, REFS)


def test_a_confident_wrong_reference_parts_the_two_validation_rules():
    confident_wrong = torch.tensor([[-50.0, -50.0, -50.0], [1.0, 1.0, 1.0]])
    found = {
        name: made(name).draw(made(name).start(confident_wrong, 2), 0).tolist()
        for name in ("validation_discriminative", "validation_accuracy")
    }
    assert found["validation_discriminative"] == pytest.approx([50 / 51, 1 / 51])
    assert found["validation_accuracy"] == [0.0, 1.0]


def test_a_window_forgets():
    weighting = sliding_window(window=2)
    state = weighting.start(None, 2)
    first, later = torch.tensor([[9.0], [1.0]]), torch.tensor([[1.0], [3.0]])
    state = weighting.see(state, first)
    assert weighting.draw(state, 0).tolist() == [0.5, 0.5], "equal until filled"
    state = weighting.see(state, later)
    assert weighting.draw(state, 0).tolist() == pytest.approx([10 / 14, 4 / 14])
    state = weighting.see(state, later)
    assert weighting.draw(state, 0).tolist() == pytest.approx([0.25, 0.75])
    with pytest.raises(KnobError, match="at least 1"):
        sliding_window(window=0)


def test_thompson_counts_pairs_and_draws_the_stated_beta():
    weighting = thompson()
    state = weighting.see(
        weighting.start(None, 2), torch.tensor([[1.0, 2.0, -1.0], [0.0, 3.0, -4.0]])
    )
    assert state.right.tolist() == [3, 2]
    assert state.wrong.tolist() == [2, 3]
    fixed = Bets(torch.tensor([3.0]).double(), torch.tensor([2.0]).double(), torch.tensor(0))
    draws = torch.stack([draw_beliefs(fixed, seed) for seed in range(4000)])
    assert draws.mean().item() == pytest.approx(3 / 5, abs=0.01)
    assert draws.var().item() == pytest.approx(6 / (25 * 6), abs=0.004)


def test_thompson_explores_and_then_settles():
    weighting = thompson()
    state = weighting.start(None, 2)
    fresh = {tuple(weighting.draw(state, seed).tolist()) for seed in range(20)}
    assert fresh == {(1.0, 0.0), (0.0, 1.0)}
    for _ in range(30):
        state = weighting.see(state, torch.tensor([[1.0, 1.0, -1.0], [-1.0, -1.0, 1.0]]))
    assert {tuple(weighting.draw(state, seed).tolist()) for seed in range(20)} == {(1.0, 0.0)}


def test_draws_change_with_batch_and_seed_and_leave_global_randomness_alone():
    weighting = WEIGHTINGS["thompson_mixture"]()
    state = weighting.start(None, 2)
    before = torch.get_rng_state()
    drawn = weighting.draw(state, 0)
    assert torch.equal(drawn, weighting.draw(state, 0))
    assert not torch.equal(drawn, weighting.draw(state, 1))
    assert not torch.equal(drawn, weighting.draw(state._replace(batches=torch.tensor(1)), 0))
    assert torch.equal(before, torch.get_rng_state())
