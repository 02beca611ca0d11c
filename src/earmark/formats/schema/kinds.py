"""Which kind of record a file holds, where its format has several."""

from typing import Any, Literal

from earmark.formats.files.source import Source
from earmark.formats.format import Format
from earmark.formats.schema.fields import FIELDS
from earmark.records import Candidates, Hypothesis, Pair, Utterance

Kind = Literal["utterances", "hypotheses", "pairs", "candidates"]
KINDS: dict[Kind, type[Any]] = {
    "utterances": Utterance,
    "hypotheses": Hypothesis,
    "pairs": Pair,
    "candidates": Candidates,
}
# Fields that one kind of row has and no other, under our names or another tool's.
OF_PAIRS = ("prompt", "chosen", "rejected", "messages", "conversations", "completion")
OF_HYPOTHESES = tuple(FIELDS[Hypothesis].keys() - FIELDS[Utterance].keys())


def kind_of(source: Source, format: Format) -> Kind:
    """Return the kind of a file's records: the only one of its format, or what its rows look like.

    Rows of an id and a text alone are taken for utterances.
    """
    held = [name for name, kind in KINDS.items() if format.holds(kind)]
    if len(held) == 1:
        return held[0]
    rows = source.first_objects
    if format.holds(Candidates) and any(
        "candidates" in row and "chosen" not in row for row in rows if "prompt" in row
    ):
        return "candidates"
    if any(key in row for row in rows for key in OF_PAIRS):
        return "pairs"
    hypotheses = sum(key in row for row in rows for key in OF_HYPOTHESES)
    utterances = sum(key in row for row in rows for key in ("audio", "speaker", "start_s"))
    return "hypotheses" if hypotheses > utterances else "utterances"
