"""The benchmark's options: names checked, the slice small, the test sets never used twice."""

import importlib.util
from pathlib import Path

import pytest

from earmark.errors import KnobError
from earmark.recipes.which_objective.cells import SLICE, Scale
from earmark.recipes.which_objective.conditions import CONDITIONS


@pytest.fixture(scope="module")
def benchmark_file():
    path = Path(__file__).parent.parent / "benchmarks/objectives.py"
    spec = importlib.util.spec_from_file_location("objectives_benchmark", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_whole_and_the_slice(benchmark_file):
    whole = benchmark_file.parsed([])
    assert benchmark_file.scale_of(whole) == Scale()
    assert benchmark_file.plan_of(whole).seeds == 5
    assert list(benchmark_file.plan_of(whole).conditions) == list(CONDITIONS)
    part = benchmark_file.parsed(["--slice", "--objectives", "ipo", "--rates", "1e-4,2e-4"])
    assert benchmark_file.scale_of(part).rates == (1e-4, 2e-4)
    assert benchmark_file.scale_of(part).steps == SLICE.steps
    assert benchmark_file.plan_of(part).arms == ("sft", "dpo", "ipo")
    assert benchmark_file.plan_of(part).seeds == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--conditions", "flipped-30"], "did you mean 'flipped"),
        (["--objectives", "dpoo"], "did you mean 'dpo'"),
        (["--seeds", "0"], "at least 1"),
        (["--seeds", "1", "--rate-seeds", "2"], "test sets twice"),
    ],
)
def test_bad_options_are_refused_before_work_begins(benchmark_file, tmp_path, arguments, message):
    options = benchmark_file.parsed([*arguments, "--out", str(tmp_path / "none")])
    with pytest.raises(KnobError, match=message):
        benchmark_file.run(options)
    assert not (tmp_path / "none").exists()


def test_the_tables_in_the_documents_are_those_of_the_results(benchmark_file, tmp_path, capsys):
    """No number of the page is written by hand: all come from the file of all runs."""
    root = Path(benchmark_file.__file__).parent.parent
    results = root / "benchmarks/objectives.jsonl"
    benchmark_file.run(benchmark_file.parsed(["--read", str(results), "--figures", str(tmp_path)]))
    printed = capsys.readouterr().out
    rows = {line for line in printed.splitlines() if line.startswith("| ")}
    page = (root / "docs/choosing-an-objective.md").read_text("utf-8")
    assert len(rows) > 50
    assert not [row for row in rows if row not in page]
    for figure in tmp_path.glob("*.svg"):
        kept = root / "docs/figures" / figure.name
        assert kept.read_text("utf-8") == figure.read_text("utf-8"), figure.name
