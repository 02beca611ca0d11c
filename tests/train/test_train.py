"""A whole run on a tiny random model: what is written, what is refused, what resumes."""

import json
import re
import shutil
import signal
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from earmark.errors import InputError
from earmark.formats.files.lines import write_jsonl
from earmark.objectives.contract.signature import contract
from earmark.objectives.dpo import dpo
from earmark.policies.load import load_policy
from earmark.policies.policy import Policy
from earmark.records import Pair
from earmark.train.cache.checked_row import read_checked, with_checksum
from earmark.train.data.examples import EncodedPairs
from earmark.train.data.token_budget import row_lengths, to_be_asked
from earmark.train.resume.checkpoints import last_checkpoint
from earmark.train.run import train
from tiny_world import settings, tiny_policy, write_pairs

SAME_LOSS = ("loss", "grad_norm", "rewards/margins", "logps/chosen_shift")


def log_of(run: Path) -> list[dict]:
    return [
        row
        for row in map(json.loads, (run / "log.jsonl").read_text().splitlines())
        if "loss" in row
    ]


def test_a_run_learns_and_says_what_it_was(world, pairs, tmp_path):
    knobs = settings(world, num_train_epochs=4, report_to="tensorboard")
    run = train(
        pairs, world, str(world / "model"), tmp_path / "run", knobs={"beta": 0.3}, settings=knobs
    )
    log = log_of(run)
    assert log[0]["loss"] == pytest.approx(0.6931, abs=1e-3)
    assert log[0]["logps/chosen_shift"] == pytest.approx(0, abs=1e-4)
    assert log[-1]["loss"] < log[0]["loss"] - 0.05
    assert log[-1]["rewards/margins"] > 0
    assert log[-1]["rewards/margins"] == pytest.approx(
        log[-1]["rewards/chosen"] - log[-1]["rewards/rejected"], abs=1e-4
    )
    described = json.loads((run / "run.json").read_text())
    assert described["objective"] == {"name": "dpo", "sft_weight": 0.0, "beta": 0.3}
    assert described["settings"]["seed"] == 0
    assert described["finished"]
    assert {"torch", "transformers"} <= described["versions"].keys()
    assert re.fullmatch("[0-9a-f]{32}", described["pairs"]["hash"])
    assert list(run.glob("runs/**/events*")), "TensorBoard's own files"
    adapted = load_policy(str(world / "model"), str(run))
    assert any("lora" in name for name, _ in adapted.model.named_parameters())


def test_the_whole_model_can_be_trained_too(world, pairs, tmp_path):
    knobs = settings(world, lora_rank=0, max_steps=3, gradient_checkpointing=True)
    run = train(pairs, world, str(world / "model"), tmp_path / "run", settings=knobs)
    before, after = load_policy(str(world / "model")), load_policy(str(run))
    moved = {
        name.split(".")[1]: not torch.equal(one, two)
        for (name, one), two in zip(
            before.network.state_dict().items(), after.network.state_dict().values(), strict=True
        )
        if name.startswith("model.")
    }
    assert moved["language_model"]
    assert not moved["audio_tower"]
    assert not moved["multi_modal_projector"]


def test_a_whole_model_in_bfloat16_keeps_float32_weights(world, pairs, tmp_path):
    knobs = settings(world, lora_rank=0, dtype="bfloat16", learning_rate=1e-6, max_steps=4)
    run = train(pairs, world, str(world / "model"), tmp_path / "run", settings=knobs)
    before = load_file(world / "model/model.safetensors")
    after = load_file(run / "model.safetensors")
    name = next(name for name in after if name.endswith("up_proj.weight"))
    assert after[name].dtype == torch.float32
    moved = (after[name] != before[name]).float().mean()
    assert moved > 0.9, "updates of 1e-6 would be lost in bfloat16 weights"
    assert log_of(run)[0]["loss"] == pytest.approx(0.6931, abs=5e-3)


def test_a_lora_on_the_tower_is_heard_anew_in_every_step(world, pairs, tmp_path):
    targets = r".*(audio_tower|language_model).*\.(q|v)_proj"
    cache = tmp_path / "cache"
    knobs = settings(world, cache_dir=str(cache), max_steps=4, lora_targets=targets)
    run = train(pairs, world, str(world / "model"), tmp_path / "run", settings=knobs)
    trained = load_file(run / "adapter_model.safetensors")
    moved = [name for name, value in trained.items() if "audio_tower" in name and value.any()]
    assert any("lora_B" in name for name in moved)
    assert not (cache / "features").exists(), "states of yesterday's tower must not be kept"
    assert log_of(run)[0]["logps/chosen_shift"] == pytest.approx(0, abs=1e-4)


def test_sft_reads_neither_rejected_nor_reference(world, pairs, tmp_path, monkeypatch):
    for asked in ("assemble.precompute", "reference.reference.without_adapter"):
        monkeypatch.setattr(f"earmark.train.{asked}", lambda *_: pytest.fail("no reference"))
    unpaired = [Pair(p.id, p.prompt, p.chosen, []) for p in pairs]
    run = train(
        unpaired,
        world,
        str(world / "model"),
        tmp_path / "run",
        objective="sft",
        settings=settings(world, num_train_epochs=3),
    )
    log = log_of(run)
    assert log[-1]["loss"] < log[0]["loss"]
    assert "rewards/margins" not in log[0]


def test_accumulated_steps_equal_one_large_step(world, pairs, tmp_path):
    runs = [
        train(
            pairs[:8],
            world,
            str(world / "model"),
            tmp_path / f"run{size}",
            settings=settings(
                world,
                per_device_train_batch_size=size,
                gradient_accumulation_steps=8 // size,
                max_steps=3,
            ),
        )
        for size in (8, 4)
    ]
    for whole, parts in zip(*map(log_of, runs), strict=True):
        assert whole["loss"] == pytest.approx(parts["loss"], abs=1e-5)


def test_every_pair_counts_the_same_in_batches_of_unequal_size(world, pairs, tmp_path):
    """Of five pairs within a budget, one batch has more of them than the other."""
    whole = settings(world, per_device_train_batch_size=5, max_steps=1)
    parts = settings(world, token_budget=180, gradient_accumulation_steps=8, max_steps=1)
    runs = [
        train(pairs[:5], world, str(world / "model"), tmp_path / name, settings=knobs)
        for name, knobs in (("whole", whole), ("parts", parts))
    ]
    one, several = (log_of(run)[0] for run in runs)
    assert one["grad_norm"] == pytest.approx(several["grad_norm"], rel=1e-5)
    assert one["loss"] == pytest.approx(several["loss"], abs=1e-6)


@pytest.mark.parametrize("objective", ["dpo", "kto", "s_dpo"])
def test_every_loss_counts_the_same_where_rows_have_unequal_numbers(world, tmp_path, objective):
    """Of four rows one has four rejected answers, so accumulated batches have unequal numbers."""
    few, many = (write_pairs(world, 4, losers=count) for count in (1, 4))
    ragged = [*few[:3], many[3]]
    found = []
    for size in (4, 1):
        knobs = settings(
            world,
            per_device_train_batch_size=size,
            gradient_accumulation_steps=4 // size,
            max_steps=1,
        )
        out = tmp_path / str(size)
        train(ragged, world, str(world / "model"), out, objective=objective, settings=knobs)
        found.append(log_of(out)[0])
    for name in ("loss", "grad_norm"):
        whole, parts = (row[name] for row in found)
        assert parts == pytest.approx(whole, rel=1e-5), name


def test_a_reference_is_asked_within_the_budget_too(world, pairs):
    encoded = EncodedPairs(pairs, world, contract(dpo))
    policy, budgeted = tiny_policy(), settings(world, token_budget=180)
    lengths = row_lengths(policy, encoded, 16).lengths
    batches = to_be_asked(policy, encoded, 16, budgeted)
    assert sorted(row for batch in batches for row in batch) == list(range(16))
    assert all(len(batch) * max(lengths[batch]) <= 180 for batch in batches)
    assert len({len(batch) for batch in batches}) > 1
    plain = to_be_asked(policy, encoded, 10, settings(world))
    assert plain == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_features_and_reference_are_computed_once(world, pairs, tmp_path, monkeypatch):
    calls = []
    for name in ("encode", "shared_logps"):
        plain = getattr(Policy if name == "shared_logps" else type(tiny_policy()), name)
        owner = Policy if name == "shared_logps" else type(tiny_policy())

        def counted(self, *args, _name=name, _plain=plain):
            calls.append((_name, torch.is_grad_enabled()))
            return _plain(self, *args)

        monkeypatch.setattr(owner, name, counted)
    cache = str(tmp_path / "cache")
    for run in ("one", "two"):
        calls.clear()
        knobs = settings(world, cache_dir=cache, num_train_epochs=2)
        train(pairs, world, str(world / "model"), tmp_path / run, settings=knobs)
        heard = [call for call in calls if call[0] == "encode"]
        referenced = [call for call in calls if call == ("shared_logps", False)]
        if run == "one":
            # Beside the training: one second when the model is loaded, heard and answered, the size
            # of the cache, the prompt's length, two proven rows.
            assert len(heard) == len(pairs) + 6
            assert len(referenced) == 4 + 1  # the first epoch's four batches, the proof
        else:
            assert len(heard) == 3  # one second, heard and answered, the prompt's length
            assert len(referenced) == 1
    assert log_of(tmp_path / "one") == log_of(tmp_path / "two")


def test_the_cache_does_not_change_the_result(world, pairs, tmp_path):
    runs = [
        train(
            pairs,
            world,
            str(world / "model"),
            tmp_path / str(cached),
            settings=settings(world, cache_features=cached, max_steps=3),
        )
        for cached in (True, False)
    ]
    for one, two in zip(*map(log_of, runs), strict=True):
        assert one["loss"] == pytest.approx(two["loss"], abs=1e-6)


def options(run, rank, *more):
    given = ["train", "--pairs", "pairs.jsonl", "--model", "model", "--out", str(run)]
    given += ["--lora-rank", rank, "--learning-rate", "2e-3", "--num-train-epochs", "4"]
    given += ["--per-device-train-batch-size", "4", "--logging-steps", "2", "--save-steps", "4"]
    return [*given, "--cache-dir", "cache", *more]


@pytest.mark.parametrize("rank", ["16", "0"], ids=["lora", "whole model"])
def test_killed_and_resumed_ends_with_the_same_losses(world, tmp_path, rank, warm):
    warm.run(world, options(tmp_path / "whole", rank))

    command = options(tmp_path / "killed", rank)
    killed = warm.start(world, command)
    deadline = time.monotonic() + 240
    while last_checkpoint(tmp_path / "killed") is None and time.monotonic() < deadline:
        assert killed.ended(wait=False) is None, killed.said()
        time.sleep(0.02)
    killed.kill()
    assert killed.ended() == [-signal.SIGKILL]
    assert not json.loads((tmp_path / "killed/run.json").read_text()).get("finished")
    assert "resuming from" in warm.run(world, command)
    one, two = log_of(tmp_path / "whole"), log_of(tmp_path / "killed")
    assert [row["step"] for row in one] == [row["step"] for row in two] == list(range(2, 17, 2))
    for a, b in zip(one, two, strict=True):
        assert [a[name] for name in SAME_LOSS] == [b[name] for name in SAME_LOSS]

    if rank == "0":
        return
    assert "this run is finished" in warm.run(world, command)
    assert "objective.beta (there 0.1, here 0.7)" in warm.run(
        world, [*command, "--beta", "0.7"], code=1
    )


def test_batches_within_a_budget_train_and_resume_exactly(world, pairs, tmp_path):
    knobs = settings(world, token_budget=300, num_train_epochs=2, save_steps=3)
    whole = train(pairs, world, str(world / "model"), tmp_path / "whole", settings=knobs)
    rows = log_of(whole)
    assert rows[-1]["epoch"] == 2
    assert len(rows) > 2 * 16 / 8
    stopped = tmp_path / "stopped"
    shutil.copytree(whole, stopped)
    for late in sorted(stopped.glob("checkpoint-*"))[1:]:
        shutil.rmtree(late)
    description = json.loads((stopped / "run.json").read_text())
    del description["finished"]
    (stopped / "run.json").write_text(json.dumps(description))
    (kept,) = stopped.glob("checkpoint-*")
    assert int(kept.name.split("-")[1]) < rows[-1]["step"], "something is left to train"
    train(pairs, world, str(world / "model"), stopped, settings=knobs)
    assert [r["loss"] for r in log_of(stopped)] == [r["loss"] for r in rows]
    tight = settings(world, token_budget=20)
    with pytest.raises(InputError, match=r"pair 'p\d+' alone takes .* the token_budget of 20"):
        train(pairs, world, str(world / "model"), tmp_path / "tight", settings=tight)


def test_what_was_known_of_a_row_stays(world, pairs, tmp_path):
    """A batch of which the cache knows some rows is asked; those rows keep what was known."""
    cache = tmp_path / "cache"

    def run(name, **more):
        knobs = settings(world, cache_dir=str(cache), reference_logps="cached", **more)
        return log_of(train(pairs, world, str(world / "model"), tmp_path / name, settings=knobs))

    run("begun", max_steps=2, seed=1)
    (kept,) = (cache / "reference").glob("*/*.jsonl")
    rows = list(map(read_checked, kept.read_bytes().splitlines()))
    assert 0 < len(rows) < len(pairs)
    # As if they had been asked in other company: by less than the proof at the start lets pass.
    nudged = [{**row, "logps": [x - 1e-4 for x in row["logps"]]} for row in rows]
    write_jsonl(kept, map(with_checksum, nudged))
    one, two = run("one", num_train_epochs=2), run("two", num_train_epochs=2)
    assert [[row[name] for name in SAME_LOSS] for row in one] == [
        [row[name] for name in SAME_LOSS] for row in two
    ]
    texts = [path.read_text() for path in (cache / "reference").glob("*/*.jsonl")]
    keys = [json.loads(line)["key"] for text in texts for line in text.splitlines()]
    assert len(keys) == len(set(keys)) == len(pairs)
