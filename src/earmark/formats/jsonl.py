"""JSON lines of Earmark's own records: what every step writes."""

from collections.abc import Iterable, Mapping
from typing import Any

from earmark.formats.files.sound import audio_in_row, is_path
from earmark.formats.files.source import Source
from earmark.formats.format import SAME_SYNTAX, Parse, json_format
from earmark.formats.schema.fields import FIELDS, Extra, parse_row, to_row
from earmark.records import AnyRecord, Candidates, Hypothesis, Pair, Utterance

# Rows that are near to no format are most likely meant as ours.
NEAREST_JSON = 2 * SAME_SYNTAX
KNOWN = {name for known in FIELDS.values() for name in known}


def nearness(row: Mapping[str, Any]) -> float:
    """Ask for an id, and for a text, a sound or a prompt of messages, or nothing that is not ours.

    Rows of TRL have texts for prompts, or messages for answers; tables have objects for sound.
    """
    of_trl = isinstance(row.get("prompt"), str) or isinstance(row.get("chosen"), list)
    if of_trl or "completion" in row:
        return 0.5
    of_table = isinstance(row.get("audio"), dict) or isinstance(row.get("id"), int)
    ours = any(key in row for key in ("text", "audio", "prompt")) or row.keys() <= KNOWN
    return max((("id" in row and not of_table) + ours) / 2, NEAREST_JSON)


def parser(source: Source, kind: type[Any]) -> Parse:
    """Make the parser of a file's rows."""
    extra = Extra(kind)

    def parse(row: dict[str, Any], where: str) -> AnyRecord:
        audio = row.get("audio")
        if audio is not None and kind is Utterance and not is_path(audio):
            row = audio_in_row(row, source, where)
        return parse_row(kind, row, where, extra)

    return parse


def to_objects(record: AnyRecord) -> Iterable[dict[str, Any]]:
    """Write a record as one object."""
    return (to_row(record),)


FORMAT = json_format(
    name="jsonl",
    expects="JSON lines with `id`, and `text`, `audio` or `prompt`",
    loses={Utterance: (), Hypothesis: (), Pair: (), Candidates: ()},
    nearness=nearness,
    parser=parser,
    to_objects=to_objects,
)
