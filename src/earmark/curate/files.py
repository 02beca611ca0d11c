"""Curate a pairs file: read, check, run the chain, and write what is kept, dropped and counted."""

import json
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import IO, Any

from earmark.curate.chain import Curation, run_chain
from earmark.curate.portrait import Portrait, facts_of
from earmark.curate.steps import Step
from earmark.errors import InputError, check_seed
from earmark.formats.files.moving import moved
from earmark.formats.files.set_aside import skipped_path
from earmark.formats.reading import OnError, input_file
from earmark.formats.schema.fields import to_row
from earmark.pairs.pair_file import open_pairs
from earmark.pairs.tally import tally_path
from earmark.progress import track
from earmark.records import Pair
from earmark.storage.atomic import atomic_writer, write_text
from earmark.storage.outputs import (
    DROPPED,
    PAIRS,
    SET_ASIDE,
    TALLY,
    Output,
    beside,
    check_outputs,
)


@dataclass(frozen=True)
class Written:
    """Where a chain's results are.

    Attributes:
        out: the pairs that were kept.
        control: as many pairs drawn at random, None without a control.
    """

    out: Path
    control: Path | None = None

    @property
    def dropped(self) -> Path:
        """Return where the pairs that were dropped are, each with its step and reason."""
        return beside(self.out, ".dropped.jsonl")

    @property
    def tally(self) -> Path:
        """Return where the counts are."""
        return tally_path(self.out)

    def outputs(self, on_error: OnError) -> list[Output]:
        """Return all files that are written."""
        files = [
            Output(self.out, PAIRS),
            Output(self.dropped, DROPPED),
            Output(self.tally, TALLY),
        ]
        files += [Output(self.control, PAIRS)] if self.control is not None else []
        return files + ([Output(skipped_path(self.out), SET_ASIDE)] if on_error == "skip" else [])


def places_of(out: Path, control: bool) -> Written:
    """Return where a chain writes."""
    return Written(out, beside(out, ".control.jsonl") if control else None)


def curate_file(
    pairs: str | Path,
    out: str | Path,
    steps: Sequence[Step],
    *,
    control: bool = False,
    seed: int = 0,
    on_error: OnError = "stop",
    more: Iterable[Output] = (),
) -> dict[str, Any]:
    """Run a chain over a pairs file; return what is also written to OUT.tally.json.

    Args:
        pairs: pairs of any format, as FILE or FILE@FORMAT.
        out: the pairs that are kept; the others go to OUT.dropped.jsonl with step and reason.
        steps: the chain.
        control: whether as many pairs, drawn from all, are written to OUT.control.jsonl.
        seed: of the control's draw.
        on_error: stop at a bad row, or set it aside in OUT.skipped.jsonl.
        more: other files that the caller writes.

    Raises:
        InputError: a bad row, pairs without what a step needs, not one pair is kept, or an output
            that would destroy something. Nothing is written then.
    """
    check_seed(seed)
    written = places_of(Path(out), control)
    check_outputs([*written.outputs(on_error), *more], [input_file(pairs)])
    table = open_pairs(pairs, out=out, on_error=on_error)
    curation = run_chain(table, steps)
    if not curation.kept:
        raise InputError(
            f"not one of {len(table)} pairs is kept, so nothing was written: "
            f"{curation.why_none()}. Relax a limit, or leave a curator out"
        )
    before, after, drawn = _write(curation, written, seed)
    result = {
        "curator": ",".join(map(str, curation.steps)),
        "kept": curation.kept,
        "dropped": len(table) - curation.kept,
        "steps": [tally.as_dict() for tally in curation.tallies],
        "before": before.as_dict(),
        "after": after.as_dict(),
        **({"control": {"seed": seed, **drawn.as_dict()}} if control else {}),
    }
    write_text(written.tally, json.dumps(result, ensure_ascii=False, indent=2) + "\n")
    return result


def _write(curation: Curation, places: Written, seed: int) -> tuple[Portrait, Portrait, Portrait]:
    """Write every pair to where it belongs; return what all, the kept and the control are like."""
    old, new = curation.pairs.folder.absolute(), places.out.absolute().parent
    before, after, drawn = Portrait(), Portrait(), Portrait()
    control = _Draw(curation.kept, len(curation.pairs), Random(seed))
    with ExitStack() as stack:
        out = stack.enter_context(atomic_writer(places.out))
        aside = stack.enter_context(atomic_writer(places.dropped))
        random = stack.enter_context(atomic_writer(places.control)) if places.control else None
        for outcome in track(curation.outcomes(), "writing", len(curation.pairs)):
            facts = facts_of(outcome.before)
            before.add(facts)
            if outcome.after is not None:
                same = _is_counted_alike(outcome.before, outcome.after)
                after.add(facts if same else facts_of(outcome.after))
                _line(out, moved(outcome.after, old, new))
            else:
                why = {"step": outcome.step, "why": outcome.why}
                _line(aside, moved(outcome.before, old, new), why)
            if random is not None and control.takes():
                drawn.add(facts)
                _line(random, moved(outcome.before, old, new))
    return before, after, drawn


def _is_counted_alike(before: Pair, after: Pair) -> bool:
    """Say whether a pair is as it was, except for what steps have recorded."""
    return after is before or replace(after, made_by=before.made_by) == before


def _line(file: IO[str], pair: Pair, more: dict[str, str] | None = None) -> None:
    file.write(json.dumps(to_row(pair) | (more or {}), ensure_ascii=False) + "\n")


class _Draw:
    """Draws exactly `count` of `of` items, each with the same probability, as they come."""

    def __init__(self, count: int, of: int, rng: Random) -> None:
        self._left, self._of, self._rng = count, of, rng

    def takes(self) -> bool:
        """Say whether the next item is taken."""
        taken = self._rng.random() * self._of < self._left
        self._of -= 1
        self._left -= taken
        return taken
