"""Audio paths of records that move to a file in another folder."""

import os
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from earmark.records import Candidate, Candidates, Hypothesis, Pair, Utterance


def seen_from(audio: str, old: Path, new: Path) -> str:
    """Return a path that starts at one folder as it is seen from another; absolute ones stay.

    Args:
        audio: the path.
        old: the folder where it starts now, absolute.
        new: the folder where it is to start, absolute.

    >>> seen_from("a.wav", Path("/data/corpus"), Path("/data/pairs"))
    '../corpus/a.wav'
    """
    if old == new or os.path.isabs(audio):
        return audio
    folder, name = os.path.split(audio)
    seen = _folder_seen(new, old, folder)
    return name if seen == os.curdir else os.path.join(seen, name)


@lru_cache(maxsize=2**12)
def _folder_seen(new: Path, old: Path, folder: str) -> str:
    """Return a folder below the old one relative to the new one; absolute on another drive."""
    target = old / folder
    try:
        return os.path.relpath(target, new)
    except ValueError:
        return str(target)


def moved(
    record: Any, old: Path, new: Path, *, absolute: bool = False, inside: Path | None = None
) -> Any:
    """Return a record whose audio paths start at another folder.

    Args:
        record: the record.
        old: the folder where relative paths start now, absolute.
        new: the folder where they are to start.
        absolute: make all paths absolute instead.
        inside: a folder; absolute paths of files below it are made relative.
    """
    if isinstance(record, Hypothesis) or (old == new and not absolute and inside is None):
        return record

    def path(audio: str) -> str:
        if absolute:
            return os.path.normpath(old / audio)
        if inside is not None and Path(audio).is_relative_to(inside):
            return os.path.relpath(audio, new)
        return seen_from(audio, old, new)

    if isinstance(record, Utterance):
        return replace(record, audio=path(record.audio)) if record.audio else record
    prompt = [_message(each, path) for each in record.prompt]
    if isinstance(record, Candidates):
        moved_ = [_candidate(each, path) for each in record.candidates]
        return replace(record, prompt=prompt, candidates=moved_)
    assert isinstance(record, Pair)
    other = record.rejected_prompt
    rejected = None if other is None else [_message(each, path) for each in other]
    return replace(record, prompt=prompt, rejected_prompt=rejected)


def _candidate(candidate: Candidate, path: Any) -> Candidate:
    """Move the clip that a candidate answers, and the sound that it holds."""
    content = candidate.content
    if isinstance(content, list):
        content = [_part(part, path) for part in content]
    audio = candidate.audio and path(candidate.audio)
    return replace(candidate, audio=audio, content=content)


def _message(message: Any, path: Any) -> Any:
    content = message.get("content") if isinstance(message, dict) else None
    if not isinstance(content, list):
        return message
    return {**message, "content": [_part(part, path) for part in content]}


def _part(part: Any, path: Any) -> Any:
    is_audio = isinstance(part, dict) and isinstance(part.get("audio"), str)
    return {**part, "audio": path(part["audio"])} if is_audio else part
