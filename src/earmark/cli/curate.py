"""`earmark curate`: choose which pairs to train on."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from earmark.curate import CURATORS
from earmark.curate.choose import run_curator
from earmark.curate.verdict import Drop, Keep
from earmark.errors import KnobError
from earmark.formats.files.lines import write_jsonl
from earmark.formats.files.moving import moved
from earmark.formats.files.set_aside import skipped_path
from earmark.formats.reading import input_file, load, open_source
from earmark.lookup import summary_of
from earmark.pairs.tally import tally_path
from earmark.progress import note
from earmark.records import Pair
from earmark.storage.atomic import write_text
from earmark.storage.outputs import (
    DROPPED,
    PAIRS,
    SET_ASIDE,
    TALLY,
    Output,
    beside,
    check_outputs,
)

BY_HELP = "; ".join(
    [
        *(f"{name}: {summary_of(curator)}" for name, curator in CURATORS.items()),
        "module:name: a curator of your own.",
    ]
)


def curate(
    *,
    pairs: Path,
    out: Path,
    by: Annotated[str, Parameter(help=BY_HELP)] = "gap",
    criterion: str | None = None,
    keep_share: float | None = None,
    seed: int | None = None,
    on_error: Literal["stop", "skip"] = "stop",
    **knobs: float | str,
) -> None:
    """Keep a share of the pairs; the others go to OUT.dropped.jsonl with the reason.

    Args:
        pairs: pairs, in any format that docs/formats.md has; FILE@FORMAT names it.
        out: the pairs file to write; its tally goes to OUT.tally.json.
        by: the curator.
        criterion: name of the scores that the gap is taken of, chosen minus rejected.
        keep_share: share of the pairs to keep, above 0 and at most 1; default: the curator's own,
            0.8 of gap and random.
        seed: of the draw; default: 0.
        on_error: stop at a bad row, or skip it and write it to OUT.skipped.jsonl.
        knobs: the curator's other knobs, such as --longest 20 of a curator of your own.
    """
    aside = beside(out, ".dropped.jsonl")
    written = [Output(out, PAIRS), Output(aside, DROPPED), Output(tally_path(out), TALLY)]
    if on_error == "skip":
        written.append(Output(skipped_path(out), SET_ASIDE))
    check_outputs(written, [input_file(pairs)])
    source, format = open_source(pairs)
    rows = load(Pair, source, out=out, on_error=on_error, format=format)
    given: dict[str, Any] = {"criterion": criterion, "keep_share": keep_share, "seed": seed}
    chosen = {name: value for name, value in given.items() if value is not None} | knobs
    if by == "gap" and not criterion:
        chosen["criterion"] = only_criterion(rows)
    verdicts = run_curator(by, rows, chosen)
    old, new = source.folder.absolute(), out.absolute().parent
    kept = [moved(verdict.pair, old, new) for verdict in verdicts if isinstance(verdict, Keep)]
    dropped = [verdict for verdict in verdicts if isinstance(verdict, Drop)]
    write_jsonl(aside, ({"id": drop.pair.id, "why": drop.why} for drop in dropped))
    write_jsonl(out, kept)
    tally = {"curator": by, **chosen, "kept": len(kept), "dropped": len(dropped)}
    write_text(tally_path(out), json.dumps(tally, indent=2) + "\n")
    note(f"{out}: {len(kept)} of {len(rows)} pairs kept; why the others are not: {aside}")


def only_criterion(pairs: Sequence[Pair]) -> str:
    """Return the one criterion by which pairs are scored.

    Raises:
        KnobError: they have none, or several of which one must be chosen.
    """
    names = sorted({name for pair in pairs for name in pair.scores})
    if len(names) == 1:
        note(f"criterion: {names[0]}, the only one that the pairs have")
        return names[0]
    raise KnobError(
        f"--by gap needs --criterion, the name of the pairs' scores; they have "
        f"{', '.join(names) or 'none, so give them scores first, or use --by random'}"
    )
