"""The comparison on a real recogniser: its arms, its rows, its tables on made-up results."""

import json

import pytest

from earmark.errors import KnobError
from earmark.experiments.cells import Cell, check_scale, chosen_rate, write_result
from earmark.experiments.kept import keep_results
from earmark.experiments.outcomes import BASE
from earmark.experiments.real_codeswitch import tables
from earmark.experiments.real_codeswitch.arms import ARMS, SFT, choose_arms
from earmark.experiments.real_codeswitch.scale import Scale
from earmark.experiments.real_codeswitch.schedule import BASE_FILE, CONDITION
from earmark.experiments.real_codeswitch.sets import ENGLISH, HELD_OUT_SET, MANDARIN, MIXED
from earmark.experiments.real_codeswitch.tables import all_tables, read_outcomes
from earmark.experiments.real_codeswitch.world import Parts, World
from earmark.objectives import OBJECTIVES
from earmark.objectives.contract.signature import contract
from earmark.storage.atomic import write_text
from real_codeswitch import main, read

SCALE = Scale(rates=(1e-6, 1e-5, 1e-4))
SETS = (MIXED, HELD_OUT_SET, ENGLISH, MANDARIN)


def test_arms_have_objectives_and_knobs_that_there_are():
    for name, arm in ARMS.items():
        assert set(arm.knobs) <= set(contract(OBJECTIVES[arm.objective]).knobs), name
        assert not arm.start or ARMS[arm.start].stage == 1, name
        assert tables.control_of(name) in ARMS


def test_what_an_arm_starts_from_comes_first():
    assert choose_arms("sft>dpo,kto") == ("sft", "kto", "sft>dpo")
    assert choose_arms("all")[0] == SFT
    stages = [ARMS[name].stage for name in choose_arms("all")]
    assert stages == sorted(stages)
    with pytest.raises(KnobError, match=r"no arm 'dpo-mine'; did you mean 'dpo-mined'"):
        choose_arms("dpo-mine")


def counted(errors, tokens=100):
    return {
        "errors": errors,
        "tokens": tokens,
        "utterances": 10,
        "zh": [errors // 2, 60],
        "en": [errors - errors // 2, 40],
        "switches": [15, 20],
        "labels": {"ok": 8, "omission": 2},
    }


def on_tests(mixed, other=None, english=2, mandarin=4):
    rates = (mixed, mixed if other is None else other, english, mandarin)
    return {name: counted(errors) for name, errors in zip(SETS, rates, strict=True)}


@pytest.fixture
def world(tmp_path):
    """Made-up results of a base model, SFT, a preference arm and a second stage."""
    out = tmp_path / "out"
    check_scale(out, SCALE)
    prompts = {"en": {MIXED: counted(60), HELD_OUT_SET: counted(61)}}
    base = {"development": 0.5, "test": on_tests(50), "prompts": prompts}
    write_text(out / BASE_FILE, json.dumps(base))
    reached = {SFT: (20, 22), "dpo+sft": (15, 18), f"{SFT}>{SFT}": (14, 14), f"{SFT}>dpo": (10, 13)}
    for arm, errors in reached.items():
        for rate in SCALE.rates:
            result = {"development": abs(rate - 1e-5), "cpu_s": 60.0, "chosen_shift": -1.5}
            write_result(out, Cell(CONDITION, arm, rate, 0), result)
        for seed, wrong in enumerate(errors):
            result = {"development": 0.0, "cpu_s": 60.0, "chosen_shift": -1.5}
            result["test"] = on_tests(wrong, english=3)
            write_result(out, Cell(CONDITION, arm, 1e-5, seed), result)
    return World(out, SCALE, Parts("", ""))


def rows(world, title):
    outcomes = read_outcomes(world, list(ARMS), 2)
    table = next(table for table in all_tables(outcomes) if table.title.startswith(title))
    plain = ([cell.replace("\N{NO-BREAK SPACE}%", "") for cell in row] for row in table.rows)
    return {first: cells for first, *cells in plain}


def test_rates_are_those_that_the_development_set_chose(world):
    assert chosen_rate(world.out, world.scale, CONDITION, SFT) == 1e-5
    assert chosen_rate(world.out, world.scale, CONDITION, "kto") is None
    found = rows(world, "Mixed error rates")
    assert list(found) == [BASE, SFT, "dpo+sft", f"{SFT}>{SFT}", f"{SFT}>dpo"]
    assert found[BASE][1] == "50.0"
    assert found[SFT][0] == "1e-05"
    assert found[SFT][1].startswith("21.0 [")


def test_an_arm_of_which_every_seed_failed_is_named(world, capsys):
    for rate in SCALE.rates:
        write_result(
            world.out, Cell(CONDITION, "kto", rate, 0), {"failed": "NaN", "development": None}
        )
    assert "kto" not in read_outcomes(world, list(ARMS), 2)
    assert f"{CONDITION}, kto: every seed failed; it has no row" in capsys.readouterr().err


def test_a_second_stage_is_compared_with_continued_sft(world):
    found = rows(world, "Differences")
    assert found["dpo+sft"][0] == SFT
    assert found["dpo+sft"][1].startswith("−4.5 [")
    assert found[f"{SFT}>dpo"][0] == f"{SFT}>{SFT}"
    assert found[f"{SFT}>dpo"][1].startswith("−2.5 [")
    assert SFT not in found
    assert f"{SFT}>{SFT}" not in found


def test_what_was_not_run_is_said(world):
    found = rows(world, "What it answers")
    assert found["preference with a likelihood term beats SFT"][1].startswith("−4.5")
    assert found["preference on mined pairs beats SFT"][1] == "not run"


def test_errors_cut_and_forgotten(world):
    found = rows(world, "Errors cut")
    assert found[f"{SFT}>dpo"][:2] == ["77.0", "77.0"]
    assert found[f"{SFT}>dpo"][2].startswith("+1.0")
    assert found[f"{SFT}>dpo"][-1] == "yes"
    assert found[SFT][-1] == "no"


def test_failures_and_prompts(world):
    assert rows(world, "Failures")[SFT][0] == "20.0"
    assert rows(world, "The base model")["en"] == ["60.0", "61.0"]


def test_kept_results_print_the_same_tables(world, tmp_path, capsys):
    kept = tmp_path / "kept.jsonl"
    assert keep_results(world.out, kept) == 16
    read(kept)
    printed = capsys.readouterr().out
    for table in all_tables(read_outcomes(world, list(ARMS), 2)):
        assert f"**{table.title}**" in printed
        assert table.rows[-1][0] in printed


def test_missing_parts_are_named_before_work(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["real_codeswitch.py", "--kokoro", str(tmp_path)])
    with pytest.raises(SystemExit, match=r"--model is missing.*real_parts\.whisper_base"):
        main()
    monkeypatch.setattr("sys.argv", ["real_codeswitch.py", "--model", str(tmp_path / "none")])
    with pytest.raises(SystemExit, match="no such folder"):
        main()
