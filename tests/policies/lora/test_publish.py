"""What is stored under the names of published checkpoints is read by both versions."""

import json
import re

import pytest
import torch
from safetensors.torch import load_file

from earmark.policies.lora.adapt import add_lora
from earmark.policies.lora.names import published_name
from earmark.policies.lora.publish import publish_names
from earmark.policies.lora.put_on import put_on
from family_models import BUILD, build_policy

# The names of the language model's first layer in the published checkpoints, and so in the
# classes of transformers 4.
FIRST = {
    "qwen2_audio": "language_model.model.layers.0.",
    "qwen2_5_omni_thinker": "model.layers.0.",
    "qwen3_omni_moe_thinker": "model.layers.0.",
    "qwen3_asr": "model.language_model.layers.0.",
    "voxtral": "language_model.model.layers.0.",
    "audioflamingo3": "language_model.model.layers.0.",
    "glmasr": "language_model.model.layers.0.",
    "phi4_multimodal": "model.layers.0.",
    "whisper": "model.decoder.layers.0.",
}


def adapted(policy, targets=None):
    add_lora(policy, rank=2, alpha=4, targets=targets)
    generator = torch.Generator().manual_seed(0)
    for name, parameter in policy.model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1, generator=generator)
    return policy


def loras(model):
    return {name: value for name, value in model.state_dict().items() if "lora_" in name}


@pytest.mark.parametrize("name", BUILD)
def test_every_family_is_read_again(name, tmp_path):
    policy = adapted(build_policy(name))
    policy.model.save_pretrained(tmp_path)
    publish_names(policy.network, tmp_path)
    stored = load_file(tmp_path / "adapter_model.safetensors")
    first = f"base_model.model.{FIRST[name]}"
    assert sum(tensor.startswith(first) for tensor in stored) == len(
        [n for n in loras(policy.model) if ".layers.0." in n]
    )
    found = loras(put_on(build_policy(name).network, tmp_path, base=name))
    expected = loras(policy.model)
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[n], value) for n, value in expected.items())


@pytest.mark.parametrize("name", [name for name in BUILD if name != "qwen3_omni_moe_thinker"])
def test_the_targets_match_either_name(name, tmp_path):
    """peft of either version finds the same layers, by its own rule: the whole name matches."""
    policy = adapted(build_policy(name))
    policy.model.save_pretrained(tmp_path)
    publish_names(policy.network, tmp_path)
    settings = json.loads((tmp_path / "adapter_config.json").read_text())
    plain = build_policy(name).network
    names = {m: published_name(plain, m) for m, _ in plain.named_modules() if m}
    layers = {n.split(".lora_")[0].removeprefix("base_model.model.") for n in loras(policy.model)}
    for kind in (names.keys(), names.values()):
        found = {n for n in kind if re.fullmatch(settings["target_modules"], n)}
        assert {m for m in names if m in found or names[m] in found} == layers


def test_what_is_called_alike_is_left_as_peft_wrote_it(tmp_path):
    policy = adapted(build_policy("phi4_multimodal"))
    policy.model.save_pretrained(tmp_path)
    files = [tmp_path / "adapter_config.json", tmp_path / "adapter_model.safetensors"]
    before = [path.read_bytes() for path in files]
    publish_names(policy.network, tmp_path)
    assert [path.read_bytes() for path in files] == before


def test_experts_are_left_as_peft_wrote_them(tmp_path):
    experts = r".*language_model\..*\.experts\.(gate_up|down)_proj"
    policy = adapted(build_policy("qwen3_omni_moe_thinker"), experts)
    policy.model.save_pretrained(tmp_path)
    before = load_file(tmp_path / "adapter_model.safetensors").keys()
    publish_names(policy.network, tmp_path)
    assert load_file(tmp_path / "adapter_model.safetensors").keys() == before
