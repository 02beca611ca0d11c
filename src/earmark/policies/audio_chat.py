"""Policies whose processor takes text and audio.

The processor repeats each clip's placeholder to its number of audio tokens and makes the model's
inputs. What it cuts or cannot take is refused.
"""

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel

from earmark.errors import InputError
from earmark.policies.audio import AudioPolicy
from earmark.policies.audio_places import OTHER_PROCESSOR
from earmark.policies.chat import ChatPolicy
from earmark.policies.policy import Clip, Features, Processor
from earmark.prompting.facts import Facts
from earmark.prompting.messages import Messages

TEXT_INPUTS = {"input_ids", "attention_mask", "token_type_ids", "mm_token_type_ids"}
PLACEHOLDERS = "placeholders"


class AudioChatPolicy(ChatPolicy, AudioPolicy):
    """A policy whose processor has a chat template and an audio token."""

    def __init__(
        self, network: PreTrainedModel, processor: Processor, facts: Facts | None = None
    ) -> None:
        super().__init__(network, processor, facts)
        self.audio_token = self._audio_token()
        self.audio_id = self.tokenizer.get_vocab().get(self.audio_token, -1)

    def _audio_token(self) -> str:
        """Return the placeholder, which tokenizer and model must know by the same id."""
        named = getattr(self.processor, "audio_token", "<|AUDIO|>")
        token = str(self.facts.audio_token or named)
        known = self.tokenizer.get_vocab().get(token)
        expected = getattr(self.network.config, "audio_token_id", known)
        if known is None:
            raise InputError(
                f"the tokenizer has no audio token {token}, so no prompt could hold audio; take "
                "the processor and tokenizer files from the model's own folder"
            )
        if known != expected:
            raise InputError(
                f"the tokenizer's id of {token} is {known}, not the model's audio_token_id "
                f"{expected}; {OTHER_PROCESSOR}"
            )
        return token

    def audio_tokens(self, features: Features) -> int:
        """Return how many placeholders the processor counts."""
        return int(features[PLACEHOLDERS])

    def features(self, clip: Clip) -> dict[str, Tensor]:
        """Return what the processor makes of one clip, and how many placeholders it counts.

        Raises:
            InputError: the clip is too long or too short to be heard, or the processor cuts it.
        """
        self.check_length(clip, self.sample_rate_hz)
        made = dict(self.call_processor([self.audio_token], [clip], self.short_window(clip)))
        placeholders = int((made["input_ids"] == self.audio_id).sum())
        if placeholders == 0:
            raise InputError(
                f"clip: {len(clip) / self.sample_rate_hz:.3f} s of audio is too short to be "
                "heard: it gives no audio token; leave it out"
            )
        found = {name: value for name, value in made.items() if name not in TEXT_INPUTS}
        self._check_whole(clip, found)
        return {**found, PLACEHOLDERS: torch.tensor([placeholders])}

    def short_window(self, clip: Clip) -> dict[str, Any]:
        """Return arguments that pad a clip to little more than its length, not to the window.

        A frame of sound sees `n_fft` samples, so with that much silence after the clip its
        frames are those of a clip padded to the whole window.
        """
        if not self.facts.pads_to_window:
            return {}
        hop = self.extractor.hop_length
        frames = -(-(len(clip) + 2 * self.extractor.n_fft) // hop)
        whole = self.extractor.n_samples
        return {"audio_kwargs": {"max_length": min(whole, (frames + frames % 2) * hop)}}

    def _check_whole(self, clip: Clip, found: dict[str, Tensor]) -> None:
        """Refuse a processor that keeps fewer frames than the clip has."""
        masks = [value for name, value in found.items() if name.endswith("mask")]
        hop = getattr(self.extractor, "hop_length", None)
        if not masks or hop is None:
            return
        kept, there = int(masks[0].sum()), len(clip) // hop
        if kept < there - 1:
            raise InputError(
                f"the processor cuts audio: it keeps {kept} of the {there} frames of a clip of "
                f"{len(clip) / self.sample_rate_hz:.2f} s; correct chunk_length, n_samples or "
                "truncation in preprocessor_config.json, or cut the clip into shorter utterances"
            )

    def prompt_ids(
        self, messages: Messages, audio_tokens: Sequence[int], prefill: str | None = None
    ) -> list[int]:
        """Tokenize a prompt; the processor's own expansion of placeholders, done by count."""
        begun = self.prefill if prefill is None else prefill
        pieces = self.render(messages, begun).split(self.audio_token)
        if len(pieces) - 1 != len(audio_tokens):
            raise InputError(
                f"the chat template made {len(pieces) - 1} audio placeholders for "
                f"{len(audio_tokens)} clips; expected one for each"
            )
        for i, count in enumerate(audio_tokens):
            pieces[i] += self.audio_token * count
        return self.tokenizer("".join(pieces))["input_ids"]

    def process(self, texts: Sequence[str], clips: Sequence[Clip]) -> Any:
        """Return the library's own model inputs for rendered prompts, padded on the left."""
        for clip in clips:
            self.check_length(clip, self.sample_rate_hz)
        self.tokenizer.padding_side = "left"
        made = self.call_processor(list(texts), list(clips), {"text_kwargs": {"padding": True}})
        return made.to(self.device, self.network.dtype)

    def call_processor(self, texts: list[str], clips: list[Clip], options: dict[str, Any]) -> Any:
        """Call the processor on texts that hold one audio token for each clip.

        Raises:
            InputError: the processor cannot take them, or finds that it cuts them.
        """
        processor: Any = self.processor
        takes = inspect.signature(type(processor).__call__).parameters
        heard = [np.asarray(clip, dtype=np.float32) for clip in clips]
        sound: dict[str, Any] = {"audios" if "audios" in takes else "audio": heard or None}
        if clips:
            sound["sampling_rate"] = self.sample_rate_hz
        try:
            return processor(text=texts, **sound, return_tensors="pt", **options)
        except ValueError as error:
            raise InputError(
                f"{type(processor).__name__} cannot take a prompt with its clips: {error}. If it "
                "cuts them, take truncation and max_length out of processor_config.json and "
                "tokenizer_config.json; shorter utterances help as well"
            ) from error
