"""What an export takes over from its base is what transformers 4 reads as well."""

import json

import pytest

from earmark.errors import InputError
from earmark.export.base_files import (
    both_rotary_forms,
    copy_base_files,
    keep_config,
    read_by_transformers_4,
)


@pytest.fixture
def folders(tmp_path):
    for name in ("base", "out"):
        (tmp_path / name).mkdir()
    return tmp_path / "base", tmp_path / "out"


def config_of(folders, base, written, dtype="bfloat16"):
    for folder, data in zip(folders, (base, written), strict=True):
        (folder / "config.json").write_text(json.dumps(data))
    keep_config(*folders, dtype)
    return json.loads((folders[1] / "config.json").read_text())


def test_a_configuration_of_transformers_4_stays_and_gets_the_form_of_5(folders):
    base = {
        "model_type": "qwen2_audio",
        "torch_dtype": "float16",
        "transformers_version": "4.38.1",
        "text_config": {"rope_theta": 1e6, "torch_dtype": "float16", "bos_token_id": 7},
    }
    written = {
        "model_type": "qwen2_audio",
        "dtype": "float32",
        "transformers_version": "5.23.0",
        "text_config": {
            "bos_token_id": None,
            "rope_parameters": {"rope_theta": 1e6, "rope_type": "default"},
        },
    }
    assert config_of(folders, base, written) == {
        "model_type": "qwen2_audio",
        "torch_dtype": "bfloat16",
        "dtype": "bfloat16",
        "transformers_version": "4.38.1",
        "text_config": {
            "rope_theta": 1e6,
            "torch_dtype": "bfloat16",
            "bos_token_id": 7,
            "rope_parameters": {"rope_theta": 1e6, "rope_type": "default"},
        },
    }


def test_a_configuration_of_transformers_5_gets_the_form_of_4(folders):
    rotary = {"rope_theta": 5e5, "rope_type": "yarn", "factor": 4.0, "partial_rotary_factor": 0.5}
    base = {"model_type": "x", "text_config": {"rope_parameters": rotary}}
    found = config_of(folders, base, {**base, "dtype": "bfloat16"})
    assert found["text_config"] == {
        "rope_parameters": rotary,
        "rope_theta": 5e5,
        "partial_rotary_factor": 0.5,
        "rope_scaling": {"type": "yarn", "rope_type": "yarn", "factor": 4.0},
    }


def test_sections_of_positions_are_written_in_both_forms():
    rotary = {"rope_theta": 1e6, "rope_type": "default", "mrope_section": [16, 24, 24]}
    assert both_rotary_forms({"rope_parameters": rotary})["rope_scaling"] == {
        "type": "default",
        "rope_type": "default",
        "mrope_section": [16, 24, 24],
    }


def test_what_the_base_says_is_not_written_over():
    given = {"rope_theta": 10.0, "rope_scaling": {"type": "linear"}}
    config = {**given, "rope_parameters": {"rope_theta": 20.0, "rope_type": "linear", "factor": 2}}
    assert both_rotary_forms(config) == config
    # A set of parameters for each kind of layer has no form in transformers 4.
    kinds = {"rope_parameters": {"full_attention": {"rope_theta": 1e6}}}
    assert both_rotary_forms(kinds)["rope_parameters"]["full_attention"] == {"rope_theta": 1e6}
    assert "rope_theta" not in both_rotary_forms(kinds)


def test_a_part_of_an_omni_model_keeps_its_own_configuration(folders):
    base = {"model_type": "qwen2_5_omni", "thinker_config": {"hidden_size": 3}}
    written = {"model_type": "qwen2_5_omni_thinker", "hidden_size": 3}
    found = config_of(folders, base, written)
    assert found == {**written, "dtype": "bfloat16"}


def test_files_are_copied_as_they_are(folders):
    base, out = folders
    kept = {
        "tokenizer_config.json": '{"extra_special_tokens": {"a": "<a>"}}',
        "tokenizer.json": "{}",
        "vocab.json": "{}",
        "merges.txt": "a b",
        "generation_config.json": '{"top_p": 0.5}',
        "preprocessor_config.json": "{}",
        "chat_template.jinja": "x",
        "LICENSE": "as you like",
    }
    for name, text in kept.items():
        (base / name).write_text(text)
        (out / name).write_text("what the library wrote")
    left = ("config.json", "run.json", "adapter_config.json", "trainer_state.json", "x.index.json")
    for name in (*left, "README.md", "model.safetensors", "code.py"):
        (base / name).write_text("{}")
    copy_base_files(base, out)
    assert {path.name: path.read_text() for path in out.iterdir()} == kept


def test_code_is_copied_where_the_configuration_names_it(folders):
    base, out = folders
    (base / "config.json").write_text('{"auto_map": {"AutoConfig": "code.Config"}}')
    (base / "code.py").write_text("1")
    copy_base_files(base, out)
    assert (out / "code.py").read_text() == "1"


def test_a_link_out_of_the_base_is_not_published(folders, tmp_path):
    (tmp_path / "key.txt").write_text("secret")
    (folders[0] / "vocab.txt").symlink_to(tmp_path / "key.txt")
    with pytest.raises(InputError, match=r"vocab\.txt: leads out of its folder"):
        copy_base_files(*folders)


def written(folder, name):
    return json.loads((folder / name).read_text())


def test_tokenizer_and_processor_of_transformers_5_get_the_forms_of_4(folders):
    out = folders[1]
    tokenizer = {"tokenizer_class": "TokenizersBackend", "extra_special_tokens": ["<|a|>"], "x": 1}
    (out / "tokenizer_config.json").write_text(json.dumps(tokenizer))
    processor = {"processor_class": "P", "feature_extractor": {"hop_length": 160}}
    (out / "processor_config.json").write_text(json.dumps(processor))
    read_by_transformers_4(out)
    assert written(out, "tokenizer_config.json") == {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "additional_special_tokens": ["<|a|>"],
        "x": 1,
    }
    assert written(out, "processor_config.json") == processor
    assert written(out, "preprocessor_config.json") == {"processor_class": "P", "hop_length": 160}


def test_what_transformers_4_reads_already_stays(folders):
    out = folders[1]
    tokenizer = {"tokenizer_class": "Qwen2Tokenizer", "extra_special_tokens": {"a": "<|a|>"}}
    (out / "tokenizer_config.json").write_text(json.dumps(tokenizer))
    (out / "processor_config.json").write_text(json.dumps({"feature_extractor": {"hop_length": 1}}))
    (out / "preprocessor_config.json").write_text("{}")
    read_by_transformers_4(out)
    assert written(out, "tokenizer_config.json") == tokenizer
    assert written(out, "preprocessor_config.json") == {}
