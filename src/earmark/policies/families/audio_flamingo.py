"""Audio Flamingo 3: a Whisper-like tower that hears windows of 30 s, and a Qwen2 language model.

The class pads the last window, the only one of most clips, to its full length and hides the
padding from every layer. Here the tower runs on the sound of each window alone.
Source: arXiv 2507.08128.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from earmark.policies.families.standard import CapturedPolicy
from earmark.policies.kernels.unpadded_encoder import hear_true_length


class AudioFlamingoPolicy(CapturedPolicy):
    """Audio Flamingo 3 through the interface of `Policy`."""

    def encode(self, features: dict[str, Tensor]) -> Float[Tensor, "audio_token feature"]:
        """Run encoder and projector on one clip, window by window.

        Raises:
            InputError: they make another number of tokens than the processor counts.
        """
        # [window, mel, frame]
        windows = features["input_features"].to(self.device, self.network.dtype)
        frames = features["input_features_mask"].sum(1).tolist()
        heard = [
            hear_true_length(self.tower, window[None], count)
            for window, count in zip(windows, frames, strict=True)
        ]
        return self.of_all(self.parts.multi_modal_projector(torch.cat(heard)), features)
