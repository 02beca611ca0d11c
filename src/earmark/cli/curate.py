"""`earmark curate`: choose which pairs to train on."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from earmark.curate import CURATORS
from earmark.curate.verdict import Drop, Keep
from earmark.errors import KnobError
from earmark.files import load_records, skipped_path, write_jsonl
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


def curate(
    *,
    pairs: Path,
    out: Path,
    by: Literal["gap", "random"] = "gap",
    criterion: str = "",
    keep_share: float = 0.8,
    seed: int = 0,
    on_error: Literal["stop", "skip"] = "stop",
) -> None:
    """Keep a share of the pairs; the others go to OUT.dropped.jsonl with the reason.

    Args:
        pairs: a pairs file.
        out: the pairs file to write; its tally goes to OUT.tally.json.
        by: gap keeps pairs whose gap of scores is near the mean (the filter of arXiv
            2407.08639), random keeps as many whatever their gap, which is the control.
        criterion: name of the scores that the gap is taken of, chosen minus rejected.
        keep_share: share of the pairs to keep, above 0 and at most 1.
        seed: of the draw.
        on_error: stop at a bad row, or skip it and write it to OUT.skipped.jsonl.
    """
    if not 0 < keep_share <= 1:
        raise KnobError(f"--keep-share should be above 0 and at most 1, found {keep_share}")
    aside = beside(out, ".dropped.jsonl")
    written = [Output(out, PAIRS), Output(aside, DROPPED), Output(tally_path(out), TALLY)]
    if on_error == "skip":
        written.append(Output(skipped_path(out), SET_ASIDE))
    check_outputs(written, [pairs])
    rows = load_records(Pair, pairs, out=out, on_error=on_error)
    if by == "gap" and not criterion:
        criterion = only_criterion(rows)
    verdicts = CURATORS[by](rows, criterion, keep_share=keep_share, seed=seed)
    kept = [verdict.pair for verdict in verdicts if isinstance(verdict, Keep)]
    dropped = [verdict for verdict in verdicts if isinstance(verdict, Drop)]
    write_jsonl(aside, ({"id": drop.pair.id, "why": drop.why} for drop in dropped))
    write_jsonl(out, kept)
    tally = {"curator": by, "criterion": criterion, "kept": len(kept), "dropped": len(dropped)}
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
