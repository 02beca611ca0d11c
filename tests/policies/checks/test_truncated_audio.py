"""A processor that cuts in silence is found, in every family and whether it has a mask or not."""

import numpy as np
import pytest

from earmark.errors import InputError
from earmark.policies.checks.truncated_audio import check_end_is_heard
from family_models import BUILD, build_policy
from tiny_world import noise

FAMILY = pytest.mark.parametrize("name", BUILD)
CUT_S = 1.5


def cut(policy, monkeypatch):
    """Let a policy's processor hear the beginning of a clip alone, and say nothing about it."""
    extractor = type(policy.extractor)
    whole = extractor.__call__

    def cutting(self, audio, *args, **options):
        few = int(CUT_S * 16_000)
        shorter = [x[:few] for x in audio] if isinstance(audio, list) else audio[:few]
        return whole(self, shorter, *args, **options)

    monkeypatch.setattr(extractor, "__call__", cutting)


@FAMILY
def test_every_family_hears_how_a_clip_ends(name, rng):
    policy = build_policy(name)
    for duration_s in (1.03, 1.9):
        check_end_is_heard(policy, noise(rng, duration_s))


@FAMILY
def test_what_a_processor_cuts_is_found(name, rng, monkeypatch):
    policy = build_policy(name)
    cut(policy, monkeypatch)
    check_end_is_heard(policy, noise(rng, CUT_S))
    with pytest.raises(InputError, match="cuts audio"):
        check_end_is_heard(policy, noise(rng, CUT_S + 0.4))


@FAMILY
@pytest.mark.parametrize("peak", [0.0, 1e-8, 3e-6, 1e-4, 1.0])
def test_quiet_and_silent_clips_are_no_reason(name, peak, rng):
    clip = noise(rng, 1.5)
    clip *= peak / np.abs(clip).max()
    policy = build_policy(name)
    check_end_is_heard(policy, clip)
    clip[12_000:] = 0
    check_end_is_heard(policy, clip)


def test_short_clips_are_left_to_others(rng):
    check_end_is_heard(build_policy("qwen2_audio"), noise(rng, 0.05))


def test_chance_and_means_over_the_clip_do_not_hide_a_cut(rng, monkeypatch):
    """An extractor that draws noise, and one whose every frame hangs on the clip as a whole."""
    policy = build_policy("qwen2_audio")
    policy.extractor.dither = 1e-4
    cut(policy, monkeypatch)
    check_end_is_heard(policy, noise(rng, CUT_S))
    with pytest.raises(InputError, match="cuts audio"):
        check_end_is_heard(policy, noise(rng, CUT_S + 0.4))
    monkeypatch.undo()
    whole = type(policy).processed
    late = 90  # frames

    def centred(self, clip):
        made = whole(self, clip)
        mel = made["input_features"] - made["input_features"].mean(-1, keepdim=True)
        return {**made, "input_features": mel[..., :late]}

    monkeypatch.setattr(type(policy), "processed", centred)
    with pytest.raises(InputError, match="cuts audio"):
        check_end_is_heard(policy, noise(rng, 1.9))
