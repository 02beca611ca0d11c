"""Values that cannot work are refused before anything is loaded; a run says what it did not do."""

import json

import pytest

from earmark.cli import tiny_base
from earmark.errors import KnobError
from earmark.tiny.train import HEARING, UTTERANCES, WRITING
from earmark.train.arguments import training_arguments
from earmark.train.run import train
from earmark.train.settings import TrainSettings
from tiny_world import settings as fast


@pytest.mark.parametrize(
    ("knob", "value", "said"),
    [
        ("weight_decay", float("nan"), "weight_decay should be a finite number, found nan"),
        ("learning_rate", float("inf"), "learning_rate should be a finite number, found inf"),
        ("lora_alpha", 0, "lora_alpha should be at least 1, found 0"),
        ("seed", -1, "seed should be a whole number from 0 to 4294967295, found -1"),
        ("seed", 2**32, "from 0 to 4294967295, found 4294967296"),
        ("lora_targets", "*q_proj", "should be a regular expression"),
        ("warmup_ratio", 1.0, "warmup_ratio should be at least 0 and below 1"),
        ("warmup_steps", -1, "warmup_steps should be at least 0"),
        ("per_device_train_batch_size", 0, "per_device_train_batch_size should be at least 1"),
    ],
)
def test_values_that_cannot_work(knob, value, said):
    with pytest.raises(KnobError, match=said):
        TrainSettings(**{knob: value})


@pytest.mark.parametrize(
    ("service", "said"), [("wandbb", "did you mean 'wandb'"), ("comet_ml", "")]
)
def test_a_log_service_that_is_not_there(tmp_path, service, said):
    with pytest.raises(KnobError, match=f"'{service}'.*{said}"):
        training_arguments(TrainSettings(report_to=service, device="cpu"), tmp_path)


def test_the_warm_up_is_a_share_of_the_steps_unless_steps_are_given(tmp_path):
    def steps(**given):
        made = training_arguments(TrainSettings(device="cpu", **given), tmp_path)
        return made.get_warmup_steps(40)

    assert steps() == 4
    assert steps(warmup_ratio=0.5) == 20
    assert steps(warmup_steps=10) == 10
    assert steps(warmup_steps=0) == 0


def test_a_run_within_its_warm_up_says_so_and_logs_its_last_step(world, pairs, tmp_path, capsys):
    folder = str(world / "model")
    made = fast(world, max_steps=3, warmup_steps=10, logging_steps=50, save_steps=50)
    run = train(pairs[:4], world, folder, tmp_path / "short", settings=made)
    said = " ".join(capsys.readouterr().err.split())
    assert "all 3 steps of this run are its warm-up of 10" in said
    assert "moved nothing" not in said
    lines = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines if "loss" in line] == [3]


def test_a_run_that_moved_nothing_says_so(world, pairs, tmp_path, capsys):
    made = fast(world, max_steps=1, warmup_steps=10, logging_steps=50, save_steps=50)
    train(pairs[:4], world, str(world / "model"), tmp_path / "still", settings=made)
    said = " ".join(capsys.readouterr().err.split())
    assert "this run moved nothing: the learning rate was 0" in said


def test_tiny_base_has_the_defaults_of_its_training():
    assert tiny_base.UTTERANCES == UTTERANCES
    assert (HEARING.steps, WRITING.steps) == (tiny_base.HEARING_STEPS, tiny_base.WRITING_STEPS)
