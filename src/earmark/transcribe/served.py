"""Write down what a served model hears: concurrently, patiently, needing no torch here."""

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

from earmark import __version__
from earmark.endpoint import Endpoint, SettingsError, UnreachableError
from earmark.errors import InputError, KnobError, did_you_mean
from earmark.formats.files.set_aside import BadRow
from earmark.prompting.answer import Answer
from earmark.prompting.clean import clean
from earmark.prompting.facts import Facts
from earmark.prompting.families import FACTS
from earmark.prompting.messages import Messages, ask, turn_of
from earmark.records import Hypothesis, Utterance
from earmark.speech.audio import SAMPLE_RATE_HZ
from earmark.speech.wav import wav_bytes
from earmark.transcribe.decoding import SERVERS, Decoding, Route, ServerKind, fields_for, recorded
from earmark.transcribe.openai_routes import chat, transcription
from earmark.transcribe.resume import Output, candidate_paths
from earmark.transcribe.threads import as_they_come
from earmark.transcribe.writer import Heard, OnError, check_clips, check_lengths, keep, read_parts

USUAL_LONGEST_S = 30.0


@dataclass(frozen=True, kw_only=True)
class Asking:
    """How requests are made.

    Attributes:
        route: transcriptions, or chat.
        kind: under whose names decoding parameters are sent; a key of SERVERS.
        decoding: how the server is to decode.
        one_by_one: ask for each candidate in a request of its own, with seeds that count up.
        prompt: the instruction; on the chat route None means the family's own. The
            transcription route is sent one only if it is given, since servers take it for what
            was said before the clip.
        family: name of the model's family, in whose words the chat route asks, and whose marks
            are removed; None means Qwen2-Audio's form.
        language: language code for the transcription route; None lets the server choose.
        marks: regular expressions of what the model writes around a transcript, such as
            Qwen3-ASR's language prefix; removed from the text, kept in the raw text.
        concurrency: requests under way at once, at most.
        long_audio: refuse a clip of more than `limit_s` seconds, or split it at quiet places.
        longest_s: the longest clip that the model hears, since servers silently cut longer ones;
            None means what is known of the family, or USUAL_LONGEST_S.
    """

    route: Route = "transcriptions"
    kind: ServerKind = "vllm"
    decoding: Decoding = field(default_factory=Decoding)
    one_by_one: bool = False
    prompt: str | None = None
    family: str | None = None
    language: str | None = None
    marks: tuple[str, ...] = ()
    concurrency: int = 8
    long_audio: Literal["refuse", "split"] = "refuse"
    longest_s: float | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be requested."""
        if self.concurrency < 1:
            raise KnobError(f"concurrency is {self.concurrency}; expected 1 or more")
        if self.longest_s is not None and self.longest_s <= 0:
            raise KnobError(f"longest_s is {self.longest_s:g}; expected more than 0")
        if self.route == "chat" and self.language is not None:
            raise KnobError("a language is sent on the transcription route alone; use --prompt")
        if self.family is not None and self.family not in FACTS:
            raise KnobError(
                f"family '{self.family}' is unknown; {did_you_mean(self.family, FACTS)}"
            )
        if self.route == "chat":
            self._check_askable()
        for mark in self.marks:
            try:
                re.compile(mark)
            except re.error as error:
                raise KnobError(f"mark '{mark}': not a regular expression: {error}") from error
        fields_for(self.kind, self.route, self.requests()[0])

    def _check_askable(self) -> None:
        """Refuse prompts that only the tokens of the model's own processor can express."""
        if self.facts.user_form is not None:
            raise KnobError(
                f"family '{self.family}' takes a form that chat messages cannot have; "
                "transcribe with the model loaded here, without --endpoint"
            )
        if self.facts.takes_instruction and not (self.prompt or self.facts.prompt):
            raise KnobError(
                f"family '{self.family}' takes no instruction but a transcription "
                "request that chat messages cannot express; say --route transcriptions"
            )
        if self.facts.takes_instruction and self.prompt == "":
            raise KnobError("the chat route needs an instruction; give it with --prompt")

    @property
    def facts(self) -> Facts:
        """Return what is known of the family."""
        return FACTS[self.family] if self.family else Facts()

    @property
    def limit_s(self) -> float:
        """Return how many seconds of a clip the model hears at most."""
        return self.longest_s or self.facts.longest_clip_s or USUAL_LONGEST_S

    @property
    def said(self) -> str | None:
        """Return the instruction, None where none is sent."""
        if self.prompt is None and self.route == "chat":
            return self.facts.prompt
        return self.prompt

    @property
    def messages(self) -> Messages:
        """Return the prompt of the chat route, as a model loaded here is given it."""
        return turn_of(ask(self.facts, self.prompt), self.facts).messages

    def requests(self) -> list[Decoding]:
        """Return the decoding of each request that a clip needs."""
        if self.one_by_one or not SERVERS[self.kind].several:
            return [self.decoding.single(i) for i in range(self.decoding.candidates)]
        return [self.decoding]


def outputs_of(out: Path, endpoint: Endpoint, asking: Asking) -> list[Output]:
    """Return the hypothesis files with what is recorded in each: no key is among it."""
    told = asking.requests()
    outputs = []
    for i, path in enumerate(candidate_paths(out, asking.decoding.candidates)):
        decoding = recorded(asking.kind, asking.route, told[i % len(told)])
        made_by: dict[str, Any] = {
            "model": endpoint.model,
            "adapter": None,
            "endpoint": endpoint.url,
            "route": asking.route,
            "server": asking.kind,
            **({"family": asking.family} if asking.family else {}),
            "prompt": asking.said,
            "language": asking.language,
            **({"marks": list(asking.marks)} if asking.marks else {}),
            "decoding": decoding,
            "candidate": i + 1,
            "candidates": asking.decoding.candidates,
            "long_audio": asking.long_audio,
            "longest_s": asking.limit_s,
            "earmark": __version__,
        }
        outputs.append(Output(path, made_by))
    return outputs


def transcribe_served(
    endpoint: Endpoint,
    utterances: Sequence[Utterance],
    folder: Path,
    out: Path,
    asking: Asking,
    *,
    on_error: OnError = "stop",
    set_aside: Sequence[BadRow] = (),
) -> list[list[Hypothesis]]:
    """Transcribe utterances by a server, one hypothesis file per candidate.

    Audio is converted to 16 kHz mono WAV here. Finished utterances are kept in
    `<out>.partial`, so a run that was stopped resumes there.

    Args:
        endpoint: the server and the model's name there.
        utterances: what to transcribe; each needs audio.
        folder: where relative audio paths start.
        out: the hypothesis file; with several candidates, see `candidate_paths`.
        asking: how requests are made.
        on_error: stop at a clip that cannot be used or is refused, or set it aside. A server
            that is gone, a wrong URL or a wrong key stops the run either way.
        set_aside: rows of the manifest that were set aside before.

    Raises:
        InputError: bad audio, or no usable answer.
    """
    split = asking.long_audio == "split"
    limit_s = None if split else asking.limit_s
    checked = check_clips(utterances, folder, on_error, set_aside)
    checked = check_lengths(checked, limit_s, on_error)
    endpoint.check_reachable()

    def hear(utterance: Utterance) -> Heard:
        try:
            parts = read_parts(utterance, folder, asking.limit_s if split else None)
            wavs = [wav_bytes(part, f"utterance '{utterance.id}'") for part in parts]
            seconds = [len(part) / SAMPLE_RATE_HZ for part in parts]
            heard = [
                _ask(endpoint, wav, duration_s, asking)
                for wav, duration_s in zip(wavs, seconds, strict=True)
            ]
        except (UnreachableError, SettingsError):
            raise
        except InputError as error:
            return Heard(utterance, [], _about(utterance, error))
        return Heard(utterance, list(zip(*heard, strict=True)))

    def listen(todo: Sequence[Utterance]) -> Generator[Heard]:
        return as_they_come(hear, todo, asking.concurrency, endpoint.stop)

    tidy = partial(clean, marks=(*asking.marks, *asking.facts.marks))
    outputs = outputs_of(out, endpoint, asking)
    return keep(checked, listen, outputs, out, on_error=on_error, tidy=tidy)


def _ask(endpoint: Endpoint, wav: bytes, duration_s: float, asking: Asking) -> list[Answer]:
    """Return one answer per candidate for one clip."""
    answers: list[Answer] = []
    for decoding in asking.requests():
        fields = fields_for(asking.kind, asking.route, decoding.for_clip(duration_s))
        if asking.route == "chat":
            answers += chat(endpoint, [wav], asking.messages, fields)
        else:
            told = {"language": asking.language, "prompt": asking.prompt}
            fields |= {name: value for name, value in told.items() if value is not None}
            answers += transcription(endpoint, wav, fields)
    return answers


def _about(utterance: Utterance, error: InputError) -> InputError:
    named = f"utterance '{utterance.id}'"
    return error if named in str(error) else InputError(f"{named}: {error}")
