"""`earmark convert`: from any file format to any other."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from earmark.cli.startup.later import later
from earmark.formats import FORMATS
from earmark.progress import note

convert_file = later("earmark.formats.convert:convert")

Kind = Literal["utterances", "hypotheses", "pairs", "candidates"]
WRITTEN = [name for name, each in FORMATS.items() if each.loses]


def convert(
    source: Path,
    out: Path,
    /,
    *,
    to: Annotated[str, Parameter(help=f"The format to write: {', '.join(WRITTEN)}.")],
    kind: Kind | None = None,
    on_error: Literal["stop", "skip"] = "stop",
) -> None:
    """Convert utterances, hypotheses, pairs or candidates to another format.

    What the format cannot hold is listed, with how many rows had it. Nothing else is lost: what
    is neither held nor listed is refused.

    Args:
        source: the file or folder to read, as FILE or FILE@FORMAT, or a data set of the Hugging
            Face hub as hf:NAME:SPLIT.
        out: the file or folder to write; nothing may be there yet.
        to: the format to write.
        kind: what the input holds, where it cannot be seen: rows of an id and a text are taken
            for utterances.
        on_error: stop at a bad row, or skip it and write it to OUT.skipped.jsonl.
    """
    found = convert_file(source, out, to, kind=kind, on_error=on_error)
    for what, count in sorted(found.lost.items()):
        note(f"{to} cannot hold: {what} ({count} of {found.rows} rows)")
    note(f"{out}: {found.rows} {found.kind} written as {to}")
