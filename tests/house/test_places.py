"""How many places of the package a new method touches: as many as "Add a method" says."""

import ast
import re
from pathlib import Path

import pytest

import earmark
from earmark.curate import CURATORS
from earmark.metrics import METRICS, metric_of_texts

SOURCE = Path(earmark.__file__).parent
PAGE = (SOURCE.parents[1] / "docs/add-a-method.md").read_text("utf-8")
# What is written about some methods and not needed by any: the comparison, the demo.
ABOUT_SOME = ("experiments/", "recipes/")
CODE = {
    path.relative_to(SOURCE).as_posix(): ast.parse(path.read_text("utf-8"))
    for path in SOURCE.rglob("*.py")
}


def names_in(tree):
    """Return the modules that a file imports, and its string constants."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
            yield node.module
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value.partition(":")[0]


NAMES = {file: set(names_in(tree)) for file, tree in CODE.items()}


# An entry of each table that no other part has reason to name: where it is, and its table.
ENTRIES = {
    "objective": ("discopop", "objectives/discopop.py", ["objectives/__init__.py"]),
    "wrapper": ("forward-kl", "objectives/wrappers/divergences.py", ["objectives/__init__.py"]),
    "weighting of references": (
        "thompson_mixture",
        "objectives/weightings/online.py",
        ["objectives/weightings/__init__.py"],
    ),
    "failure mode": (
        "truncate_at_switch",
        "failures/truncate_at_switch.py",
        ["failures/__init__.py"],
    ),
    "dictionary": (
        "cedict",
        "translators/dictionaries/cedict.py",
        ["translators/dictionaries/__init__.py"],
    ),
    "judge": ("language_kept", "judges/text/language_kept.py", ["judges/__init__.py"]),
    "file format": ("audiobench", "formats/audiobench.py", ["formats/__init__.py"]),
    "model family": (
        "glmasr",
        None,
        ["policies/families/table.py", "prompting/families.py"],
    ),
    "command": ("synthesize", "cli/synthesize.py", ["cli/__init__.py"]),
}


def written_count(kind):
    """Return the count that the page has for a kind."""
    (row,) = re.findall(rf"^\| \[{kind}\].*\| (\d) \|$", PAGE, re.MULTILINE)
    return int(row)


@pytest.mark.parametrize("kind", ENTRIES)
def test_a_method_is_named_in_its_file_and_its_table_alone(kind):
    name, file, tables = ENTRIES[kind]
    module = None if file is None else f"earmark.{file.removesuffix('.py').replace('/', '.')}"
    places = {each for each, names in NAMES.items() if names & {name, module}} | {file} - {None}
    places = {each for each in places if not each.startswith(ABOUT_SOME)}
    assert places == {file, *tables} - {None}
    assert written_count(kind) == len(places)


def test_every_kind_of_the_page_has_a_count():
    kinds = re.findall(r"^\| \[([^\]]+)\]", PAGE, re.MULTILINE)
    assert {*ENTRIES, "curator", "metric"} == set(kinds)
    assert all(written_count(kind) == 2 for kind in kinds)


def test_a_line_in_its_table_is_all_that_a_metric_needs(monkeypatch):
    exact = metric_of_texts("exact", lambda truth, answer: (truth == answer, 1))
    monkeypatch.setitem(METRICS, "exact", exact)
    result = earmark.score(["好", "不"], ["好", "的"], metrics=["exact"])
    assert result.to_dict()["metrics"]["exact"]["value"] == 0.5
    assert "exact" in str(result)


def test_a_line_in_its_table_is_all_that_a_curator_needs(monkeypatch):
    def first(pairs, *, count: int = 1):
        return [earmark.Keep(p) if i < count else earmark.Drop(p, "x") for i, p in enumerate(pairs)]

    monkeypatch.setitem(CURATORS, "first", first)
    prompt = [{"role": "user", "content": "Write."}]
    pairs = [earmark.Pair(f"p{i}", prompt, "a", "b") for i in range(3)]
    assert [pair.id for pair in earmark.curate(pairs, "first", count=2)] == ["p0", "p1"]
