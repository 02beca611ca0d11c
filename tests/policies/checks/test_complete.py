"""Every tensor of the class is there once, in its shape and finite, or nothing is built."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoConfig, AutoModelForCausalLM

import family_models
from earmark.cli.checks.path import check_path
from earmark.errors import InputError
from earmark.policies.checkpoint.safetensors_file import not_finite, read_header
from earmark.policies.checks.complete import bare_network
from earmark.policies.load import load_policy
from text_models import SIZE, build_text
from tiny_world import save_tiny

HEAD, LAYER = "language_model.lm_head.weight", "language_model.model.layers.1.mlp.up_proj.weight"


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return save_tiny(tmp_path_factory.mktemp("saved") / "model")


@pytest.fixture
def folder(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "model")


def change(folder: Path, edit) -> None:
    """Change the tensors of a model's file."""
    tensors = load_file(folder / "model.safetensors")
    edit(tensors)
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})


def configure(folder: Path, edit) -> None:
    config = json.loads((folder / "config.json").read_text())
    edit(config)
    (folder / "config.json").write_text(json.dumps(config))


def refusal(folder: Path) -> str:
    """Return why a model is refused, which `validate` says as well."""
    with pytest.raises(InputError) as refused:
        load_policy(str(folder), device="cpu")
    findings = check_path(folder, "auto", 50, None)
    assert findings.counts["error"] >= 1
    assert str(refused.value) in [problem.message for problem in findings.problems]
    return str(refused.value)


@pytest.mark.parametrize("name", [HEAD, LAYER, "audio_tower.conv1.bias"])
def test_a_tensor_is_missing(folder, name):
    change(folder, lambda tensors: tensors.pop(name))
    assert f"the weights lack {as_loaded(name)} of Qwen2Audio" in refusal(folder)


def as_loaded(name: str) -> str:
    """Return a tensor's name in the class."""
    name = name.replace("language_model.model", "model.language_model")
    if name.startswith("audio_tower"):
        return f"model.{name}"
    return name.replace("language_model.lm_head", "lm_head")


def test_all_tensors_are_missing(folder):
    change(folder, dict.clear)
    assert "model.safetensors: it holds no tensors" in refusal(folder)


def test_the_whole_tower_is_missing(folder):
    def without_tower(tensors):
        for name in [name for name in tensors if name.startswith("audio_tower")]:
            tensors.pop(name)

    change(folder, without_tower)
    assert "the weights lack model.audio_tower." in refusal(folder)


def test_a_tensor_has_another_name(folder):
    change(folder, lambda tensors: tensors.update(renamed=tensors.pop(LAYER)))
    said = refusal(folder)
    assert f"lack {as_loaded(LAYER)} of" in said
    assert "; the weights have renamed instead" in said


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16, torch.float64])
def test_a_number_is_not_finite(folder, value, dtype):
    def spoil(tensors):
        tensors[LAYER] = tensors[LAYER].to(dtype)
        tensors[LAYER][-1, -1] = value

    change(folder, spoil)
    path = folder / "model.safetensors"
    assert not_finite(path, read_header(path)) == LAYER
    if dtype == torch.bfloat16:
        assert f"{path}: {LAYER} holds numbers that are not finite" in refusal(folder)


def test_the_largest_and_smallest_numbers_are_finite(tmp_path):
    types = (torch.float32, torch.bfloat16, torch.float16, torch.float64)
    limits = [
        (torch.finfo(t).max, torch.finfo(t).min, torch.finfo(t).smallest_normal) for t in types
    ]
    path = tmp_path / "a.safetensors"
    save_file(
        {
            str(t): torch.tensor([*limit, 0.0], dtype=t)
            for t, limit in zip(types, limits, strict=True)
        },
        path,
    )
    assert not_finite(path, read_header(path)) is None


def test_a_file_that_changed_is_looked_at_again(tmp_path):
    path = tmp_path / "a.safetensors"
    save_file({"w": torch.zeros(4)}, path)
    assert not_finite(path, read_header(path)) is None
    save_file({"w": torch.full((4,), torch.nan)}, path)
    assert not_finite(path, read_header(path)) == "w"


def test_a_number_that_float16_cannot_hold(folder):
    change(folder, lambda tensors: tensors[LAYER].fill_(1e6))
    load_policy(str(folder), device="cpu", dtype="bfloat16")
    with pytest.raises(InputError, match=r"up_proj\.weight is beyond what float16 can hold"):
        load_policy(str(folder), device="cpu", dtype="float16")


def test_a_tensor_has_another_shape(folder):
    change(folder, lambda tensors: tensors.update({LAYER: torch.zeros(3, 192)}))
    said = refusal(folder)
    assert f"{as_loaded(LAYER)} has the shape [3, 192] in the weights, and [512, 192] by" in said


def fewer_layers(config):
    config["text_config"] |= {"num_hidden_layers": 2, "layer_types": ["full_attention"] * 2}


def more_layers(config):
    config["text_config"] |= {"num_hidden_layers": 4, "layer_types": ["full_attention"] * 4}


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (fewer_layers, "layers.2.input_layernorm.weight, model.language_model.layers.2.mlp"),
        (more_layers, "the weights lack model.language_model.layers.3.input_layernorm.weight"),
        (lambda c: c["audio_config"].update(encoder_layers=2), "more layers than config.json says"),
        (lambda c: c["text_config"].update(hidden_size=96), "by config.json"),
        (lambda c: c["text_config"].update(vocab_size=100), "by config.json"),
        (lambda c: c["text_config"].update(hidden_size=10**8), "by config.json"),
    ],
)
def test_the_configuration_belongs_to_other_weights(folder, edit, message):
    configure(folder, edit)
    assert message in refusal(folder)


def test_a_part_that_the_class_does_not_have_is_noted(folder, capsys):
    change(folder, lambda tensors: tensors.update({"talker.head.weight": torch.zeros(2)}))
    load_policy(str(folder), device="cpu")
    assert "talker.head.weight of the weights are not used" in capsys.readouterr().err


def test_a_tied_head_is_there_once(tmp_path):
    _, tokenizer = build_text()
    sizes = {**SIZE, "vocab_size": len(tokenizer), "tie_word_embeddings": True}
    network = AutoModelForCausalLM.from_config(AutoConfig.for_model("llama", **sizes))
    for part in (network, tokenizer):
        part.save_pretrained(tmp_path / "m")
    names = load_file(tmp_path / "m/model.safetensors")
    assert "lm_head.weight" not in names
    policy = load_policy(str(tmp_path / "m"), device="cpu")
    assert policy.network.lm_head.weight is policy.network.get_input_embeddings().weight
    change(tmp_path / "m", lambda tensors: tensors.pop("model.embed_tokens.weight"))
    assert "the weights lack" in refusal(tmp_path / "m")


def test_an_expert_is_missing(tmp_path):
    policy = family_models.build_policy("qwen3_omni_moe_thinker")
    policy.network.save_pretrained(tmp_path)
    config = type(policy.network.config).from_pretrained(tmp_path)
    loader = "Qwen3OmniMoeThinkerForConditionalGeneration"
    tensors = read_header(tmp_path / "model.safetensors")
    bare_network(loader, str(tmp_path), config, tensors, {})
    kept = [t for t in tensors if not t.name.endswith("experts.3.gate_proj.weight")]
    assert len(kept) < len(tensors)
    with pytest.raises(InputError, match=r"experts\.gate_up_proj .*cannot be made from"):
        bare_network(loader, str(tmp_path), config, kept, {})


def test_a_tensor_is_in_two_files(folder):
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    places = dict.fromkeys(tensors, "model-1.safetensors")
    save_file(tensors, folder / "model-1.safetensors", {"format": "pt"})
    save_file({LAYER: tensors[LAYER]}, folder / "model-2.safetensors", {"format": "pt"})
    places[HEAD] = "model-2.safetensors"
    index = {"metadata": {}, "weight_map": places}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert f"model-2.safetensors: {LAYER} is in model-1.safetensors too" in refusal(folder)


def test_an_index_names_a_tensor_that_is_nowhere(folder):
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").rename(folder / "model-1.safetensors")
    places = dict.fromkeys([*tensors, "more"], "model-1.safetensors")
    index = {"metadata": {}, "weight_map": places}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    assert "model-1.safetensors: more is missing, but the index of the weights" in refusal(folder)
