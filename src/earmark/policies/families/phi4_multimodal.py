"""Phi-4-multimodal: a conformer, a projector and a Phi-4-mini decoder that merges audio itself.

The class has no language model of its own to capture, but its decoder takes embeddings, so it is
composed here: the audio embedding's own forward for one clip, then the decoder. The checkpoint
needs its speech LoRA (`Facts.speech_lora`), which is merged when it is loaded.

The conformer adds its mask to the attention as a number, so that padding is not hidden from it
(transformers 5.23): in a batch, a short clip is heard differently than alone. Here each is heard
alone, in training and in transcription. Source: arXiv 2503.01743.
"""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Bool, Float, Int, Real
from torch import Tensor, nn
from transformers import PreTrainedModel

from earmark.errors import InputError
from earmark.policies.audio_chat import PLACEHOLDERS, AudioChatPolicy
from earmark.policies.audio_places import audio_places, put_in
from earmark.policies.policy import Clip, Embedded, Processor, SharedRowPolicy
from earmark.prompting.facts import Facts
from earmark.prompting.messages import Messages


class Phi4MultimodalPolicy(AudioChatPolicy, SharedRowPolicy):
    """Phi-4-multimodal through the interface of `Policy`."""

    def __init__(
        self, network: PreTrainedModel, processor: Processor, facts: Facts | None = None
    ) -> None:
        super().__init__(network, processor, facts)
        self.hearer: Any = self.language_model.embed_tokens_extend.audio_embed

    @property
    def language_model(self) -> Any:
        """Return the Phi-4-mini decoder, which has conformer and projectors in it."""
        return self.network.model

    @property
    def tower(self) -> nn.Module:
        """Return the conformer."""
        return self.hearer.encoder

    @property
    def hearing(self) -> list[nn.Module]:
        """Return conformer and projectors."""
        return [self.hearer]

    @property
    def frozen_by_default(self) -> list[nn.Module]:
        """Return conformer and projectors, and the eyes."""
        return [self.language_model.embed_tokens_extend]

    def features(self, clip: Clip) -> dict[str, Tensor]:
        """Return log-mel features [1, frame, mel], and how many placeholders they fill.

        Raises:
            InputError: the clip is too long, or shorter than one frame.
        """
        if len(clip) < self.extractor.win_length:
            raise InputError(
                f"clip: {len(clip)} samples of audio, but this model hears no less than one frame "
                f"of {self.extractor.win_length}; leave it out"
            )
        return super().features(clip)

    def prompt_ids(
        self, messages: Messages, audio_tokens: Sequence[int], prefill: str | None = None
    ) -> list[int]:
        """Tokenize a prompt of one clip.

        Raises:
            InputError: it holds several, which the class hears differently than alone.
        """
        if len(audio_tokens) > 1:
            raise InputError(
                f"the prompt holds {len(audio_tokens)} clips, but this model hears several clips "
                "of one prompt differently than each alone: the padding of shorter ones is not "
                "hidden from it. Give each clip a prompt of its own"
            )
        return super().prompt_ids(messages, audio_tokens, prefill)

    def encode(self, features: dict[str, Tensor]) -> Float[Tensor, "audio_token feature"]:
        """Run conformer and projector on one clip, through the class's own merging."""
        count = int(features[PLACEHOLDERS])
        mel = features["audio_input_features"].to(self.device, self.network.dtype)
        # A prompt of nothing but placeholders: all that is merged into it is what was heard.
        ids = torch.full((1, count), self.audio_id, device=self.device)
        merged = self.hearer(
            input_ids=ids,
            inputs_embeds=mel.new_zeros(1, count, self.network.config.hidden_size),
            audio_input_features=mel,
            audio_embed_sizes=features["audio_embed_sizes"],
        )
        return merged[0]  # of [1, audio_token, hidden]

    def prompt_embeds(
        self,
        ids: Int[Tensor, "row token"],
        audio: Sequence[Float[Tensor, "_audio_token feature"]],
        real: Bool[Tensor, "row token"] | None = None,
    ) -> Embedded:
        """Embed tokens; audio takes the place of the placeholders, in order."""
        places = audio_places(ids, audio, self.audio_id)
        return Embedded(put_in(self.language_model.embed_tokens(ids), places, audio))

    @property
    def longest_row(self) -> int | None:
        """Return the tokens beyond which the class turns all positions another way."""
        return int(self.network.config.original_max_position_embeddings)

    def decode(
        self,
        embeds: Float[Tensor, "row token hidden"],
        mask: Bool[Tensor, "row 1 token seen"] | None,
        positions: Real[Tensor, "*axis row token"],
        cache: Any = None,
    ) -> Float[Tensor, "row token hidden"]:
        """Run the decoder without its head.

        Raises:
            InputError: a prompt with an answer is so long that the class changes its positions.
        """
        longest = self.network.config.original_max_position_embeddings
        if int(positions.max()) >= longest:
            raise InputError(
                f"a prompt with its answer has {int(positions.max()) + 1} tokens; beyond {longest} "
                "this model turns all positions of a batch another way, so that rows would not be "
                "independent. Cut the clip into shorter utterances"
            )
        return super().decode(embeds, mask, positions, cache)
