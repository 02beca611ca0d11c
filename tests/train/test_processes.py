"""`earmark train` under a launcher: two processes do what one does, spread or not, and resume.

The launchers themselves are in the tests of two processes without more, and of the shipped files.
Run by the latter as a script where the processes are to train with FSDP2 on CPUs:

    python -m accelerate.commands.launch --num_processes 2 test_processes.py train ...
"""

import json
import math
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from earmark.cli import main
from earmark.formats.files.lines import write_jsonl
from resume_world import stop_after
from tiny_world import save_tiny, write_pairs
from warm_server import treat_cpus_as_gpus

STEPS = 4
TORCHRUN = "torch.distributed.run --standalone --nproc-per-node 2"
ACCELERATE = "accelerate.commands.launch --num_processes 2 --config_file"
FSDP2_FILE = Path(__file__).parents[2] / "examples/launch/fsdp2.yaml"
ZERO2_FILE = FSDP2_FILE.with_name("zero2.yaml")
SAME = ("loss", "grad_norm", "rewards/margins", "logps/chosen_shift")
SPREAD = {
    "ranks": 2,
    "spread": True,
    "ACCELERATE_USE_FSDP": "true",
    "FSDP_VERSION": "2",
    "FSDP_AUTO_WRAP_POLICY": "TRANSFORMER_BASED_WRAP",
    "FSDP_STATE_DICT_TYPE": "SHARDED_STATE_DICT",
    "FSDP_RESHARD_AFTER_FORWARD": "true",
    "FSDP_CPU_RAM_EFFICIENT_LOADING": "false",
}


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("processes")
    save_tiny(folder / "model")
    write_jsonl(folder / "pairs.jsonl", write_pairs(folder, 16, losers=2))
    return folder


def options(out: str, cache: str, rows: int) -> list[str]:
    named = {"pairs": "pairs.jsonl", "model": "model", "out": out, "cache-dir": cache}
    named |= {"max-steps": STEPS, "warmup-steps": 0, "logging-steps": 1, "save-steps": 2}
    named |= {"learning-rate": 2e-3, "device": "cpu", "reference-logps": "cached"}
    named |= {"per-device-train-batch-size": rows}
    said = [str(x) for name, value in named.items() for x in (f"--{name}", value)]
    return ["train", *said, "--cache-features"]


def launch(
    world: Path, program: list[str], arguments: list[str], launcher: str = TORCHRUN, **more: str
) -> str:
    """Start two processes on loopback and return what they said."""
    command = [sys.executable, "-W", "ignore", "-m", *launcher.split(), *program, *arguments]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", **more}
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    done = subprocess.run(
        command, cwd=world, env=environment, capture_output=True, text=True, timeout=280
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stderr


def log_of(run: Path) -> list[list[float]]:
    rows = map(json.loads, (run / "log.jsonl").read_text().splitlines())
    return [[row[name] for name in SAME] for row in rows if "loss" in row]


def keys_of(paths: list[Path]) -> list[str]:
    lines = (line for path in paths for line in path.read_text().splitlines())
    return [json.loads(line)["key"] for line in lines]


def same_log(one: Path, two: Path) -> None:
    assert len(log_of(one)) == STEPS
    torch.testing.assert_close(
        torch.tensor(log_of(one)), torch.tensor(log_of(two)), rtol=1e-4, atol=1e-5
    )


@pytest.fixture(scope="module")
def alone(world, warm) -> Path:
    """One process with the joined batch."""
    warm.run(world, options("one", "cache-one", 4))
    return world / "one"


def test_two_processes_train_as_one_and_fill_the_caches_together(world, alone):
    said = launch(world, ["-m", "earmark"], options("two", "cache-two", 2))
    same_log(alone, world / "two")
    assert said.count("done: two") == 1, "the first process speaks for both"

    kept = sorted((world / "cache-two").rglob("*.jsonl"))
    features = [path for path in kept if path.name.endswith(".index.jsonl")]
    reference = [path for path in kept if path not in features]
    assert len(features) == len(reference) == 2, "each process has files of its own"
    rows = keys_of(reference)
    assert len(rows) == len(set(rows)) == 16
    clips = keys_of(features)
    assert len(clips) == len(set(clips)) == 16


def test_spread_weights_train_the_same_and_resume_exactly(world, alone, warm):
    """A process that has nothing to hear must not keep the other waiting: its clips are known.

    Clips stand in the index in the order of training, of each four rows the first two are those
    of the first process.
    """
    cache = world / "cache-half"
    shutil.copytree(world / "cache-one" / "features", cache / "features")
    (index,) = cache.rglob("*.index.jsonl")
    lines = index.read_text().splitlines(keepends=True)
    index.write_text("".join(line for at, line in enumerate(lines) if at % 4 < 2))

    warm.run(world, options("spread", cache.name, 2), **SPREAD)
    same_log(alone, world / "spread")
    (heard,) = {*cache.rglob("*.index.jsonl")} - {index}  # only one process heard anything
    others = [json.loads(line)["key"] for at, line in enumerate(lines) if at % 4 >= 2]
    assert keys_of([heard]) == others, "in every step"
    whole = load_file(world / "spread/adapter_model.safetensors")
    torch.testing.assert_close(
        whole, load_file(alone / "adapter_model.safetensors"), rtol=1e-3, atol=1e-4
    )
    assert (world / "spread/checkpoint-2/pytorch_model_fsdp_0").is_dir(), "it was spread"

    stop_after(world / "spread", 2, world / "stopped")
    said = warm.run(world, options("stopped", cache.name, 2), **SPREAD)
    assert "resuming from stopped/checkpoint-2" in said
    assert log_of(world / "stopped") == log_of(world / "spread")
    resumed = load_file(world / "stopped/adapter_model.safetensors")
    assert all(torch.equal(resumed[name], value) for name, value in whole.items())


def test_a_whole_model_that_is_spread_resumes_exactly(world, warm):
    """The weights of `checkpoint-2` are trained on, and the base model's are not.

    Of 13 pairs one is left in the last step, and one process has none.
    """
    lines = (world / "pairs.jsonl").read_text().splitlines(keepends=True)
    (world / "odd.jsonl").write_text("".join(lines[:13]))

    def options_of(run: str) -> list[str]:
        said = [*options(run, "cache-spread-whole", 2), "--lora-rank", "0"]
        return ["odd.jsonl" if word == "pairs.jsonl" else word for word in said]

    warm.run(world, options_of("spread-whole"), **SPREAD)
    stop_after(world / "spread-whole", 2, world / "stopped-whole")
    said = warm.run(world, options_of("stopped-whole"), **SPREAD)
    assert "resuming from stopped-whole/checkpoint-2" in said
    assert len(log_of(world / "spread-whole")) == STEPS
    assert log_of(world / "stopped-whole") == log_of(world / "spread-whole")
    one, two = (
        load_file(world / f"{run}-whole/model.safetensors") for run in ("spread", "stopped")
    )
    assert all(torch.equal(one[name], two[name]) for name in one)


@pytest.mark.parametrize("rank", [8, 0])
def test_the_shipped_file_spreads_over_several_epochs_in_our_own_precision(world, rank):
    """In the second epoch a process meets rows that the other one has asked the reference about."""
    arguments = options(f"epochs-{rank}", f"cache-epochs-{rank}", 1)
    arguments[arguments.index("--max-steps")] = "--num-train-epochs"
    arguments[arguments.index("--num-train-epochs") + 1] = "2"
    arguments += ["--lora-rank", str(rank), "--dtype", "bfloat16"]
    said = launch(world, [__file__], arguments, f"{ACCELERATE} {FSDP2_FILE} --mixed_precision bf16")
    assert "mixed_precision: bf16 of the launcher's configuration is not used" in said
    log = (world / f"epochs-{rank}/log.jsonl").read_text().splitlines()
    rows = [row for row in map(json.loads, log) if "loss" in row]
    assert rows[-1]["epoch"] == 2
    assert rows[0]["loss"] == pytest.approx(math.log(2), abs=2e-4), "the reference is the start"
    assert any(row["logps/chosen"] % (1 / 128) for row in rows), "not rounded to bfloat16"
    cache = world / f"cache-epochs-{rank}"
    asked = keys_of(sorted((cache / "reference").rglob("*.jsonl")))
    heard = keys_of(sorted((cache / "features").rglob("*.index.jsonl")))
    assert len(asked) == len(heard) == 16, "each row and clip once, whoever met it first"


@pytest.mark.skipif(not find_spec("deepspeed"), reason="deepspeed is not installed: earmark[scale]")
@pytest.mark.parametrize("reference", ["cached", "live"])
def test_deepspeed_trains_the_same_with_the_shipped_file(world, alone, reference):
    arguments = options(f"zero2-{reference}", f"cache-{reference}", 2)
    arguments[arguments.index("cached")] = reference
    launch(world, ["-m", "earmark"], arguments, f"{ACCELERATE} {ZERO2_FILE}", DS_ACCELERATOR="cpu")
    same_log(alone, world / f"zero2-{reference}")


def test_unpaired_answers_are_logged_by_two_processes(world, warm):
    """One process may have rejected answers alone: what it lacks is no reason to wait."""
    rows = [json.loads(line) for line in (world / "pairs.jsonl").read_text().splitlines()]
    single = [
        {**row, "rejected": []} if i % 2 else {**row, "chosen": ""} for i, row in enumerate(rows)
    ]
    write_jsonl(world / "single.jsonl", single)
    arguments = [*options("single", "cache-single", 1), "--objective", "kto"]
    arguments[arguments.index("pairs.jsonl")] = "single.jsonl"
    warm.run(world, arguments, ranks=2)
    log = [json.loads(line) for line in (world / "single/log.jsonl").read_text().splitlines()]
    assert any("logps/chosen" in row for row in log)
    assert any("logps/rejected" in row for row in log)


if __name__ == "__main__":
    treat_cpus_as_gpus()
    main()
