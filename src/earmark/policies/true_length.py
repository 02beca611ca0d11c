"""Run a Whisper-like encoder on the sound of a window, where the class pads all to 30 s."""

from typing import Any

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


def hear_true_length(
    tower: Any, mel: Float[Tensor, "1 mel frame"], frames: int
) -> Float[Tensor, "audio_token feature"]:
    """Run a Whisper-like encoder on the `frames` that hold sound, and on no padding.

    The convolutions see two frames of padding beyond the sound, as they do in the padded clip;
    the layers see sound only, which is what the class's mask lets them see. There is no layer
    drop, as there is no dropout in training.
    """
    states = (frames - 1) // 2 + 1
    wave = F.gelu(tower.conv1(mel[..., : 2 * states + 2]))
    hidden = F.gelu(tower.conv2(wave))[..., :states].mT + tower.embed_positions.weight[:states]
    for layer in tower.layers:
        hidden = layer(hidden, None)
    if states < 2:
        return hidden[0, :0]
    return tower.layer_norm(tower.avg_pooler(hidden.mT).mT)[0]
