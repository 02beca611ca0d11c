"""Qwen2-Audio's tower on the true length of a clip equals the padded tower of the class."""

import numpy as np
import pytest
import torch
from transformers.masking_utils import create_bidirectional_mask

from earmark.errors import InputError
from earmark.policies.kernels.unpadded_encoder import hear_true_length
from family_models import build_policy

WINDOW_FRAMES = 300


@pytest.fixture(scope="module")
def policy():
    policy = build_policy("qwen2_audio")
    policy.tower.embed_positions.weight.data.normal_(generator=torch.Generator().manual_seed(3))
    return policy


def padded(tower, mel, frames):
    """Run the class as its model does: the whole window, with a mask over padding."""
    states, tokens = tower._get_feat_extract_output_lengths(torch.tensor([frames]))
    real = (torch.arange(mel.shape[2] // 2)[None] < states[:, None]).long()
    embeds = mel.new_zeros(1, mel.shape[2] // 2, 1)
    mask = create_bidirectional_mask(config=tower.config, inputs_embeds=embeds, attention_mask=real)
    return tower(mel, attention_mask=mask).last_hidden_state[0, : max(0, int(tokens))]


def mel_of(seed=0):
    return torch.randn(1, 16, WINDOW_FRAMES, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("frames", [1, 2, 3, 4, 5, 6, 7, 49, 50, 51, 148, 297, 298, 299, 300])
def test_true_length_equals_the_padded_tower(policy, frames):
    mel = mel_of(frames)
    with torch.no_grad():
        expected = padded(policy.tower, mel, frames)
        found = hear_true_length(policy.tower, mel, frames)
        cut = hear_true_length(policy.tower, mel[..., : frames + 2], frames)
    assert found.shape == expected.shape
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(cut, expected, rtol=1e-5, atol=1e-5)


def test_without_guard_frames_the_end_is_wrong(policy):
    mel = mel_of()
    with torch.no_grad():
        expected = padded(policy.tower, mel, 99)
        assert (hear_true_length(policy.tower, mel[..., :99], 99) - expected).abs().max() > 1e-3


@pytest.mark.parametrize("frames", [51, 300])
def test_gradients_are_those_of_the_padded_tower(policy, frames):
    grads = []
    for hear in (padded, hear_true_length):
        policy.tower.zero_grad()
        states = hear(policy.tower, mel_of(), frames)
        (states * torch.linspace(-1, 1, states.numel()).view_as(states)).sum().backward()
        named = policy.tower.named_parameters()
        grads.append({n: p.grad.clone() for n, p in named if p.grad is not None})
    assert grads[0].keys() == grads[1].keys()
    for name, expected in grads[0].items():
        assert (grads[1][name] - expected).norm() <= 1e-5 * expected.norm() + 1e-5, name


@pytest.mark.parametrize("name", ["qwen2_audio", "qwen2_5_omni_thinker"])
@pytest.mark.parametrize("samples", [400, 641, 16_000, 23_456, 47_999, 48_000])
def test_features_in_a_short_window_are_the_processors(name, samples):
    policy = build_policy(name)
    clip = np.random.default_rng(samples).normal(0, 0.1, samples).astype(np.float32)
    short = policy.features(clip)
    whole = policy.call_processor([policy.audio_token], [clip], {})
    mask = whole["feature_attention_mask"][0].bool()
    assert short["feature_attention_mask"].sum() == mask.sum()
    guarded = min(int(mask.sum()) + 2, mask.shape[0])
    torch.testing.assert_close(
        short["input_features"][..., :guarded], whole["input_features"][..., :guarded]
    )
    assert short["input_features"].shape[-1] <= guarded + 6


def test_a_clip_without_an_audio_token_is_refused(policy):
    with pytest.raises(InputError, match="too short to be heard"):
        policy.features(np.ones(160, np.float32))
