"""Build a pairs file from a manifest: read, check, build, write, and keep the tally beside it."""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from earmark.errors import InputError
from earmark.formats.files.lines import write_jsonl
from earmark.formats.files.set_aside import skipped_path
from earmark.formats.reading import OnError, input_file, load, open_source
from earmark.pairs.imitate import Imitation, check_imitation, imitate_pairs
from earmark.pairs.mined import Mining, mine_pairs
from earmark.pairs.prompts import Prompter, load_prompts
from earmark.pairs.rows import plan_for
from earmark.pairs.tally import Tally, tally_path
from earmark.progress import note, track
from earmark.records import Hypothesis, Pair, Utterance
from earmark.storage.atomic import write_text
from earmark.storage.outputs import PAIRS, SET_ASIDE, TALLY, Output, check_outputs


def outputs_of(out: str | Path, on_error: OnError, hyps: Sequence[str | Path] = ()) -> list[Output]:
    """Return what is written on the way to a pairs file: its tally, what is set aside."""
    written = [Output(Path(out), PAIRS), Output(tally_path(out), TALLY)]
    if on_error == "skip":
        asides = [skipped_path(out), *(skipped_path(_named(out, path)) for path in hyps)]
        written += [Output(aside, SET_ASIDE) for aside in asides]
    return written


def _named(out: str | Path, hyps: str | Path) -> str:
    """Name what belongs to one file of hypotheses after it."""
    return f"{out}.{Path(input_file(hyps)).name}"


def imitate_file(
    utterances: str | Path,
    out: str | Path,
    imitation: Imitation,
    *,
    several: bool = False,
    seed: int = 0,
    prompts: str | Path | None = None,
    on_error: OnError = "stop",
) -> Tally:
    """Write pairs whose rejected answers imitate failures; return the tally.

    Raises:
        InputError: a bad row and `on_error` is "stop", or not one good row; an output that is
            an input, or another kind of file.
        KnobError: knobs of the imitation that make no sense.
    """
    check_outputs(outputs_of(out, on_error), (input_file(utterances), prompts))
    check_imitation(imitation)
    prompter, rows = _prompted(utterances, out, prompts, on_error)
    knobs: dict[str, Any] = {"builder": "imitate", "mix": imitation.mix.as_dict()}
    if imitation.tools.translator is not None:
        knobs["translator"] = imitation.tools.translator.name
    plan, tally = plan_for(prompter, several, seed, **knobs), Tally()
    _write(out, imitate_pairs(track(rows, "pairs"), imitation, plan, tally), tally)
    return tally


def mine_file(
    utterances: str | Path,
    hyps: Sequence[str | Path],
    out: str | Path,
    mining: Mining,
    *,
    several: bool = False,
    seed: int = 0,
    prompts: str | Path | None = None,
    on_error: OnError = "stop",
) -> Tally:
    """Write pairs whose rejected answers are the failures of one or more systems; return the tally.

    Raises:
        InputError: a bad row and `on_error` is "stop", or not one good row; an output that is
            an input, or another kind of file.
    """
    inputs = map(input_file, (utterances, *hyps))
    check_outputs(outputs_of(out, on_error, hyps), (*inputs, prompts))
    prompter, rows = _prompted(utterances, out, prompts, on_error)
    systems = [_by_id(path, rows, out, on_error) for path in hyps]
    names = [Path(input_file(path)).name for path in hyps]
    knobs: dict[str, Any] = {
        "builder": "mined",
        "hyps": names,
        **mining.knobs(),
    }
    plan, tally = plan_for(prompter, several, seed, **knobs), Tally()
    _write(out, mine_pairs(track(rows, "pairs"), systems, mining, plan, tally), tally)
    return tally


def _prompted(
    utterances: str | Path, out: str | Path, prompts: str | Path | None, on_error: OnError
) -> tuple[Prompter, list[Utterance]]:
    """Read the prompts and the utterances, each of which fits them."""
    source, chosen = open_source(utterances)
    prompter = Prompter(load_prompts(prompts), source.folder, out)
    rows = load(Utterance, source, out=out, on_error=on_error, check=prompter.check, format=chosen)
    return prompter, rows


def _by_id(
    path: str | Path, utterances: Sequence[Utterance], out: str | Path, on_error: OnError
) -> dict[str, Hypothesis]:
    """Read a file of hypotheses; say how many belong to no utterance.

    Each file's bad rows have a file of their own, named after it.
    """
    rows = load(Hypothesis, path, out=_named(out, path), on_error=on_error, sounds=None)
    found = {hyp.id: hyp for hyp in rows}
    strangers = len(found.keys() - {utterance.id for utterance in utterances})
    if strangers:
        note(f"{path}: {strangers} of {len(found)} hypotheses belong to no utterance; left out")
    return found


def _write(out: str | Path, rows: Iterable[Pair], tally: Tally) -> None:
    """Write the pairs and their tally.

    Raises:
        InputError: not one pair could be made; what was there before is left as it is.
    """
    write_jsonl(out, at_least_one(out, rows, tally))
    write_text(tally_path(out), json.dumps(tally.as_dict(), ensure_ascii=False, indent=2) + "\n")


def at_least_one(out: str | Path, rows: Iterable[Pair], tally: Tally) -> Iterator[Pair]:
    """Yield the pairs; a file without one would only hide that all failed."""
    yield from rows
    if not tally.pairs:
        raise InputError(
            f"{out}: not one pair could be made, so nothing was written there: {tally.why_none()}"
        )
