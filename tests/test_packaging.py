"""A plain install brings neither torch nor transformers, and nothing that brings them."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
HEAVY = ("torch", "transformers", "peft", "accelerate", "matplotlib", "espeakng", "trl")


def test_the_core_is_light():
    assert not [d for d in PROJECT["dependencies"] if d.startswith(HEAVY)]


def test_oracles_are_for_tests_only():
    for extra, needs in PROJECT["optional-dependencies"].items():
        if extra != "dev":
            assert not [need for need in needs if need.startswith(("trl", "jiwer"))], extra


def test_the_extras_of_the_design_exist():
    extras = PROJECT["optional-dependencies"]
    assert {"train", "speech", "report", "review", "scale"} <= extras.keys()


def test_every_requirement_is_pinned_for_development():
    pinned = (ROOT / "constraints.txt").read_text().lower().replace("_", "-")
    for name in ("torch==2.13.0", "transformers==", "peft==", "cyclopts==", "trl==1.16.0"):
        assert name in pinned
    assert "nvidia" not in pinned
