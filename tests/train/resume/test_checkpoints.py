"""A run resumes from the newest checkpoint that is its own and undamaged, and says so."""

import json
import os
import shutil
from pathlib import Path

import pytest

from earmark.errors import InputError
from earmark.train.resume.checkpoints import Checkpoints, last_checkpoint, numbered
from earmark.train.resume.sealed import LIST
from earmark.train.run import train
from resume_world import losses_of, stop_after
from tiny_world import settings

PARTS = ("adapter_model.safetensors", "optimizer.pt", "scheduler.pt", "rng_state.pth")
PARTS = (*PARTS, "trainer_state.json", LIST)


@pytest.fixture(scope="module")
def knobs(world):
    return settings(world, max_steps=5, save_total_limit=9, lora_rank=2)


@pytest.fixture(scope="module")
def whole(world, pairs, knobs) -> Path:
    """A run of 5 steps with checkpoints of steps 2, 4 and 5."""
    return train(pairs, world, str(world / "model"), world / "whole", settings=knobs)


@pytest.fixture
def stopped(whole, tmp_path) -> Path:
    stop_after(whole, 4, tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture
def resume(world, pairs, knobs):
    def again(run: Path) -> Path:
        return train(pairs, world, str(world / "model"), run, settings=knobs)

    return again


def own(run: Path) -> Checkpoints:
    return Checkpoints(run, json.loads((run / "run.json").read_text())["id"])


def found_in(run: Path) -> str:
    """Name the checkpoint that a run would be resumed from."""
    try:
        found = own(run).resumable()
    except InputError:
        return "refused"
    return found.name if found else "none"


def write(checkpoints: Checkpoints, step: int) -> None:
    """Write a small checkpoint as the trainer does."""
    folder = checkpoints.saving / f"checkpoint-{step}"
    (folder / "shards").mkdir(parents=True)
    for name in ("optimizer.pt", "scheduler.pt", "rng_state.pth", "trainer_state.json"):
        (folder / name).write_text(f"{name} {step}")
    (folder / "shards/0.distcp").write_text("weights")
    checkpoints.finish(step)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("how", ["cut", "changed", "gone"])
def test_a_damaged_checkpoint_is_set_aside_with_its_reason(stopped, part, how, capsys):
    path = stopped / "checkpoint-4" / part
    if how == "cut":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif how == "changed":
        raw = bytearray(path.read_bytes())
        raw[len(raw) // 2] ^= 1
        path.write_bytes(raw)
    else:
        path.unlink()
    if (part, how) == (LIST, "gone"):
        with pytest.raises(InputError, match=rf"checkpoint-4: not a checkpoint of .* no {LIST}"):
            own(stopped).resumable()
        assert (stopped / "checkpoint-4").is_dir()
        return
    if (part, how) == (LIST, "changed"):
        return  # What one bit of the list says is in the test below.
    assert own(stopped).resumable() == stopped / "checkpoint-2"
    aside = stopped / "checkpoint-4.damaged"
    reason = (aside / "DAMAGED.txt").read_text().strip()
    assert part in reason
    told = f"checkpoint-4: damaged: {reason}. It is set aside as {aside.name}"
    assert told in capsys.readouterr().err.replace("\n", " ")


def test_any_other_list_is_damage_or_foreign(stopped, tmp_path):
    """A list in which one byte is another never lets its checkpoint be resumed from."""
    path = stopped / "checkpoint-4" / LIST
    raw = path.read_bytes()
    for at in range(0, len(raw), 7):
        if raw[at : at + 1].isspace():
            continue
        path.write_bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
        assert found_in(stopped) in ("refused", "checkpoint-2"), f"byte {at}"
        if (stopped / "checkpoint-4.damaged").is_dir():
            (stopped / "checkpoint-4.damaged").rename(stopped / "checkpoint-4")
    path.write_bytes(raw)
    assert own(stopped).resumable() == stopped / "checkpoint-4"


def test_a_resumed_run_ends_the_same_from_the_checkpoint_before(stopped, whole, resume):
    (stopped / "checkpoint-4/optimizer.pt").unlink()
    resume(stopped)
    assert losses_of(stopped) == losses_of(whole)
    assert {path.name for path in numbered(stopped)} == {f"checkpoint-{i}" for i in (2, 4, 5)}
    assert (stopped / "checkpoint-4.damaged/scheduler.pt").is_file(), "nothing is removed"


def test_no_checkpoint_left_begins_anew(stopped, whole, resume, capsys):
    for step in (2, 4):
        (stopped / f"checkpoint-{step}/scheduler.pt").write_bytes(b"")
    resume(stopped)
    assert "no undamaged checkpoint is left: the run starts from its first step" in " ".join(
        capsys.readouterr().err.split()
    )
    assert losses_of(stopped) == losses_of(whole)


@pytest.mark.parametrize("part", ["optimizer.pt", "scheduler.pt", "rng_state.pth"])
def test_a_list_without_a_part_of_the_state_is_no_checkpoint(tmp_path, part):
    """As a run would be resumed with other losses than it had."""
    checkpoints = Checkpoints(tmp_path, "me")
    write(checkpoints, 2)
    listed = json.loads((tmp_path / "checkpoint-2" / LIST).read_text())
    del listed["files"][part]
    (tmp_path / "checkpoint-2" / LIST).write_text(json.dumps(listed))
    (tmp_path / "checkpoint-2" / part).unlink()
    assert checkpoints.resumable() is None
    assert "it has no" in (tmp_path / "checkpoint-2.damaged/DAMAGED.txt").read_text()


def test_folders_of_other_names_are_somebody_elses(stopped, resume):
    for name in (
        "checkpoint-best",
        "checkpoint-2.bak",
        "checkpoint-",
        "checkpoint-x",
        "checkpoint-4a",
    ):
        shutil.copytree(stopped / "checkpoint-2", stopped / name)
        (stopped / name / "optimizer.pt").unlink()
    (stopped / "checkpoint-99").write_text("a file")
    assert last_checkpoint(stopped).name == "checkpoint-4"
    resume(stopped)
    assert (stopped / "checkpoint-best/scheduler.pt").is_file()
    assert (stopped / "checkpoint-99").read_text() == "a file"


def test_checkpoints_of_others_are_refused_and_never_removed(stopped, resume, tmp_path):
    foreign = stopped / "checkpoint-500"
    foreign.mkdir()
    (foreign / "trainer_state.json").write_text('{"global_step": 500}')
    with pytest.raises(InputError, match=r"checkpoint-500: not a checkpoint of .* no checkpoint\."):
        resume(stopped)
    shutil.rmtree(foreign)
    shutil.copytree(stopped / "checkpoint-4", foreign)
    listed = json.loads((foreign / LIST).read_text())
    (foreign / LIST).write_text(json.dumps({**listed, "run": "another", "step": 500}))
    with pytest.raises(InputError, match=r"checkpoint-500: .* names another run\. .* move it to"):
        resume(stopped)
    assert (foreign / "optimizer.pt").is_file()


def test_checkpoints_without_a_run_are_refused(stopped, resume):
    (stopped / "run.json").unlink()
    with pytest.raises(InputError, match="checkpoint-2, checkpoint-4"):
        resume(stopped)
    assert len(numbered(stopped)) == 2


def test_a_checkpoint_that_came_meanwhile_is_not_overwritten(tmp_path):
    checkpoints = Checkpoints(tmp_path, "me", keep=1)
    write(checkpoints, 2)
    (tmp_path / "checkpoint-4").mkdir()
    (tmp_path / "checkpoint-4/mine").touch()
    with pytest.raises(InputError, match="checkpoint-4: something is there already"):
        write(checkpoints, 4)
    assert (tmp_path / "checkpoint-4/mine").exists()
    assert (tmp_path / "checkpoint-2").is_dir(), "the one before is kept"


def test_the_oldest_of_ones_own_are_removed(tmp_path):
    theirs, mine = Checkpoints(tmp_path, "they", keep=9), Checkpoints(tmp_path, "me", keep=2)
    write(theirs, 1)
    for step in (2, 4, 10):
        write(mine, step)
    assert [path.name for path in numbered(tmp_path)] == [f"checkpoint-{i}" for i in (10, 4, 1)]
    assert sorted(os.listdir(tmp_path)) == ["checkpoint-1", "checkpoint-10", "checkpoint-4"]


def test_half_a_checkpoint_never_has_its_name(tmp_path):
    """A kill while it is written leaves it in a hidden folder, and the next start removes that."""
    checkpoints = Checkpoints(tmp_path, "me")
    write(checkpoints, 2)
    (checkpoints.saving / "checkpoint-4").mkdir(parents=True)
    (checkpoints.saving / "checkpoint-4/model.safetensors").write_text("half")
    assert last_checkpoint(tmp_path).name == "checkpoint-2"
    assert Checkpoints(tmp_path, "me").resumable() == tmp_path / "checkpoint-2"
    assert os.listdir(tmp_path) == ["checkpoint-2"]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"settings": 3}', '{"model": "m", "settings": {}}']
)
def test_a_damaged_description_of_the_run_is_named(stopped, resume, text):
    (stopped / "run.json").write_text(text)
    with pytest.raises(InputError, match=r"run\.json: cut off or damaged: .* put a copy of it"):
        resume(stopped)
    assert len(numbered(stopped)) == 2


def test_a_changed_cache_changes_no_loss(world, pairs, tmp_path, capsys):
    def run(name: str) -> Path:
        plain = {"max_steps": 2, "reference_logps": "cached", "cache_features": True}
        chosen = settings(world, cache_dir=str(cache), **plain)
        return train(pairs[:8], world, str(world / "model"), tmp_path / name, settings=chosen)

    cache = tmp_path / "cache"
    before = losses_of(run("before"))
    (kept,) = cache.glob("reference/*/*.jsonl")
    kept.write_text(kept.read_text().replace("[-", "[-1", 1))
    (states,) = cache.glob("features/*/*.bin")
    states.write_bytes(states.read_bytes()[:-40] + bytes(40))
    capsys.readouterr()
    assert losses_of(run("after")) == before
    told = capsys.readouterr().err
    assert "1 row is damaged" in told
    assert "their reference is computed again" in told
    assert "its clips are heard again" in told
