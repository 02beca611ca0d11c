"""Write the report from Python."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from earmark.errors import KnobError
from earmark.front.inputs import Given, in_folder, test_set
from earmark.front.scoring import scoring_of
from earmark.report.page import make_page
from earmark.report.plots.training_log import read_runs
from earmark.report.scoring import score_set
from earmark.report.test_set import TestSet
from earmark.storage.atomic import write_text
from earmark.storage.outputs import HTML, Output, check_outputs


def report(
    truths: Given,
    systems: Mapping[str, Given],
    out: str | Path = "report.html",
    *,
    name: str = "test set",
    runs: Sequence[str | Path] = (),
    control: str | None = None,
    title: str | None = None,
    examples: int = 12,
    allow_outside: bool | None = None,
    **scoring: Any,
) -> Path:
    """Write one self-contained HTML page: table, plots, sound and coloured alignments.

    Args:
        truths: what was said, in any form that `score` takes; records with audio are heard.
        systems: what each system wrote, by its name; the first is the one to compare with.
        out: the page to write.
        name: what to call the test set.
        runs: folders of training runs, for their curves.
        control: the system trained without preference; default: the one called `sft`.
        title: the heading of the page.
        examples: how many examples to show; 0 for none.
        allow_outside: put clips into the page that lie outside of the folder of `truths`, by their
            path or through a link; default: not where that is a file, which others may have made.
        scoring: options of `score`, metrics excepted.

    Raises:
        InputError: texts or records that cannot be used, or an output that would destroy an input.
        KnobError: an option that cannot be.
    """
    if not isinstance(systems, Mapping) or not systems:
        raise KnobError("systems should be a mapping such as {'base': ..., 'after': ...}")
    if examples < 0:
        raise KnobError(f"examples is {examples}; expected 0 or more")
    options = scoring_of(scoring)
    if not options.failures:
        raise KnobError("failures=False: a report counts failures; use score and compare")
    if options.metrics:
        raise KnobError("the report has no room for metrics of your own; use score and compare")
    given = [each for each in (truths, *systems.values()) if isinstance(each, str | Path)]
    check_outputs([Output(Path(out), HTML)], given)
    said, written = test_set(truths, *systems.values())
    rows, folder = in_folder(said, truths)
    allowed = not isinstance(truths, str | Path) if allow_outside is None else allow_outside
    tests = TestSet(name, rows, dict(zip(systems, written, strict=True)), folder, allowed)
    how = options.keywords()
    del how["metrics"], how["failures"]
    scored = score_set(tests, control=control, **how)
    heading = title or f"{name}: {', '.join(systems)}"
    logs = read_runs([Path(run) for run in runs])
    page = make_page(heading, [scored], runs=logs, examples=examples, seed=options.seed)
    write_text(out, page)
    return Path(out)
