"""A run goes on with another version or device, and with processes that make its rows."""

import json
import multiprocessing
from pathlib import Path

import pytest

from earmark.errors import InputError, KnobError
from earmark.train.arguments import training_arguments
from earmark.train.distributed import Processes
from earmark.train.run import train
from earmark.train.run_folder import RUN, open_run
from earmark.train.settings import TrainSettings
from tiny_world import save_tiny, write_pairs


def described(**model) -> dict:
    known = {"name": "m", "hash": "one", "weights": "w"}
    loaded = {"dtype": "float32", "device": "cpu"}
    return {"model": {**known, "loaded": loaded, **model}, "versions": {"transformers": "5.0"}}


def reopen(run: Path, now: dict) -> None:
    open_run(run, now, Processes())


@pytest.fixture
def run(tmp_path) -> Path:
    reopen(tmp_path, described())
    return tmp_path


def test_another_device_or_version_goes_on_and_is_said(run, capsys):
    reopen(run, described())
    assert not capsys.readouterr().err
    reopen(run, described(hash="two", loaded={"dtype": "float32", "device": "cuda"}))
    assert "on cuda (cpu before): the reference is computed again" in capsys.readouterr().err
    newer = described(hash="two") | {"versions": {"transformers": "5.9"}}
    reopen(run, newer)
    assert "with transformers 5.9 (5.0 before)" in capsys.readouterr().err
    assert json.loads((run / RUN).read_text())["model"]["hash"] == "one"


@pytest.mark.parametrize(
    "model",
    [
        {"hash": "two"},
        {"hash": "two", "weights": "other", "loaded": {"dtype": "float32", "device": "cuda"}},
        {"hash": "two", "weights": None, "loaded": {"dtype": "float32", "device": "cuda"}},
    ],
)
def test_another_model_is_refused(run, model):
    with pytest.raises(InputError, match=r"it differs in the model: its weights, configuration"):
        reopen(run, described(**model))


def test_another_number_type_is_refused_by_name(run):
    now = described(hash="two", loaded={"dtype": "bfloat16", "device": "cuda"})
    with pytest.raises(InputError, match=r"\(float32 cpu there, bfloat16 cuda here\)"):
        reopen(run, now)


@pytest.fixture
def spawning():
    """Let processes be spawned by default, as they are on macOS, and not forked."""
    usual = multiprocessing.get_start_method()
    multiprocessing.set_start_method("spawn", force=True)
    yield
    multiprocessing.set_start_method(usual, force=True)


@pytest.mark.usefixtures("spawning")
@pytest.mark.parametrize("token_budget", [0, 400])
def test_a_process_that_makes_rows_changes_no_loss(tmp_path, token_budget):
    save_tiny(tmp_path / "model")
    pairs = write_pairs(tmp_path, 4)
    losses = []
    for workers in (0, 1):
        settings = TrainSettings(
            device="cpu",
            cache_dir=str(tmp_path / "cache"),
            max_steps=2,
            per_device_train_batch_size=2,
            token_budget=token_budget,
            logging_steps=1,
            dataloader_num_workers=workers,
        )
        out = train(
            pairs, tmp_path, str(tmp_path / "model"), tmp_path / f"{workers}", settings=settings
        )
        rows = map(json.loads, (out / "log.jsonl").read_text().splitlines())
        losses.append([row["loss"] for row in rows if "loss" in row])
    assert len(losses[0]) == 2
    assert losses[0] == losses[1]


def test_a_system_without_fork_is_told_so(tmp_path, monkeypatch):
    monkeypatch.setattr("earmark.train.arguments.get_all_start_methods", lambda: ["spawn"])
    with pytest.raises(KnobError, match="dataloader_num_workers should be 0 here, found 2"):
        training_arguments(TrainSettings(dataloader_num_workers=2), tmp_path)
    assert training_arguments(TrainSettings(device="cpu"), tmp_path)
