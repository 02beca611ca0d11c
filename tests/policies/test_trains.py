"""A captured family is trained from the command line, and what was trained transcribes."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from earmark.cli.train import command
from earmark.errors import InputError
from earmark.export.merge import export
from earmark.formats.files.lines import write_jsonl
from earmark.policies.load import load_policy
from earmark.prompting.messages import ask
from earmark.speech.audio import write_audio
from earmark.train.run import train
from earmark.train.settings import TrainSettings
from family_models import build_policy
from text_models import build_text
from tiny_world import noise, write_pairs


@pytest.mark.parametrize("rank", [2, 0], ids=["lora", "full"])
def test_qwen3_asr_is_trained(rank, tmp_path, rng):
    model = tmp_path / "model"
    policy = build_policy("qwen3_asr")
    policy.network.save_pretrained(model)
    policy.processor.save_pretrained(model)
    write_jsonl(tmp_path / "pairs.jsonl", write_pairs(tmp_path, 4))
    # To a random tower noise is noise; tones it tells apart.
    for i in range(4):
        tone = np.sin(np.arange(16_000) * 0.05 * 3**i)
        write_audio(tmp_path / f"clip{i}.wav", (0.1 + 0.2 * i) * tone.astype(np.float32))
    out = tmp_path / "run"
    options = ["--pairs", f"{tmp_path}/pairs.jsonl", "--model", str(model), "--out", str(out)]
    options += ["--max-steps", "2", "--logging-steps", "1", "--save-steps", "2", "--dtype"]
    options += ["float32", "--learning-rate", "1e-2", "--warmup-steps", "0", "--device", "cpu"]
    options += ["--lora-rank", str(rank), "--cache-dir", str(tmp_path / "cache")]
    command(options, exit_on_error=False, print_error=False, result_action="return_value")
    log = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    losses = [row["loss"] for row in log if "loss" in row]
    assert losses[0] == pytest.approx(0.6931, abs=1e-3)
    assert losses[1] < losses[0]
    trained = load_policy(str(model), str(out)) if rank else load_policy(str(out))
    assert trained.transcribe([ask(trained.facts)], [noise(rng, 1.0)], 4)


@pytest.mark.parametrize("family", ["qwen2", "mistral"], ids=["shared row", "key-value cache"])
def test_a_text_model_is_trained_on_text_and_refuses_sound(family, tmp_path):
    network, tokenizer = build_text(family)
    network.save_pretrained(tmp_path / "text")
    tokenizer.save_pretrained(tmp_path / "text")
    settings = TrainSettings(
        max_steps=3, warmup_steps=0, logging_steps=1, learning_rate=1e-2, cache_dir=str(tmp_path)
    )
    spoken = write_pairs(tmp_path, 8, losers=2)
    told = [{"role": "user", "content": "Write it down."}]
    text = [replace(pair, prompt=told, chosen="yes", rejected=["no", "maybe"]) for pair in spoken]
    model, run = str(tmp_path / "text"), tmp_path / "run"
    train(text, tmp_path, model, run, settings=settings)
    log = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    losses = [row["loss"] for row in log if "loss" in row]
    assert losses[0] == pytest.approx(0.6931, abs=1e-3)
    assert losses[-1] < losses[0]
    with pytest.raises(InputError, match="its prompt holds audio, but this model reads text"):
        train(spoken, tmp_path, model, tmp_path / "other", settings=settings)


def test_a_model_that_needs_its_cache_refuses_checkpointing_before_training(tmp_path):
    network, tokenizer = build_text("mistral")
    network.save_pretrained(tmp_path / "text")
    tokenizer.save_pretrained(tmp_path / "text")
    settings = TrainSettings(gradient_checkpointing=True, cache_dir=str(tmp_path))
    told = [{"role": "user", "content": "Write it down."}]
    pair = replace(write_pairs(tmp_path, 1)[0], prompt=told)
    with pytest.raises(InputError, match="gradient checkpointing drops"):
        train([pair], tmp_path, str(tmp_path / "text"), tmp_path / "run", settings=settings)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("tuning", ["lora", "encoder", "whole"])
def test_whisper_is_trained_transcribes_and_is_exported(tuning, tmp_path, rng):
    model, out = tmp_path / "model", tmp_path / "run"
    policy = build_policy("whisper")
    policy.network.save_pretrained(model)
    policy.processor.save_pretrained(model)
    pairs = write_pairs(tmp_path, 4)
    for i in range(4):
        tone = np.sin(np.arange(16_000) * 0.05 * 3**i)
        write_audio(tmp_path / f"clip{i}.wav", (0.1 + 0.2 * i) * tone.astype(np.float32))
    knobs = {
        "lora": {"lora_rank": 2},
        "encoder": {"lora_rank": 2, "lora_targets": r"model\.encoder\..*(q|v)_proj"},
        "whole": {"lora_rank": 0},
    }[tuning]
    settings = TrainSettings(
        max_steps=2, warmup_steps=0, logging_steps=1, save_steps=2, learning_rate=1e-2,
        language="zh", cache_dir=str(tmp_path / "cache"), **knobs,
    )  # fmt: skip
    train(pairs, tmp_path, str(model), out, settings=settings)
    log = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    losses = [row["loss"] for row in log if "loss" in row]
    assert losses[0] == pytest.approx(0.6931, abs=1e-3)
    assert losses[1] < losses[0]
    assert json.loads((out / "run.json").read_text())["settings"]["language"] == "zh"
    trained = load_policy(str(model), str(out)) if knobs["lora_rank"] else load_policy(str(out))
    start, now = load_policy(str(model)).network.state_dict(), trained.network.state_dict()
    moved = {name for name, value in start.items() if not torch.equal(value, now.get(name, value))}
    if tuning == "whole":
        assert moved
        assert all(name.startswith("model.decoder.layer") for name in moved)
    clip = noise(rng, 1.0)
    prompt = ask(trained.facts, prefill=trained.opening("zh"))
    written = trained.answers([prompt], [clip], [5])
    export(out, tmp_path / "merged", model=str(model) if knobs["lora_rank"] else None)
    merged = load_policy(str(tmp_path / "merged"))
    assert merged.answers([prompt], [clip], [5]) == written


def test_whisper_without_a_language_is_not_trained(tmp_path):
    policy = build_policy("whisper")
    policy.network.save_pretrained(tmp_path / "model")
    policy.processor.save_pretrained(tmp_path / "model")
    pairs = write_pairs(tmp_path, 2)
    with pytest.raises(InputError, match=r"names no language; say --language zh"):
        train(pairs, tmp_path, str(tmp_path / "model"), tmp_path / "run")
