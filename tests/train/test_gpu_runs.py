"""On a GPU: whole runs from the command, and what they log is what a CPU logs.

Skipped where there is none.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from test_train import log_of

from earmark.cli import app
from earmark.train.run import train
from tiny_world import settings

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
FSDP2_FILE = Path(__file__).parents[2] / "examples/launch/fsdp2.yaml"
LOGGED = ("loss", "rewards/margins", "logps/chosen_shift", "logps/rejected_shift")


def run(world, pairs, out, objective="dpo", **knobs):
    """Train with caches of its own, so that no run reads what another one asked."""
    own = settings(world, **{"max_steps": 4, "cache_dir": str(out / "cache"), **knobs})
    done = train(pairs, world, str(world / "model"), out / "run", objective=objective, settings=own)
    return log_of(done)


def assert_alike(found, expected, near):
    assert len(found) == len(expected) > 1
    for one, other in zip(found, expected, strict=True):
        for name in LOGGED:
            assert one[name] == pytest.approx(other[name], abs=near), name


@pytest.mark.parametrize(("rank", "reference"), [(16, "live"), (16, "cached"), (0, "cached")])
def test_a_run_logs_what_a_cpu_logs(world, pairs, tmp_path, rank, reference):
    knobs = {"dtype": "float32", "lora_rank": rank, "reference_logps": reference}
    if not rank:
        knobs["learning_rate"] = 1e-4
    on_gpu = run(world, pairs, tmp_path / "gpu", device="cuda", **knobs)
    on_cpu = run(world, pairs, tmp_path / "cpu", device="cpu", **knobs)
    assert_alike(on_gpu, on_cpu, 2e-3)


@pytest.mark.parametrize("rank", [16, 0], ids=["lora", "full"])
def test_by_itself_it_takes_the_gpu_and_bfloat16(world, pairs, tmp_path, rank):
    knobs = {"lora_rank": rank, "learning_rate": 2e-3 if rank else 1e-4, "num_train_epochs": 4}
    log = run(world, pairs, tmp_path, max_steps=-1, **knobs)
    assert log[0]["loss"] == pytest.approx(0.6931, abs=5e-3)
    assert log[-1]["rewards/margins"] > 0
    described = json.loads((tmp_path / "run/run.json").read_text())
    assert described["model"]["loaded"] == {"dtype": "bfloat16", "device": "cuda"}


@pytest.mark.parametrize("objective", ["dpo", "beta_dpo", "gamma_dpo"])
def test_a_stopped_run_goes_on_to_the_same(world, pairs, tmp_path, objective):
    whole = run(world, pairs, tmp_path, objective)
    out = tmp_path / "run"
    shutil.rmtree(out / "checkpoint-4")
    described = json.loads((out / "run.json").read_text())
    (out / "run.json").write_text(json.dumps({**described, "finished": False}))
    assert_alike(run(world, pairs, tmp_path, objective), whole, 1e-3)


def test_checkpointing_changes_nothing(world, pairs, tmp_path):
    plainly = run(world, pairs, tmp_path / "plain", dtype="float32")
    again = run(world, pairs, tmp_path / "again", dtype="float32", gradient_checkpointing=True)
    assert_alike(again, plainly, 2e-4)


def test_fsdp2_on_nccl_logs_what_one_process_logs(world, pairs, tmp_path):
    expected = run(world, pairs, tmp_path, dtype="float32")
    options = "--max-steps 4 --warmup-steps 0 --logging-steps 1 --save-steps 2 --dtype float32"
    batch = "--learning-rate 2e-3 --per-device-train-batch-size 4"
    launch = f"accelerate.commands.launch --num_processes 1 --config_file {FSDP2_FILE} -m earmark"
    command = f"-m {launch} train --pairs pairs.jsonl --model model --out spread {options} {batch}"
    cache = ["--cache-dir", str(tmp_path / "spread")]
    environment = {**os.environ, "TOKENIZERS_PARALLELISM": "false"}
    done = subprocess.run(
        [sys.executable, *command.split(), *cache],
        cwd=world,
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert_alike(log_of(world / "spread"), expected, 2e-3)


def test_transcripts_are_those_of_a_cpu(world, tmp_path):
    (world / "clips.jsonl").write_text(
        "".join(
            json.dumps({"id": f"c{i}", "audio": f"clip{i}.wav", "text": "the shop"}) + "\n"
            for i in range(4)
        )
    )
    written = []
    for device in ("cuda", "cpu"):
        out = tmp_path / f"{device}.jsonl"
        options = f"--device {device} --dtype float32 --max-new-tokens 12 --out {out}"
        command = (
            f"transcribe --utterances {world / 'clips.jsonl'} --model {world / 'model'} {options}"
        )
        app(command.split(), result_action="return_value")
        written.append([json.loads(line)["text"] for line in out.read_text().splitlines()])
    assert written[0] == written[1]
    assert len(written[0]) == 4
