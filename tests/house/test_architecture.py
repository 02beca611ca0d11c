"""The house rules that a machine can check."""

import ast
import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import earmark
from earmark.cli import COMMANDS
from earmark.failures import MODES
from earmark.objectives import OBJECTIVES

SOURCE = Path(earmark.__file__).parent
ROOT = SOURCE.parent.parent
FILES = sorted(SOURCE.rglob("*.py"))
VAGUE = {"utils", "common", "base", "helpers", "misc"}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(SOURCE)))
def test_file_is_one_idea(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 400
    assert path.stem not in VAGUE, "name the idea"
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "say what the file is for"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            assert body_lines(node) <= 40, f"{node.name} is long"


def body_lines(node: ast.FunctionDef) -> int:
    """Count a function's lines of code, without signature, docstring, comments and blanks."""
    lines = {n.lineno for part in node.body for n in ast.walk(part) if hasattr(n, "lineno")}
    if ast.get_docstring(node):
        first = node.body[0]
        lines -= set(range(first.lineno, (first.end_lineno or first.lineno) + 1))
    return len(lines)


def test_no_two_test_files_share_a_name():
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py")]
    assert sorted(names) == sorted(set(names)), "pytest imports test files by their bare names"


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_objective_is_in_the_docs(name):
    assert f"`{name}`" in (ROOT / "docs/papers.md").read_text()
    assert "Args:" in OBJECTIVES[name].__doc__
    assert ">>>" in OBJECTIVES[name].__doc__


def test_every_failure_mode_has_a_file():
    named = {module.name for module in pkgutil.iter_modules([str(SOURCE / "failures")])}
    assert MODES.keys() <= named


def test_every_command_is_there():
    for name in COMMANDS:
        module = name.replace("-", "_")
        assert hasattr(importlib.import_module(f"earmark.cli.{module}"), module)


@pytest.mark.parametrize(
    "module", ["earmark.evaluate.score", "earmark.pairs.files", "earmark.failures"]
)
def test_the_data_tower_runs_without_torch(module):
    code = (
        f"import sys, {module}; "
        "sys.exit(bool({'torch', 'transformers', 'soundfile', 'matplotlib'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_the_formats_load_no_package_that_few_of_them_need():
    heavy = {"torch", "transformers", "pyarrow", "pandas", "soundfile", "datasets", "numpy"}
    loaded = "import sys, earmark.formats.reading, earmark.formats.convert; "
    code = f"{loaded} print(*({heavy!r} & sys.modules.keys()))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (found.stdout.split(), found.stderr) == ([], "")
