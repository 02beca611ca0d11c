"""Which policy a model gets, and which families are refused, with the reason as it stands."""

import pytest
import torch
from transformers import (
    CONFIG_MAPPING,
    AutoConfig,
    GraniteConfig,
    GraniteForCausalLM,
    GraniteSpeechConfig,
    GraniteSpeechForConditionalGeneration,
)

from earmark.errors import InputError
from earmark.policies.families.any_other import KeyValuePolicy
from earmark.policies.families.choose import TEXT, check_supported, family_of
from earmark.policies.families.table import FAMILIES, REFUSED
from earmark.policies.load import load_policy
from earmark.train.preflight.proofs import plain_logps
from family_models import build_policy
from text_models import build_text
from tiny_world import messages, noise

SCALING = 4.0


def granite_text():
    return {
        "model_type": "granite",
        "vocab_size": 99,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "logits_scaling": SCALING,
        "pad_token_id": 0,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }


def granite_speech():
    encoder = {
        "hidden_dim": 32,
        "num_layers": 2,
        "num_heads": 2,
        "dim_head": 16,
        "input_dim": 16,
        "output_dim": 8,
        "context_size": 20,
    }
    projector = {
        "model_type": "blip_2_qformer",
        "hidden_size": 32,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "encoder_hidden_size": 32,
    }
    config = GraniteSpeechConfig(
        text_config=granite_text(),
        encoder_config=encoder,
        projector_config=projector,
        audio_token_id=98,
        has_lora_adapter=False,
    )
    return GraniteSpeechForConditionalGeneration(config).eval()


def test_granite_speech_is_refused_with_the_reason(tmp_path):
    granite_speech().save_pretrained(tmp_path)
    _, tokenizer = build_text()
    tokenizer.save_pretrained(tmp_path)
    (tmp_path / "processor_config.json").write_text("{}")
    with pytest.raises(InputError, match="'granite_speech' is not supported: its class in trans"):
        load_policy(str(tmp_path))


@torch.no_grad()
def test_the_reason_still_stands():
    speech = granite_speech()
    text = {name: value for name, value in granite_text().items() if name != "model_type"}
    alone = GraniteForCausalLM(GraniteConfig(**text)).eval()
    alone.model.load_state_dict(speech.model.language_model.state_dict())
    alone.lm_head.load_state_dict(speech.lm_head.state_dict())
    ids = torch.tensor([[5, 6, 7, 8]])
    unscaled, scaled = speech(input_ids=ids).logits, alone(input_ids=ids).logits
    message = "transformers divides them now: Granite Speech can be supported"
    assert torch.allclose(unscaled, scaled * SCALING, atol=1e-5), message
    assert not torch.allclose(unscaled, scaled, atol=1e-3)


@pytest.mark.parametrize("name", REFUSED)
def test_a_refused_family_has_no_row(name):
    assert name not in FAMILIES
    with pytest.raises(InputError, match=f"model family '{name}' is not supported"):
        check_supported({"model_type": name}, "model")


@pytest.mark.parametrize("name", [name for name in FAMILIES if name in CONFIG_MAPPING])
def test_a_known_family_is_its_row(name):
    assert family_of(AutoConfig.for_model(name), "model") is FAMILIES[name]


@pytest.mark.parametrize("name", ["qwen2", "llama", "mistral", "gemma2", "qwen3", "phi3"])
def test_a_language_model_is_text_alone(name):
    assert family_of(AutoConfig.for_model(name), "model") is TEXT


def test_an_unknown_audio_class_goes_by_its_cache(capsys):
    family = family_of(AutoConfig.for_model("vibevoice_asr"), "model")
    assert family.policy is KeyValuePolicy
    assert "nothing is known of family 'vibevoice_asr'" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["bert", "moonshine", "wav2vec2", "clip"])
def test_what_does_not_write_after_a_prompt_is_refused(name):
    with pytest.raises(InputError, match=f"model family '{name}' is not supported; Earmark knows"):
        family_of(AutoConfig.for_model(name), "model")


@pytest.mark.parametrize(
    "name", ["audioflamingo3", "glmasr", "voxtral", "phi4_multimodal", "whisper"]
)
@torch.no_grad()
def test_a_saved_folder_is_loaded_as_its_family(name, tmp_path, rng):
    policy = build_policy(name)
    policy.network.save_pretrained(tmp_path)
    policy.processor.save_pretrained(tmp_path)
    loaded = load_policy(str(tmp_path))
    assert type(loaded) is type(policy)
    assert loaded.facts is FAMILIES[name].facts
    loaded.prefill, clip = policy.prefill, noise(rng, 1.0)  # of Whisper a run's language
    found, expected = (plain_logps(p, messages(), [clip], ["the shop"]) for p in (loaded, policy))
    torch.testing.assert_close(found, expected)
