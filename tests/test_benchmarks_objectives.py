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
