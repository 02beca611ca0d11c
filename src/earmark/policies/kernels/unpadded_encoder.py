"""Run a Whisper-like encoder on the sound of a window, where the class pads all to 30 s."""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

# Clips are heard together if the shortest of them is at least this part of the longest.
ALIKE = 0.75
# ... and they are no more than this many states, 32 windows of 30 s, so that memory is bounded.
MOST_STATES = 48_000


def hear_true_length(
    tower: Any, mel: Float[Tensor, "1 mel frame"], frames: int
) -> Float[Tensor, "audio_token feature"]:
    """Run a Whisper-like encoder on the `frames` that hold sound, and on no padding.

    The convolutions see two frames of padding beyond the sound, as they do in the padded clip;
    the layers see sound only, which is what the class's mask lets them see. There is no layer
    drop, as there is no dropout in training.
    """
    return _hear(tower, [mel], [states_of(frames)])[0]


def hear_true_lengths(
    tower: Any, mels: Sequence[Float[Tensor, "1 mel _frame"]], frames: Sequence[int]
) -> list[Float[Tensor, "_audio_token feature"]]:
    """Run a Whisper-like encoder on several windows, those of similar lengths together.

    A window that is shorter than its company is filled up, and the filling is hidden from it.
    """
    lengths = [states_of(count) for count in frames]
    heard: dict[int, Tensor] = {}
    for numbers in alike(lengths):
        together = [mels[number] for number in numbers]
        found = _hear(tower, together, [lengths[number] for number in numbers])
        heard |= dict(zip(numbers, found, strict=True))
    return [heard[number] for number in range(len(mels))]


def pays_together(device: torch.device) -> bool:
    """Return whether clips are heard together: a GPU launches all layers once, not once a clip.

    A CPU would compute what fills the windows up, and gain nothing.
    """
    return device.type != "cpu"


def states_of(frames: int) -> int:
    """Return how many states the convolutions make of the frames that hold sound."""
    return (frames - 1) // 2 + 1


def alike(lengths: Sequence[int]) -> list[list[int]]:
    """Put the numbers of similar lengths together, longest first.

    >>> alike([100, 10, 90, 9])
    [[0, 2], [1, 3]]
    """
    found: list[list[int]] = []
    for number in sorted(range(len(lengths)), key=lambda n: -lengths[n]):
        longest = lengths[found[-1][0]] if found else 0
        fits = found and (len(found[-1]) + 1) * longest <= MOST_STATES
        if fits and lengths[number] >= ALIKE * longest:
            found[-1].append(number)
        else:
            found.append([number])
    return found


def _hear(
    tower: Any, mels: Sequence[Float[Tensor, "1 mel _frame"]], lengths: Sequence[int]
) -> list[Float[Tensor, "_audio_token feature"]]:
    """Run the encoder's parts; `lengths` says how many states of each clip are sound."""
    longest = max(lengths)
    # No state sees further than two frames beyond its own.
    sound = [mel[..., : 2 * states + 2] for mel, states in zip(mels, lengths, strict=True)]
    # Each [1, mel, frame], brought to one width.
    width = max(part.shape[-1] for part in sound)
    wave = F.gelu(tower.conv1(torch.cat([F.pad(x, (0, width - x.shape[-1])) for x in sound])))
    # [clip, channel, frame] in the convolutions, [clip, state, channel] from here on.
    hidden = F.gelu(tower.conv2(wave))[..., :longest].mT + tower.embed_positions.weight[:longest]
    mask = None
    if min(lengths) < longest:
        there = torch.arange(longest) < torch.tensor(lengths)[:, None]  # [clip, state]
        hidden_from = torch.zeros(there.shape).masked_fill(~there, torch.finfo(hidden.dtype).min)
        mask = hidden_from.to(hidden)[:, None, None]  # [clip, 1, 1, state]: no state sees filling
    for layer in tower.layers:
        hidden = layer(hidden, mask)
    # Two states are pooled into one token; a single one makes none, and the pooler would fail.
    if longest < 2:
        return [states[:0] for states in hidden]
    pooled = tower.layer_norm(tower.avg_pooler(hidden.mT).mT)
    return [states[: length // 2] for states, length in zip(pooled, lengths, strict=True)]
