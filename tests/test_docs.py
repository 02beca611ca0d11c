"""The documents say what is true: their commands run, their printed output is what is printed."""

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


def test_the_tutorial_runs(tmp_path):
    script = "\n".join(blocks(TUTORIAL, "sh"))
    printed = run(script, tmp_path)
    assert "mixed error rate" in printed
    report = (tmp_path / "report.html").read_text()
    assert "<audio" in report
    assert "after" in report


def test_the_readme_names_its_test_command():
    first = blocks(README, "sh")[0]
    assert "make demo" in first
    assert "make test" in first
    assert "make test" in (ROOT / ".ci/run").read_text()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_explained(name):
    assert f"earmark {name}" in README + TUTORIAL + (ROOT / "CHANGELOG.md").read_text()


@pytest.mark.parametrize("path", [*ROOT.glob("*.md"), *sorted((ROOT / "docs").rglob("*.md"))])
def test_links_lead_somewhere(path):
    for link in re.findall(r"\]\(([^)#]+)", path.read_text()):
        if "://" not in link:
            assert (path.parent / link).exists(), link


def test_names_in_the_readme_exist():
    for name in re.findall(r"`--objective (\w+)`", README):
        assert name in OBJECTIVES
    for mode in re.findall(r"`(\w+)=", README):
        assert mode in MODES
