"""FunASR's JSON lines: key, source and target; its results are key and text."""

from collections.abc import Iterable, Mapping
from typing import Any

from earmark.formats.files.source import Source
from earmark.formats.format import Parse, json_format, share
from earmark.formats.schema.fields import Extra, named_as, parse_row, renamed, to_row
from earmark.formats.schema.losses import NO_TEXT
from earmark.formats.schema.spans import audio_of, check_whole
from earmark.records import AnyRecord, Hypothesis, Utterance

OURS = {Utterance: {"id": "key", "audio": "source", "text": "target"}, Hypothesis: {"id": "key"}}


def nearness(row: Mapping[str, Any]) -> float:
    """Ask for key, source and target, or for key and text alone."""
    if "source" not in row and "wav" not in row and "id" not in row:
        return share(("key", "text"), row) * ("key" in row)
    return share(("key", "source", "target"), row)


def parser(source: Source, kind: type[Any]) -> Parse:
    """Make the parser of a file's rows."""
    extra = Extra(kind)
    names = {theirs: ours for ours, theirs in OURS[kind].items()}

    def parse(row: dict[str, Any], where: str) -> AnyRecord:
        data = renamed(row, names)
        if isinstance(data.get("audio"), str):
            data["audio"] = source.locate(data["audio"])
        return parse_row(kind, data, where, extra)

    return parse


def to_objects(record: Utterance | Hypothesis) -> Iterable[dict[str, Any]]:
    """Write an utterance or a result."""
    if isinstance(record, Utterance):
        audio_of(record, "funasr")
        check_whole(record, "funasr")
    names = OURS[type(record)]
    yield named_as({"text": "", **to_row(record)}, names, "funasr")


FORMAT = json_format(
    name="funasr",
    expects="JSON lines with `key`, `source`, `target`, or `key`, `text`",
    loses={Utterance: (NO_TEXT,), Hypothesis: ()},
    nearness=nearness,
    parser=parser,
    to_objects=to_objects,
    absolute=True,
)
