"""Processors that do not belong to their model are refused by name, before training."""

import numpy as np
import pytest
import torch

from earmark.errors import InputError
from earmark.policies.families.qwen2_audio import Qwen2AudioPolicy
from earmark.policies.families.standard import CapturedPolicy
from earmark.train.preflight.extreme_rows import check_prompt_ids
from family_models import build_policy
from qwen_models import build_qwen2_audio, build_qwen3_asr
from tiny_world import messages, noise


@pytest.fixture
def clip():
    return noise(np.random.default_rng(0), 2.0)


def test_a_processor_that_cuts_audio(clip):
    policy = build_policy("qwen3_asr")
    policy.processor.audio_kwargs = {
        **type(policy.processor).audio_kwargs,
        "truncation": True,
        "padding": "max_length",
        "max_length": 16_000,
    }
    with pytest.raises(InputError, match=r"keeps 100 of the 200 frames of a clip of 2\.00 s"):
        policy.features(clip)


@pytest.mark.parametrize(
    ("most", "message"),
    [
        (40, "Mismatch in `audio` token count"),
        (70, "makes 70 tokens of a prompt, 50 of them audio"),
    ],
)
def test_a_tokenizer_that_cuts_prompts(clip, most, message):
    policy = build_policy("qwen2_audio")
    check_prompt_ids(policy, messages(), [clip])
    policy.processor.text_kwargs = {"truncation": True, "max_length": most}
    with pytest.raises(InputError, match=message):
        check_prompt_ids(policy, messages(), [clip])


def test_counts_of_audio_tokens_that_do_not_match(clip):
    policy = build_policy("qwen3_asr")
    features = policy.features(clip)
    features["placeholders"] += 1
    with pytest.raises(InputError, match="makes room for 27 audio tokens of a clip, the model"):
        policy.encode(features)
    states = policy.encode(policy.features(clip))
    ids = torch.tensor([policy.prompt_ids(messages(), [len(states) + 1])])
    with pytest.raises(InputError, match="27 audio placeholders in the prompts, 26 audio tokens"):
        policy.prompt_embeds(ids, [states])


@pytest.mark.parametrize("name", ["qwen2_audio", "qwen2_5_omni_thinker", "qwen3_asr"])
def test_a_clip_beyond_the_limit(name):
    policy = build_policy(name)
    too_long = np.zeros(int(16_000 * policy.longest_clip_s) + 1, np.float32)
    with pytest.raises(InputError, match="s at most; cut it into shorter utterances"):
        policy.features(too_long)
    with pytest.raises(InputError, match="s at most; cut it into shorter utterances"):
        policy.transcribe([messages()], [too_long], 4)


def test_a_tokenizer_without_the_audio_token():
    network, processor = build_qwen2_audio()
    processor.audio_token = "<|sound|>"
    with pytest.raises(InputError, match=r"has no audio token <\|sound\|>"):
        Qwen2AudioPolicy(network, processor)


def test_a_tokenizer_of_another_model():
    network, processor = build_qwen3_asr()
    network.config.audio_token_id = 1
    with pytest.raises(InputError, match="does not belong to this model: take"):
        CapturedPolicy(network, processor)


def test_a_class_that_cannot_be_captured():
    network, processor = build_qwen2_audio()
    with pytest.raises(InputError, match="has no get_audio_features"):
        CapturedPolicy(network, processor)


def test_a_template_that_drops_text():
    policy = build_policy("qwen2_audio")
    policy.processor.chat_template = policy.processor.chat_template.replace("p['text']", "''")
    with pytest.raises(InputError, match=r"leaves out 'Write it down\.', of role 'user'"):
        policy.prompt_ids(messages(), [3])


def test_a_template_that_never_ends_an_answer():
    policy = build_policy("qwen2_audio")
    policy.processor.chat_template = policy.processor.chat_template.replace("<|im_end|>", "")
    with pytest.raises(InputError, match="puts no end token after an answer"):
        policy.answer_ids(messages(), "the shop")
