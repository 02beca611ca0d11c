"""What an objective remembers survives a stop; a loss that is no number stops the run."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import TrainerCallback

from earmark.errors import InputError
from earmark.objectives import OBJECTIVES
from earmark.objectives.dpo import dpo
from earmark.train.resume.checkpoints import last_checkpoint
from earmark.train.run import train
from earmark.train.settings import TrainSettings
from earmark.train.state import FILE
from earmark.train.trainer import LossError, PreferenceTrainer
from resume_world import reseal, stop_after
from tiny_world import save_tiny, write_pairs

STEPS, STOP = 8, 4
STATEFUL = ("beta_dpo", "gamma_dpo", "bco_pair", "ddo_rm_snapshot", "mrpo")
SAME = ("loss", "grad_norm", "rewards/margins")


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    save_tiny(folder / "model")
    save_tiny(folder / "other", seed=1)
    return folder


@pytest.fixture(scope="module")
def pairs(world):
    many = write_pairs(world, 12, losers=2)
    return [
        replace(pair, scores={"quality": [9.0, 3.0, float(number % 3)]})
        for number, pair in enumerate(many)
    ]


def settings(world, name: str = "", **knobs) -> TrainSettings:
    defaults = {"learning_rate": 5e-3, "warmup_steps": 0, "logging_steps": 1, "save_steps": 2}
    defaults |= {"per_device_train_batch_size": 4, "cache_dir": str(world / "cache")}
    defaults |= {"max_steps": STEPS, "save_total_limit": 9, "criterion": "quality"}
    references = (str(world / "model"), str(world / "other"))
    if name == "mrpo":
        defaults |= {"references": references, "weighting": "thompson_mixture"}
    return TrainSettings(**{**defaults, **knobs})


def log_of(run: Path) -> list[dict]:
    rows = map(json.loads, (run / "log.jsonl").read_text().splitlines())
    return [row for row in rows if "loss" in row]


def other_than(value):
    """Return a tensor of the same shape with other numbers in it."""
    return torch.arange(value.numel(), dtype=value.dtype).reshape(value.shape) + 1


@pytest.mark.parametrize("name", STATEFUL)
def test_a_stopped_run_goes_on_with_what_it_remembered(world, pairs, tmp_path, name):
    def run(out):
        return train(
            pairs, world, str(world / "model"), out, objective=name, settings=settings(world, name)
        )

    whole = log_of(run(tmp_path / "whole"))
    stop_after(tmp_path / "whole", STOP, tmp_path / "killed")
    resumed = log_of(run(tmp_path / "killed"))
    assert [row["step"] for row in resumed] == list(range(1, STEPS + 1))
    for one, two in zip(whole, resumed, strict=True):
        assert [one[key] for key in SAME] == [two[key] for key in SAME]

    state = stop_after(tmp_path / "whole", STOP, tmp_path / "forgetful") / FILE
    spoilt = {key: other_than(value) for key, value in load_file(state).items()}
    kept = {key: value for key, value in load_file(state).items() if not value.is_floating_point()}
    save_file({**spoilt, **kept}, state)
    reseal(state.parent)
    forgetful = log_of(run(tmp_path / "forgetful"))
    assert [row["loss"] for row in forgetful[STOP:]] != [row["loss"] for row in whole[STOP:]]

    lost = stop_after(tmp_path / "whole", STOP, tmp_path / "lost")
    (lost / FILE).unlink()
    reseal(lost)
    with pytest.raises(InputError, match="without the objective's state"):
        run(tmp_path / "lost")


def test_a_loss_that_is_no_number_stops_and_loses_nothing(world, pairs, tmp_path, monkeypatch):
    calls = []

    def breaks(chosen, rejected, ref_chosen, ref_rejected, *, beta: float = 0.1):
        calls.append(1)
        loss = dpo(chosen, rejected, ref_chosen, ref_rejected, beta=beta)
        # The first call is the trial of the knobs.
        bad = torch.nan if len(calls) == STOP + 1 else 1.0
        return loss._replace(per_pair=loss.per_pair * bad)

    def run(out):
        return train(pairs, world, str(world / "model"), out, settings=settings(world))

    whole = log_of(run(tmp_path / "whole"))
    monkeypatch.setitem(OBJECTIVES, "dpo", breaks)
    with pytest.raises(LossError, match=f"step {STOP}: the loss is not a finite number, .* p"):
        run(tmp_path / "run")
    assert last_checkpoint(tmp_path / "run").name == "checkpoint-2"
    monkeypatch.setitem(OBJECTIVES, "dpo", dpo)
    resumed = log_of(run(tmp_path / "run"))
    assert [row["loss"] for row in resumed] == [row["loss"] for row in whole]


def test_a_gradient_that_is_no_number_stops_before_it_spoils_the_weights(world, pairs, tmp_path):
    """The loss of its step is finite; saved weights would be found broken in the next one."""

    class Breaks(TrainerCallback):
        def on_step_begin(self, args, state, control, model=None, **_):
            if state.global_step + 1 == STOP:
                weight = next(p for p in model.parameters() if p.requires_grad)
                weight.register_hook(lambda gradient: gradient * torch.inf)

    def run(out, callbacks):
        plain = PreferenceTrainer.__init__

        def with_more(self, *args, **kwargs):
            plain(self, *args, **kwargs)
            for callback in callbacks:
                self.add_callback(callback)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(PreferenceTrainer, "__init__", with_more)
            chosen = settings(world, save_steps=1, save_total_limit=1, criterion="")
            return train(pairs, world, str(world / "model"), out, settings=chosen)

    whole = log_of(run(tmp_path / "whole", []))
    with pytest.raises(LossError, match=rf"step {STOP}: the gradient .* pairs p\d+.*checkpoint-3 "):
        run(tmp_path / "run", [Breaks])
    kept = last_checkpoint(tmp_path / "run")
    assert kept.name == f"checkpoint-{STOP - 1}"
    for value in load_file(kept / "adapter_model.safetensors").values():
        assert torch.isfinite(value).all()
    resumed = log_of(run(tmp_path / "run", []))
    assert [row["loss"] for row in resumed] == [row["loss"] for row in whole]


def test_an_infinite_loss_names_the_pairs_and_no_checkpoint(world, pairs, tmp_path):
    with pytest.raises(LossError, match=r"step 1: .*p\d+\. The same command .*--out") as raised:
        train(
            pairs,
            world,
            str(world / "model"),
            tmp_path / "run",
            objective="simpo",
            knobs={"beta": 3e38},
            settings=settings(world),
        )
    assert "checkpoint" not in str(raised.value)
