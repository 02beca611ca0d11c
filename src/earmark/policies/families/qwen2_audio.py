"""Qwen2-Audio: a Whisper-like tower, a linear projector and a Qwen2 language model.

The class pads every clip to the tower's full length and silently cuts longer ones. Here clips
beyond that length are refused, and the tower runs on the true length of each.
Source: arXiv 2407.10759.
"""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from transformers import PreTrainedModel

from earmark.policies.audio_chat import AudioChatPolicy
from earmark.policies.audio_places import audio_places, put_in
from earmark.policies.kernels.unpadded_encoder import (
    hear_true_length,
    hear_true_lengths,
    pays_together,
)
from earmark.policies.policy import Embedded, Processor, SharedRowPolicy
from earmark.prompting.facts import Facts


class Qwen2AudioPolicy(AudioChatPolicy, SharedRowPolicy):
    """Qwen2-Audio through the interface of `Policy`."""

    def __init__(
        self, network: PreTrainedModel, processor: Processor, facts: Facts | None = None
    ) -> None:
        super().__init__(network, processor, facts or Facts(pads_to_window=True))
        self.parts: Any = network.model

    @property
    def tower(self) -> nn.Module:
        """Return the audio encoder."""
        return self.parts.audio_tower

    @property
    def hearing(self) -> list[nn.Module]:
        """Return the encoder; the projector is run on what is cached."""
        return [self.parts.audio_tower]

    @property
    def frozen_by_default(self) -> list[nn.Module]:
        """Return encoder and projector: hearing is kept, only writing is trained."""
        return [self.parts.audio_tower, self.parts.multi_modal_projector]

    @property
    def language_model(self) -> Any:
        """Return the Qwen2 decoder."""
        return self.parts.language_model

    def encode(self, features: dict[str, Tensor]) -> Float[Tensor, "audio_token feature"]:
        """Run the encoder on one clip; states are before the projector."""
        mel = features["input_features"].to(self.device, self.network.dtype)
        frames = int(features["feature_attention_mask"].sum())
        return hear_true_length(self.parts.audio_tower, mel, frames)

    def encode_all(
        self, clips: Sequence[dict[str, Tensor]]
    ) -> list[Float[Tensor, "_audio_token feature"]]:
        """Run the encoder on several clips: on a GPU together."""
        if not pays_together(self.device):
            return super().encode_all(clips)
        mels = [clip["input_features"].to(self.device, self.network.dtype) for clip in clips]
        counts = [clip["feature_attention_mask"].sum() for clip in clips]
        return hear_true_lengths(self.parts.audio_tower, mels, torch.stack(counts).tolist())

    def prompt_embeds(
        self,
        ids: Int[Tensor, "row token"],
        audio: Sequence[Float[Tensor, "_audio_token feature"]],
        real: Bool[Tensor, "row token"] | None = None,
    ) -> Embedded:
        """Embed tokens; projected audio takes the place of the placeholders, in order."""
        embeds = self.network.get_input_embeddings()(ids)
        places = audio_places(ids, audio, self.audio_id)
        return Embedded(put_in(embeds, places, audio, self.parts.multi_modal_projector))
