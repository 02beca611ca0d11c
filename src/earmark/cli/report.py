"""`earmark report`: one page that shows what changed, with sound."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from earmark.cli.options.scoring import Scoring, ScoringOptions
from earmark.cli.options.short_names import short_names
from earmark.cli.startup.later import later
from earmark.errors import KnobError
from earmark.progress import note, output
from earmark.storage.atomic import write_text
from earmark.storage.destination import is_special
from earmark.storage.outputs import HTML, MARKDOWN_TABLE, Output

sound_cache = later("earmark.formats.files.source:sound_cache")
input_file = later("earmark.formats.reading:input_file")
make_page = later("earmark.report.page:make_page")
read_runs = later("earmark.report.plots.training_log:read_runs")
score_set = later("earmark.report.scoring:score_set")
error_table = later("earmark.report.tables:error_table")
to_markdown = later("earmark.report.tables:to_markdown")
to_rich = later("earmark.report.tables:to_rich")
test_set_of = later("earmark.report.test_set:TestSet")

SFT = "sft"
EVERYDAY_NAMES = ("utterances", "text", "manifest", "truth")


def report(
    *,
    truth: Path,
    hyp: list[Path],
    out: Path = Path("report.html"),
    name: list[str] | None = None,
    run: list[Path] | None = None,
    control: str | None = None,
    title: str | None = None,
    examples: int = 12,
    markdown: Path | None = None,
    allow_outside: bool = False,
    scoring: Scoring = None,
) -> None:
    """Make one self-contained HTML page: table, plots, sound and coloured alignments.

    The page opens from disk, needs no network and runs no script. Examples are chosen by
    rule, the good and the bad, and the page says how.

    Args:
        truth: what was said, in any format that docs/formats.md has, such as JSONL (with `audio`
            for sound), Kaldi or plain text; FILE@FORMAT names it.
        hyp: what a system wrote; repeat it, the first is the one to compare with.
        out: the page to write.
        name: what to call a system; once per --hyp, in order; default: from the file names.
        run: folder of a training run, for its curves; repeat it.
        control: the system trained without preference, such as by SFT on the chosen answers; the
            page shows the others minus it. Default: the system called sft, or like a --run that
            was trained with the objective sft.
        title: the heading of the page.
        examples: how many examples to show; 0 for none.
        markdown: write the table of errors as Markdown to this file too.
        allow_outside: put clips into the page that lie outside of the folder of --truth, by their
            path or through a link; without it such examples have no sound.
        scoring: how systems are scored.
    """
    if examples < 0:
        raise KnobError(f"--examples is {examples}; expected 0 or more")
    options = scoring or ScoringOptions()
    if not options.failures:
        raise KnobError("--no-failures: a report counts failures; use earmark score and compare")
    if options.metric:
        raise KnobError("--metric: a report has no place for it; use earmark score and compare")
    table_file = [] if markdown is None else [Output(markdown, MARKDOWN_TABLE)]
    options.check_outputs([Output(out, HTML), *table_file], [truth, *hyp])
    names = system_names(hyp, name or [])
    runs = read_runs(run or [])
    files = options.read(truth, hyp, sound_cache())
    hyps = dict(zip(names, files.hyps, strict=True))
    folder = files.folder.resolve()
    test_set = test_set_of(set_name(truth), files.truths, hyps, folder, allow_outside)
    control = control or control_among(names, runs)
    scored = score_set(test_set, control=control, **options.keywords)
    heading = title or f"{scored.name}: {', '.join(names)}"
    write_text(out, make_page(heading, [scored], runs=runs, examples=examples, seed=options.seed))
    table = error_table(scored)
    if markdown is not None:
        write_text(markdown, to_markdown(table) + "\n")
    output.print(to_rich(table))
    for system, result in scored.scores.items():
        for each in result["notes"]:
            note(f"{system}: {each}")
    if not is_special(out):
        note(f"{out}: {out.stat().st_size / 1e6:.1f} MB; open it in a browser")


def control_among(systems: Sequence[str], runs: Sequence[Any]) -> str | None:
    """Return the system after the first whose run of the same name was trained by SFT alone."""
    trained = {run.name for run in runs if (run.objective or {}).get("name") == SFT}
    return next((system for system in systems[1:] if system in trained), None)


def set_name(truth: Path) -> str:
    """Name a test set after its file, or after its folder where every manifest is called alike.

    >>> set_name(Path("data/heldout/utterances.jsonl")), set_name(Path("seame.jsonl"))
    ('heldout', 'seame')
    """
    path = Path(input_file(truth)).resolve()
    return path.parent.name if path.stem in EVERYDAY_NAMES else path.stem


def system_names(paths: Sequence[Path], names: Sequence[str]) -> list[str]:
    """Return a name for each hypothesis file: as given, or as short as distinguishes them.

    >>> system_names([Path("runs/a/hyps.jsonl"), Path("runs/b/hyps.jsonl")], [])
    ['a/hyps', 'b/hyps']
    >>> system_names([Path("base.jsonl"), Path("dpo.jsonl")], ["before", "after"])
    ['before', 'after']

    Raises:
        KnobError: not one name for each file, or the same name or file twice.
    """
    if names and len(names) != len(paths):
        raise KnobError(f"{len(names)} --name for {len(paths)} --hyp; give one for each, or none")
    found = list(names) or short_names([Path(input_file(path)) for path in paths])
    twice = [system for system, count in Counter(found).items() if count > 1]
    if twice:
        raise KnobError(f"two systems are called '{twice[0]}'; give each --hyp once, or a --name")
    return found
