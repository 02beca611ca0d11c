"""A plain install is light, and what is distributed is whole: types, data, tests, documents."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
HEAVY = ("torch", "transformers", "peft", "accelerate", "matplotlib", "espeakng", "trl")


def test_the_core_is_light():
    assert not [d for d in PROJECT["dependencies"] if d.startswith(HEAVY)]


def test_oracles_are_for_tests_only():
    for extra, needs in PROJECT["optional-dependencies"].items():
        if extra != "dev":
            assert not [need for need in needs if need.startswith(("trl", "jiwer"))], extra


def test_the_extras_exist_and_none_is_empty():
    extras = PROJECT["optional-dependencies"]
    assert {"train", "speech", "report", "scale"} <= extras.keys()
    assert all(extras.values())


def test_every_requirement_is_pinned_for_development():
    pinned = (ROOT / "constraints.txt").read_text().lower().replace("_", "-")
    for name in ("torch==2.13.0", "transformers==", "peft==", "cyclopts==", "trl==1.16.0"):
        assert name in pinned
    assert "nvidia" not in pinned


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Build the source distribution and the wheel from a copy of the tree."""
    copy = tmp_path_factory.mktemp("sdist") / "tree"
    skipped = (
        ".venv",
        ".git",
        "build",
        "dist",
        "demo-out",
        "*.egg-info",
        "__pycache__",
        ".*_cache",
    )
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*skipped))
    script = (
        "import sys; from setuptools import build_meta as b; b.build_sdist('.'); b.build_wheel('.')"
    )
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    subprocess.run(
        [sys.executable, "-c", script], cwd=copy, env=environment, check=True, capture_output=True
    )
    with tarfile.open(next(copy.glob("*.tar.gz"))) as sdist:
        files = {name.partition("/")[2] for name in sdist.getnames()}
    with ZipFile(next(copy.glob("*.whl"))) as wheel:
        (metadata,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
        return files, set(wheel.namelist()), wheel.read(metadata).decode()


def test_the_source_distribution_has_what_a_checkout_needs(built):
    files, *_ = built
    there = {"Makefile", "constraints.txt", "mkdocs.yml", "CITATION.cff", "CONTRIBUTING.md"}
    there |= {".ci/words.toml", "docs/index.md", "docs/figures/demo.svg", "examples/truth.jsonl"}
    there |= {str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("*.py")}
    there |= {str(path.relative_to(ROOT)) for path in (ROOT / "benchmarks").rglob("*.py")}
    assert there <= files
    assert not [name for name in files if name.endswith(".pyc")]


@pytest.mark.parametrize("page", ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"])
def test_relative_links_lead_somewhere_in_the_source_distribution(built, page):
    files, *_ = built
    for link in re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text("utf-8")):
        assert link in files, link


def test_the_wheel_is_typed_and_has_its_data(built):
    _, wheel, _ = built
    package = ROOT / "src/earmark"
    assets = {p.relative_to(ROOT / "src") for p in (package / "assets").rglob("*") if p.is_file()}
    assert {"earmark/py.typed", *map(str, assets)} <= wheel
    assert not [name for name in wheel if name.startswith(("tests/", "docs/", "benchmarks/"))]


def test_the_licences_of_the_pronunciation_data_are_in_both_distributions(built):
    files, wheel, _ = built
    for name in ("LICENSE.cmudict", "LICENSE.pypinyin"):
        path = f"earmark/assets/pronunciation/{name}"
        assert path in wheel
        assert f"src/{path}" in files
        assert [other for other in wheel if "dist-info/licenses" in other and name in other]


def test_the_licence_is_that_of_the_code_and_of_all_data_that_ships(built):
    """Each file of a licence is one that is named: own code first, then the data's."""
    begins = {
        "LICENSE": ("Apache-2.0", "Apache License Version 2.0"),
        "src/earmark/assets/pronunciation/LICENSE.cmudict": (
            "BSD-2-Clause",
            "Copyright (C) 1993-2015 Carnegie Mellon University. All rights reserved. "
            "Redistribution and use in source and binary forms",
        ),
        "src/earmark/assets/pronunciation/LICENSE.pypinyin": ("MIT", "The MIT License (MIT)"),
    }
    shipped = [path for name in PROJECT["license-files"] for path in ROOT.glob(name)]
    assert {path.relative_to(ROOT).as_posix() for path in shipped} == begins.keys()
    for name, (_, start) in begins.items():
        assert " ".join((ROOT / name).read_text("utf-8").split())[: len(start)] == start
    cmudict = (ROOT / list(begins)[1]).read_text("utf-8")
    assert re.findall(r"^(\d)\.", cmudict, re.MULTILINE) == ["1", "2"], "a third: BSD-3-Clause"
    assert PROJECT["license"].split(" AND ") == [licence for licence, _ in begins.values()]
    assert f"\nLicense-Expression: {PROJECT['license']}\n" in built[2]


def test_the_citation_names_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert citation["version"] == PROJECT["version"]
    # The format has no AND: several licences there are a choice. The code's own comes first.
    assert citation["license"] == PROJECT["license"].split(" AND ")[0]
