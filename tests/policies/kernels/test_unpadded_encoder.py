"""Clips that are heard together are heard as they are alone."""

import doctest

import numpy as np
import pytest
import torch

from earmark.policies.families import qwen2_audio
from earmark.policies.kernels import unpadded_encoder as true_length
from earmark.policies.kernels.unpadded_encoder import alike, hear_true_length, hear_true_lengths
from earmark.policies.policy import SharedBatch
from earmark.policies.rows.shared_row import Answers, lay_out
from family_models import build_policy
from tiny_world import noise

SECONDS = (2.9, 0.05, 1.0, 2.5, 0.06, 1.0)


def windows_of(policy):
    rng = np.random.default_rng(0)
    made = [policy.features(noise(rng, seconds)) for seconds in SECONDS]
    mels = [clip["input_features"] for clip in made]
    frames = [int(clip["feature_attention_mask"].sum()) for clip in made]
    return mels, [*frames[:4], 1, *frames[5:]]


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
@pytest.mark.parametrize("part", [0.75, 0.0], ids=["of like length", "all"])
def test_each_is_heard_as_alone(part, attention, monkeypatch):
    monkeypatch.setattr(true_length, "ALIKE", part)
    policy = build_policy("qwen2_audio")
    policy.network.set_attn_implementation(attention)
    mels, frames = windows_of(policy)
    alone = [
        hear_true_length(policy.tower, mel, count) for mel, count in zip(mels, frames, strict=True)
    ]
    calls = []
    policy.tower.conv1.register_forward_pre_hook(lambda _, given: calls.append(len(given[0])))
    together = hear_true_lengths(policy.tower, mels, frames)
    assert sum(calls) == len(mels)
    assert len(calls) == (1 if part == 0 else 4)
    for one, other in zip(together, alone, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)
    assert min(map(len, alone)) == 0


@pytest.mark.parametrize("together", [True, False])
def test_a_batch_is_heard_in_order_also_where_some_was_heard_before(together, monkeypatch):
    monkeypatch.setattr(qwen2_audio, "pays_together", lambda _: together)
    policy = build_policy("qwen2_audio")
    rng = np.random.default_rng(0)
    features = [policy.features(noise(rng, seconds)) for seconds in SECONDS]
    alone = [policy.encode(clip) for clip in features]
    calls = []
    policy.tower.conv1.register_forward_pre_hook(lambda _, given: calls.append(len(given[0])))
    batch = SharedBatch(
        lay_out([Answers([3], [[4, 2]])], 0), [*features[:3], alone[3], *features[4:]]
    )
    heard = policy.hear(batch).audio
    assert (max(calls) > 1) is together
    assert sum(calls) == len(SECONDS) - 1
    for one, other in zip(heard, alone, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-5)


def test_what_fills_a_window_up_would_be_heard_without_a_mask(monkeypatch):
    monkeypatch.setattr(true_length, "ALIKE", 0.0)
    policy = build_policy("qwen2_audio")
    mels, frames = windows_of(policy)
    expected = hear_true_lengths(policy.tower, mels, frames)[2]
    layer = policy.tower.layers[0]
    whole = layer.forward
    layer.forward = lambda hidden, _: whole(hidden, None)
    found = hear_true_lengths(policy.tower, mels, frames)[2]
    assert (found - expected).abs().max() > 1e-3


def test_gradients_reach_a_tower_that_is_trained():
    policy = build_policy("qwen2_audio")
    mels, frames = windows_of(policy)

    def gradient(heard):
        policy.network.zero_grad()
        sum(states.sin().sum() for states in heard).backward()
        return policy.tower.conv1.weight.grad.clone()

    pairs = zip(mels, frames, strict=True)
    alone = gradient([hear_true_length(policy.tower, *pair) for pair in pairs])
    together = gradient(hear_true_lengths(policy.tower, mels, frames))
    assert (together - alone).norm() <= 1e-4 * alone.norm()


def test_no_group_holds_what_is_unlike():
    lengths = np.random.default_rng(1).integers(1, 1500, 200).tolist()
    groups = alike(lengths)
    assert sorted(number for group in groups for number in group) == list(range(200))
    for group in groups:
        chosen = [lengths[number] for number in group]
        assert min(chosen) >= 0.75 * max(chosen)
    assert len(groups) < 30
    assert [len(group) for group in alike([1500] * 70)] == [32, 32, 6]
    assert doctest.testmod(true_length).failed == 0
