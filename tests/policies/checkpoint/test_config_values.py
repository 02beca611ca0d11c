"""Values in a model's JSON files that would hang, fill the memory or be a traceback later."""

from pathlib import Path

import pytest

from earmark.policies.checkpoint.config_values import tokenizer_problems, value_problems

PATH = Path("m/config.json")


@pytest.mark.parametrize("key", ["hidden_size", "vocab_size", "num_hidden_layers", "num_mel_bins"])
@pytest.mark.parametrize("value", [0, -1, "32", 1.5, True, {}, 10**12, [4, 0]])
def test_a_size_that_is_none(key, value):
    (problem,) = value_problems(PATH, {"text_config": {key: value}}, stored=40)
    assert problem.startswith(f"m/config.json: text_config.{key} should be a whole number above 0")
    assert f"found {value!r}" in problem


def test_no_more_layers_than_tensors():
    assert list(value_problems(PATH, {"num_hidden_layers": 40}, stored=40)) == []
    (problem,) = value_problems(PATH, {"num_hidden_layers": 41}, stored=40)
    assert "at most 40, since that many tensors are stored, found 41" in problem
    assert list(value_problems(PATH, {"num_hidden_layers": 41})) == []


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"rope_parameters": {"rope_theta": 0}}, "rope_parameters.rope_theta should be a number"),
        ({"rms_norm_eps": "x"}, "rms_norm_eps should be a number above 0, found 'x'"),
        ({"scale": float("nan")}, "scale should be a finite number, found nan"),
        ({"scale": [1.0, float("inf")]}, "scale should be a finite number"),
        ({"dropout": 1.5}, "dropout should be a number from 0 to 1"),
        ({"audio": {"attention_dropout": -1}}, "audio.attention_dropout should be a number from 0"),
        ({"eos_token_id": "</s>"}, "eos_token_id should be the number of a token, found '</s>'"),
        ({"eos_token_id": [1, 1.5]}, "eos_token_id should be the number of a token"),
        ({"audio_token_index": {}}, "audio_token_index should be the number of a token"),
        ({"feature_size": 10**9}, "feature_size should be a number above 0, at most 4096"),
        ({"feature_extractor": {"hop_length": 0}}, "feature_extractor.hop_length should be"),
        ({"sampling_rate": "16000"}, "sampling_rate should be a number above 0, at most 1000000"),
        ({"model_max_length": "long"}, "model_max_length should be a number above 0"),
        ({"parts": [{"hidden_size": 0}]}, "parts.hidden_size should be"),
    ],
)
def test_other_values_that_make_no_sense(data, message):
    (problem,) = value_problems(PATH, data)
    assert message in problem
    assert problem.endswith("take the file from the folder that the weights came from")


def test_what_may_be():
    fine = {
        "num_key_value_heads": None,
        "hidden_size": [96, 192],
        "pad_token_id": -1,
        "eos_token_id": [1, 2],
        "time_step_limit": [0.0, float("inf")],
        "sliding_window": 0,
        "quantization_config": None,
        "model_max_length": 1e30,
        "attention_dropout": 0.0,
    }
    assert list(value_problems(PATH, fine, stored=2)) == []


@pytest.mark.parametrize(
    ("config", "name"), [({"quant_method": "gptq", "bits": 4}, "gptq"), ("awq", "awq")]
)
def test_a_quantised_base_is_named(config, name):
    (problem,) = value_problems(PATH, {"text_config": {"quantization_config": config}})
    assert f"the weights are quantised (text_config.quantization_config: {name})" in problem


def test_a_prefix_that_the_merges_do_not_have():
    model = {"continuing_subword_prefix": "##", "merges": [["a", "##b"], "a ##c", ["a", "b"]]}
    (problem,) = tokenizer_problems(Path("tokenizer.json"), {"model": model})
    assert "the merge ['a', 'b'] should continue a word with the prefix '##'" in problem
    fine = {"continuing_subword_prefix": "##", "merges": [["a", "##b"], "a ##c"]}
    for ok in ({"model": fine}, {"model": {"merges": [["a", "b"]]}}, {"model": 3}, {}):
        assert list(tokenizer_problems(Path("tokenizer.json"), ok)) == []
