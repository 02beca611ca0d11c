"""Rows that are kept while a run is under way, and which of them a later run may reuse.

A row is used again only if it was made with the settings of now, by the same weights,
from the same sound. The sound's fingerprint is in `<out>.partial` alone.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from earmark.errors import InputError
from earmark.formats.files.lines import numbered_lines, parse_line, write_jsonl
from earmark.formats.files.set_aside import skipped_path
from earmark.formats.schema.fields import parse_row, to_row
from earmark.progress import note
from earmark.records import Hypothesis, Utterance
from earmark.storage import outputs as rule
from earmark.storage.digests import of_bytes
from earmark.storage.regular import open_regular

LOOKED_AT_BYTES = 16_384
TRANSCRIBING = "another transcription"


class Output(NamedTuple):
    """A hypothesis file, and what is recorded with each of its rows."""

    path: Path
    made_by: dict[str, Any]

    @property
    def partial(self) -> Path:
        """Return where rows are kept until the file is whole."""
        return self.path.with_name(self.path.name + ".partial")


def hypothesis_outputs(paths: Sequence[Path], out: Path) -> list[rule.Output]:
    """Return all files that a transcription writes, with their kinds.

    Args:
        paths: the hypothesis files.
        out: what the run is named by; what is set aside is named after it.
    """
    partials = [Output(path, {}).partial for path in paths]
    return [
        *(rule.Output(path, rule.HYPOTHESES) for path in paths),
        *(rule.Output(path, rule.PARTIAL) for path in partials),
        rule.Output(skipped_path(out), rule.SET_ASIDE),
    ]


def candidate_paths(out: Path, candidates: int) -> list[Path]:
    """Name one hypothesis file per candidate; `earmark pairs mined` reads each as a system.

    >>> [path.name for path in candidate_paths(Path("base.jsonl"), 2)]
    ['base.1.jsonl', 'base.2.jsonl']
    """
    if candidates == 1:
        return [out]
    return [out.with_name(f"{out.stem}.{i}{out.suffix}") for i in range(1, candidates + 1)]


class Kept(NamedTuple):
    """A row of a partial file, and the fingerprint of its sound; None in files without any."""

    row: Hypothesis
    sound: str | None


def fingerprint(utterance: Utterance, folder: Path) -> str:
    """Tell an utterance's sound apart; see `sound_fingerprint`.

    Raises:
        InputError: the file cannot be read.
    """
    named = [utterance.audio, utterance.start_s, utterance.end_s]
    return sound_fingerprint(folder / (utterance.audio or ""), named)


def sound_fingerprint(path: Path, named: list[Any]) -> str:
    """Identify a sound by its path and span, its file's size and middle bytes.

    The middle, since what is recorded or processed again may begin with the same silence. Times
    of files are left out: a copy is the same sound.

    Args:
        path: the file.
        named: how a row names it: path, start and end.

    Raises:
        InputError: the file cannot be read.
    """
    try:
        with open_regular(path, "a sound file") as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(max(0, (size - LOOKED_AT_BYTES) // 2))
            middle = file.read(LOOKED_AT_BYTES)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from error
    return of_bytes(json.dumps([*named, size]).encode() + middle)


def kept_row(row: Hypothesis, sound: str) -> dict[str, Any]:
    """Return a row as it is kept in a partial file, with the fingerprint of its sound."""
    return {**to_row(row), "sound": sound}


def finished(
    outputs: Sequence[Output], utterances: Sequence[Utterance], folder: Path
) -> dict[str, list[Hypothesis]]:
    """Read what an interrupted run has finished; a torn last line is done again.

    An utterance is finished when all files have it, of the sound that is there now, made in the
    way of now. Rows that are not used are counted, with the reason.

    Args:
        outputs: the hypothesis files.
        utterances: what is to be transcribed.
        folder: where relative audio paths start.

    Raises:
        InputError: audio that cannot be read.
    """
    wanted = {utterance.id: utterance for utterance in utterances}
    sounds: dict[str, str] = {}
    found: list[dict[str, Hypothesis]] = []
    otherwise, other_sound, ways = 0, 0, set[str]()
    for output in outputs:
        found.append({})
        for row, sound in _read(output.partial):
            differing = _differing(row.made_by, output.made_by)
            if differing:
                otherwise, ways = otherwise + 1, ways | differing
            elif row.id in wanted:
                now = sounds.get(row.id) or fingerprint(wanted[row.id], folder)
                sounds[row.id] = now
                other_sound += sound != now
                found[-1] |= {row.id: row} if sound == now else {}
    whole = [id_ for id_ in found[0] if all(id_ in file for file in found)]
    _write(outputs, found, whole, sounds)
    _say(otherwise, ways, other_sound, len(whole))
    return {id_: [file[id_] for file in found] for id_ in whole}


def _read(path: Path) -> list[Kept]:
    """Read a partial file, leaving out lines that are torn."""
    rows: dict[str, Kept] = {}
    for number, raw in numbered_lines(path) if path.is_file() else ():
        where = f"{path}:{number}"
        try:
            data = parse_line(raw, where)
            sound = data.pop("sound", None) if isinstance(data, dict) else None
            row = parse_row(Hypothesis, data, where)
        except InputError:
            continue
        rows.setdefault(row.id, Kept(row, sound))
    return list(rows.values())


def _write(
    outputs: Sequence[Output],
    found: Sequence[dict[str, Hypothesis]],
    whole: Sequence[str],
    sounds: dict[str, str],
) -> None:
    """Leave in the partial files what is used."""
    for output, file in zip(outputs, found, strict=True):
        if output.partial.is_file():
            write_jsonl(output.partial, (kept_row(file[id_], sounds[id_]) for id_ in whole))


def _differing(one: dict[str, Any], two: dict[str, Any]) -> set[str]:
    """Name in what two ways of making rows differ; where the server was does not matter."""
    names = (one.keys() | two.keys()) - {"endpoint"}
    return {name for name in names if one.get(name) != two.get(name)}


def _say(otherwise: int, ways: set[str], other_sound: int, used: int) -> None:
    if otherwise:
        note(
            f"{otherwise} rows of an interrupted run were made in another way (other, or not "
            f"recorded then: {', '.join(sorted(ways))}); they are done again"
        )
    if other_sound:
        note(
            f"{other_sound} rows of an interrupted run are of other sound than their clips have "
            "now, or do not tell; they are done again"
        )
    if used:
        note(f"{used} utterances were transcribed before; resuming with the rest")
