"""Files beside the weights that make no sense are one message, when the model is loaded."""

import json
import os
import shutil

import pytest
from test_complete import configure, refusal
from tokenizers import AddedToken

from earmark.errors import InputError
from earmark.policies.checks import tokenizer_fits
from earmark.policies.load import load_policy
from text_models import build_text
from tiny_world import save_tiny


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    return save_tiny(tmp_path_factory.mktemp("saved") / "model")


@pytest.fixture
def folder(saved, tmp_path):
    return shutil.copytree(saved, tmp_path / "model")


def edit_json(path, edit):
    data = json.loads(path.read_text())
    edit(data)
    path.write_text(json.dumps(data))


LOOP = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
MACRO = "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}"


@pytest.mark.parametrize(
    ("template", "message"),
    [
        (LOOP, "the chat template did not render one prompt within"),
        ("{% for i in range(10**9) %}{% endfor %}", "Range too big"),
        ("{% include 'config.json' %}", "does not take this prompt: TypeError: no loader"),
        ("{% extends 'x' %}", "does not take this prompt: TypeError: no loader"),
        (MACRO, "does not take this prompt: RecursionError"),
        ("{% for %}", "does not take this prompt: TemplateSyntaxError"),
        ("{{ messages.foo.bar() }}", "does not take this prompt: UndefinedError"),
        ("{{ 1 / 0 }}", "does not take this prompt: ZeroDivisionError"),
        ("hello", "the chat template of this model leaves out"),
    ],
)
def test_a_chat_template_that_renders_nothing(folder, monkeypatch, template, message):
    monkeypatch.setattr(tokenizer_fits, "LONGEST_RENDER_S", 0.5)
    (folder / "chat_template.jinja").write_text(template)
    assert message in refusal(folder)


def test_a_chat_template_is_missing(folder):
    (folder / "chat_template.jinja").unlink()
    said = refusal(folder)
    assert said.startswith(f"{folder}: the model has no chat template, and that of Qwen2AudioProc")
    assert " writes <|im_start|>, which its tokenizer does not have; " in said
    assert said.endswith("add chat_template.jinja to its folder")


def test_a_language_model_without_a_chat_template(tmp_path):
    network, tokenizer = build_text("llama")
    tokenizer.chat_template = None
    for part in (network, tokenizer):
        part.save_pretrained(tmp_path / "m")
    assert "the model has no chat template, so messages cannot be" in refusal(tmp_path / "m")


def test_a_template_that_takes_no_parts_is_of_use_to_those_who_give_text(folder):
    template = "{{ '<|AUDIO|>' + messages[0]['content'] }}"
    (folder / "chat_template.jinja").write_text(template)
    policy = load_policy(str(folder), device="cpu")
    assert policy.render([{"role": "user", "content": "Go."}]) == "<|AUDIO|>Go."


def test_a_tokenizer_that_is_larger_than_the_embeddings(folder):
    policy = load_policy(str(folder), device="cpu")
    rows = policy.network.get_input_embeddings().weight.shape[0]
    policy.tokenizer.add_tokens([AddedToken("<|more|>")])
    policy.processor.save_pretrained(folder)
    said = refusal(folder)
    assert f"has a token '<|more|>' with the number {rows}, but the model has embeddings of" in said


@pytest.mark.parametrize("ends", ["</s>", {}, [[1]], 10**6])
def test_what_ends_an_answer_is_no_token(folder, ends):
    edit_json(folder / "generation_config.json", lambda data: data.update(eos_token_id=ends))
    assert "eos_token_id" in refusal(folder)


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("generation_config.json", "[]", "expected a JSON object, found list"),
        ("generation_config.json", "{", "not JSON in UTF-8"),
        ("processor_config.json", "3", "expected a JSON object, found int"),
        ("tokenizer_config.json", '{"model_max_length": "x"}', "model_max_length should be"),
        ("tokenizer.json", "{}", "its tokenizer or processor files cannot be read"),
        ("tokenizer.json", '{"model": 3}', "its tokenizer or processor files cannot be read"),
        ("config.json", "[" * 100_000, "not JSON in UTF-8"),
    ],
)
def test_a_file_that_makes_no_sense(folder, name, data, message):
    (folder / name).write_text(data)
    assert message in refusal(folder)


@pytest.mark.parametrize(
    "name",
    ["config.json", "generation_config.json", "tokenizer.json", "model.safetensors", "tekken.json"],
)
def test_what_is_no_file(folder, name):
    path = folder / name
    path.unlink(missing_ok=True)
    path.mkdir()
    assert f"{path}: expected a file, found a folder" in refusal(folder)
    path.rmdir()
    path.symlink_to("nowhere")
    assert f"{path}: expected a file, found a link to nothing" in refusal(folder)
    path.unlink()
    os.mkfifo(path)
    assert f"{path}: expected a file, found a pipe or a device" in refusal(folder)


@pytest.mark.filterwarnings("ignore:At least one mel filter has all zero values")
@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda f: f.update(feature_size=80), "its encoder does not take what its processor makes"),
        (lambda f: f.update(sampling_rate=8000), "its processor expects 8000 samples per second"),
        (lambda f: f.update(dither="x"), "its processor makes no features"),
        (lambda f: f.pop("chunk_length"), "it writes nothing on a clip of one second"),
    ],
)
def test_a_processor_that_does_not_fit_the_tower(folder, edit, message):
    path = folder / "processor_config.json"
    edit_json(path, lambda data: edit(data["feature_extractor"]))
    with pytest.raises(InputError, match=f"{folder}: .*{message}"):
        load_policy(str(folder), device="cpu")


def test_a_processor_without_a_feature_extractor(folder):
    edit_json(folder / "processor_config.json", lambda data: data.update(processor_class="x"))
    assert "has no feature extractor, so no clip could be heard" in refusal(folder)


@pytest.mark.parametrize(
    ("part", "key", "value"),
    [
        ("text_config", "hidden_act", "none such"),
        ("text_config", "num_key_value_heads", 0),
        ("text_config", "layer_types", ["none such"] * 3),
        ("text_config", "rope_parameters", {"rope_type": "none such", "rope_theta": 1e4}),
        ("text_config", "initializer_range", "x"),
        ("audio_config", "model_type", "none such"),
    ],
)
def test_a_configuration_that_cannot_be_built(folder, part, key, value):
    configure(folder, lambda config: config[part].update({key: value}))
    assert "cannot be" in refusal(folder)
