"""A resumed run trains the weights that it saved, whatever the family."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from earmark.policies.lora.adapt import add_lora
from earmark.policies.policy import Policy
from earmark.records import Pair
from earmark.speech.audio import write_audio
from earmark.train.resume.weights import load_weights
from earmark.train.run import train
from family_models import BUILD, build_policy
from own_code_model import write_own_code_model
from resume_world import losses_of, stop_after
from text_models import build_text
from tiny_world import settings, write_pairs


def spoken(folder: Path) -> list[Pair]:
    """Return pairs whose clips are tones: to a random tower all noise sounds alike."""
    pairs = write_pairs(folder, 4)
    for i in range(len(pairs)):
        tone = (0.1 + 0.2 * i) * np.sin(np.arange(8_000) * 0.05 * 3**i)
        write_audio(folder / f"clip{i}.wav", tone.astype(np.float32))
    return pairs


def assert_resumes_exactly(pairs: list[Pair], folder: Path, **knobs) -> None:
    """Train without a break, and again from the checkpoint of step 2: the same losses."""
    chosen = settings(folder, max_steps=3, per_device_train_batch_size=2, **knobs)
    whole, stopped = folder / "whole", folder / "stopped"
    train(pairs, folder, str(folder / "model"), whole, settings=chosen)
    assert len(losses_of(whole)) == 3
    stop_after(whole, 2, stopped)
    train(pairs, folder, str(folder / "model"), stopped, settings=chosen)
    assert losses_of(stopped) == losses_of(whole)
    (name,) = (path.name for path in whole.glob("*model*.safetensors"))
    one, two = (load_file(run / name) for run in (whole, stopped))
    assert one.keys() == two.keys()
    assert all(torch.equal(one[key], two[key]) for key in one)


def take(monkeypatch, name: str, folder: Path) -> None:
    """Let training load a family's tiny model, some of whose tiny processors cannot be saved."""
    build_policy(name).network.save_pretrained(folder / "model")

    def load(*_, **__) -> Policy:
        policy = build_policy(name)
        monkeypatch.setattr(policy.processor, "save_pretrained", lambda *_: None)
        return policy

    monkeypatch.setattr("earmark.train.run.load_policy", load)


@pytest.mark.parametrize("name", BUILD)
def test_every_family_resumes_as_a_whole_model(name, tmp_path, monkeypatch):
    take(monkeypatch, name, tmp_path)
    assert_resumes_exactly(spoken(tmp_path), tmp_path, lora_rank=0)


def test_a_lora_resumes(tmp_path, monkeypatch):
    take(monkeypatch, "qwen2_audio", tmp_path)
    assert_resumes_exactly(spoken(tmp_path), tmp_path, lora_rank=4)


def test_a_lora_on_experts_resumes(tmp_path, monkeypatch):
    take(monkeypatch, "qwen3_omni_moe_thinker", tmp_path)
    targets = r"model\..*(q_proj|gate_up_proj|down_proj)"
    assert_resumes_exactly(spoken(tmp_path), tmp_path, lora_rank=2, lora_targets=targets)


@pytest.mark.parametrize("lora", [False, True], ids=["whole", "lora"])
@pytest.mark.parametrize("name", BUILD)
def test_every_tensor_of_every_family_comes_back(name, lora, tmp_path):
    def started(seed: int) -> Policy:
        policy = build_policy(name, seed)
        if lora:
            add_lora(policy, 4, 8)
        return policy

    trained, fresh = started(0), started(1)
    with torch.no_grad():
        for i, value in enumerate(trained.model.parameters()):
            value.add_(0.01 * (i + 1))
    trained.model.save_pretrained(tmp_path)
    load_weights(fresh.model, tmp_path)
    expected, found = trained.model.state_dict(), fresh.model.state_dict()
    for key, value in expected.items():
        if not lora or "lora_" in key:
            assert torch.equal(found[key], value), key


@pytest.mark.parametrize("family", ["qwen2", "mistral", "phimoe"])
def test_text_models_resume_as_whole_models(family, tmp_path):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network, tokenizer = build_text(family)
    network.save_pretrained(tmp_path / "model")
    tokenizer.save_pretrained(tmp_path / "model")
    prompt = [{"role": "user", "content": "Write it down."}]
    written = [replace(pair, prompt=prompt) for pair in write_pairs(tmp_path, 4)]
    assert_resumes_exactly(written, tmp_path, lora_rank=0)


def test_a_model_with_code_of_its_own_resumes_as_a_whole_model(tmp_path, monkeypatch):
    modules = "transformers.dynamic_module_utils.HF_MODULES_CACHE"
    monkeypatch.setattr(modules, str(tmp_path / "modules"))
    write_own_code_model(tmp_path / "model")
    own = {"trust_remote_code": True, "cache_features": False}
    assert_resumes_exactly(spoken(tmp_path), tmp_path, lora_rank=0, **own)
