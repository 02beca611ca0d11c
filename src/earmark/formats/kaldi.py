"""Kaldi's data folders (text, wav.scp, segments, utt2spk) and its text files: an id, the text."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from earmark.errors import InputError
from earmark.formats.files.line_ids import has_tabs, text_begins_with
from earmark.formats.files.source import Source
from earmark.formats.format import SAME_SYNTAX, Format, Row, text_rows
from earmark.formats.schema.fields import brief
from earmark.formats.schema.losses import BLANKS, NO_START, ONLY_TEXT
from earmark.formats.schema.spans import audio_of, text_of
from earmark.records import AnyRecord, Hypothesis, Utterance
from earmark.storage.atomic import write_text

PARTS = ("text", "wav.scp", "segments", "utt2spk")
NEAR = {"ids": 1.0, "either": 0.9, "words": 0.4, None: 0.0}


def sniff(source: Source) -> float:
    """Ask for a folder with text or wav.scp, or for lines that begin with ids."""
    if source.is_folder:
        there = [(source.named / part).is_file() for part in PARTS[:2]]
        return 1.0 if any(there) else SAME_SYNTAX
    return NEAR[text_begins_with(source)]


def read(source: Source, kind: type[Any]) -> Iterator[Row]:
    """Yield the rows of a folder or a text file.

    Raises:
        InputError: a part of the folder that a row could not be set aside for.
    """
    if source.is_folder:
        if kind is not Utterance:
            text = source.named / "text"
            raise InputError(f"{source}: a Kaldi folder has utterances; hypotheses are in {text}")
        return _read_folder(source)
    return read_text(source, kind)


def read_text(source: Source, kind: type[Any]) -> Iterator[Row]:
    """Yield a row for each line: an id, white space, and the text, which may be empty.

    Where every line has a tab, the id ends there and may hold blanks.
    """
    tabs = has_tabs(source.first_lines)

    def parse(line: str, where: str) -> AnyRecord:
        id_, text = _split(line)
        if tabs:
            id_, text = (part.strip() for part in line.partition("\t")[::2])
            if not id_ or "\t" in text or ("\t" not in line and len(id_.split()) > 1):
                raise InputError(
                    f"{where}: expected an id, a tab and a text, found {brief(line)}; lines with "
                    "more columns need a first line that names them"
                )
        return kind(id=id_, text=text)

    return text_rows(source, parse)


def _split(line: str) -> tuple[str, str]:
    """Split a line at its first white space into the key and the rest, which may be empty."""
    key, *rest = line.strip().split(maxsplit=1)
    return key, rest[0] if rest else ""


def _read_folder(folder: Source) -> Iterator[Row]:
    """Yield the utterances of a folder, each with what the parts of the folder say of it."""
    texts, speakers = (_table(folder, name) for name in ("text", "utt2spk"))
    audio = {key: _sound(*each, folder) for key, each in _table(folder, "wav.scp").items()}

    def utterance(
        key: str, audio: str | None, start_s: float | None = None, end_s: float | None = None
    ) -> Utterance:
        said = texts[key][0] if key in texts else None
        speaker = speakers[key][0] or None if key in speakers else None
        return Utterance(key, said, audio, start_s, end_s, speaker=speaker)

    def segment(line: str, where: str) -> Utterance:
        key, recording, start_s, end_s = _segment(line, where)
        if recording not in audio:
            raise InputError(f"{where}: recording '{recording}' is not in {folder.named}/wav.scp")
        return utterance(key, audio[recording], start_s, end_s)

    def whole(line: str, where: str) -> Utterance:
        key = _split(line)[0]
        return utterance(key, audio.get(key))

    has_segments = (folder.named / "segments").is_file()
    listing = "segments" if has_segments else "wav.scp" if audio else "text"
    yield from text_rows(Source(folder.named / listing), segment if has_segments else whole)


def _table(folder: Source, name: str) -> dict[str, tuple[str, str]]:
    """Read a part of a folder: what follows each key, and its place."""
    path = folder.named / name
    if not path.is_file():
        return {}
    found: dict[str, tuple[str, str]] = {}
    for number, _, line in Source(path).texts():
        if isinstance(line, InputError):
            raise line
        key, rest = _split(line)
        if key in found:
            before = found[key][1].rpartition(":")[2]
            raise InputError(f"{path}:{number}: id '{key}' was already used in line {before}")
        found[key] = rest, f"{path}:{number}"
    return found


def _sound(audio: str, where: str, folder: Source) -> str:
    """Return the path of a line of wav.scp."""
    if audio.endswith("|"):
        raise InputError(
            f"{where}: {audio!r} is a command; Earmark runs none. Write the sound to a file and "
            "put its path here"
        )
    if not audio:
        raise InputError(f"{where}: expected an id and the path of a sound file")
    return folder.locate(audio)


def _segment(line: str, where: str) -> tuple[str, str, float, float | None]:
    """Parse `UTTERANCE RECORDING START END`, in seconds; an end of -1 is the end of the sound."""
    parts = line.split()
    try:
        key, recording, start, end = parts[0], parts[1], float(parts[2]), float(parts[3])
    except (IndexError, ValueError) as error:
        raise InputError(
            f"{where}: expected UTTERANCE RECORDING START END with times in seconds, found "
            f"{brief(line)}"
        ) from error
    return key, recording, start, None if end < 0 else end


def write(records: Iterable[Any], path: Path) -> int:
    """Write utterances as a folder, hypotheses as a text file; return how many.

    The folder has the parts that there is something for. Lines keep the order of the records;
    Kaldi's tools want them sorted (utils/fix_data_dir.sh).

    Raises:
        InputError: an id, a text or a path that a line of Kaldi cannot hold.
    """
    rows = list(records)
    if rows and isinstance(rows[0], Hypothesis):
        write_text(path, "".join(_line(row.id, row.text) for row in rows))
        return len(rows)
    parts = _parts([row for row in rows if isinstance(row, Utterance)])
    for name, lines in parts.items():
        if lines:
            write_text(path / name, "".join(lines))
    return len(rows)


def _parts(rows: list[Utterance]) -> dict[str, list[str]]:
    """Return the lines of each part of a folder."""
    spans = any(row.start_s is not None or row.end_s is not None for row in rows)
    with_audio = any(row.audio for row in rows)
    if spans and not with_audio:
        raise InputError(f"'{rows[0].id}': Kaldi has no spans of recordings without a path")
    parts: dict[str, list[str]] = {name: [] for name in PARTS}
    recordings: dict[str, str] = {}
    for row in rows:
        if row.text is not None or not with_audio:
            parts["text"].append(_line(row.id, text_of(row, "a Kaldi folder without audio")))
        if row.speaker is not None:
            parts["utt2spk"].append(_line(row.id, _word(row.speaker, row.id, "speaker")))
        if not with_audio:
            continue
        audio = audio_of(row, "a Kaldi folder in which others have some")
        recording = recordings.setdefault(audio, row.id) if spans else row.id
        if recording == row.id:
            parts["wav.scp"].append(_line(row.id, _path(audio, row.id)))
        if spans:
            end_s = -1 if row.end_s is None else row.end_s
            parts["segments"].append(_line(row.id, f"{recording} {row.start_s or 0.0!r} {end_s!r}"))
    return parts


def _line(id_: str, rest: str) -> str:
    """Write a line; blanks at the ends of a text are not part of it."""
    if any(char in rest for char in "\n\t"):
        raise InputError(f"'{id_}': Kaldi cannot hold {rest!r}; a line has no tab or line break")
    return f"{_word(id_, id_, 'id')} {rest}".strip() + "\n"


def _word(word: str, id_: str, what: str) -> str:
    if len(word.split()) != 1 or word.strip() != word:
        raise InputError(f"'{id_}': Kaldi cannot hold the {what} {word!r}; it has no blanks")
    return word


def _path(path: str, id_: str) -> str:
    if path.strip() != path or path.endswith("|"):
        raise InputError(f"'{id_}': wav.scp cannot hold the path {path!r}")
    return path


FORMAT = Format(
    name="kaldi",
    expects="a folder with text or wav.scp, or lines of an id and a text",
    loses={
        Utterance: ("language", "split", "task", "extra", BLANKS, NO_START),
        Hypothesis: ONLY_TEXT,
    },
    sniff=sniff,
    read=read,
    write=write,
    repeats=". If the lines have no ids, append @plain to the name of the file",
    absolute=True,
)
