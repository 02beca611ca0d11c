"""A disk that is full while a run is saved: one message, and nothing that was kept is lost."""

from pathlib import Path

import pytest
from safetensors import SafetensorError
from torch.distributed.checkpoint.api import CheckpointException

from earmark.errors import InputError
from earmark.storage.lock import locked
from earmark.train.resume.checkpoints import numbered
from earmark.train.resume.full_disk import full_disk_explained
from earmark.train.run import train
from resume_world import losses_of, stop_after
from small_disk import files_of_at_most
from tiny_world import settings


@pytest.fixture(scope="module")
def wholes(world, pairs) -> dict[int, Path]:
    """Return runs of 4 steps that nothing stopped, by the rank of their LoRA."""

    def run(rank: int) -> Path:
        chosen = settings_of(world, rank, save_total_limit=9)
        out = world / f"whole-{rank}"
        return train(pairs[:4], world, str(world / "model"), out, settings=chosen)

    return {rank: run(rank) for rank in (0, 4)}


def settings_of(world: Path, rank: int, **knobs):
    plain = {"max_steps": 4, "cache_features": False, "save_total_limit": 1, "logging_steps": 2}
    return settings(world, lora_rank=rank, **{**plain, **knobs})


@pytest.mark.parametrize(
    ("rank", "part"),
    [(4, "optimizer.pt"), (4, "adapter_model.safetensors"), (0, "model.safetensors")],
)
def test_a_checkpoint_that_does_not_fit_loses_nothing(world, pairs, wholes, tmp_path, rank, part):
    def again():
        return train(pairs[:4], world, str(world / "model"), run, settings=settings_of(world, rank))

    run = tmp_path / "run"
    size = (stop_after(wholes[rank], 2, run) / part).stat().st_size
    told = r"cannot be written: .* MB are free there\)\. The checkpoints .* are whole\. Free some"
    with files_of_at_most(size - 1), pytest.raises(InputError, match=told):
        again()
    assert [path.name for path in numbered(run)] == ["checkpoint-2"]
    assert not (run / ".saving").exists(), "half a checkpoint does not fill the disk"
    again()
    assert losses_of(run) == losses_of(wholes[rank])
    assert [path.name for path in numbered(run)] == ["checkpoint-4"]


def test_a_model_that_does_not_fit_at_the_end_is_saved_by_the_next_command(
    world, pairs, wholes, tmp_path
):
    def again():
        return train(pairs[:4], world, str(world / "model"), run, settings=settings_of(world, 4))

    run, weights = tmp_path / "run", "adapter_model.safetensors"
    stop_after(wholes[4], 4, run)
    with (
        files_of_at_most((wholes[4] / weights).stat().st_size - 1),
        pytest.raises(InputError, match=r"cannot be written: .*run the same command again"),
    ):
        again()
    again()
    assert losses_of(run) == losses_of(wholes[4])
    assert (run / weights).read_bytes() == (wholes[4] / weights).read_bytes()


def spread() -> CheckpointException:
    """Return what FSDP2's writer raises when one process has no space."""
    return CheckpointException("write", {1: (OSError(28, "No space left on device"), None)})


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            OSError(28, "No space left on device", "run/log.jsonl"),
            r"run/log\.jsonl: .*No space left",
        ),
        (OSError(30, "Read-only file system"), "out: cannot be written: Read-only"),
        (SafetensorError("I/O error: No space left on device (os error 28)"), "No space left"),
        (
            RuntimeError("[enforce fail at inline_container.cc:664] . unexpected pos 64"),
            "too short",
        ),
        (RuntimeError("PytorchStreamWriter failed writing file data/0"), "too short"),
        (spread(), "No space left on device"),
    ],
)
def test_what_libraries_raise_becomes_one_message(error, told):
    with pytest.raises(InputError, match=told), full_disk_explained(Path("out")):
        raise error


@pytest.mark.parametrize("error", [ValueError("x"), RuntimeError("x"), OSError(24, "too many")])
def test_other_errors_stay_what_they_are(error):
    with pytest.raises(type(error)) as raised, full_disk_explained(Path("out")):
        raise error
    assert raised.value is error


def test_two_trainings_in_one_folder_are_refused(world, pairs, tmp_path):
    run = tmp_path / "run"
    told = r"run: another training is writing here already \(process \d+ on .*another --out"
    with locked(run / ".lock", "a test"), pytest.raises(InputError, match=told):
        train(pairs[:8], world, str(world / "model"), run, settings=settings(world, max_steps=1))
    assert not list(run.iterdir())
