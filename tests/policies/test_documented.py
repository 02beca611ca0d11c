"""The page on models says what the table of families says."""

from pathlib import Path

import pytest

from earmark.cli.train import presets
from earmark.policies.families.table import FAMILIES, REFUSED

PAGE = (Path(__file__).parents[2] / "docs/models.md").read_text("utf-8")
TABLE = [line for line in PAGE.splitlines() if line.startswith("|")]


@pytest.mark.parametrize("name", FAMILIES)
def test_each_family_has_a_row_with_its_facts(name):
    facts = FAMILIES[name].facts
    (row,) = [line for line in TABLE if f"`{name}`" in line]
    assert not facts.prompt or f"`{facts.prompt}`" in row
    assert facts.system is None or f"`{facts.system}`" in row
    assert facts.longest_clip_s is None or f"{facts.longest_clip_s:g} s" in row
    assert not facts.prefill or facts.prefill in PAGE


@pytest.mark.parametrize("name", REFUSED)
def test_refused_families_are_said_to_be(name):
    (row,) = [line for line in TABLE if f"`{name}`" in line]
    assert "refused" in row


@pytest.mark.parametrize("name", presets())
def test_each_preset_is_explained(name):
    assert any(f"`{name}`" in line for line in TABLE)
