"""Both halves compute inside of Qwen2-Audio's class what they compute by themselves."""

import numpy as np
import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    WhisperForConditionalGeneration,
    WhisperProcessor,
)

from earmark.errors import InputError
from earmark.policies.families.qwen2_audio import Qwen2AudioPolicy
from earmark.policies.load import load_policy
from earmark.policies.policy import SharedBatch
from earmark.policies.rows.shared_row import Answers, lay_out
from earmark.prompting.messages import ask
from earmark.tiny.halves import join, token_space
from earmark.tiny.model import AUDIO, AUDIO_BOS, AUDIO_EOS
from earmark.train.preflight.proofs import plain_logps
from halves_world import save_language_model, save_whisper
from tiny_world import noise

FAMILIES = ("llama", "gemma3_text")


@pytest.fixture(scope="module")
def whisper(tmp_path_factory):
    return save_whisper(tmp_path_factory.mktemp("halves") / "whisper")


@pytest.fixture(scope="module", params=FAMILIES)
def half(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("halves") / request.param
    return save_language_model(folder, request.param)


@pytest.fixture(scope="module")
def saved(whisper, half, tmp_path_factory):
    joined = join(whisper, half, seed=1)
    folder = tmp_path_factory.mktemp("joined")
    joined.model.save_pretrained(folder)
    joined.processor.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def policy(saved):
    return load_policy(str(saved), device="cpu", dtype="float32")


@torch.no_grad()
def test_the_joined_model_loads_as_qwen2_audio_and_writes_as_its_language_model(policy, half):
    assert isinstance(policy, Qwen2AudioPolicy)
    own = AutoModelForCausalLM.from_pretrained(half)
    ids = torch.tensor([AutoTokenizer.from_pretrained(half)("we share 会 议")["input_ids"]])
    expected = own(ids).logits
    found = policy.network(input_ids=ids).logits[..., : expected.shape[-1]]
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_the_tower_has_whispers_states_before_the_pooling(policy, whisper):
    model = WhisperForConditionalGeneration.from_pretrained(whisper)
    extractor = WhisperProcessor.from_pretrained(whisper).feature_extractor
    sound = noise(np.random.default_rng(0), 1.0)
    mel = extractor(sound, sampling_rate=16_000, return_tensors="pt")["input_features"]
    seen = []
    model.model.encoder.layer_norm.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    model.model.encoder(mel)
    pooled = torch.nn.functional.avg_pool1d(seen[0].mT, 2).mT
    expected = model.model.encoder.layer_norm(pooled)
    found = policy.network.model.audio_tower(mel).last_hidden_state
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


@torch.no_grad()
def test_answers_that_share_a_row_are_those_of_the_plain_pass(policy):
    sound = noise(np.random.default_rng(1), 1.0)
    texts, prompt = ["we share", "the shop 会"], ask(policy.facts)
    expected = plain_logps(policy, prompt, [sound], texts)
    states = policy.encode(policy.features(sound))
    answers = [policy.answer_ids(prompt, text) for text in texts]
    row = Answers(policy.prompt_ids(prompt, [len(states)]), answers)
    found = policy.model(shared=SharedBatch(lay_out([row], policy.pad_id), [states]))
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-4)


def test_the_audio_comes_last_and_nothing_of_the_folders_is_left_in_the_configuration(policy, half):
    end = policy.tokenizer.eos_token
    assert policy.render(ask(policy.facts)) == (
        f"Transcribe the audio.{AUDIO_BOS}{AUDIO}{AUDIO_EOS}"
    )
    assert policy.tokenizer.decode(policy.answer_ids(ask(policy.facts), "we share")) == (
        f"we share{end}"
    )
    assert half not in policy.network.config.to_json_string()


def test_rows_are_held_below_the_window_in_which_layers_see_all(policy, half):
    assert policy.longest_row == (64 if "gemma" in half else 256)


@torch.no_grad()
def test_the_projector_begins_with_the_mean_and_the_spread_of_the_embeddings(policy):
    space = token_space(policy.network)
    states = policy.encode(policy.features(noise(np.random.default_rng(2), 6.0)))
    projected = policy.network.model.multi_modal_projector(states)
    spread = float((projected - space.mean).square().mean().sqrt())
    assert 0.7 * space.spread < spread < 1.4 * space.spread


@pytest.mark.parametrize(
    ("family", "expected"),
    [
        ("granite", "neither scales nor caps logits"),
        ("lfm2", "layers of conv"),
    ],
)
def test_a_language_model_that_would_compute_something_else_is_refused(
    whisper, tmp_path, family, expected
):
    with pytest.raises(InputError, match=expected):
        join(whisper, save_language_model(tmp_path, family), seed=0)


def test_halves_in_the_wrong_place_are_refused(whisper, half):
    with pytest.raises(InputError, match="expected a Whisper checkpoint"):
        join(half, half, seed=0)
    with pytest.raises(InputError, match="expected a causal language model of text alone"):
        join(whisper, whisper, seed=0)
