"""The documents say what is true: their commands run, their printed output is what is printed."""

import doctest
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from earmark.cli import COMMANDS
from earmark.failures import MODES
from earmark.objectives import OBJECTIVES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
TUTORIAL = (ROOT / "docs/tutorial.md").read_text()
PAGES = sorted((ROOT / "docs").rglob("*.md"))
HOW_TO = [*sorted((ROOT / "docs/how-to").glob("*.md")), ROOT / "docs/add-a-method.md"]
# Words of a page outside tables and code.
LONGEST_PROSE = 1_200


def run(script: str, folder: Path) -> str:
    """Run a shell script with `earmark` on the path; fail with what it said."""
    scripts = Path(sys.executable).parent
    environment = {
        **os.environ,
        "PATH": f"{scripts}:{os.environ['PATH']}",
        "COLUMNS": "100",
        "OMP_WAIT_POLICY": "PASSIVE",
        "XDG_CACHE_HOME": str(folder / ".cache"),
    }
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def without_code(text: str) -> str:
    return re.sub(r"^ *```.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE)


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("block", blocks(README, "console"))
def test_readme_prints_what_it_says(block, tmp_path):
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    commands = re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]
    assert commands
    for command in commands:
        line, _, expected = command.partition("\n")
        assert run(line, tmp_path).rstrip() == expected.rstrip()


@pytest.fixture(scope="module")
def tutorial(tmp_path_factory):
    """Run the tutorial once; return its folder and what it printed."""
    folder = tmp_path_factory.mktemp("tutorial")
    return folder, run("\n".join(blocks(TUTORIAL, "sh")), folder)


def test_the_tutorial_runs(tutorial):
    folder, printed = tutorial
    assert "mixed error rate" in printed
    report = (folder / "report.html").read_text()
    assert "<audio" in report
    assert "after" in report


@pytest.mark.parametrize("page", HOW_TO, ids=lambda page: page.stem)
def test_how_to_pages_run_where_the_tutorial_did(page, tutorial, tmp_path):
    script = "\n".join(blocks(page.read_text(), "sh"))
    made = {made.split("/")[0] for made in re.findall(r"--(?:out|json) (\S+)", script)}
    for there in tutorial[0].iterdir():
        if there.name not in made | {".cache"}:
            (tmp_path / there.name).symlink_to(there)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    if script:
        run(script, tmp_path)
    program = "\n".join(blocks(page.read_text(), "python"))
    if program:
        (tmp_path / "page.py").write_text(program)
        run("python page.py", tmp_path)
    for name in made:
        assert (tmp_path / name).exists(), name


@pytest.mark.parametrize("path", [ROOT / "README.md", *PAGES], ids=lambda path: path.stem)
def test_examples_in_pages_are_right(path):
    """Python sessions print what they say; rows of JSON are read, and pairs are pairs."""
    text = path.read_text()
    names: dict[str, object] = {}
    for block in blocks(text, "pycon"):
        example = doctest.DocTestParser().get_doctest(block, names, path.name, str(path), 0)
        assert doctest.DocTestRunner().run(example, clear_globs=False).failed == 0
        names |= example.globs
    for block in blocks(text, "json"):
        for line in block.splitlines():
            row = json.loads(line)
            if "chosen" in row:
                assert {"id", "prompt", "chosen", "rejected", "failure_modes"} <= row.keys()


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.stem)
def test_files_named_in_pages_exist(path):
    """A file that was moved or renamed is found here; capitals and `my_` stand for any name."""
    for name in re.findall(r"`((?:\w+/)+\w+\.(?:py|yaml|jsonl))`", path.read_text()):
        if not re.search(r"[A-Z]{3}|/my_|^build/", name):
            assert (ROOT / name).exists() or (ROOT / "src/earmark" / name).exists(), name


@pytest.mark.parametrize("path", [ROOT / "README.md", *PAGES], ids=lambda path: path.stem)
def test_pages_are_short(path):
    prose = [
        line
        for line in without_code(path.read_text()).splitlines()
        if not line.lstrip().startswith("|")
    ]
    assert len(" ".join(prose).split()) <= LONGEST_PROSE, "split the page"


def test_the_readme_names_its_test_command():
    first = blocks(README, "sh")[0]
    assert "make demo" in first
    assert "make test" in first
    assert "make test" in (ROOT / ".ci/run").read_text()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_explained(name):
    assert f"earmark {name}" in README + TUTORIAL + (ROOT / "CHANGELOG.md").read_text()


@pytest.mark.parametrize("path", [*ROOT.glob("*.md"), *PAGES])
def test_links_lead_somewhere(path):
    for link in re.findall(r"\]\(([^)#]+)", without_code(path.read_text())):
        if "://" not in link:
            assert (path.parent / link).exists(), link


def test_names_in_the_readme_exist():
    for name in re.findall(r"`--objective (\w+)`", README):
        assert name in OBJECTIVES
    for mode in re.findall(r"`(\w+)=", README):
        assert mode in MODES
