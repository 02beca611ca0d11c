"""Read the manifests that people already have as utterances: Kaldi, NeMo, TSV, and Earmark's own.

Which one a path is, is recognised by its shape: a folder with `text` or `wav.scp` is a Kaldi data
folder; JSON lines with `audio_filepath` are NeMo's; a `.tsv` begins with a line of field names; a
file named `text` or `*.txt` has lines of `ID TRANSCRIPT`. Audio paths are made absolute or
relative to the manifest, as in an utterance.
"""

from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from earmark.errors import InputError, did_you_mean
from earmark.files import (
    AnyPath,
    BadRow,
    decode_line,
    numbered_lines,
    parse_line,
    parse_row,
    read_records,
    read_rows,
    reopenable,
)
from earmark.progress import note
from earmark.records import Utterance

Check = Callable[[Utterance, str], None]
Reader = Callable[[Any, Check | None, list[BadRow] | None], Iterator[Utterance]]

NEMO_FIELDS = {
    "audio_filepath": "audio",
    "text": "text",
    "id": "id",
    "lang": "language",
    "language": "language",
    "speaker": "speaker",
    "split": "split",
}
NEMO_TIMES = ("offset", "duration")


def kind_of(path: AnyPath) -> str:
    """Recognise a manifest: `utterances`, `nemo`, `tsv`, `kaldi` (a folder) or `text`.

    Raises:
        InputError: nothing there, or a folder without a manifest.
    """
    if isinstance(path, Path) and path.is_dir():
        if (path / "text").is_file() or (path / "wav.scp").is_file():
            return "kaldi"
        raise InputError(
            f"{path}: a folder without a manifest; expected Kaldi's text or wav.scp in it, or "
            "give the path of the manifest itself, such as utterances.jsonl"
        )
    suffix = Path(str(path)).suffix
    if suffix == ".tsv":
        return "tsv"
    if suffix in {".jsonl", ".json", ".ndjson"}:
        first = next(numbered_lines(path), (0, b""))[1]
        return "nemo" if b'"audio_filepath"' in first else "utterances"
    return "text"


def read_manifest(
    path: AnyPath,
    check: Check | None = None,
    set_aside: list[BadRow] | None = None,
) -> Iterator[Utterance]:
    """Yield the utterances of a manifest of any kind that `kind_of` knows.

    `check` and `set_aside` are those of `earmark.files.read_records`.

    Raises:
        InputError: a row that cannot be used, with file and line, unless it is set aside.
    """
    path = reopenable(path)
    return READERS[kind_of(path)](path, check, set_aside)


def _read_utterances(
    path: AnyPath, check: Check | None, set_aside: list[BadRow] | None
) -> Iterator[Utterance]:
    return read_records(Utterance, path, check, set_aside)


def read_text(
    path: AnyPath, check: Check | None = None, set_aside: list[BadRow] | None = None
) -> Iterator[Utterance]:
    """Read Kaldi's `text`: an id, white space, the transcript (which may be empty)."""

    def parse(raw: bytes, where: str) -> Utterance:
        key, text = _split(decode_line(raw, where))
        return Utterance(id=key, text=text)

    return read_rows(path, parse, check, set_aside)


def read_kaldi(
    folder: Path, check: Check | None = None, set_aside: list[BadRow] | None = None
) -> Iterator[Utterance]:
    """Read a Kaldi data folder: text, wav.scp, segments, utt2spk, as far as they are there.

    Raises:
        InputError: an entry of wav.scp is a command (it is not run), a segment names a
            recording that wav.scp lacks, or a line is not what it should be.
    """
    texts = {row.id: row.text for row in _if_there(folder / "text", read_text)}
    speakers = {row.id: row.text for row in _if_there(folder / "utt2spk", read_text)}
    audio = {row.id: row for row in _if_there(folder / "wav.scp", _read_wav_scp)}
    segments = folder / "segments"

    def complete(key: str, row: Utterance) -> Utterance:
        return Utterance(
            id=key,
            text=texts.get(key),
            speaker=speakers.get(key) or None,
            audio=row.audio,
            start_s=row.start_s,
            end_s=row.end_s,
        )

    def parse_segment(raw: bytes, where: str) -> Utterance:
        key, recording, start_s, end_s = _segment(decode_line(raw, where), where)
        if recording not in audio:
            raise InputError(f"{where}: recording '{recording}' is not in {folder / 'wav.scp'}")
        row = Utterance(key, audio=audio[recording].audio, start_s=start_s, end_s=end_s)
        return complete(key, row)

    def parse_whole(raw: bytes, where: str) -> Utterance:
        key = _split(decode_line(raw, where))[0]
        return complete(key, audio.get(key, Utterance(key)))

    if segments.is_file():
        return read_rows(segments, parse_segment, check, set_aside)
    listing = folder / ("wav.scp" if audio else "text")
    return read_rows(listing, parse_whole, check, set_aside)


def _if_there(path: Path, read: Callable[[Path], Iterator[Utterance]]) -> Iterator[Utterance]:
    return read(path) if path.is_file() else iter(())


def _read_wav_scp(path: Path) -> Iterator[Utterance]:
    """Read wav.scp: a recording's id and the path of its sound."""

    def parse(raw: bytes, where: str) -> Utterance:
        key, audio = _split(decode_line(raw, where))
        if audio.endswith("|"):
            raise InputError(
                f"{where}: {audio!r} is a command; Earmark runs none. Write the sound to a file "
                "and put its path here"
            )
        if not audio:
            raise InputError(f"{where}: expected an id and the path of a sound file")
        # Kaldi's paths are relative to where it runs; an utterance's are relative to its manifest.
        beside = (path.parent / audio).exists() or not Path(audio).exists()
        return Utterance(key, audio=audio if beside else str(Path(audio).resolve()))

    return read_rows(path, parse)


def _split(line: str) -> tuple[str, str]:
    """Split a line at its first white space into the key and the rest, which may be empty."""
    key, *rest = line.strip().split(maxsplit=1)
    return key, rest[0] if rest else ""


def _segment(line: str, where: str) -> tuple[str, str, float, float | None]:
    """Parse `UTTERANCE RECORDING START END`, in seconds; an end of -1 is the end of the sound."""
    parts = line.split()
    try:
        key, recording, start, end = parts[0], parts[1], float(parts[2]), float(parts[3])
    except (IndexError, ValueError) as error:
        raise InputError(
            f"{where}: expected UTTERANCE RECORDING START END with times in seconds, found {line!r}"
        ) from error
    return key, recording, start, None if end < 0 else end


def read_nemo(
    path: AnyPath, check: Check | None = None, set_aside: list[BadRow] | None = None
) -> Iterator[Utterance]:
    """Read JSON lines with audio_filepath, text, offset and duration (NeMo's manifest).

    A row without `id` is named after its sound and offset. Fields that an utterance does not
    have are named once and left out; `duration` counts only where `offset` is given.
    """
    unused: set[str] = set()

    def parse(raw: bytes, where: str) -> Utterance:
        data = parse_line(raw, where)
        if not isinstance(data, dict) or not isinstance(data.get("audio_filepath"), str):
            raise InputError(f"{where}: expected a JSON object with audio_filepath")
        new = set(data) - set(NEMO_FIELDS) - set(NEMO_TIMES) - unused
        if new:
            unused.update(new)
            note(f"{where}: not used: {', '.join(sorted(new))}")
        row = {NEMO_FIELDS[key]: value for key, value in data.items() if key in NEMO_FIELDS}
        return parse_row(Utterance, _span(row, data, where), where)

    return read_rows(path, parse, check, set_aside)


def _span(row: dict[str, Any], data: dict[str, Any], where: str) -> dict[str, Any]:
    """Add the span that offset and duration name, and an id if there is none."""
    offset, duration = data.get("offset"), data.get("duration")
    for value in (offset, duration):
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise InputError(f"{where}: offset and duration should be seconds, found {value!r}")
    stem = Path(data["audio_filepath"]).stem
    if offset is None:
        return {"id": stem} | row
    end = {} if duration is None else {"end_s": offset + duration}
    return {"id": f"{stem}-{offset:g}"} | row | {"start_s": offset} | end


def read_tsv(
    path: AnyPath, check: Check | None = None, set_aside: list[BadRow] | None = None
) -> Iterator[Utterance]:
    """Read tab-separated values; the first line names the fields of an utterance.

    Raises:
        InputError: the first line has a name that an utterance does not have, or no id.
    """
    lines = numbered_lines(path)
    number, raw = next(lines, (1, b""))
    names = decode_line(raw, f"{path}:{number}").split("\t")
    known = [field.name for field in fields(Utterance)]
    for name in names:
        if name not in known:
            raise InputError(
                f"{path}:{number}: the first line should name the columns, found '{name}'; an "
                f"utterance has {', '.join(known)}; {did_you_mean(name, known)}"
            )

    def parse(raw: bytes, where: str) -> Utterance:
        values = decode_line(raw, where).split("\t")
        if len(values) != len(names):
            raise InputError(
                f"{where}: expected {len(names)} columns ({', '.join(names)}), "
                f"found {len(values)}; a transcript cannot hold a tab"
            )
        row: dict[str, Any] = dict(zip(names, values, strict=True))
        for name in ("start_s", "end_s"):
            if name in row:
                row[name] = _seconds(row[name], f"{where}: {name}")
        return parse_row(Utterance, {k: v for k, v in row.items() if v != "" or k == "text"}, where)

    return read_rows(path, parse, check, set_aside, first_line=number + 1)


def _seconds(value: str, where: str) -> float | str:
    """Parse a time in seconds; an empty one stays empty."""
    try:
        return float(value) if value else ""
    except ValueError as error:
        raise InputError(f"{where} should be seconds, found {value!r}") from error


READERS: dict[str, Reader] = {
    "utterances": _read_utterances,
    "nemo": read_nemo,
    "tsv": read_tsv,
    "kaldi": read_kaldi,
    "text": read_text,
}
