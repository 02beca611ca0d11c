"""NeMo's manifests: audio_filepath, text, offset and duration; pred_text is a hypothesis."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from earmark.errors import InputError
from earmark.formats.files.source import Source
from earmark.formats.format import Parse, json_format
from earmark.formats.schema.fields import Extra, named_as, parse_row, renamed, to_row
from earmark.formats.schema.losses import NO_START
from earmark.formats.schema.spans import audio_of, length_of, seconds
from earmark.records import AnyRecord, Hypothesis, Utterance

OURS = {"audio": "audio_filepath", "language": "lang"}
NAMES = {theirs: ours for ours, theirs in OURS.items()}
# What in a row is the utterance's, and not the hypothesis's.
OF_UTTERANCE = ("audio_filepath", "text", "offset", "duration", "lang")


def nearness(row: Mapping[str, Any]) -> float:
    """Ask for audio_filepath."""
    return float("audio_filepath" in row)


def parser(source: Source, kind: type[Any]) -> Parse:
    """Make the parser of a file's rows.

    A row without `id` is named after its sound and offset. `duration` is the end of a span only
    where `offset` is given; else it is kept as it is.
    """
    extra = Extra(kind)
    extra.seen.add("duration")

    def parse(row: dict[str, Any], where: str) -> AnyRecord:
        if not isinstance(row.get("audio_filepath"), str):
            raise InputError(f"{where}: expected a JSON object with audio_filepath")
        found, id_ = _span(row, where)
        if kind is Hypothesis:
            text = row.get("pred_text")
            if text is None:
                raise InputError(f"{where}: there is no 'pred_text', which is what a system wrote")
            rest = {k: v for k, v in row.items() if k not in (*OF_UTTERANCE, "pred_text")}
            return parse_row(Hypothesis, {"id": id_, **rest, "text": text}, where, extra)
        return parse_row(Utterance, {"id": id_, **renamed(found, NAMES)}, where, extra)

    return parse


def _span(row: dict[str, Any], where: str) -> tuple[dict[str, Any], str]:
    """Return a row with our names of its span, and the name of a row without id."""
    stem = Path(row["audio_filepath"]).stem
    found = dict(row)
    offset, duration = found.pop("offset", None), found.get("duration")
    if duration is not None:
        seconds(duration, where, "duration")
    if offset is None:
        return found, stem
    found["start_s"] = seconds(offset, where, "offset")
    if duration is not None:
        found["end_s"] = offset + found.pop("duration")
    return found, f"{stem}-{offset:g}"


def to_objects(utterance: Utterance) -> Iterable[dict[str, Any]]:
    """Write an utterance."""
    audio_of(utterance, "nemo")
    row = to_row(utterance)
    start_s, end_s = row.pop("start_s", None), row.pop("end_s", None)
    if end_s is not None and "duration" in row:
        raise InputError(
            f"utterance '{utterance.id}' has a span and a 'duration' of its own in extra"
        )
    span: dict[str, Any] = {}
    if start_s is not None or end_s is not None:
        span["offset"] = start_s or 0.0
    if end_s is not None:
        span["duration"] = length_of(span["offset"], end_s)
    yield named_as(row, OURS, "nemo") | span


FORMAT = json_format(
    name="nemo",
    expects="JSON lines with `audio_filepath`, `text`, `duration`",
    loses={Utterance: (NO_START,)},
    nearness=nearness,
    parser=parser,
    to_objects=to_objects,
    reads=(Hypothesis,),
)
