"""Voxtral's prompts are the library's own: transcription requests and instructions, in windows."""

import numpy as np
import pytest
import torch
from transformers import ProcessorMixin

from earmark.errors import InputError
from earmark.policies.families.table import FAMILIES
from earmark.policies.families.voxtral import VoxtralPolicy
from earmark.policies.load import load_policy
from earmark.prompting.messages import ask
from local_tokenizer import local_tokenizer
from tiny_world import messages, noise
from voxtral_model import build_voxtral

WINDOW_TOKENS = 375


@pytest.fixture(scope="module")
def policy():
    network, processor = build_voxtral()
    return VoxtralPolicy(network.eval(), processor, FAMILIES["voxtral"].facts)


def whole_numbers(rng, duration_s):
    """Make a clip that 16 bits hold exactly, as the library's transcription request writes it."""
    clip = noise(rng, duration_s)
    return np.round(clip * 2**15).astype(np.float32) / 2**15


def requested(policy, clip, language=None):
    return policy.processor.apply_transcription_request(
        audio=[clip], model_id="any", sampling_rate=16_000, format="WAV", language=language
    )


@pytest.mark.parametrize("language", [None, "en", "zh"])
@pytest.mark.parametrize("duration_s", [0.7, 30.5])
def test_a_prompt_without_text_is_a_transcription_request(policy, rng, duration_s, language):
    clip = whole_numbers(rng, duration_s)
    prompt = ask(policy.facts, f"lang:{language}" if language else None)
    expected = requested(policy, clip, language)
    found = policy.plain_inputs(prompt, [clip])
    assert found["input_ids"].tolist() == expected["input_ids"].tolist()
    assert torch.equal(found["input_features"], expected["input_features"])
    heard = policy.features(clip)
    assert torch.equal(heard["input_features"], expected["input_features"])
    own = policy.prompt_ids(prompt, [int(heard["placeholders"])])
    assert own == expected["input_ids"][0].tolist()


def test_any_other_text_is_an_instruction(policy, rng):
    ids = policy.plain_inputs(messages(), [noise(rng, 1.0)])["input_ids"][0]
    text = policy.tokenizer.decode(ids, skip_special_tokens=False)
    assert text.endswith("Write it down.[/INST]")
    assert "[TRANSCRIBE]" not in text


@pytest.mark.parametrize(("samples", "windows"), [(1, 1), (480_000, 1), (480_001, 2)])
@torch.no_grad()
def test_tokens_are_counted_by_windows(policy, samples, windows):
    features = policy.features(np.zeros(samples, dtype=np.float32))
    assert int(features["placeholders"]) == windows * WINDOW_TOKENS
    assert len(policy.encode(features)) == windows * WINDOW_TOKENS


def test_several_clips_and_turns(policy, rng):
    audio = {"type": "audio", "audio": "clip.wav"}
    said = {"type": "text", "text": "share"}
    prompt = [
        {"role": "user", "content": [audio, audio, said]},
        {"role": "assistant", "content": "the library"},
        {"role": "user", "content": "share the"},
    ]
    clips = [noise(rng, 1.0), noise(rng, 31.0)]
    counts = [int(policy.features(clip)["placeholders"]) for clip in clips]
    expected = policy.plain_inputs(prompt, clips)["input_ids"][0].tolist()
    assert policy.prompt_ids(prompt, counts) == expected
    assert expected.count(policy.audio_id) == 3 * WINDOW_TOKENS
    with pytest.raises(InputError, match="holds 2 clips, but 1 were heard"):
        policy.prompt_ids(prompt, counts[:1])
    with pytest.raises(InputError, match="holds 1 clips, but 2 were heard"):
        policy.prompt_ids(messages(), counts)


def test_an_answer_is_that_of_the_librarys_fine_tuning(policy, tmp_path):
    policy.processor.save_pretrained(tmp_path)
    tuning = type(policy.tokenizer)(tmp_path / "tekken.json", mode="finetuning")
    turns = [
        {"role": "user", "content": "share"},
        {"role": "assistant", "content": "我 想 the library"},
    ]
    expected = tuning.apply_chat_template(turns, return_dict=False)
    answer = policy.answer_ids(messages(), "我 想 the library")
    assert expected[-len(answer) :] == answer


def test_a_begun_answer_stands_behind_the_prompt(policy, rng):
    clip = noise(rng, 1.0)
    plain = policy.plain_inputs(ask(policy.facts), [clip])["input_ids"][0].tolist()
    begun = policy.plain_inputs(ask(policy.facts, prefill="我"), [clip])["input_ids"][0].tolist()
    assert begun == [*plain, *policy.answer_ids(messages(), "我")[:-1]]


class OtherTokenizer(ProcessorMixin):
    def __init__(self, tokenizer):
        self.tokenizer = tokenizer


def test_another_tokenizer_is_refused(policy):
    other = OtherTokenizer(local_tokenizer(["[AUDIO]"]))
    with pytest.raises(InputError, match=r"mistral-common's tokenizer, found Tok.*\.\[voxtral\]"):
        VoxtralPolicy(policy.network, other)


def test_bad_input_is_refused(policy, rng):
    with pytest.raises(InputError, match="hears 1800 s at most"):
        policy.features(np.zeros(16_000 * 1801, dtype=np.float32))
    with pytest.raises(InputError, match="hold 1 of 2 clips"):
        policy.plain_inputs(messages(), [noise(rng, 1.0), noise(rng, 1.0)])


def test_a_prompt_that_the_library_does_not_take_is_refused(policy, rng):
    system = {"role": "system", "content": "You write."}
    with pytest.raises(InputError, match=r"template does not take this prompt: .*system"):
        policy.plain_inputs([system, *messages()], [noise(rng, 1.0)])
    with pytest.raises(InputError, match="template does not take this prompt"):
        policy.prompt_ids([system, *messages()], [WINDOW_TOKENS])


@torch.no_grad()
def test_a_saved_folder_is_loaded(policy, tmp_path, rng):
    policy.network.save_pretrained(tmp_path)
    policy.processor.save_pretrained(tmp_path)
    loaded = load_policy(str(tmp_path))
    assert isinstance(loaded, VoxtralPolicy)
    clip = noise(rng, 1.0)
    prompt = ask(loaded.facts)
    assert loaded.transcribe([prompt], [clip], 4) == policy.transcribe([prompt], [clip], 4)
    (tmp_path / "tekken.json").unlink()
    with pytest.raises(InputError, match="a tokenizer is missing"):
        load_policy(str(tmp_path))
