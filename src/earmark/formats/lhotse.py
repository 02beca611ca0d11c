"""Lhotse's manifests: cuts with their recordings inside, and supervisions; also gzipped."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from earmark.errors import InputError
from earmark.formats.files.lines import write_jsonl
from earmark.formats.files.sound import header
from earmark.formats.files.source import Source
from earmark.formats.format import Format, Row, share
from earmark.formats.schema.fields import Extra, brief, parse_row, to_row
from earmark.formats.schema.losses import NO_START
from earmark.formats.schema.spans import audio_of, length_of, seconds
from earmark.records import AnyRecord, Utterance

SUPERVISION = ("id", "recording_id", "start", "duration")
CUT = ("id", "start", "duration", "type")
# What a row says of sound and of time; the rest is what was said, or extra.
PLACE = (*CUT, "channel", "recording", "recording_id", "supervisions", "custom", "features")

Said = dict[str, Any]
# Finds the path of the sound of a cut or a supervision; the second argument is its place.
Sound = Callable[[Mapping[str, Any], str], str | None]


def nearness(row: Mapping[str, Any]) -> float:
    """Ask for the fields of a supervision or of a cut."""
    return share(CUT if str(row.get("type")).endswith("Cut") else SUPERVISION, row)


def sniff(source: Source) -> float:
    """Ask for a row that is a supervision or a cut."""
    return max(map(nearness, source.first_objects), default=0.0)


def read(source: Source, kind: type[Any]) -> Iterator[Row]:
    """Yield a row for each supervision, and one for a cut that has none.

    The recordings of supervisions are looked for beside them, where their name has `recordings`
    for `supervisions`.
    """
    recordings = _recordings(source)

    def sound(row: Mapping[str, Any], where: str) -> str | None:
        recording = row.get("recording") or recordings.get(str(row.get("recording_id")))
        return None if recording is None else path_of(recording, where)

    return cut_rows(source, sound)


def cut_rows(source: Source, sound: Sound) -> Iterator[Row]:
    """Yield the rows of a manifest."""
    extra = Extra(Utterance)
    for where, number, text, row in source.objects():
        try:
            if isinstance(row, InputError):
                raise row
            found = [parse_row(Utterance, said, where, extra) for said in _said(row, sound, where)]
        except InputError as error:
            yield Row(where, number, text, error)
            continue
        for utterance in found:
            yield Row(where, number, text, utterance)


def _said(row: Any, sound: Sound, where: str) -> list[Said]:
    """Return the fields of each utterance in a cut, or of a supervision."""
    if not isinstance(row, dict) or "id" not in row:
        raise InputError(f"{where}: expected a cut or a supervision, found {brief(row)}")
    if row.get("type", "MonoCut") not in ("MonoCut", "DataCut"):
        raise InputError(f"{where}: a {row['type']} is not read; only cuts of one recording are")
    supervisions = row.get("supervisions") or []
    if not isinstance(supervisions, list) or not all(isinstance(s, dict) for s in supervisions):
        raise InputError(f"{where}: 'supervisions' should be a list of objects")
    audio = sound(row, where)
    if "type" not in row or len(supervisions) < 2:
        said = {**row, **(supervisions[0] if supervisions else {})}
        custom = {**_custom(row, where), **_custom(said, where)}
        return [_with_place(said, custom, row, 0.0, audio, where)]
    # A supervision's start counts from that of its cut.
    start_s = seconds(row.get("start"), where, "start")
    shared = _custom(row, where)
    return [
        _with_place(each, {**shared, **_custom(each, where)}, each, start_s, audio, where)
        for each in supervisions
    ]


def _with_place(
    said: Said,
    custom: Said,
    place: Mapping[str, Any],
    after_s: float,
    audio: str | None,
    where: str,
) -> Said:
    """Return the fields of an utterance: its text and the like, and its span."""
    start_s = after_s + seconds(place.get("start"), where, "start")
    length_s = seconds(place.get("duration"), where, "duration")
    fields = {key: value for key, value in said.items() if key not in PLACE and value is not None}
    fields |= {"id": place.get("id"), **({} if audio is None else {"audio": audio})}
    whole = (place.get("recording") or {}).get("duration") == length_s and start_s == 0
    if not whole:
        fields |= {"start_s": start_s, "end_s": start_s + length_s}
    return fields | {f"{key}_" if key in fields else key: value for key, value in custom.items()}


def _custom(row: Mapping[str, Any], where: str) -> Said:
    custom = row.get("custom") or {}
    if not isinstance(custom, dict):
        raise InputError(f"{where}: 'custom' should be an object, found {custom!r}")
    return custom


def path_of(recording: Any, where: str) -> str | None:
    """Return the path of a recording.

    Raises:
        InputError: it is no single file.
    """
    sources = recording.get("sources") if isinstance(recording, dict) else None
    first = sources[0] if isinstance(sources, list) and len(sources) == 1 else sources
    if not isinstance(first, dict) or first.get("type") != "file":
        raise InputError(
            f"{where}: its recording is not one sound file, found {brief(first)}; commands are not "
            "run, and what a Shar folder holds is read from the folder"
        )
    return str(first.get("source"))


def _recordings(source: Source) -> dict[str, Any]:
    """Read the recordings beside a file of supervisions, if they are there."""
    name = source.named.name
    beside = source.named.with_name(name.replace("supervisions", "recordings"))
    if "supervisions" not in name or not beside.is_file():
        return {}
    rows = [raw.value for raw in Source(beside).objects() if isinstance(raw.value, dict)]
    return {str(row.get("id")): row for row in rows}


def cut_of(utterance: Utterance, recording: Said) -> Said:
    """Write an utterance as a cut of a recording."""
    row = to_row(utterance)
    start_s = utterance.start_s or 0.0
    whole = utterance.start_s is None and utterance.end_s is None
    end_s = recording["duration"] if utterance.end_s is None else utterance.end_s
    length_s = recording["duration"] if whole else length_of(start_s, end_s)
    said: Said = {key: row.pop(key) for key in ("text", "language", "speaker") if key in row}
    custom = {k: v for k, v in row.items() if k not in ("id", "audio", "start_s", "end_s")}
    named: Said = {"id": utterance.id, "recording_id": recording["id"]}
    supervision: Said = {**named, "start": 0.0, "duration": length_s, "channel": 0, **said}
    return {
        "id": utterance.id,
        "start": start_s,
        "duration": length_s,
        "channel": 0,
        "supervisions": [supervision],
        "recording": recording,
        "custom": custom,
        "type": "MonoCut",
    }


def write(records: Iterable[AnyRecord], path: Path) -> int:
    """Write a cut for each utterance; the length of each sound is read from its header.

    Raises:
        InputError: an utterance without sound, or sound that is not there.
    """

    def cuts() -> Iterator[Said]:
        for record in records:
            assert isinstance(record, Utterance)
            audio = audio_of(record, "lhotse")
            recording: Said = {"id": record.id, **header(path.parent / audio)}
            recording["sources"] = [{"type": "file", "channels": [0], "source": audio}]
            yield cut_of(record, recording)

    return write_jsonl(path, cuts())


FORMAT = Format(
    name="lhotse",
    expects="JSON lines with `id`, `start`, `duration`: cuts, supervisions",
    loses={Utterance: (NO_START,)},
    sniff=sniff,
    read=read,
    write=write,
    absolute=True,
)
