"""What a model directory must be before anything is loaded from it."""

import json
import os
import shutil

import pytest
import torch

from earmark.errors import InputError
from earmark.policies.checkpoint.folder import check_model_dir
from earmark.policies.load import load_policy, model_path
from earmark.policies.lora.adapt import add_lora
from earmark.train.preflight.proofs import plain_logps
from tiny_world import messages, noise, save_tiny, tiny_policy, trainable


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return save_tiny(tmp_path_factory.mktemp("model"))


def copy(model, tmp_path):
    return shutil.copytree(model, tmp_path / "model")


@pytest.mark.parametrize(
    ("remove", "message"),
    [
        (["config.json"], "a configuration is missing"),
        (["processor_config.json", "preprocessor_config.json"], "a processor is missing"),
        (["tokenizer.json", "tokenizer_config.json"], "a tokenizer is missing"),
        (["model.safetensors"], "expected weights as .*safetensors, found none"),
    ],
)
def test_a_part_is_missing(model, tmp_path, remove, message):
    folder = copy(model, tmp_path)
    for name in remove:
        (folder / name).unlink(missing_ok=True)
    with pytest.raises(InputError, match=message):
        load_policy(str(folder))


def test_pickled_weights_are_refused(model, tmp_path):
    folder = copy(model, tmp_path)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(InputError, match="a pickle, which can run code"):
        check_model_dir(folder)


def test_no_such_folder_and_no_such_family(model, tmp_path):
    with pytest.raises(InputError, match="no such model folder"):
        load_policy(str(tmp_path / "nowhere"))
    folder = copy(model, tmp_path)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "qwen2"}))
    with pytest.raises(InputError, match="family 'qwen2' is not supported; Earmark knows"):
        load_policy(str(folder))


def test_loaded_equals_saved(model, rng):
    clip = noise(rng, 1.0)
    one = plain_logps(tiny_policy(), messages(), [clip], ["我 想 去", "the shop"])
    two = plain_logps(load_policy(str(model)), messages(), [clip], ["我 想 去", "the shop"])
    torch.testing.assert_close(one, two)


def test_adapter_round_trip(model, tmp_path, rng):
    clip = noise(rng, 1.0)
    policy = load_policy(str(model))
    add_lora(policy, rank=2, alpha=4)
    for name, parameter in trainable(policy).items():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    adapted = plain_logps(policy, messages(), [clip], ["the shop"])
    policy.model.save_pretrained(tmp_path / "adapter")
    loaded = load_policy(str(model), str(tmp_path / "adapter"))
    with pytest.raises(InputError, match=r"adapter: an adapter, .* by `earmark export --adapter"):
        load_policy(str(tmp_path / "adapter"))
    torch.testing.assert_close(plain_logps(loaded, messages(), [clip], ["the shop"]), adapted)
    plain = plain_logps(load_policy(str(model)), messages(), [clip], ["the shop"])
    assert (plain - adapted).abs().max() > 1e-3

    other = copy(model, tmp_path / "other")
    other.rename(tmp_path / "another")
    with pytest.raises(InputError, match=r"trained on .* not on"):
        load_policy(str(tmp_path / "another"), str(tmp_path / "adapter"))
    with pytest.raises(InputError, match="no adapter here"):
        load_policy(str(model), str(tmp_path))


def test_a_clip_too_long_is_refused_not_cut(rng):
    policy = tiny_policy()
    with pytest.raises(InputError, match=r"3\.10 s of audio, but this model hears 3 s at most"):
        policy.features(noise(rng, 3.1))
    with pytest.raises(InputError, match="hears 3 s at most"):
        policy.transcribe([messages()], [noise(rng, 3.1)], 4)


def test_placeholders_and_audio_must_match(rng):
    policy = tiny_policy()
    states = policy.encode(policy.features(noise(rng, 1.0)))
    ids = torch.tensor([policy.prompt_ids(messages(), [len(states) + 1])])
    with pytest.raises(InputError, match="audio placeholders in the prompts"):
        policy.prompt_embeds(ids, [states])


def test_own_expansion_is_the_processors(rng):
    policy = tiny_policy()
    clip = noise(rng, 1.7)
    expected = policy.plain_inputs(messages(), [clip])["input_ids"][0].tolist()
    heard = policy.encode(policy.features(clip))
    assert policy.prompt_ids(messages(), [len(heard)]) == expected


def test_an_answer_ends_with_the_end_token():
    policy = tiny_policy()
    ids = policy.answer_ids(messages(), "the shop")
    assert policy.processor.tokenizer.decode(ids[:-1]) == "the shop"
    assert ids[-1] == policy.processor.tokenizer.eos_token_id


def test_shipped_name_is_a_folder():
    assert model_path("tiny-base").endswith("assets/tiny-base")


@pytest.mark.timeout(60)
def test_a_model_that_is_no_folder_is_refused_and_not_looked_for_on_the_hub(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").touch()
    for name in ("pipe", "file"):
        with pytest.raises(InputError, match=f"{name}: not a folder; expected a model folder"):
            load_policy(str(tmp_path / name))
