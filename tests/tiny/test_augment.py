"""Variation of features: lengths stay true, silence stays outside the clip, draws are seeded."""

import pytest
import torch

from earmark.tiny import augment as mel_augment
from earmark.tiny.augment import add_noise_floor, augment, mask, warp


def clips() -> tuple[torch.Tensor, torch.Tensor]:
    """Return four clips with a loud band, quiet after their ends."""
    mel = torch.full((4, 64, 150), -0.5)
    frames = torch.tensor([150, 120, 80, 20])
    for clip, count in zip(mel, frames, strict=True):
        clip[20:30, :count] = 1.0
    return mel, frames


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_warp_moves_the_end_of_the_clip_to_where_it_says():
    mel, frames = clips()
    warped, lengths = warp(mel, frames, seeded())
    for clip, count, before in zip(warped, lengths.tolist(), frames.tolist(), strict=True):
        loud = (clip.amax(dim=0) > 0.25).sum().item()
        assert abs(loud - count) <= 2
        assert before / 1.14 - 2 <= count <= min(150, before / 0.88 + 1)
    assert lengths.tolist() != frames.tolist()


def test_warp_of_nothing_changes_nothing(monkeypatch):
    monkeypatch.setattr(mel_augment, "TEMPO", (1.0, 1.0))
    monkeypatch.setattr(mel_augment, "TRACT", (1.0, 1.0))
    mel, frames = clips()
    warped, lengths = warp(mel, frames, seeded())
    torch.testing.assert_close(warped, mel, atol=1e-4, rtol=0)
    assert torch.equal(lengths, frames)


def test_noise_fills_the_quiet_within_the_clip_only():
    mel, frames = clips()
    noisy = torch.stack([add_noise_floor(mel, frames, seeded(seed)) for seed in range(8)])
    assert (noisy >= mel - 1e-6).all()
    changed = (noisy != mel).any(dim=1)
    assert changed.any()
    outside = torch.arange(150)[None] >= frames[:, None]
    for each in noisy:
        assert torch.equal(each.transpose(1, 2)[outside], mel.transpose(1, 2)[outside])
    touched = (noisy != mel).flatten(2).any(dim=2).float().mean().item()
    assert 0.2 < touched < 0.8
    assert (noisy - mel)[:, :, 20:30].max() < 0.2


def test_mask_hides_little():
    mel, _ = clips()
    hidden = (mask(mel, seeded()) != mel).float().mean().item()
    assert 0 < hidden < 0.25


def test_the_seed_decides():
    mel, frames = clips()
    one, again, other = (augment(mel, frames, seeded(seed))[0] for seed in (3, 3, 4))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)


@pytest.mark.parametrize("seed", range(5))
def test_augmented_features_fit_the_model(seed):
    mel, frames = clips()
    varied, lengths = augment(mel, frames, seeded(seed))
    assert varied.shape == mel.shape
    assert varied.isfinite().all()
    assert lengths.min() >= 1
    assert lengths.max() <= 150
