"""Every objective trains the tiny Audio LLM that ships with Earmark, from the command line."""

import json
import math
from dataclasses import replace

import pytest

from earmark.cli import app
from earmark.cli.train import command
from earmark.errors import InputError, KnobError
from earmark.formats.files.lines import write_jsonl
from earmark.objectives import OBJECTIVES, WRAPPERS
from earmark.objectives.contract.signature import contract
from earmark.objectives.dpo import dpo
from earmark.train.run import checked_objective
from earmark.train.settings import TrainSettings
from tiny_world import save_tiny, write_pairs

ROWS, STEPS = 6, 2
# What each of these logs of its own, beside what all log.
OWN_QUANTITIES = {
    "beta_dpo": {"beta", "kept_share"},
    "gamma_dpo": {"gamma"},
    "mrpo": {"weight/0", "weight/1"},
    "kto": {"kl"},
}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("objectives")
    pairs = write_pairs(folder, ROWS, losers=2)
    scored = [
        replace(pair, scores={"quality": [5.0, 2.0, 1.0 + i]}) for i, pair in enumerate(pairs)
    ]
    write_jsonl(folder / "pairs.jsonl", scored)
    write_jsonl(folder / "unscored.jsonl", [replace(pair, rejected=[]) for pair in pairs])
    save_tiny(folder / "other")
    return folder


def options(world, name, *more):
    given = ["--pairs", str(world / "pairs.jsonl"), "--model", "tiny-base", "--objective", name]
    given += ["--max-steps", str(STEPS), "--per-device-train-batch-size", "3"]
    given += [
        "--logging-steps",
        "1",
        "--save-steps",
        str(STEPS),
        "--cache-dir",
        str(world / "cache"),
    ]
    needs = contract(OBJECTIVES[name])
    if needs.needs_scores:
        given += ["--criterion", "quality"]
    if needs.needs_references:
        given += ["--references", "tiny-base", "--references", str(world / "other")]
    return [*given, *more]


def run(tokens):
    command(tokens, exit_on_error=False, print_error=False, result_action="return_value")


def log_of(out):
    rows = map(json.loads, (out / "log.jsonl").read_text().splitlines())
    return [row for row in rows if "loss" in row]


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_objective_trains_from_the_command_line(world, tmp_path, name, monkeypatch):
    needs = contract(OBJECTIVES[name])
    if not needs.needs_reference:
        for asked in ("assemble.precompute", "reference.reference.without_adapter"):
            monkeypatch.setattr(f"earmark.train.{asked}", lambda *_: pytest.fail("a reference"))
    run(options(world, name, "--out", str(tmp_path / "run")))
    log = log_of(tmp_path / "run")
    assert [row["step"] for row in log] == [1, 2]
    assert all(math.isfinite(value) for row in log for value in row.values())
    assert log[0]["grad_norm"] > 0
    found = {key.removeprefix("objective/") for key in log[0] if key.startswith("objective/")}
    assert OWN_QUANTITIES.get(name, set()) <= found
    if needs.compares:
        assert "rewards/margins" in log[0]
    state = tmp_path / "run/checkpoint-2/objective_state.safetensors"
    remembers = needs.state_class or name in ("mrpo", "mdpo")
    assert state.is_file() == bool(remembers or name == "ddo_rm_snapshot")


@pytest.mark.parametrize("name", ["kto", "s_dpo", "spa", "mrpo"])
def test_an_sft_term_goes_with_every_shape_of_objective(world, tmp_path, name):
    given = options(world, name, "--sft-weight", "1", "--out", str(tmp_path / "run"))
    run(given)
    assert all(math.isfinite(row["loss"]) for row in log_of(tmp_path / "run"))


@pytest.mark.parametrize("name", WRAPPERS)
def test_every_wrapper_trains_from_the_command_line(world, tmp_path, name):
    run(options(world, "dpo", "--wrap", name, "--out", str(tmp_path / "run")))
    assert log_of(tmp_path / "run")[-1]["loss"] > 0
    described = json.loads((tmp_path / "run/run.json").read_text())["objective"]
    assert described["wrappers"] == [name]
    assert described.keys() >= contract(WRAPPERS[name](dpo)).knobs.keys()


def test_help_names_every_objective_and_knob(capsys):
    app(["objectives"], result_action="return_value")
    listed = capsys.readouterr().out
    assert all(name in listed for name in (*OBJECTIVES, *WRAPPERS))
    app(["objectives", "beta_dpo"], result_action="return_value")
    told = capsys.readouterr().out
    assert "--gap-scale" in told
    assert "2407.08639" in told
    app(["objectives", "length"], result_action="return_value")
    assert "--ld-alpha" in capsys.readouterr().out
    with pytest.raises(KnobError, match="did you mean 'beta_dpo'"):
        app(["objectives", "beta_dop"], result_action="return_value")


def test_rows_that_lack_something_are_named_before_training(world, tmp_path):
    out = ["--out", str(tmp_path / "run")]
    bare = options(world, "s_dpo", *out)
    bare[1] = str(world / "unscored.jsonl")
    with pytest.raises(InputError, match=r"6 of 6 pairs lack .* 'p0' has no rejected answer"):
        run(bare)
    with pytest.raises(InputError, match="'p0' has no scores for 'beauty'"):
        run(["beauty" if x == "quality" else x for x in options(world, "spa", *out)])
    tokens = options(world, "spa", *out)
    with pytest.raises(KnobError, match=r"name the criterion with --criterion; .* quality"):
        run(tokens[: tokens.index("--criterion")] + out)
    tokens = options(world, "mrpo", *out)
    with pytest.raises(InputError, match="name them by --references"):
        run(tokens[: tokens.index("--references")] + out)
    with pytest.raises(KnobError, match="no weighting 'unifrom'; did you mean 'uniform'"):
        run([*options(world, "mrpo", *out), "--weighting", "unifrom"])
    few = ["--weighting", "validation_accuracy", "--validation-share", "0.01"]
    with pytest.raises(InputError, match="too few to hold 1%"):
        run([*options(world, "mrpo", *out), *few])
    with pytest.raises(KnobError, match=r"does not use the references .* mrpo or mdpo"):
        run([*options(world, "dpo", *out), "--references", "tiny-base"])
    assert not (tmp_path / "run").exists(), "the corrected command must find no other run there"


def test_an_objective_that_draws_does_so_by_the_seed_of_the_run(world, tmp_path):
    for name, seed in (("beta_dpo", "7"), ("gamma_dpo", "0")):
        out = tmp_path / name
        run(options(world, name, "--seed", seed, "--out", str(out)))
        described = json.loads((out / "run.json").read_text())
        assert described["objective"]["seed"] == described["settings"]["seed"] == int(seed)


def test_options_that_an_objective_does_not_read_are_named(world, tmp_path, capsys):
    unused = ["--criterion", "quality", "--weighting", "thompson", "--validation-share", "0.3"]
    run(options(world, "dpo", *unused, "--out", str(tmp_path / "run")))
    said = " ".join(capsys.readouterr().err.split())
    assert "not used by this objective: --criterion quality, --weighting thompson, " in said
    assert ", --validation-share 0.3" in said


@pytest.mark.parametrize(
    ("weighting", "is_used"), [("uniform", False), ("validation_accuracy", True)]
)
def test_a_share_that_holds_no_pairs_back_is_named(capsys, weighting, is_used):
    given = {"references": ("one", "two"), "weighting": weighting, "validation_share": 0.3}
    checked_objective("mrpo", 0.0, (), {}, TrainSettings(**given))
    said = capsys.readouterr().err
    assert said == (
        "" if is_used else "not used by the weighting 'uniform': --validation-share 0.3\n"
    )


def test_the_help_of_train_is_read_from_the_signatures(capsys):
    run(["--help"])
    told = " ".join(capsys.readouterr().out.split())
    for name, objective in OBJECTIVES.items():
        settable = contract(objective).knobs.items()
        knobs = "".join(f" --{knob.replace('_', '-')} {default}" for knob, default in settable)
        assert f"• {name}{knobs}" in told
    assert all(wrapper in told for wrapper in WRAPPERS)
