"""The same table for page, terminal and README, with every figure of the score in it."""

from dataclasses import replace
from io import StringIO

from report_world import make_sides
from rich.console import Console

from earmark.report.examples.choose import Tally
from earmark.report.numbers import NO_BREAK, per_cent, points
from earmark.report.scoring import score_set
from earmark.report.tables import (
    Table,
    change_overviews,
    composition_table,
    error_table,
    failure_change_table,
    failure_table,
    overview,
    tally_table,
    to_markdown,
    to_rich,
    where_table,
)
from earmark.report.test_set import TestSet


def shown(table: Table) -> str:
    console = Console(file=StringIO(), width=200)
    console.print(to_rich(table))
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_every_table_has_a_row_per_system_and_a_cell_per_heading(test_set: TestSet) -> None:
    scored = score_set(test_set)
    change = failure_change_table(scored)
    assert change is not None
    tables = [overview([scored]), error_table(scored), where_table(scored), failure_table(scored)]
    for table in tables:
        assert [row[0] for row in table.rows] == ["base", "dpo"]
    assert [row[0] for row in change.rows] == ["dpo"]
    assert [row[0] for row in composition_table(scored).rows] == ["truth", "base", "dpo"]
    for table in [*tables, change, composition_table(scored)]:
        assert {len(row) for row in table.rows} == {len(table.header)}
        assert to_markdown(table).count("\n") == len(table.rows) + 1


def test_the_error_table_has_the_figures_of_the_score(test_set: TestSet) -> None:
    scored = score_set(test_set)
    base, dpo = (
        dict(zip(error_table(scored).header, row, strict=True)) for row in error_table(scored).rows
    )
    counts = scored.scores["base"]["counts"]
    assert base["S"] == str(counts["substitutions"])
    assert base["D"] == str(counts["deletions"])
    assert base["I"] == str(counts["insertions"])
    assert base["mixed error rate"].startswith(per_cent(scored.scores["base"]["mixed_error_rate"]))
    assert base["minus base, points"] == "–"
    change = scored.comparisons["dpo"]["mixed_error_rate"]
    assert dpo["minus base, points"].startswith(points(change["difference"]) + " [")
    assert dpo["missing"] == "1"
    assert "with 1,000 resamples p is at least 0.002" in error_table(scored).note


def test_few_speakers_are_said_to_be_few(test_set: TestSet) -> None:
    truths = [replace(truth, speaker=f"s{int(truth.id) % 2}") for truth in test_set.truths]
    scored = score_set(replace(test_set, truths=truths))
    assert "over 2 speakers." in error_table(scored).note
    assert any("2 speakers, too few to trust them" in text for text in scored.notes)
    assert "over utterances" in error_table(score_set(test_set)).note


def test_one_system_has_no_change_to_show(test_set: TestSet) -> None:
    alone = score_set(replace(test_set, hyps={"base": test_set.hyps["base"]}))
    assert failure_change_table(alone) is None
    assert error_table(alone).header == ("system", "mixed error rate", "S", "D", "I", "missing")


def test_the_terminal_takes_nothing_for_markup() -> None:
    table = Table("[bold]t[/bold]", ("system", "[red]"), [("[/]x", "1")], "[link=x]note")
    text = shown(table)
    for part in ("[bold]t[/bold]", "[red]", "[/]x", "[link=x]note"):
        assert part in text


def test_markdown_cannot_be_broken_out_of() -> None:
    text = to_markdown(Table("t", ("a", "b"), [("x|y\n# z", "<script>")]))
    assert text.splitlines()[2] == "| x&#124;y # z | &lt;script> |"


def test_a_tally_names_all_three() -> None:
    table = tally_table([Tally("dpo", 1200, 30, 4)], "base")
    assert table.rows == [("dpo", "1,200", "30", "4")]
    assert "base" in table.title


def test_overview_keeps_rate_and_interval_unbroken(test_set: TestSet) -> None:
    cell = overview([score_set(test_set)]).rows[0][1]
    assert cell.count(" ") == 1
    assert cell.count(NO_BREAK) == 2


def test_the_table_of_errors_compares_with_the_control_too() -> None:
    table = error_table(score_set(make_sides()))
    assert table.header[2:6] == ("minus base, points", "p", "minus sft, points", "p")
    cells = {row[0]: row[2:6] for row in table.rows}
    assert cells["base"] == ("–", "–", "–", "–")
    assert cells["sft"][2:] == ("–", "–")
    assert cells["dpo"][0].startswith("−8.3 [")
    assert cells["dpo"][2].startswith("+8.3 [")


def test_differences_over_all_sets_name_what_they_are_to() -> None:
    sets = [score_set(make_sides("a")), score_set(make_sides("b"))]
    control, first = change_overviews(sets)
    assert "minus that of sft" in control.title
    assert "minus that of base" in first.title
    assert [row[0] for row in control.rows] == ["dpo", "dpo+sft"]
    assert [row[0] for row in first.rows] == ["sft", "dpo", "dpo+sft"]
    assert [cell.verdict for cell in control.rows[0][1:]] == ["worse", "worse"]
    assert [cell.verdict for cell in control.rows[1][1:]] == ["unsure", "unsure"]


def test_more_utterances_without_an_error_are_better() -> None:
    table = failure_change_table(score_set(make_sides()))
    assert table is not None
    dpo = dict(zip(table.header, table.rows[1], strict=True))
    assert dpo["ok"].startswith("+50.0 [")
    assert dpo["ok"].verdict == "better"
    assert dpo["omission"].verdict == "better"
    assert dpo["error"].verdict == "worse"


def test_no_column_is_without_a_heading(test_set: TestSet) -> None:
    scored = score_set(test_set)
    tables = [error_table(scored), where_table(scored), failure_table(scored)]
    for table in [*tables, composition_table(scored), overview([scored])]:
        assert all(heading.strip() for heading in table.header)
