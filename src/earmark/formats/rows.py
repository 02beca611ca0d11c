"""JSON lines of a table: HF AudioFolder's metadata.jsonl, and rows that `datasets` has written."""

from collections.abc import Iterable, Mapping
from typing import Any

from earmark.formats.format import json_format
from earmark.formats.schema.columns import nearness, table_parser, table_row
from earmark.records import AnyRecord, Hypothesis, Utterance

NAMES: Mapping[str, str] = {"audio": "file_name", "text": "transcription"}


def to_objects(record: AnyRecord) -> Iterable[dict[str, Any]]:
    """Write an utterance as AudioFolder has it."""
    yield table_row(record, NAMES)


FORMAT = json_format(
    name="rows",
    expects="JSON lines with columns: `file_name`, `transcription`, ...",
    loses={Utterance: ()},
    nearness=nearness,
    parser=table_parser,
    to_objects=to_objects,
    reads=(Hypothesis,),
)
