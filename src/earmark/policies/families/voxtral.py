"""Voxtral: a Whisper-like tower, a projector and a Llama, with the tokens of mistral-common.

Its chat template is code, not text, and its tokenizer never reads special tokens from text: all
prompts are made by the library from messages and audio. A user's turn that holds a clip and no
more text than a language code, such as `lang:en`, is a transcription request; any other text is
an instruction. The class pads every clip to whole windows of 30 s, of 375 tokens each, and its
tower attends to the padding, so it cannot run on the true length. Source: arXiv 2507.13264.
"""

import io
import json
import re
from base64 import b64encode
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import soundfile
import torch
from torch import Tensor
from transformers import PreTrainedModel
from transformers.tokenization_mistral_common import MistralCommonBackend

from earmark.errors import InputError
from earmark.policies.audio_chat import PLACEHOLDERS
from earmark.policies.families.standard import CapturedPolicy
from earmark.policies.policy import Clip, Processor
from earmark.prompting.facts import Facts
from earmark.prompting.messages import Messages, text_of, turn_of

REFUSALS: tuple[type[Exception], ...] = (ValueError,)
try:
    from mistral_common.exceptions import MistralCommonException

    REFUSALS = (ValueError, MistralCommonException)
except ImportError:  # an extra of its own, without which no VoxtralPolicy is made
    pass

TRANSCRIBE = "[TRANSCRIBE]"
LANGUAGE = re.compile(r"(lang:[a-z]{2})?")
ASKED: Messages = [{"role": "user", "content": [{"type": "audio"}]}]
NOTHING = np.zeros(1, dtype=np.float32)


class VoxtralPolicy(CapturedPolicy):
    """Voxtral through the interface of `Policy`."""

    def __init__(
        self, network: PreTrainedModel, processor: Processor, facts: Facts | None = None
    ) -> None:
        tokenizer: Any = getattr(processor, "tokenizer", None)
        if not isinstance(tokenizer, MistralCommonBackend):
            raise InputError(
                f"Voxtral's prompts are made by mistral-common's tokenizer, found "
                f"{type(tokenizer).__name__}; pip install '.[voxtral]', and take tekken.json "
                "from the model's own folder"
            )
        super().__init__(network, processor, facts)
        self.audio_id = int(network.config.audio_token_id)
        self._template = lru_cache(maxsize=1024)(self._template_ids)

    def features(self, clip: Clip) -> dict[str, Tensor]:
        """Return log-mel features [window, mel, frame], and how many placeholders they fill.

        Raises:
            InputError: the clip is longer than the model hears.
        """
        self.check_length(clip, self.sample_rate_hz)
        made = self._library(ASKED, [clip])
        count = int((made["input_ids"] == self.audio_id).sum())
        return {"input_features": made["input_features"], PLACEHOLDERS: torch.tensor([count])}

    def render(self, messages: Messages, prefill: str = "") -> str:
        """Return a prompt as JSON: messages without their clips, and what the answer begins with.

        Args:
            messages: the prompt; the text of a last assistant message is what the answer is
                made to begin with.
            prefill: what it begins with where there is no such message.
        """
        turn = turn_of(messages, self.facts)
        named = [_without_audio(message) for message in turn.messages]
        return json.dumps([named, turn.prefill or prefill])

    def prompt_ids(
        self, messages: Messages, audio_tokens: Sequence[int], prefill: str | None = None
    ) -> list[int]:
        """Return the library's tokens of a prompt, each clip taking its number of placeholders.

        Raises:
            InputError: the prompt holds another number of clips.
        """
        begun = self.prefill if prefill is None else prefill
        template = self._template(self.render(messages, begun))
        ids: list[int] = []
        clips = 0
        for before, token in zip([None, *template], template, strict=False):
            if token != self.audio_id:
                ids.append(token)
            elif before != self.audio_id:
                ids += [token] * (audio_tokens[clips] if clips < len(audio_tokens) else 0)
                clips += 1
        if clips != len(audio_tokens):
            raise InputError(
                f"the prompt holds {clips} clips, but {len(audio_tokens)} were heard; expected "
                'one content part {"type": "audio", "audio": PATH} for each'
            )
        return ids

    def answer_ids(self, messages: Messages, answer: str) -> list[int]:
        """Tokenize an answer; the end token follows it.

        Raises:
            InputError: it holds the audio token.
        """
        if self.audio_token in answer:
            raise InputError(
                f"the answer {answer!r} holds the audio token {self.audio_token}; take it out of "
                "the pairs"
            )
        return [*self._text_ids(answer), int(self.tokenizer.eos_token_id)]

    def process(self, texts: Sequence[str], clips: Sequence[Clip]) -> Any:
        """Return the library's own model inputs for rendered prompts, padded on the left."""
        left = list(clips)
        rows = []
        for text in texts:
            messages, prefill = json.loads(text)
            count = sum(map(_is_audio, _parts(messages)))
            rows.append(self._inputs(messages, prefill, left[:count]))
            del left[:count]
        if left:
            raise InputError(f"the prompts hold {len(clips) - len(left)} of {len(clips)} clips")
        width = max(row["input_ids"].shape[1] for row in rows)
        ids = torch.full((len(rows), width), self.pad_id)
        mask = torch.zeros_like(ids)
        for line, row in enumerate(rows):
            length = row["input_ids"].shape[1]
            ids[line, width - length :] = row["input_ids"][0]
            mask[line, width - length :] = 1
        batch = {"input_ids": ids.to(self.device), "attention_mask": mask.to(self.device)}
        heard = [row["input_features"] for row in rows if "input_features" in row]
        if heard:
            batch["input_features"] = torch.cat(heard).to(self.device, self.network.dtype)
        return batch

    def _inputs(self, messages: Messages, prefill: str, clips: Sequence[Clip]) -> dict[str, Tensor]:
        """Make the model's inputs for one prompt, a transcription request where it is one."""
        for clip in clips:
            self.check_length(clip, self.sample_rate_hz)
        said = text_of(messages[-1]).strip()
        tail = self._text_ids(prefill)
        if len(messages) == 1 and len(clips) == 1 and LANGUAGE.fullmatch(said):
            token = self.tokenizer.convert_tokens_to_ids(TRANSCRIBE)
            tail = [*self._text_ids(said), token, *tail]
            messages = ASKED
        made = self._library(messages, clips)
        ids = torch.cat([made["input_ids"], torch.tensor([tail], dtype=torch.long)], dim=1)
        return {**made, "input_ids": ids}

    def _library(self, messages: Messages, clips: Sequence[Clip]) -> dict[str, Tensor]:
        """Let the processor render messages, with the clips in the place of their names."""
        left = [{"type": "audio", "base64": _wav(clip, self.sample_rate_hz)} for clip in clips]
        filled = []
        for message in messages:
            content = message["content"]
            if not isinstance(content, str):
                parts = [p for p in content if _is_audio(p) or p.get("text", "").strip()]
                content = [left.pop(0) if _is_audio(part) else part for part in parts]
            filled.append({**message, "content": content})
        processor: Any = self.processor
        try:
            made = processor.apply_chat_template(filled)
        except REFUSALS as error:
            raise InputError(f"the chat template does not take this prompt: {error}") from error
        return {name: made[name] for name in ("input_ids", "input_features") if name in made}

    def _template_ids(self, text: str) -> tuple[int, ...]:
        """Tokenize a prompt whose clips are one sample each, which fills one window."""
        clips = sum(map(_is_audio, _parts(json.loads(text)[0])))
        return tuple(self.process([text], [NOTHING] * clips)["input_ids"][0].tolist())

    def _text_ids(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"]) if text else []


def _is_audio(part: dict[str, Any]) -> bool:
    return part.get("type") == "audio"


def _parts(messages: Messages) -> list[dict[str, Any]]:
    return [p for m in messages if not isinstance(m["content"], str) for p in m["content"]]


def _without_audio(message: dict[str, Any]) -> dict[str, Any]:
    """Leave out where the clips come from, so that prompts that differ in it are one."""
    content = message["content"]
    if isinstance(content, str):
        return message
    return {**message, "content": [{"type": "audio"} if _is_audio(p) else p for p in content]}


def _wav(clip: Clip, sample_rate_hz: int) -> str:
    """Write a clip as a WAV of float32 samples, which loses nothing, in base64."""
    file = io.BytesIO()
    soundfile.write(file, clip, sample_rate_hz, format="WAV", subtype="FLOAT")
    return b64encode(file.getvalue()).decode()
