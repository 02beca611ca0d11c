"""Every tensor of an adapter is used, under the names that families have had, or it is refused."""

import json
import os
import shutil

import pytest
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file, save_file

from earmark.cli.checks.path import check_path
from earmark.errors import InputError
from earmark.export.merge import export
from earmark.policies.load import load_policy
from earmark.policies.lora.adapt import add_lora
from earmark.policies.lora.merge import merge_lora
from earmark.policies.lora.put_on import put_on
from tiny_world import save_tiny, tiny_policy

HERE = "base_model.model.model.language_model."
LINEAR = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    save_tiny(folder / "base")
    policy = load_policy(str(folder / "base"), device="cpu")
    add_lora(policy, rank=2, alpha=4)
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        for name, parameter in policy.model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.1)
    policy.model.save_pretrained(folder / "adapter")
    return folder


@pytest.fixture
def adapter(world, tmp_path):
    return shutil.copytree(world / "adapter", tmp_path / "adapter")


def rename(adapter, how):
    path = adapter / "adapter_model.safetensors"
    save_file({how(name): tensor for name, tensor in load_file(path).items()}, path)


def settle(adapter, **settings):
    path = adapter / "adapter_config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **settings}))


def refusal(world, adapter):
    """Return why an adapter is refused; `validate` and `export` say it as well."""
    with pytest.raises(InputError) as refused:
        load_policy(str(world / "base"), str(adapter), device="cpu")
    findings = check_path(adapter, "auto", 50, None)
    assert str(refused.value) in [problem.message for problem in findings.problems]
    with pytest.raises(InputError):
        export(adapter, adapter.parent / "out", model=str(world / "base"))
    assert not (adapter.parent / "out").exists()
    return str(refused.value)


def old(name):
    """Return the name that transformers 4 and the published checkpoints have."""
    return name.replace(HERE, "base_model.model.language_model.model.")


def thinker(name):
    return name.replace("base_model.model.", "base_model.model.thinker.")


@pytest.mark.parametrize(
    ("how", "targets"),
    [
        (old, r".*language_model\..*\.(q|k|v|o|gate|up|down)_proj"),
        (old, r"language_model\.model\..*\.(q|k|v|o|gate|up|down)_proj"),
        (
            old,
            [
                f"language_model.model.layers.{i}.{b}"
                for i in range(3)
                for b in (
                    *(f"self_attn.{n}" for n in LINEAR[:4]),
                    *(f"mlp.{n}" for n in LINEAR[4:]),
                )
            ],
        ),
        (thinker, r"thinker\.model\.language_model\..*\.(q|k|v|o|gate|up|down)_proj"),
        (lambda n: thinker(old(n)), r"thinker\.language_model\.model\.layers\..*_proj"),
        (lambda n: n.removeprefix("base_model.model."), None),
        (lambda n: n.replace(".weight", ".default.weight"), None),
    ],
    ids=["4", "4 regex", "4 list", "thinker", "thinker of 4", "bare", "with its name"],
)
def test_known_names_are_mapped(world, adapter, how, targets):
    expected = load_policy(str(world / "base"), str(world / "adapter"), device="cpu").model
    rename(adapter, how)
    if targets is not None:
        settle(adapter, target_modules=targets)
    found = load_policy(str(world / "base"), str(adapter), device="cpu").model.state_dict()
    loras = {name: value for name, value in expected.state_dict().items() if "lora_" in name}
    assert loras.keys() == {name for name in found if "lora_" in name}
    assert all(torch.equal(found[name], value) for name, value in loras.items())
    assert check_path(adapter, "auto", 50, None).counts["error"] == 0


def test_names_that_match_nothing_are_named(world, adapter):
    rename(adapter, lambda name: name.replace("language_model", "decoder"))
    said = refusal(world, adapter)
    first = "base_model.model.model.decoder.layers.0.mlp.down_proj.lora_A.weight"
    assert (
        f"42 of the 42 tensors of this adapter match no layer of {world / 'base'}: {first}" in said
    )


def test_a_tensor_too_many(world, adapter):
    path = adapter / "adapter_model.safetensors"
    save_file(load_file(path) | {"base_model.model.talker.lora_A.weight": torch.ones(2, 2)}, path)
    assert "1 of the 43 tensors of this adapter match no layer" in refusal(world, adapter)


def test_one_layer_of_three(world, adapter):
    path = adapter / "adapter_model.safetensors"
    save_file({n: t for n, t in load_file(path).items() if ".layers.1." in n}, path)
    said = refusal(world, adapter)
    assert f"the file of this adapter lacks {HERE}layers.0.mlp.down_proj.lora_A.weight, " in said
    assert "and 25 more, a layer that its target_modules name" in said


def test_a_tensor_of_another_shape(world, adapter):
    path = adapter / "adapter_model.safetensors"
    tensors = load_file(path)
    name = next(iter(tensors))
    save_file(tensors | {name: torch.ones(3, 3)}, path)
    assert "size mismatch for" in refusal(world, adapter)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"r": 0}, "r should be a rank, a whole number above 0, found 0"),
        ({"r": -1}, "r should be a rank, a whole number above 0, found -1"),
        ({"r": "8"}, "r should be a rank, a whole number above 0, found '8'"),
        ({"rank_pattern": {"q_proj": 0}}, "rank_pattern of q_proj should be a rank"),
        ({"rank_pattern": 3}, "rank_pattern should be a rank"),
        ({"lora_alpha": 0}, "lora_alpha should be a number other than 0, found 0"),
        ({"lora_alpha": float("nan")}, "lora_alpha should be a number other than 0"),
        ({"target_modules": "nothing"}, "Target modules nothing not found in the base model"),
        ({"target_modules": []}, "target_modules names no layer"),
        ({"target_modules": [3]}, "target_modules should be names of layers, found [3]"),
        ({"target_modules": "*q_proj"}, "cannot be put on"),
        ({"peft_type": "XLORA"}, "peft_type should be LORA, the adapters that Earmark loads"),
        ({"peft_type": "PREFIX_TUNING"}, "peft_type should be LORA"),
        ({"peft_type": None}, "peft_type should be the kind of adapter, such as LORA"),
        ({"base_model_name_or_path": 3}, "base_model_name_or_path should be a model's name"),
        ({"alora_invocation_tokens": [1]}, "acts after its alora_invocation_tokens alone"),
    ],
)
def test_settings_that_make_no_sense(world, adapter, settings, message):
    settle(adapter, **settings)
    with pytest.raises(InputError, match=rf"{adapter}.*") as refused:
        load_policy(str(world / "base"), str(adapter), device="cpu")
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ([], "expected a JSON object, found list"),
        ({"model": []}, "model should be an object, found []"),
        ({"model": {"weights": 3}}, "model.weights should be a text, found 3"),
        ({"model": {"name": None}}, "model.name should be a text, found None"),
        ({"settings": "x"}, "settings should be an object, found 'x'"),
        ({"settings": {"lora_rank": "x"}}, "settings.lora_rank should be a whole number"),
        ({"objective": {"name": {}}}, "objective.name should be a text"),
        ({"finished": "yes"}, "finished should be true or false, found 'yes'"),
    ],
)
def test_fields_of_run_json_of_another_type(world, adapter, run, message):
    (adapter / "run.json").write_text(json.dumps(run))
    assert f"{adapter / 'run.json'}: {message}" in refusal(world, adapter)


def test_an_adapter_of_whole_numbers(world, adapter):
    path = adapter / "adapter_model.safetensors"
    save_file({name: tensor.to(torch.int32) for name, tensor in load_file(path).items()}, path)
    assert "should be of the number type F64 or F32 or F16 or BF16, found I32" in refusal(
        world, adapter
    )


@pytest.mark.filterwarnings("ignore")  # peft warns of such adapters when they are made
def test_biases_that_the_weights_cannot_hold(world, tmp_path):
    policy = tiny_policy()
    targets = r".*language_model\..*\.o_proj"  # without a bias of its own
    policy.model = get_peft_model(
        policy.network, LoraConfig(r=2, lora_alpha=4, target_modules=targets, lora_bias=True)
    )
    policy.model.save_pretrained(tmp_path / "adapter")
    policy = tiny_policy()
    policy.model = put_on(policy.network, tmp_path / "adapter", base="tiny")
    with pytest.raises(InputError, match=r"cannot be merged; use it as it is.*lora_bias=True"):
        merge_lora(policy)


@pytest.mark.parametrize("name", ["adapter_config.json", "adapter_model.safetensors", "run.json"])
def test_what_is_no_file(world, adapter, name):
    path = adapter / name
    path.unlink(missing_ok=True)
    path.mkdir()
    for what in ("a folder", "a link to nothing", "a pipe or a device"):
        with pytest.raises(InputError, match=f"{path}: expected a file, found {what}"):
            load_policy(str(world / "base"), str(adapter), device="cpu")
        assert f"{path}: expected a file, found {what}" in "".join(
            check_path(adapter, "auto", 50, None).lines()
        )
        if what == "a folder":
            path.rmdir()
            path.symlink_to("nowhere")
        else:
            path.unlink()
            os.mkfifo(path)
