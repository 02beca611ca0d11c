"""The programs in examples/ and the notebook run as they stand, and print what they promise."""

import ast
import json
import runpy
import sys
import types
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))
# What a program must have printed to have done its work.
PRINTED = {
    "score": ("('1', 'omission'), ('2', 'ok')", "mixed error rate", "__main__:exact"),
    "compare": ("aligned minus base", "difference -", "report.html"),
    "imitate_and_curate": (
        "7 pairs of 6 utterances",
        "drawn at random",
        "pairs.jsonl: 4 of 7",
    ),
    "own_failure_mode": ("6 pairs of 3 utterances", "[['stutter'], ['stutter'], ['stutter']]"),
    "own_curator": ("('p1', 'more than 10 characters')",),
    "own_format": ("('u2', None, '好的')", "u1|anna|我们 go\nu2||好的\n"),
    "own_wrapper": ("tensor([0.6931, 0.3133, 0.0000])", '"loss": ', '"step": 1'),
    "own_objective": ('"loss": ', '"step": 1'),
    "train": ("after minus before", "'config.json'"),
}


def test_every_example_is_held_to_what_it_prints():
    assert {path.stem for path in EXAMPLES.glob("*.py")} == PRINTED.keys()
    assert NOTEBOOKS


@pytest.mark.parametrize("name", PRINTED)
def test_an_example_runs(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    printed = capsys.readouterr().out
    for text in PRINTED[name]:
        assert text in printed
    assert not list(tmp_path.iterdir()), "an example leaves nothing behind"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_from_top_to_bottom(path, tmp_path, monkeypatch, capsys):
    """Run the code cells as a kernel would: in one module, the last expression printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    module = types.ModuleType("__main__")
    monkeypatch.setitem(sys.modules, "__main__", module)
    notebook = json.loads(path.read_text("utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for cell in cells:
        assert cell["outputs"] == []
        assert cell["execution_count"] is None
        run_cell("".join(cell["source"]), module)
    printed = capsys.readouterr().out
    for text in ("mixed error rate", "('1', 'omission', 'embedded')", '"loss": ', "Score("):
        assert text in printed


def run_cell(source, module):
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    exec(compile(tree, "cell", "exec"), vars(module))
    if last is not None:
        value = eval(compile(ast.Expression(last.value), "cell", "eval"), vars(module))
        if value is not None:
            print(repr(value))
