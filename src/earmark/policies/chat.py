"""The side of a policy that speaks in messages: chat template, processor, greedy transcription.

What every family has in common: its processor renders messages, repeats each clip's placeholder
to its number of audio tokens and makes the model's inputs; the model's own `generate` writes.
"""

import inspect
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import PreTrainedModel, ProcessorMixin

from earmark.errors import InputError
from earmark.policies.audio_places import OTHER_PROCESSOR
from earmark.policies.checkpoint.library_errors import reason_of
from earmark.policies.continuation import continuation_ids
from earmark.policies.plain_decoding import GREEDY, decoding_plainly
from earmark.policies.policy import Clip, Features, Policy
from earmark.prompting.answer import Answer
from earmark.prompting.facts import Facts
from earmark.prompting.messages import Messages, texts_in, turn_of

TEXT_INPUTS = {"input_ids", "attention_mask", "token_type_ids", "mm_token_type_ids"}
PLACEHOLDERS = "placeholders"
PROBE = "an answer"


class ChatPolicy(Policy):
    """A policy whose processor has a chat template and an audio token."""

    def __init__(
        self, network: PreTrainedModel, processor: ProcessorMixin, facts: Facts | None = None
    ) -> None:
        super().__init__(network, processor, facts)
        self.tokenizer: Any = getattr(processor, "tokenizer", processor)
        self.extractor: Any = getattr(
            processor, "feature_extractor", getattr(processor, "audio_processor", None)
        )
        self.prefill = self.facts.prefill
        self._opens_with: str | None = None
        self.audio_token = self._audio_token()
        self.audio_id: int = self.tokenizer.get_vocab().get(self.audio_token, -1)
        ends = network.generation_config.eos_token_id if network.generation_config else None
        several = ends if isinstance(ends, (list, tuple)) else [ends]
        self.end_ids = {self.tokenizer.eos_token_id, *several} - {None}

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

    @property
    def own_tokens(self) -> set[str]:
        """Return the placeholder of audio and the tokens that end an answer."""
        return {self.audio_token, *self.tokenizer.convert_ids_to_tokens(sorted(self.end_ids))}

    @property
    def longest_row(self) -> int | None:
        """Return the number of positions that the language model was made for."""
        config = self.network.config.get_text_config(decoder=True)
        return getattr(config, "max_position_embeddings", None)

    @property
    def pad_id(self) -> int:
        """Return the token that fills short rows: never looked at, and never the placeholder."""
        pad = self.tokenizer.pad_token_id
        return min(self.end_ids) if pad is None or pad == self.audio_id else int(pad)

    @property
    def sample_rate_hz(self) -> int:
        """Return the rate at which clips are given."""
        return int(self.extractor.sampling_rate)

    @property
    def longest_clip_s(self) -> float:
        """Return the makers' limit, or the feature extractor's window, in seconds."""
        if self.facts.longest_clip_s is not None:
            return self.facts.longest_clip_s
        return float(self.extractor.n_samples / self.extractor.sampling_rate)

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

        A frame of sound sees `n_fft` samples, so with that much silence behind the clip its
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

    def prompt_ids(self, messages: Messages, audio_tokens: Sequence[int]) -> list[int]:
        """Tokenize a prompt; the processor's own expansion of placeholders, done by count."""
        pieces = self.render(messages, self.prefill).split(self.audio_token)
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
        prompt = self.render(messages, self.prefill)
        turn = turn_of(messages, self.facts)
        begun = (turn.prefill or self.prefill) + answer
        whole = self.apply_template([*turn.messages, {"role": "assistant", "content": begun}])
        if not whole.startswith(prompt + answer):
            raise InputError(
                "the chat template does not continue its own generation prompt with the answer; "
                "the model directory's chat template cannot be trained on"
            )
        answer_ids = continuation_ids(self.tokenizer, prompt, answer)
        if self.audio_id in answer_ids:
            raise InputError(
                f"the answer {answer!r} holds the audio token {self.audio_token}, which the model "
                "would hear as another clip; take it out of the pairs"
            )
        if self.end_ids & {*answer_ids}:
            raise InputError(
                f"the answer {answer!r} holds a token that ends answers, so the rest of it would "
                "never be written; take it out of the pairs"
            )
        rest = self.tokenizer(whole[len(prompt) + len(answer) :], add_special_tokens=False)
        end = next((token for token in rest["input_ids"] if token in self.end_ids), None)
        if end is None:
            raise InputError(
                "the chat template puts no end token after an answer; the model could never stop"
            )
        return [*answer_ids, end]

    def plain_inputs(self, messages: Messages, clips: Sequence[Clip]) -> dict[str, Tensor]:
        """Return what the processor makes of one prompt and its clips."""
        return dict(self.process([self.render(messages, self.prefill)], clips))

    @torch.no_grad()
    def answers(
        self, prompts: Sequence[Messages], clips: Sequence[Clip], caps: Sequence[int]
    ) -> list[Answer]:
        """Write down what is heard; one clip per prompt, the library's own greedy search."""
        inputs = self.process([self.render(messages) for messages in prompts], clips)
        network: Any = self.network
        with decoding_plainly(network):
            written = network.generate(**inputs, **GREEDY, max_new_tokens=max(caps))
        asked = inputs["input_ids"]
        width = asked.shape[1]
        # The library puts the prompt before the answer; code of a model's own may not.
        rows = written[:, width:] if torch.equal(written[:, :width], asked) else written
        kept = [row[:cap].tolist() for row, cap in zip(rows, caps, strict=True)]
        texts = self.tokenizer.batch_decode(kept, skip_special_tokens=True)
        # A row that ended before others of its batch is filled up, with an end token or padding.
        ends = {*self.end_ids, self.pad_id}
        return [
            Answer(text, cut=len(ids) == cap and ends.isdisjoint(ids))
            for text, ids, cap in zip(texts, kept, caps, strict=True)
        ]

    def render(self, messages: Messages, prefill: str = "") -> str:
        """Return a prompt as text, up to where the answer begins.

        Args:
            messages: the prompt; the text of a last assistant message is what the answer is
                made to begin with.
            prefill: what it begins with where there is no such message.

        Raises:
            InputError: the chat template leaves out the text of a message.
        """
        turn = turn_of(messages, self.facts)
        text = self.apply_template(turn.messages, add_generation_prompt=True)
        text += self._opening(turn.messages, text)
        for message in turn.messages:
            for said in texts_in(message):
                if said.strip() not in text:
                    raise InputError(
                        f"the chat template of this model leaves out '{said}', of role "
                        f"'{message['role']}'; leave it out of the prompt, or mend the template"
                    )
        return text + (turn.prefill or prefill)

    def _opening(self, messages: Messages, prompt: str) -> str:
        """Return what the template writes before an answer, as Qwen3's does an empty thought.

        It is the same for all prompts. A model that was never shown an answer without it is
        neither trained nor asked without it.
        """
        if self._opens_with is None:
            try:
                whole = self.apply_template([*messages, {"role": "assistant", "content": PROBE}])
            except InputError:
                whole = ""
            opening = whole.removeprefix(prompt).partition(PROBE)[0]
            known = whole.startswith(prompt) and opening.strip()
            self._opens_with = opening if known else ""
        return self._opens_with

    def apply_template(self, messages: Messages, **options: Any) -> str:
        """Render messages by the processor's chat template, or the tokenizer's if it has none.

        Raises:
            InputError: neither has one, or it does not take these messages.
        """
        processor: Any = self.processor
        if getattr(processor, "chat_template", None) is None:
            template = getattr(self.tokenizer, "chat_template", None)
            if template is None:
                raise InputError(
                    "the model has no chat template, so messages cannot be turned into a prompt; "
                    "add chat_template.jinja to its folder"
                )
            options["chat_template"] = template
        try:
            return processor.apply_chat_template(messages, tokenize=False, **options)
        except TimeoutError:
            raise
        # A template is code that comes with the model: it may raise anything.
        except Exception as error:
            raise InputError(
                f"the chat template does not take this prompt: {reason_of(error)}"
            ) from error

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
