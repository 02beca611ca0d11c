"""The most extreme rows, made before training instead of hours into it.

A row is made when its batch is drawn. One of every form of prompt, those with the longest and
the shortest clip, those with the most text and the most bytes, and those that hold a token of the
model's own show at the start what a processor, a tokenizer or a chat template does not take.
"""

import re
from collections.abc import Container, Sequence
from typing import Any, NamedTuple

import torch

from earmark.errors import InputError
from earmark.policies.audio import AudioPolicy, audio_policy
from earmark.policies.checks.truncated_audio import check_end_is_heard
from earmark.policies.policy import Clip, Policy
from earmark.progress import track
from earmark.prompting.messages import Messages, text_of
from earmark.records import Pair
from earmark.text.script import HAN_RANGES
from earmark.train.data.clip import ClipRef
from earmark.train.data.examples import EncodedPairs, prompts_of
from earmark.train.data.row_maker import RowMaker

# What a tokenizer may take for a token of its own: <|this|>, <this>, [THIS].
MARK = re.compile(r"<[^<>\s]{1,40}>|\[[A-Z_]{1,40}\]")
# A Han character is about a token, as are four letters of English.
HAN = re.compile("[" + "".join(f"{chr(low)}-{chr(high)}" for low, high in HAN_RANGES) + "]")
LETTERS_OF_HAN = 4
# A file of a million pairs has few forms of prompts and few marks, unless something is odd.
MOST_KEPT = 1000


class Extreme(NamedTuple):
    """A row and how large something is in it."""

    size: float
    number: int


class Telling:
    """Collects the most extreme rows in one pass over the pairs; of equals the first is kept."""

    def __init__(self) -> None:
        self.forms: dict[tuple[str, ...], int] = {}
        self.marks: dict[str, int] = {}
        self.longest_clip = self.most_text = self.most_bytes = Extreme(0, 0)
        self.shortest_clip = Extreme(float("inf"), 0)

    def look(self, number: int, pair: Pair, clips: list[ClipRef]) -> None:
        """Take note of one pair."""
        texts = texts_of(pair)
        if len(self.forms) < MOST_KEPT:
            self.forms.setdefault(form_of(pair), number)
        if len(self.marks) < MOST_KEPT:
            for text in texts:
                for mark in MARK.findall(text) if "<" in text or "[" in text else ():
                    self.marks.setdefault(mark, number)
        letters = sum(map(extent, texts))
        if letters > self.most_text.size:
            self.most_text = Extreme(letters, number)
        # What no vocabulary knows, such as emoji, is written in bytes.
        written = sum(len(text.encode("utf-8", "replace")) for text in texts)
        if written > self.most_bytes.size:
            self.most_bytes = Extreme(written, number)
        for clip in clips:
            length_s = clip.duration_s()
            if length_s > self.longest_clip.size:
                self.longest_clip = Extreme(length_s, number)
            if length_s < self.shortest_clip.size:
                self.shortest_clip = Extreme(length_s, number)

    def rows(self, own_tokens: Container[str]) -> list[int]:
        """Return the numbers of these rows, those with one of a model's own tokens among them."""
        marked = [number for mark, number in self.marks.items() if mark in own_tokens]
        extremes = (self.longest_clip, self.shortest_clip, self.most_text, self.most_bytes)
        return sorted({*self.forms.values(), *marked, *(extreme.number for extreme in extremes)})


def extent(text: str) -> int:
    """Return about how many Latin letters take as many tokens as a text does.

    >>> extent("go 去吧"), extent("library")
    (11, 7)
    """
    han = 0 if text.isascii() else len(HAN.findall(text))
    return len(text) + (LETTERS_OF_HAN - 1) * han


def form_of(pair: Pair) -> tuple[str, ...]:
    """Return the form of a pair's prompts: roles, and kinds of parts.

    >>> from earmark.records import Pair
    >>> parts = [{"type": "audio", "audio": "a.wav"}, {"type": "text", "text": "Transcribe."}]
    >>> form_of(Pair("1", [{"role": "user", "content": parts}], "yes", "no"))
    ('user', 'audio', 'text')
    """
    form: list[str] = []
    for prompt in prompts_of(pair):
        form += ["/"] if form else []
        for message in prompt:
            content = message["content"]
            kinds = ["str"] if isinstance(content, str) else [part["type"] for part in content]
            form += [message["role"], *kinds]
    return tuple(form)


def texts_of(pair: Pair) -> list[str]:
    """Return all texts of a pair."""
    said = [text_of(message) for prompt in prompts_of(pair) for message in prompt]
    return [*said, pair.chosen, *pair.losers]


def check_telling(policy: Policy, encoded: EncodedPairs, telling: Telling) -> None:
    """Make the most extreme rows, and check that the end of the longest clip is heard.

    The first prompt's tokens are held against the processor's.

    Raises:
        InputError: one cannot be trained on; names the pair and its clips.
    """
    if isinstance(policy, AudioPolicy):
        for side in encoded[0].sides:
            check_prompt_ids(policy, side.messages, [clip.read() for clip in side.clips])
    make = RowMaker(policy, encoded)
    for number in track(telling.rows(policy.own_tokens), "making the most extreme rows"):
        make(number)
    clips = encoded[telling.longest_clip.number].clips
    if clips and isinstance(policy, AudioPolicy):
        longest = max(clips, key=ClipRef.duration_s)
        try:
            check_end_is_heard(policy, longest.read())
        except InputError as error:
            raise InputError(f"{longest.path}: {error}") from error


@torch.no_grad()
def check_prompt_ids(policy: Policy, messages: Messages, clips: Sequence[Clip]) -> None:
    """Check that the tokens of a prompt are those of the processor.

    Here it shows when a tower and a processor count the audio of a clip differently, or when a
    processor or a tokenizer cuts what it is given.

    Raises:
        InputError: says where they part, and how many audio tokens each counts.
    """
    library = policy.plain_inputs(messages, clips)[policy.tokens_input][0].tolist()
    hears = audio_policy(policy) if clips else None
    heard = [len(hears.encode(hears.features(clip))) for clip in clips] if hears else []
    own = policy.prompt_ids(messages, heard)
    if own == library:
        return
    both = zip(own, library, strict=False)
    place = next((i for i, (a, b) in enumerate(both) if a != b), min(len(own), len(library)))
    audio_id: Any = getattr(policy.network.config, "audio_token_id", None)
    raise InputError(
        f"the processor makes {len(library)} tokens of a prompt, {library.count(audio_id)} of them "
        f"audio; the model needs {len(own)}, {own.count(audio_id)} of them audio; they part at "
        f"token {place}. The processor cuts its input or belongs to another model: take all "
        "processor and tokenizer files from the model's own folder"
    )
