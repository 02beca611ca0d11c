"""WeNet's data.list: key, wav, txt, and start and end of a span."""

from collections.abc import Iterable, Mapping
from typing import Any

from earmark.errors import InputError
from earmark.formats.files.source import Source
from earmark.formats.format import Parse, json_format, share
from earmark.formats.schema.fields import Extra, named_as, parse_row, renamed, to_row
from earmark.formats.schema.losses import NO_START, NO_TEXT
from earmark.formats.schema.spans import audio_of, seconds
from earmark.records import Utterance

OURS = {"id": "key", "audio": "wav", "text": "txt", "start_s": "start", "end_s": "end"}
NAMES = {theirs: ours for ours, theirs in OURS.items()}


def nearness(row: Mapping[str, Any]) -> float:
    """Ask for key, wav and txt."""
    return share(("key", "wav", "txt"), row)


def parser(source: Source, kind: type[Any]) -> Parse:
    """Make the parser of a file's rows."""
    extra = Extra(kind)

    def parse(row: dict[str, Any], where: str) -> Utterance:
        for name in ("start", "end"):
            if name in row:
                seconds(row[name], where, name)
        data = renamed(row, NAMES)
        if isinstance(data.get("audio"), str):
            data["audio"] = source.locate(data["audio"])
        return parse_row(kind, data, where, extra)

    return parse


def to_objects(utterance: Utterance) -> Iterable[dict[str, Any]]:
    """Write an utterance."""
    audio_of(utterance, "wenet")
    if utterance.start_s is not None and utterance.end_s is None:
        raise InputError(
            f"utterance '{utterance.id}' has start_s and no end_s; wenet needs both or none"
        )
    row = {"text": "", **to_row(utterance)}
    if "end_s" in row:
        row = {"start_s": 0.0, **row}
    yield named_as(row, OURS, "wenet")


FORMAT = json_format(
    name="wenet",
    expects="JSON lines with `key`, `wav`, `txt` (data.list)",
    loses={Utterance: (NO_TEXT, NO_START)},
    nearness=nearness,
    parser=parser,
    to_objects=to_objects,
    absolute=True,
)
