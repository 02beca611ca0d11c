"""Prompts as they are heard: which messages with which clips, and what a row of answers will hold.

Usually a prompt is heard once, with all of its clips. Per clip, each of several clips of one
prompt is heard alone: the audio parts of a prompt's messages, or the utterances of a manifest
that have one text, such as one sentence in several voices.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np

from earmark.errors import KnobError
from earmark.prompting.facts import Facts
from earmark.prompting.messages import Messages, ask, clips_in
from earmark.records import Candidates, Pair, Utterance, carried
from earmark.sample.given import Given, Row
from earmark.speech.audio import check_audio, read_audio
from earmark.speech.audio_path import located
from earmark.transcribe.resume import sound_fingerprint

Per = Literal["prompt", "clip"]
TEXT = "text"


class Sound(NamedTuple):
    """A file and a span in it, in seconds; `named` is how the row names the file."""

    path: str
    start_s: float | None
    end_s: float | None
    named: str

    def read(self) -> np.ndarray:
        """Read it as float32 mono at 16 kHz."""
        return read_audio(self.path, self.start_s, self.end_s)

    @property
    def duration_s(self) -> float:
        """Return its length; the file is looked at as `check_audio` does.

        Raises:
            InputError: the file is no audio or was cut off, or the span does not lie in it.
        """
        return _duration_s(self.path, self.start_s, self.end_s)

    def fingerprint(self) -> str:
        """Identify the sound; see `sound_fingerprint`."""
        return sound_fingerprint(Path(self.path), [self.named, self.start_s, self.end_s])


@lru_cache(maxsize=1_000_000)
def _duration_s(path: str, start_s: float | None, end_s: float | None) -> float:
    return check_audio(path, start_s, end_s).duration_s


class Hearing(NamedTuple):
    """One prompt as it is heard: its messages and its clips.

    `answers` is what a candidate says of the clip that it answers, where each was heard alone.
    """

    messages: Messages
    sounds: tuple[Sound, ...]
    answers: dict[str, Any]


class Prompt(NamedTuple):
    """A row of candidates as it will be written, and how it is heard.

    `number` is that of the row in what was given, from 1; `transcribes` says that an answer is a
    transcript, which is cleaned of the marks that models write around one.
    """

    row: Candidates
    number: int
    hearings: tuple[Hearing, ...]
    transcribes: bool

    @property
    def duration_s(self) -> float:
        """Return the length of all clips, in seconds."""
        return sum(sound.duration_s for hearing in self.hearings for sound in hearing.sounds)


class Request(NamedTuple):
    """How prompts are made of what was given.

    Attributes:
        facts: of the model's family.
        prompt: the instruction given with each clip of a manifest; None means the family's own.
        prefill: what answers begin with where the prompt does not say.
        per: hear a prompt once, or each of its clips alone.
        group_by: the field of a manifest that the clips of one prompt have in common.
    """

    facts: Facts
    prompt: str | None = None
    prefill: str = ""
    per: Per = "prompt"
    group_by: str = TEXT


def sounds_of(row: Row, folder: Path) -> list[Sound]:
    """Find the clips of a row; their files are not looked at.

    Raises:
        InputError: what names a clip is no path.
    """
    record = row.record
    if isinstance(record, Utterance):
        parts: list[dict[str, Any]] = [_part(record)]
    else:
        parts = [part for part in _parts(record.prompt) if part["type"] == "audio"]
    return [
        Sound(located(folder, part["audio"]), part.get("start_s"), part.get("end_s"), part["audio"])
        for part in parts
    ]


def plan(rows: Sequence[Row], folder: Path, request: Request) -> Iterator[Prompt]:
    """Yield prompts, in the order of the rows; of a group of utterances where its first one is."""
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        groups.setdefault(_group(row, request), []).append(row)
    for members in groups.values():
        first = members[0]
        if isinstance(first.record, Utterance):
            yield _of_utterances(members, folder, request)
        else:
            yield _of_prompt(first, first.record, folder, request)


def asks(given: Given) -> bool:
    """Say whether rows are utterances, which need an instruction."""
    return any(isinstance(row.record, Utterance) for row in given.rows)


def check_options(given: Given, prompt: str | None, per: Per, group_by: str) -> None:
    """Refuse options that are of no use with what was given.

    Raises:
        KnobError: names the option.
    """
    if prompt is not None and not asks(given):
        raise KnobError(
            f"prompt {prompt!r}: of no use, since {given.name} has prompts of its own; an "
            "instruction is given with the clips of a manifest"
        )
    if group_by != TEXT and per != "clip":
        raise KnobError(f"group_by '{group_by}': of no use without per 'clip'")
    if per == "clip":
        check_groups(given.rows, group_by)


def check_groups(rows: Sequence[Row], group_by: str) -> None:
    """Refuse rows of which no prompt has several clips.

    Raises:
        KnobError: says what was looked for.
    """
    utterances = [row.record for row in rows if isinstance(row.record, Utterance)]
    prompts = [row.record.prompt for row in rows if not isinstance(row.record, Utterance)]
    if any(clips_in(prompt) > 1 for prompt in prompts):
        return
    if not utterances:
        raise KnobError(
            f"--per clip: none of the {len(prompts)} prompts has more than one clip; leave --per "
            "out to sample several answers to each"
        )
    values = [_field(record, group_by) for record in utterances]
    if None in values:
        bare = utterances[values.index(None)]
        raise KnobError(
            f"--per clip: utterance '{bare.id}' has no '{group_by}', by which the clips of one "
            "prompt are found; name another field with --group-by"
        )
    if len(set(map(repr, values))) == len(values):
        raise KnobError(
            f"--per clip: no two of the {len(values)} utterances have the same '{group_by}', by "
            "which the clips of one prompt are found; name another field with --group-by, or "
            "leave --per out to sample several answers to each clip"
        )


def _group(row: Row, request: Request) -> Any:
    """Return what the rows of one prompt have in common; most rows are alone."""
    if request.per == "clip" and isinstance(row.record, Utterance):
        return repr(_field(row.record, request.group_by))
    return row.number


def _field(record: Utterance, name: str) -> Any:
    value = getattr(record, name, None) if name != "extra" else None
    return record.extra.get(name) if value is None else value


def _of_utterances(members: Sequence[Row], folder: Path, request: Request) -> Prompt:
    """Make the prompt of an utterance, or of several that are one sentence."""
    records = [row.record for row in members if isinstance(row.record, Utterance)]
    alone = request.per == "prompt"
    hearings = tuple(
        Hearing(_asked(record, request), tuple(sounds_of(row, folder)), {} if alone else said)
        for row, record in zip(members, records, strict=True)
        for said in [_said_of_clip(_part(record))]
    )
    first = records[0]
    row = Candidates(
        first.id,
        hearings[0].messages,
        [],
        truth=first.text,
        language=first.language,
        source=first.id,
        extra={k: v for k, v in carried(first, Candidates).items() if k != "language"},
    )
    return Prompt(row, members[0].number, hearings, transcribes=True)


def _of_prompt(row: Row, record: Pair | Candidates, folder: Path, request: Request) -> Prompt:
    """Make the prompt of a row that has one."""
    if isinstance(record, Pair):
        made = Candidates(
            record.id,
            record.prompt,
            [],
            truth=record.chosen or None,
            language=record.language,
            source=record.source,
            annotations=record.annotations,
            extra=record.extra,
        )
    else:
        made = record
    messages = _begun(made.prompt, request.prefill)
    sounds = tuple(sounds_of(row, folder))
    hearings: tuple[Hearing, ...] = (Hearing(messages, sounds, {}),)
    if request.per == "clip" and len(sounds) > 1:
        clips = [part for part in _parts(messages) if part["type"] == "audio"]
        hearings = tuple(
            Hearing(_with_clip(messages, kept), (sound,), _said_of_clip(clips[kept]))
            for kept, sound in enumerate(sounds)
        )
        messages = hearings[0].messages
    return Prompt(replace(made, prompt=messages), row.number, hearings, transcribes=False)


def _asked(record: Utterance, request: Request) -> Messages:
    """Return the family's request for a transcript, with the clip in its place."""
    messages = ask(request.facts, request.prompt, request.prefill)
    return [
        message
        if isinstance(message["content"], str)
        else {
            **message,
            "content": [_part(record) if p["type"] == "audio" else p for p in message["content"]],
        }
        for message in messages
    ]


def _part(record: Utterance) -> dict[str, Any]:
    """Return an utterance's clip as a part of a message."""
    part: dict[str, Any] = {"type": "audio", "audio": record.audio}
    span = {"start_s": record.start_s, "end_s": record.end_s}
    return part | {name: value for name, value in span.items() if value is not None}


def _said_of_clip(part: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in part.items() if name != "type"}


def _begun(messages: Messages, prefill: str) -> Messages:
    """Add what the answer begins with, where the prompt does not say."""
    if not prefill or messages[-1]["role"] == "assistant":
        return messages
    return [*messages, {"role": "assistant", "content": prefill}]


def _with_clip(messages: Messages, kept: int) -> Messages:
    """Leave one clip of a prompt that has several."""
    seen, found = 0, []
    for message in messages:
        content = message["content"]
        if not isinstance(content, str):
            parts = []
            for part in content:
                if part["type"] != "audio" or seen == kept:
                    parts.append(part)
                seen += part["type"] == "audio"
            content = parts
        found.append({**message, "content": content})
    return found


def _parts(messages: Messages) -> Iterator[dict[str, Any]]:
    for message in messages:
        if not isinstance(message["content"], str):
            yield from message["content"]
