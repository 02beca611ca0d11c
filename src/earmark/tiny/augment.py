"""Vary log-mel features, so that a tiny model trained on few voices hears others too.

Four changes, drawn again for each clip: tempo, vocal-tract length (a stretch of the frequency
axis), a noise floor, and small masks. Features are on the scale of `WhisperFeatureExtractor`:
(log10 of power + 4) / 4, so that 10 dB are 0.25.
"""

import math

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Generator, Tensor

DB = 0.025
NEPERS = 4 * math.log(10)  # natural logarithm of power per unit of the scale
TEMPO = (0.88, 1.14)
TRACT = (0.93, 1.07)
NOISE_BELOW_PEAK_DB = (10.0, 45.0)
NOISE_SHARE = 0.5
NOISE_TILT_DB = 10.0
MASKED_FRAMES, MASKED_BINS = 8, 8


def uniform(count: int, low: float, high: float, generator: Generator) -> Float[Tensor, " clip"]:
    """Draw `count` numbers between `low` and `high`."""
    return low + (high - low) * torch.rand(count, generator=generator)


def warp(
    mel: Float[Tensor, "clip mel frame"], frames: Int[Tensor, " clip"], generator: Generator
) -> tuple[Float[Tensor, "clip mel frame"], Int[Tensor, " clip"]]:
    """Change tempo and vocal-tract length by one affine map of the plane; return new lengths.

    A tempo above 1 is faster. No clip is made longer than the features hold.
    """
    clips, _, width = mel.shape
    tempo = torch.maximum(uniform(clips, *TEMPO, generator), frames / width)
    tract = uniform(clips, *TRACT, generator)
    zero = torch.zeros(clips)
    maps = torch.stack([tempo, zero, tempo - 1, zero, tract, tract - 1], dim=1).view(clips, 2, 3)
    grid = F.affine_grid(maps, [clips, 1, *mel.shape[1:]], align_corners=True)
    warped = F.grid_sample(mel[:, None], grid, padding_mode="border", align_corners=True)
    return warped[:, 0], (frames / tempo).floor().long().clamp(min=1)


def add_noise_floor(
    mel: Float[Tensor, "clip mel frame"], frames: Int[Tensor, " clip"], generator: Generator
) -> Float[Tensor, "clip mel frame"]:
    """Add tilted noise to the power of some clips, within their length."""
    clips, bins, width = mel.shape
    peak = mel.amax(dim=(1, 2))
    level = peak - DB * uniform(clips, *NOISE_BELOW_PEAK_DB, generator)
    tilt = DB * uniform(clips, -NOISE_TILT_DB, NOISE_TILT_DB, generator)
    slope = tilt[:, None] * torch.linspace(-1, 1, bins)
    # The power of noise in one bin is exponentially distributed.
    power = torch.empty_like(mel).exponential_(generator=generator)
    noise = (level[:, None] + slope)[..., None] + power.log10() / 4
    noisy = torch.logaddexp(mel * NEPERS, noise * NEPERS) / NEPERS
    chosen = torch.rand(clips, generator=generator) < NOISE_SHARE
    inside = torch.arange(width)[None] < frames[:, None]
    return torch.where((chosen[:, None] & inside)[:, None], noisy, mel)


def mask(
    mel: Float[Tensor, "clip mel frame"], generator: Generator
) -> Float[Tensor, "clip mel frame"]:
    """Hide one short stretch of time and one narrow band of each clip (SpecAugment, 1904.08779)."""
    hidden = torch.zeros_like(mel, dtype=torch.bool)
    for axis, longest in ((2, MASKED_FRAMES), (1, MASKED_BINS)):
        size = mel.shape[axis]
        start = uniform(len(mel), 0, size, generator)[:, None]
        length = uniform(len(mel), 0, longest, generator)[:, None]
        at = torch.arange(size)[None]
        band = (at >= start) & (at < start + length)
        hidden |= band[:, None, :] if axis == 2 else band[:, :, None]
    return mel.masked_fill(hidden, 0.0)


def augment(
    mel: Float[Tensor, "clip mel frame"], frames: Int[Tensor, " clip"], generator: Generator
) -> tuple[Float[Tensor, "clip mel frame"], Int[Tensor, " clip"]]:
    """Apply all four changes; return features and how many frames now hold audio."""
    mel, frames = warp(mel, frames, generator)
    return mask(add_noise_floor(mel, frames, generator), generator), frames
