"""Qwen2-Audio: a Whisper-like tower, a linear projector and a Qwen2 language model.

The class pads every clip to the tower's full length and cuts longer ones in silence, so clips
beyond that length are refused here. Source: arXiv 2407.10759.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from transformers import PreTrainedModel, ProcessorMixin
from transformers.masking_utils import create_bidirectional_mask

from earmark.errors import InputError
from earmark.policies.policy import Clip, Messages, Policy


class Qwen2AudioPolicy(Policy):
    """Qwen2-Audio through the interface of `Policy`."""

    def __init__(self, network: PreTrainedModel, processor: ProcessorMixin) -> None:
        super().__init__(network, processor)
        self.parts: Any = network.model
        self.extractor: Any = processor.feature_extractor
        self.tokenizer: Any = processor.tokenizer
        self.audio_token: str = getattr(processor, "audio_token", "<|AUDIO|>")
        ends = network.generation_config.eos_token_id if network.generation_config else None
        self.end_ids = {self.tokenizer.eos_token_id, *(ends if isinstance(ends, list) else [ends])}
        if self.tokenizer.convert_tokens_to_ids(self.audio_token) != network.config.audio_token_id:
            raise InputError(
                f"the tokenizer's id of {self.audio_token} is not the model's audio_token_id "
                f"{network.config.audio_token_id}; the processor belongs to another model"
            )

    @property
    def tower(self) -> nn.Module:
        """Return the audio encoder."""
        return self.parts.audio_tower

    @property
    def frozen_by_default(self) -> list[nn.Module]:
        """Return encoder and projector: hearing is kept, only writing is trained."""
        return [self.parts.audio_tower, self.parts.multi_modal_projector]

    @property
    def longest_clip_s(self) -> float:
        """Return the feature extractor's chunk length, in seconds."""
        return float(self.extractor.n_samples / self.extractor.sampling_rate)

    def lora_targets(self) -> str:
        """Return the seven linear layers of each language-model block, never the tower's."""
        return r".*language_model\..*\.(q|k|v|o|gate|up|down)_proj"

    def features(self, clip: Clip) -> dict[str, Tensor]:
        """Return log-mel features [1, mel, frame] and their mask [1, frame]."""
        self.check_length(clip, self.extractor.sampling_rate)
        mel = self.extractor(
            np.asarray(clip, dtype=np.float32),
            sampling_rate=self.extractor.sampling_rate,
            return_attention_mask=True,
            padding="max_length",
            return_tensors="pt",
        )
        return {
            "input_features": mel["input_features"],
            "feature_attention_mask": mel["attention_mask"],
        }

    def audio_tokens(self, features: dict[str, Tensor]) -> int:
        """Return how many tokens a clip takes, from the length of its features."""
        frames = features["feature_attention_mask"].sum(-1)
        _, tokens = self.parts.audio_tower._get_feat_extract_output_lengths(frames)
        return int(tokens[0])

    def encode(self, features: dict[str, Tensor]) -> Float[Tensor, "audio_token feature"]:
        """Run the encoder on one clip; states are before the projector."""
        mel = features["input_features"].to(self.device, self.network.dtype)
        frames = features["feature_attention_mask"].to(self.device).sum(-1)
        states, tokens = self.parts.audio_tower._get_feat_extract_output_lengths(frames)
        width = (mel.shape[2] - 2) // 2 + 1
        heard = (torch.arange(width, device=self.device)[None] < states[:, None]).long()
        mask = create_bidirectional_mask(
            config=self.parts.audio_tower.config,
            inputs_embeds=mel.new_zeros(1, width, 1),
            attention_mask=heard,
        )
        output = self.parts.audio_tower(mel, attention_mask=mask).last_hidden_state
        return output[0, : int(tokens[0])]

    def prompt_embeds(
        self, ids: Int[Tensor, "row token"], audio: Sequence[Float[Tensor, "audio_token feature"]]
    ) -> Float[Tensor, "row token hidden"]:
        """Embed tokens; projected audio takes the place of the placeholders, in order."""
        embeds = self.network.get_input_embeddings()(ids)
        places = ids == self.network.config.audio_token_id
        spoken = torch.cat([states.to(self.device) for states in audio])
        if int(places.sum()) != len(spoken):
            raise InputError(
                f"{int(places.sum())} audio placeholders in the prompts, {len(spoken)} audio "
                "tokens from the tower; the processor does not belong to this model"
            )
        projected = self.parts.multi_modal_projector(spoken.to(embeds.dtype))
        return embeds.masked_scatter(places[..., None], projected.to(embeds.dtype))

    def decode(
        self,
        embeds: Float[Tensor, "row token hidden"],
        mask: Bool[Tensor, "row 1 token token"],
        positions: Int[Tensor, "row token"],
    ) -> Float[Tensor, "row token hidden"]:
        """Run the Qwen2 decoder."""
        return self.parts.language_model(
            inputs_embeds=embeds, attention_mask=mask, position_ids=positions, use_cache=False
        ).last_hidden_state

    def head(self, hidden: Float[Tensor, "token hidden"]) -> Float[Tensor, "token vocabulary"]:
        """Apply the output matrix."""
        return self.network.lm_head(hidden)

    def prompt_ids(self, messages: Messages, audio_tokens: Sequence[int]) -> list[int]:
        """Tokenize a prompt; the processor's own expansion of placeholders, done by count."""
        text = self._render(messages)
        pieces = text.split(self.audio_token)
        if len(pieces) - 1 != len(audio_tokens):
            raise InputError(
                f"the chat template made {len(pieces) - 1} audio placeholders for "
                f"{len(audio_tokens)} clips; expected one for each"
            )
        for i, count in enumerate(audio_tokens):
            pieces[i] += self.audio_token * count
        return self.tokenizer("".join(pieces))["input_ids"]

    def answer_ids(self, messages: Messages, answer: str) -> list[int]:
        """Tokenize an answer up to the first end token that the chat template puts after it."""
        prompt = self._render(messages)
        whole = self.processor.apply_chat_template(
            [*messages, {"role": "assistant", "content": answer}], tokenize=False
        )
        if not whole.startswith(prompt + answer):
            raise InputError(
                "the chat template does not continue its own generation prompt with the answer; "
                "the model directory's chat template cannot be trained on"
            )
        answer_ids = self.tokenizer(answer, add_special_tokens=False)["input_ids"]
        rest = self.tokenizer(whole[len(prompt) + len(answer) :], add_special_tokens=False)
        end = next((token for token in rest["input_ids"] if token in self.end_ids), None)
        if end is None:
            raise InputError(
                "the chat template puts no end token after an answer; the model could never stop"
            )
        return [*answer_ids, end]

    def plain_inputs(self, messages: Messages, clips: Sequence[Clip]) -> dict[str, Tensor]:
        """Return what the processor makes of one prompt and its clips."""
        return dict(self._process([messages], clips))

    @torch.no_grad()
    def transcribe(
        self, prompts: Sequence[Messages], clips: Sequence[Clip], max_new_tokens: int
    ) -> list[str]:
        """Write down what is heard; one clip per prompt, the library's own greedy search."""
        inputs = self._process(prompts, clips)
        network: Any = self.network
        written = network.generate(
            **inputs,
            max_new_tokens=max_new_tokens,
            do_sample=False,
            num_beams=1,
            repetition_penalty=1.0,
        )
        answers = written[:, inputs["input_ids"].shape[1] :]
        return self.tokenizer.batch_decode(answers, skip_special_tokens=True)

    def _render(self, messages: Messages) -> str:
        return self.processor.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True
        )

    def _process(self, prompts: Sequence[Messages], clips: Sequence[Clip]) -> Any:
        for clip in clips:
            self.check_length(clip, self.extractor.sampling_rate)
        self.tokenizer.padding_side = "left"
        return self.processor(
            text=[self._render(messages) for messages in prompts],
            audio=list(clips),
            sampling_rate=self.extractor.sampling_rate,
            padding=True,
            return_tensors="pt",
        ).to(self.device, self.network.dtype)
