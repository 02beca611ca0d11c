"""Training from Python: pairs in any form, an objective, a weighting and a family of one's own."""

import json
import os

import pytest

import earmark
import own_parts
from earmark import InputError, KnobError
from earmark.formats.schema.fields import to_row
from earmark.policies.families.qwen2_audio import Qwen2AudioPolicy
from earmark.policies.families.table import FAMILIES
from tiny_world import save_tiny, write_pairs

SHORT = {"max_steps": 1, "warmup_steps": 0, "logging_steps": 1, "save_steps": 1, "device": "cpu"}


class MyPolicy(Qwen2AudioPolicy):
    """A family of one's own: a class that is written for it."""


MINE = FAMILIES["qwen2_audio"].__class__(MyPolicy, FAMILIES["qwen2_audio"].facts)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    save_tiny(folder / "model")
    (folder / "clips").mkdir()
    return folder, write_pairs(folder, 4)


@pytest.fixture
def here(world, monkeypatch):
    monkeypatch.chdir(world[0])
    return world


def trained(pairs, out, **options):
    how = {**SHORT, "cache_dir": "cache", "per_device_train_batch_size": 4, **options}
    return earmark.train(pairs, "model", out, **how)


def log_of(run):
    return json.loads((run / "log.jsonl").read_text().splitlines()[0])


def test_an_objective_of_ones_own_trains_as_the_built_in_one(here, tmp_path):
    _, pairs = here
    forms = {"records": pairs, "rows": [to_row(pair) for pair in pairs]}
    os.makedirs("files", exist_ok=True)
    forms["path"] = earmark.write(pairs, "files/pairs.jsonl")
    usual = log_of(trained(pairs, tmp_path / "dpo", objective="dpo", beta=0.3))
    for name, given in forms.items():
        run = trained(given, tmp_path / name, objective=own_parts.my_dpo, beta=0.3)
        assert log_of(run)["loss"] == usual["loss"]
        objective = json.loads((run / "run.json").read_text())["objective"]
        assert objective == {"name": "own_parts:my_dpo", "sft_weight": 0.0, "beta": 0.3}


def test_a_weighting_and_a_family_of_ones_own_are_recorded_by_name(here, tmp_path):
    _, pairs = here
    run = trained(
        pairs,
        tmp_path / "run",
        objective="mrpo",
        references=("model", "model"),
        weighting=own_parts.first_half,
        family=MINE,
    )
    settings = json.loads((run / "run.json").read_text())["settings"]
    assert settings["weighting"] == "own_parts:first_half"
    assert settings["model_family"] == f"{__name__}:MINE"
    policy = earmark.load_policy("model", str(run), family=settings["model_family"])
    assert type(policy) is MyPolicy
    assert earmark.export(run, tmp_path / "whole").is_dir()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"objective": own_parts.my_dpo, "bta": 1.0}, "no knob 'bta'; did you mean 'beta'"),
        ({"objective": "own_parts:my_dp"}, "has no 'my_dp'; did you mean 'my_dpo'"),
        ({"learning_rat": 1e-3}, "did you mean 'learning_rate'"),
        ({"weighting": lambda: None}, "cannot be found again by its name"),
        ({"weighting": "own_parts:unscaled"}, "sum to 1, found .1.0, 1.0, 1.0."),
        ({"weighting": own_parts.exact}, "takes no arguments, found truth, answer"),
        ({"family": "own_parts:STUTTER"}, "should be an earmark.policies.families.table.Family"),
        ({"family": "qwen2_adio"}, "no model family 'qwen2_adio'; did you mean 'qwen2_audio'"),
    ],
)
def test_what_cannot_be_trained_with_is_refused(here, tmp_path, options, message):
    with pytest.raises(KnobError, match=message):
        trained(here[1], tmp_path / "run", **options)
    assert not (tmp_path / "run").exists()


def test_pairs_that_are_none_are_refused(here, tmp_path):
    with pytest.raises(InputError, match="pairs: item 1"):
        trained([{"id": "x"}], tmp_path / "run")
    with pytest.raises(InputError, match="pairs should be records"):
        trained(["text"], tmp_path / "run")


def test_transcripts_come_with_and_without_a_file(here, tmp_path):
    rows = [{"id": "a", "audio": "clip0.wav"}, {"id": "b", "audio": "clip1.wav"}]
    hyps = earmark.transcribe("model", rows, max_new_tokens=4, device="cpu")
    assert [hyp.id for hyp in hyps] == ["a", "b"]
    out = tmp_path / "hyps.jsonl"
    again = earmark.transcribe(
        "model", rows, max_new_tokens=4, device="cpu", out=out, family=f"{__name__}:MINE"
    )
    assert [hyp.text for hyp in again] == [hyp.text for hyp in hyps]
    assert earmark.read(out) == again
    with pytest.raises(KnobError, match="give `out`"):
        earmark.transcribe("model", rows, on_error="skip")
