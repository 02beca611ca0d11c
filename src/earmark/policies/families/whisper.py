"""Whisper: an encoder of windows of 30 s, and a decoder that attends to it. arXiv 2212.04356.

What a prompt is to other families are the decoder's first tokens here: the text of a message of
role `system` after `<|startofprev|>`, then `<|startoftranscript|>`, and then what a last message of
role `assistant` says, which names language, task and whether times are written:
`<|zh|><|transcribe|><|notimestamps|>`. Without such a message the model finds the language by
itself in transcription, and training needs `--language`. An English-only checkpoint has neither
language nor task in its prompt.

The class pads every clip to 30 s. Here the encoder runs on the clip and some seconds of silence
after it. Departure: Whisper was trained on whole windows. Without that silence Whisper base
repeated itself on 20 of 64 clips, with 4 s of it on one; log-probabilities of the truth then move
by 0.09 nat per token (docs/whisper.md). `silence_s` 30 fills the window.
"""

import re
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from earmark.errors import InputError, KnobError
from earmark.policies.encoder_decoder import EncoderDecoderPolicy
from earmark.policies.kernels.short_window import FRAMES_PER_STATE, take_short_windows
from earmark.policies.policy import Clip, Processor
from earmark.policies.rows.cross_attention import Beside, decode
from earmark.prompting.facts import Facts
from earmark.prompting.messages import Messages, text_of, turn_of
from earmark.text.script import is_han

USUAL_SILENCE_S = 4.0
START, BEFORE = "<|startoftranscript|>", "<|startofprev|>"
TRANSCRIBE, NO_TIMES = "<|transcribe|>", "<|notimestamps|>"
LANGUAGE = re.compile(r"<\|[a-z]{2,3}\|>")
MARK = re.compile(r"<\|[^|\s]+\|>")
TIME = re.compile(r"<\|\d+\.\d\d\|>")
OPENING = re.compile(
    rf"(?P<language>{LANGUAGE.pattern})<\|(transcribe|translate)\|>(<\|notimestamps\|>)?"
)
# Its vocabulary without a language; one with all has a token more at least.
ENGLISH_ONLY = 51864
# A context takes half of the positions at most, as its makers train it.
SHARE_OF_CONTEXT = 0.5
# Written without blanks between words. After <|zh|> the base writes no blank before its first
# word, after <|en|> one; with the other form the first token is 6 to 9 nats less likely.
WITHOUT_BLANKS = {"zh", "yue", "ja", "th", "lo", "my", "km", "bo"}


class WhisperPolicy(EncoderDecoderPolicy):
    """Whisper of any size through the interface of `Policy`."""

    def __init__(
        self, network: PreTrainedModel, processor: Processor, facts: Facts | None = None
    ) -> None:
        super().__init__(network, processor, facts)
        self.parts: Any = network.model
        self.silence_s = USUAL_SILENCE_S
        vocabulary = self.tokenizer.get_vocab()
        self.special = {n: token for token, n in vocabulary.items() if MARK.fullmatch(token)}
        self._check_tokens(vocabulary)
        if not self.is_multilingual:
            self.prefill = NO_TIMES
        take_short_windows(self.parts.encoder)

    def _check_tokens(self, vocabulary: dict[str, int]) -> None:
        """Refuse a tokenizer that lacks what prompts are made of, or belongs to another model.

        Raises:
            InputError: names the token.
        """
        for token in (START, NO_TIMES, *((TRANSCRIBE,) if self.is_multilingual else ())):
            if token not in vocabulary:
                raise InputError(
                    f"the tokenizer has no token {token}, of which Whisper's prompts are made; "
                    "take the tokenizer files from the model's own folder"
                )
        first = self.network.config.decoder_start_token_id
        if first != vocabulary[START]:
            raise InputError(
                f"the tokenizer's number of {START} is {vocabulary[START]}, the model's "
                f"decoder_start_token_id {first}; take the tokenizer files from the model's own "
                "folder"
            )

    # What it is made of.

    @property
    def tower(self) -> nn.Module:
        """Return the encoder."""
        return self.parts.encoder

    @property
    def decoder(self) -> Any:
        """Return the decoder."""
        return self.parts.decoder

    @property
    def frozen_by_default(self) -> list[nn.Module]:
        """Return the encoder, and the decoder's embeddings, which are the output matrix too."""
        return [self.tower, self.decoder.embed_tokens, self.decoder.embed_positions]

    @property
    def longest_row(self) -> int | None:
        """Return the number of the decoder's positions."""
        return int(self.network.config.max_target_positions)

    @property
    def is_multilingual(self) -> bool:
        """Return whether a checkpoint writes other languages than English."""
        said = getattr(self.network.generation_config, "is_multilingual", None)
        return bool(self.network.config.vocab_size != ENGLISH_ONLY if said is None else said)

    @property
    def own_tokens(self) -> set[str]:
        """Return the tokens that no answer may hold; times are allowed where they are written."""
        return {token for token in self.special.values() if not TIME.fullmatch(token)}

    # What it hears.

    def features(self, clip: Clip) -> dict[str, Tensor]:
        """Return log-mel features [1, mel, frame] of a clip and the silence after it.

        Raises:
            InputError: the clip is longer than the window, or shorter than one state.
        """
        self.check_length(clip, self.sample_rate_hz)
        extractor = self.extractor
        of_state = FRAMES_PER_STATE * extractor.hop_length
        if len(clip) < of_state:
            raise InputError(
                f"clip: {len(clip) / self.sample_rate_hz:.3f} s of audio is too short to be "
                f"heard: the encoder makes one state of {of_state / self.sample_rate_hz:g} s; "
                "leave it out"
            )
        states = -(-int(len(clip) + self.silence_s * self.sample_rate_hz) // of_state)
        wanted = min(states * of_state, extractor.n_samples)
        # A frame sees n_fft samples: with so much silence beyond them, the last frames are those
        # of the whole window.
        padded = min(wanted + 2 * extractor.n_fft, extractor.n_samples)
        made = extractor(
            clip, sampling_rate=self.sample_rate_hz, max_length=padded, return_tensors="pt"
        )
        return {"input_features": made["input_features"][..., : wanted // extractor.hop_length]}

    def audio_tokens(self, features: dict[str, Tensor]) -> int:
        """Return the number of states, none of which takes a place in a row."""
        return features["input_features"].shape[-1] // FRAMES_PER_STATE

    def hear_silence(self, seconds: float) -> None:
        """Set how much silence the encoder hears after each clip; 30 s fill its window.

        Raises:
            KnobError: below 0, or not finite.
        """
        if not 0 <= seconds < float("inf"):
            raise KnobError(
                f"silence_s is {seconds:g}; expected 0 or more, 30 for the whole window"
            )
        self.silence_s = seconds

    @property
    def hearing_options(self) -> tuple[Any, ...]:
        """Return what the states depend on besides weights and clip."""
        return (("silence_s", self.silence_s),)

    # What it is given to continue.

    def opening(self, language: str) -> str:
        """Return what answers begin with for a language: `zh`, `en` or `auto`.

        Raises:
            KnobError: an English-only checkpoint and Mandarin.
        """
        if self.is_multilingual:
            return "" if language == "auto" else f"<|{language}|>{TRANSCRIBE}{NO_TIMES}"
        if language == "zh":
            raise KnobError(f"language 'zh': {self._english_only()}")
        return NO_TIMES

    def render(self, messages: Messages, prefill: str = "") -> str:
        """Return a prompt as text: context, start, and what the answer begins with.

        Raises:
            InputError: messages that Whisper's prompt has no place for.
        """
        turn = turn_of(messages, self.facts)
        context = [text_of(m).strip() for m in turn.messages if m["role"] == "system"]
        users = [m for m in turn.messages if m["role"] == "user"]
        if len(users) != 1 or len(context) > 1 or len(turn.messages) > 2:
            raise InputError(
                "Whisper's prompt is one clip: expected a message of role 'user' with it, at most "
                "one of role 'system' before it and one of role 'assistant' after it; found "
                f"{', '.join(m['role'] for m in messages)}"
            )
        opening = turn.prefill or prefill
        self._check_opening(opening)
        return "".join(map(self._context, filter(None, context))) + START + opening

    def _context(self, text: str) -> str:
        """Return a context as the makers put it before the start.

        Raises:
            InputError: it holds tokens of its own, or is too long.
        """
        ids = self._text_ids(f" {text}")
        most = int(SHARE_OF_CONTEXT * self.network.config.max_target_positions) - 1
        if self._special(ids) or len(ids) > most:
            raise InputError(
                f"the text of role 'system', which Whisper takes as what was said before, has "
                f"{len(ids)} tokens; expected no more than {most}, and none of Whisper's own; "
                "shorten it"
            )
        return f"{BEFORE} {text}"

    def _check_opening(self, opening: str) -> None:
        """Refuse an opening that names no language or task, or that this checkpoint cannot take.

        Raises:
            InputError: says what is expected.
        """
        if not self.is_multilingual:
            if LANGUAGE.match(opening):
                raise InputError(f"the prompt begins with {opening}: {self._english_only()}")
            return
        found = OPENING.match(opening)
        if opening and (found is None or found["language"] not in self.special.values()):
            raise InputError(
                f"Whisper's answer begins with language and task, found {opening!r}; expected a "
                f"last message of role 'assistant' such as <|zh|>{TRANSCRIBE}{NO_TIMES}"
            )

    def _english_only(self) -> str:
        return (
            "this checkpoint of Whisper is English-only: it was trained on no other language, and "
            "its prompt has no place for one. Take a multilingual one, whose name has no '.en', "
            "such as openai/whisper-base"
        )

    def prompt_ids(
        self, messages: Messages, audio_tokens: Sequence[int], prefill: str | None = None
    ) -> list[int]:
        """Tokenize a prompt; its clip takes no place in it.

        Raises:
            InputError: it names no language, or holds another number of clips than one.
        """
        if len(audio_tokens) != 1:
            raise InputError(
                f"the prompt holds {len(audio_tokens)} clips; Whisper hears one for each prompt"
            )
        text = self.render(messages, self.prefill if prefill is None else prefill)
        if text.endswith(START):
            raise InputError(
                "the prompt names no language; say --language zh (also for code-switched speech "
                "in which Mandarin is the frame) or --language en, or let prompts end in a message "
                f"of role 'assistant' such as <|en|>{TRANSCRIBE}{NO_TIMES}"
            )
        return self._text_ids(text)

    def answer_ids(self, messages: Messages, answer: str) -> list[int]:
        """Tokenize an answer as the model writes it after its prompt; the end token follows.

        Raises:
            InputError: it holds a token of Whisper's own, or Mandarin for an English-only one.
        """
        prompt = self.render(messages, self.prefill)
        if not self.is_multilingual and any(map(is_han, answer)):
            raise InputError(f"the answer {answer!r} is Mandarin: {self._english_only()}")
        ids = self._text_ids(self._blank(prompt, answer) + answer)
        timed = not prompt.endswith(NO_TIMES)
        special = [token for token in self._special(ids) if not (timed and TIME.fullmatch(token))]
        if special:
            raise InputError(
                f"the answer {answer!r} holds {special[0]}, a token of Whisper's own; take it out "
                "of the pairs"
            )
        return [*ids, int(self.tokenizer.eos_token_id)]

    def _blank(self, prompt: str, answer: str) -> str:
        """Return the blank that comes before an answer's first word, if one does."""
        if not prompt.endswith("|>") or TIME.match(answer):
            return ""
        named = LANGUAGE.match(prompt.rpartition(START)[2])
        return "" if named and named[0][2:-2] in WITHOUT_BLANKS else " "

    def process(self, texts: Sequence[str], clips: Sequence[Clip]) -> Any:
        """Return the class's own inputs for one rendered prompt and its clip."""
        (text,), (clip,) = texts, clips
        ids = torch.tensor([self._text_ids(text)], device=self.device)
        mel = self.features(clip)["input_features"].to(self.device, self.network.dtype)
        return {"input_features": mel, self.tokens_input: ids}

    # What it writes.

    def begun(self, prompts: list[list[int]], heard: Beside) -> list[list[int]]:
        """Let the model find the language where a prompt ends in its start."""
        number = self.tokenizer.convert_tokens_to_ids
        if not self.is_multilingual:
            end = number(NO_TIMES)
            return [ids if ids[-1] == end else [*ids, end] for ids in prompts]
        open_ones = [n for n, ids in enumerate(prompts) if ids[-1] == number(START)]
        if not open_ones:
            return prompts
        known = sorted(n for n, token in self.special.items() if LANGUAGE.fullmatch(token))
        languages = torch.tensor(known, device=self.device)
        # As the makers do it: after the start alone, without a context.
        ids = torch.full((len(open_ones), 1), number(START), device=self.device)
        rows = heard.of(torch.tensor(open_ones, device=self.device))
        hidden = decode(self.decoder, ids, torch.zeros_like(ids), None, rows)
        best = self.head(hidden[:, -1]).float()[:, languages].argmax(-1)
        found = dict(zip(open_ones, languages[best].tolist(), strict=True))
        rest = [number(TRANSCRIBE), number(NO_TIMES)]
        return [[*ids, found[n], *rest] if n in found else ids for n, ids in enumerate(prompts)]

    def written(self, ids: Sequence[int]) -> str:
        """Return the text of tokens, those of its own included."""
        return self.tokenizer.backend_tokenizer.decode(list(ids), skip_special_tokens=False)

    def _text_ids(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def _special(self, ids: Sequence[int]) -> list[str]:
        """Return the tokens of Whisper's own among some."""
        return [self.special[number] for number in ids if number in self.special]
