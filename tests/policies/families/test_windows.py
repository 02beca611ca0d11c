"""Models that hear in windows: what fills several is heard whole, what is too long is refused."""

import numpy as np
import pytest
import torch

from earmark.errors import InputError
from earmark.policies.families.standard import CapturedPolicy
from earmark.prompting.clean import clean
from earmark.prompting.messages import ask
from earmark.train.preflight.extreme_rows import check_prompt_ids
from family_models import build_policy
from tiny_world import messages, noise
from window_models import WINDOW_S

NAMES = pytest.mark.parametrize("name", ["audioflamingo3", "glmasr"])


@NAMES
@pytest.mark.parametrize("duration_s", [0.11, 1.99, 2.0, 2.5, 4.0, 5.3])
@torch.no_grad()
def test_every_window_is_heard(name, duration_s, rng):
    policy = build_policy(name)
    clip = noise(rng, duration_s)
    features = policy.features(clip)
    assert len(features["input_features"]) == -(-len(clip) // (16_000 * WINDOW_S))
    heard = policy.encode(features)
    assert len(heard) == int(features["placeholders"])
    check_prompt_ids(policy, messages(), [clip])
    clip[-1600:] = 0
    assert not torch.equal(policy.encode(policy.features(clip))[-1], heard[-1])


@pytest.mark.parametrize("duration_s", [0.11, 0.7, 1.37, 1.99, 2.0, 2.5, 5.3])
@torch.no_grad()
def test_audio_flamingo_hears_the_true_length_as_the_padded_window(duration_s, rng):
    policy = build_policy("audioflamingo3")
    features = policy.features(noise(rng, duration_s))
    heard = []
    handle = policy.tower.conv1.register_forward_hook(lambda _, x, __: heard.append(x[0].shape[-1]))
    found = policy.encode(features)
    handle.remove()
    assert sum(heard) <= int(features["input_features_mask"].sum()) + 3, "sound alone is heard"
    padded = CapturedPolicy.encode(policy, features)
    torch.testing.assert_close(found, padded, rtol=1e-5, atol=1e-6)


@NAMES
def test_what_the_processor_would_cut_is_refused(name, rng):
    policy = build_policy(name)
    limit_s = policy.longest_clip_s
    assert limit_s == policy.processor.max_audio_len
    with pytest.raises(InputError, match=f"hears {limit_s:g} s at most"):
        policy.features(np.zeros(int(16_000 * (limit_s + 1)), dtype=np.float32))

    # What the library does instead: it keeps the beginning and says so in a log.
    policy.processor.max_audio_len = 2 * WINDOW_S
    clip = noise(rng, 3 * WINDOW_S)
    made = policy.process([policy.render(messages())], [clip])
    assert len(made["input_features"]) == 2
    with pytest.raises(InputError, match="the processor cuts audio: it keeps 400 of the 600"):
        policy.features(clip)


@NAMES
def test_a_clip_without_a_token_is_refused(name, rng):
    with pytest.raises(InputError, match="is too short to be heard"):
        build_policy(name).features(noise(rng, 0.02))


@NAMES
def test_the_librarys_transcription_request_is_ours(name, rng):
    policy = build_policy(name)
    clip = noise(rng, 2.5)
    expected = policy.processor.apply_transcription_request(audio=clip)
    found = policy.plain_inputs(ask(policy.facts), [clip])
    assert found["input_ids"].tolist() == expected["input_ids"].tolist()
    assert torch.equal(found["input_features"], expected["input_features"])


@pytest.mark.parametrize("pad", [None, "the placeholder"])
def test_rows_are_never_filled_with_the_placeholder(pad, rng):
    policy = build_policy("glmasr")
    expected = policy.pad_id
    policy.tokenizer.pad_token = None if pad is None else policy.audio_token
    assert policy.pad_id in policy.end_ids
    assert policy.pad_id != policy.audio_id
    assert expected != policy.audio_id


def test_audio_flamingos_own_words_are_taken_off():
    marks = build_policy("audioflamingo3").facts.marks
    raw = 'The spoken content of the audio is "我 想 share".'
    assert clean(raw, marks) == "我 想 share"
