"""Annotate a pairs file: read, annotate pair by pair, write, and count."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from earmark.curate.annotate import by_rules
from earmark.curate.annotate.by_model import Annotated, ModelAnnotator
from earmark.curate.annotate.schema import ANNOTATED_BY, short_text
from earmark.curate.chain import reason_kind
from earmark.errors import InputError
from earmark.formats.files.lines import write_jsonl
from earmark.formats.files.moving import moved
from earmark.formats.files.set_aside import skipped_path
from earmark.formats.reading import OnError, input_file
from earmark.pairs.pair_file import open_pairs
from earmark.pairs.tally import tally_path
from earmark.progress import track
from earmark.records import Pair
from earmark.storage.atomic import write_text
from earmark.storage.outputs import PAIRS, SET_ASIDE, TALLY, Output, check_outputs

COUNTED = ("task", "difficulty", "input_quality", "language", "safety")
MOST_VALUES = 100
MOST_PROBLEMS = 50


@dataclass
class Annotations:
    """What became of the pairs: how many, by value of each annotation, and what went wrong."""

    annotator: str
    pairs: int = 0
    annotated: int = 0
    kept: int = 0
    scored: int = 0
    counts: dict[str, Counter[str]] = field(
        default_factory=lambda: {name: Counter() for name in COUNTED}
    )
    problems: Counter[str] = field(default_factory=Counter)

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "annotator": self.annotator,
            **{name: getattr(self, name) for name in ("pairs", "annotated", "kept", "scored")},
            "by": {name: dict(found.most_common()) for name, found in self.counts.items()},
            "problems": dict(self.problems.most_common()),
        }


def outputs_of(out: str | Path, on_error: OnError) -> list[Output]:
    """Return what is written beside the answers of a model."""
    files = [Output(Path(out), PAIRS), Output(tally_path(out), TALLY)]
    return files + ([Output(skipped_path(out), SET_ASIDE)] if on_error == "skip" else [])


def annotate_file(
    pairs: str | Path,
    out: str | Path,
    *,
    model: ModelAnnotator | None = None,
    overwrite: bool = False,
    on_error: OnError = "stop",
) -> Annotations:
    """Write pairs with annotations, and scores of all answers where a model gives them.

    What a pair says already is kept, unless `overwrite`. A pair of which a model gives no usable
    annotation or score is written without it, and counted with the reason.

    Args:
        pairs: pairs of any format, as FILE or FILE@FORMAT.
        out: the pairs file to write; its tally goes to OUT.tally.json.
        model: a chat model; without, rules.
        overwrite: replace annotations and scores that are there.
        on_error: stop at a bad row, or set it aside in OUT.skipped.jsonl.

    Raises:
        InputError: a bad row, an output that would destroy something, or a model that gives not
            one usable annotation.
        EndpointError: the server gives no answer at all.
    """
    check_outputs(outputs_of(out, on_error), [input_file(pairs)])
    table = open_pairs(pairs, out=out, on_error=on_error)
    tally = Annotations(model.name if model else f"rules:{by_rules.NAME}")
    old, new = table.folder.absolute(), Path(out).absolute().parent
    said = model.run(table) if model else by_rules_of(table)
    written = _written(track(said, "annotating", len(table)), model, overwrite, tally)
    write_jsonl(out, (moved(pair, old, new) for pair in _at_least_one(written, tally)))
    text = json.dumps(tally.as_dict(), ensure_ascii=False, indent=2)
    write_text(tally_path(out), text + "\n")
    return tally


def by_rules_of(pairs: Iterable[Pair]) -> Iterator[tuple[Pair, Annotated]]:
    """Yield pairs with what the rules say of each."""
    for pair in pairs:
        yield pair, Annotated(by_rules.annotations_of(pair), None, [])


def _written(
    said: Iterable[tuple[Pair, Annotated]],
    model: ModelAnnotator | None,
    overwrite: bool,
    tally: Annotations,
) -> Iterator[Pair]:
    """Yield the pairs as they are written, and count them."""
    for pair, found in said:
        tally.pairs += 1
        annotated = with_annotations(pair, found.annotations, tally.annotator, overwrite)
        tally.kept += bool(pair.annotations) and not overwrite
        tally.annotated += bool(found.annotations)
        if model is not None and found.scores is not None:
            annotated = with_scores(annotated, model.criterion, found.scores, overwrite)
            tally.scored += 1
        for name, counts in tally.counts.items():
            value = str(annotated.annotations.get(name, "not given"))[:100]
            counts[value if value in counts or len(counts) < MOST_VALUES else "others"] += 1
        for problem in found.problems:
            kind = reason_kind(short_text(problem, 160))
            known = kind in tally.problems or len(tally.problems) < MOST_PROBLEMS
            tally.problems[kind if known else "other problems"] += 1
        yield annotated


def with_annotations(
    pair: Pair, found: dict[str, str], annotator: str, overwrite: bool = False
) -> Pair:
    """Return a pair with annotations; those that are there stay, unless `overwrite`.

    >>> pair = Pair("p", [], "a", "b", annotations={"task": "math"})
    >>> with_annotations(pair, {"task": "coding", "safety": "safe"}, "me").annotations
    {'task': 'math', 'safety': 'safe', 'annotated_by': 'me'}
    """
    new = {n: v for n, v in found.items() if overwrite or n not in pair.annotations}
    if not new:
        return pair
    return replace(pair, annotations={**pair.annotations, **new, ANNOTATED_BY: annotator})


def with_scores(pair: Pair, criterion: str, scores: list[float], overwrite: bool = False) -> Pair:
    """Return a pair with scores of a criterion; those that are there stay, unless `overwrite`."""
    if criterion in pair.scores and not overwrite:
        return pair
    return replace(pair, scores={**pair.scores, criterion: scores})


def _at_least_one(pairs: Iterator[Pair], tally: Annotations) -> Iterator[Pair]:
    """Yield the pairs; a file in which a model annotated none would only hide that it failed."""
    yield from pairs
    if not tally.annotated:
        problem = next(iter(tally.problems), "no reason")
        raise InputError(
            f"{tally.annotator} gave not one usable annotation in {tally.pairs} pairs, so nothing "
            f"was written; the commonest problem: {problem}. Is it a chat model that writes JSON?"
        )
