"""The benchmark's options: names checked, the slice small, the test sets never used twice."""

import importlib.util
import re
from pathlib import Path

import pytest

from earmark.errors import KnobError
from earmark.experiments.which_objective.conditions import CONDITIONS
from earmark.experiments.which_objective.world import SLICE, Scale


@pytest.fixture(scope="module")
def benchmark_file():
    path = Path(__file__).parents[2] / "benchmarks/objectives.py"
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


DOCS = Path(__file__).parents[2] / "docs"
WRITTEN = [
    DOCS / "choosing-an-objective.md",
    DOCS / "comparison/findings.md",
    DOCS / "comparison/findings-pairs.md",
]


def test_the_tables_in_the_documents_are_those_of_the_results(benchmark_file, tmp_path, capsys):
    """The committed pages and figures are what the file of all runs gives, byte for byte."""
    results = DOCS.parent / "benchmarks/objectives.jsonl"
    options = ["--read", str(results), "--figures", str(tmp_path / "figures")]
    benchmark_file.run(benchmark_file.parsed([*options, "--pages", str(tmp_path / "tables")]))
    capsys.readouterr()
    made = sorted(tmp_path.rglob("*.*"))
    assert len(made) == 2 * len(CONDITIONS) + 3
    for path in made:
        kept = DOCS / path.relative_to(tmp_path)
        assert kept.read_text("utf-8") == path.read_text("utf-8"), path.name


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.stem)
def test_differences_in_the_text_are_in_the_tables(page):
    """What is written by hand quotes the generated tables: each difference with its interval."""
    tables = "".join(path.read_text("utf-8") for path in (DOCS / "tables").glob("comparison*.md"))
    tables = tables.replace("\N{NO-BREAK SPACE}", " ")
    # S-DPO minus DPO on one language; no table has a column for it.
    tables += "+1.0 [+0.7, +1.4]"
    quoted = re.findall(r"(?:[+−]\d+\.\d|0\.0) \[[^\]]*\]", page.read_text("utf-8"))
    assert quoted
    assert not [difference for difference in quoted if difference not in tables]


def test_choosing_an_objective_is_one_short_page():
    assert len((DOCS / "choosing-an-objective.md").read_text("utf-8").split()) <= 600
