"""Rows of a table, whose columns are called as corpora call them: HF, Common Voice, AudioFolder."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from earmark.errors import InputError
from earmark.formats.files.sound import audio_path
from earmark.formats.files.source import Source
from earmark.formats.schema.fields import Extra, parse_row, renamed, to_row
from earmark.records import AnyRecord, Hypothesis, Utterance

TEXTS = ("text", "transcription", "transcript", "sentence", "txt", "normalized_text")
AUDIOS = ("audio", "file_name", "audio_path", "audio_filepath", "path", "wav", "file", "filename")
IDS = ("id", "utt_id", "utterance_id", "segment_id", "utt", "key")
OTHERS: dict[str, tuple[str, ...]] = {
    "id": IDS,
    "language": ("language", "lang", "locale"),
    "speaker": ("speaker", "speaker_id", "spk_id", "client_id"),
    "split": ("split",),
    "task": ("task",),
    "start_s": ("start_s",),
    "end_s": ("end_s",),
}
# For each field the columns that may hold it; of several in a table the first is taken.
COLUMNS: dict[type[Any], dict[str, tuple[str, ...]]] = {
    Utterance: {"audio": AUDIOS, "text": TEXTS, **OTHERS},
    Hypothesis: {
        "id": IDS,
        "text": ("hyp", "hypothesis", "prediction", "pred_text", "predicted", "pred", *TEXTS),
        **{name: (name,) for name in ("raw_text", "logprob", "tokens", "made_by", "cut")},
        "set_aside": ("set_aside",),
    },
}
OF_UTTERANCE = (*AUDIOS, "start_s", "end_s")
COLUMN_NAMES = {name for each in COLUMNS.values() for names in each.values() for name in names}


def nearness(row: Mapping[str, Any]) -> float:
    """Ask for a column of sound, or one of ids and one of texts."""
    has_text = any(key in row for names in COLUMNS.values() for key in names["text"])
    has_audio, has_id = any(key in row for key in AUDIOS), any(key in row for key in IDS)
    return 1.0 if has_audio or (has_id and has_text) else 0.4 * has_text + 0.3 * has_id


def names_of(kind: type[Any], columns: Iterable[str]) -> dict[str, str]:
    """Say which columns hold which fields.

    >>> names_of(Utterance, ["file_name", "transcription", "dialect"])
    {'file_name': 'audio', 'transcription': 'text'}
    """
    there = list(columns)
    found = {}
    for field, names in COLUMNS[kind].items():
        column = next((name for name in names if name in there), None)
        if column is not None:
            found[column] = field
    return found


def table_parser(source: Source, kind: type[Any]) -> Callable[[dict[str, Any], str], Any]:
    """Make what turns a row, as column to value, into a record.

    A row without id is named after its sound. Columns without a value are left out.
    """
    extra = Extra(kind)

    def parse(row: dict[str, Any], where: str) -> AnyRecord:
        names = names_of(kind, row)
        data = {k: v for k, v in renamed(row, names).items() if v is not None}
        if isinstance(data.get("id"), int) and not isinstance(data["id"], bool):
            data["id"] = str(data["id"])
        if kind is Hypothesis:
            audio = next((row[name] for name in AUDIOS if name in row), None)
            data = {key: value for key, value in data.items() if key not in OF_UTTERANCE}
        else:
            audio = data.get("audio")
        data = {"id": _stem(audio, where), **data} if "id" not in data else data
        if kind is Utterance:
            data["audio"] = audio_path(audio, source, where, str(data["id"]))
        return parse_row(kind, data, where, extra)

    return parse


def _stem(audio: Any, where: str) -> str:
    """Name a row after its sound.

    Raises:
        InputError: it has none with a name.
    """
    path = audio.get("path") if isinstance(audio, dict) else audio
    if not isinstance(path, str) or not path:
        known = ", ".join(IDS)
        raise InputError(f"{where}: there is no id; name a column one of {known}")
    return Path(path).stem


def table_row(record: Any, names: Mapping[str, str]) -> dict[str, Any]:
    """Return a record as column to value; extra fields keep their names.

    Raises:
        InputError: an extra field that would be read as one of ours.
    """
    clash = sorted(COLUMN_NAMES & record.extra.keys())
    if clash:
        raise InputError(
            f"'{record.id}': its extra field '{clash[0]}' has the name of a column that is read as "
            "a field; rename it"
        )
    return {names.get(key, key): value for key, value in to_row(record).items()}
