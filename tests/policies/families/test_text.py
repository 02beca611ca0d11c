"""Any causal language model is a policy for prompts without audio; the shared row stays exact."""

import json

import pytest
import torch

from earmark.errors import InputError
from earmark.policies.audio import audio_policy
from earmark.policies.families.text import TextPolicy
from earmark.policies.families.text import text_policy as policy_of
from earmark.policies.load import load_policy
from earmark.policies.lora.adapt import add_lora, disable_dropout
from earmark.policies.lora.merge import merge_lora
from earmark.policies.lora.put_on import put_on
from earmark.policies.plain_decoding import GREEDY
from earmark.policies.policy import SharedBatch
from earmark.policies.rows.shared_row import Answers, lay_out
from earmark.train.fsdp import spread_language_model
from earmark.train.preflight.extreme_rows import check_prompt_ids
from earmark.train.preflight.proofs import plain_logps
from padded import logps_in, pad_rows
from text_models import build_text
from tiny_world import messages, noise, trainable

PROMPTS = [
    [{"role": "user", "content": "Write it down."}],
    [
        {"role": "system", "content": "share"},
        {"role": "user", "content": [{"type": "text", "text": "the library 我 想 去"}]},
    ],
]
ANSWERS = [["我 想 去", "share the shop 我", "the"], ["a", "the library share the shop"]]
ROUTES = ["qwen2", "llama", "mistral", "falcon_h1"]
FAMILY = pytest.mark.parametrize("family", ROUTES)


def text_policy(family="qwen2", seed=0):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network, tokenizer = build_text(family)
    return policy_of(network.eval(), tokenizer)


def batch_of(policy):
    both = zip(PROMPTS, ANSWERS, strict=True)
    rows = [
        Answers(policy.prompt_ids(prompt, []), [policy.answer_ids(prompt, text) for text in texts])
        for prompt, texts in both
    ]
    return SharedBatch(lay_out(rows, policy.pad_id), [])


def plain(policy):
    both = zip(PROMPTS, ANSWERS, strict=True)
    return torch.cat([plain_logps(policy, prompt, [], texts) for prompt, texts in both])


def gradients(policy, logps):
    policy.model.zero_grad()
    (logps * torch.linspace(-1, 1, len(logps)).exp()).sum().backward()
    return {n: p.grad.clone() for n, p in trainable(policy).items() if p.grad is not None}


def assert_same(found, expected, within=1e-5):
    assert found.keys() == expected.keys()
    floor = 1e-6 * max(gradient.norm() for gradient in expected.values())
    for name, gradient in expected.items():
        assert (found[name] - gradient).norm() <= within * (gradient.norm() + floor), name


@FAMILY
@pytest.mark.parametrize("lora", [True, False], ids=["lora", "full"])
def test_shared_row_equals_the_plain_forward(family, lora):
    policy = text_policy(family)
    assert policy.needs_cache == (family in ("mistral", "falcon_h1"))
    if lora:
        add_lora(policy, rank=2, alpha=4)
        for name, parameter in trainable(policy).items():
            if "lora_B" in name:
                torch.nn.init.normal_(parameter, std=0.1)
    expected = plain(policy)
    expected_gradients = gradients(policy, expected)
    found = policy.model(shared=batch_of(policy))
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-4)
    assert_same(gradients(policy, found), expected_gradients)


@FAMILY
@pytest.mark.parametrize("side", ["left", "right"])
@torch.no_grad()
def test_the_library_agrees_however_it_pads(family, side):
    policy = text_policy(family)
    found = policy.model(shared=batch_of(policy))
    rows = [
        (policy.prompt_ids(prompt, []), policy.answer_ids(prompt, texts[0]))
        for prompt, texts in zip(PROMPTS, ANSWERS, strict=True)
    ]
    ids, mask, ends = pad_rows(rows, policy.pad_id, side)
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    logits = policy.network(input_ids=ids, attention_mask=mask, position_ids=positions).logits
    first_of_each = found[[0, len(ANSWERS[0])]]
    torch.testing.assert_close(logps_in(logits, rows, ends), first_of_each, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("family", ["phi", "doge", "deepseek_v3"])
def test_attention_of_other_kinds_shares_rows_exactly(family):
    """Beside the feed-forward part, with weights in its mask, through latents."""
    policy = text_policy(family)
    assert not policy.needs_cache
    expected = plain(policy)
    expected_gradients = gradients(policy, expected)
    found = policy.model(shared=batch_of(policy))
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-4)
    # A parameter of Doge's is one number, the difference of large ones.
    assert_same(gradients(policy, found), expected_gradients, within=1e-4)


@pytest.mark.parametrize("family", ["qwen2", "llama"])
def test_gradient_checkpointing_is_exact(family):
    policy = text_policy(family)
    expected = gradients(policy, policy.model(shared=batch_of(policy)))
    policy.network.activation_checkpointing_enable({"use_reentrant": False})
    policy.model.train()
    disable_dropout(policy.network)
    assert_same(gradients(policy, policy.model(shared=batch_of(policy))), expected)


def test_a_route_by_the_cache_refuses_gradient_checkpointing():
    policy = text_policy("mistral")
    policy.network.activation_checkpointing_enable({"use_reentrant": False})
    with pytest.raises(InputError, match="Set gradient_checkpointing to false"):
        policy.model(shared=batch_of(policy))


@FAMILY
@torch.no_grad()
def test_a_saved_folder_is_loaded_without_a_processor(family, tmp_path):
    policy = text_policy(family)
    policy.network.save_pretrained(tmp_path)
    policy.tokenizer.save_pretrained(tmp_path)
    loaded = load_policy(str(tmp_path))
    assert isinstance(loaded, TextPolicy)
    assert not loaded.hears
    assert loaded.needs_cache == policy.needs_cache
    torch.testing.assert_close(plain(loaded), plain(policy))


def test_a_router_that_returns_more_than_a_product_gets_no_lora():
    policy = text_policy("phimoe")
    add_lora(policy, rank=2, alpha=4)
    adapted = {name for name, _ in policy.model.named_parameters() if "lora_" in name}
    assert adapted
    assert not any("router" in name for name in adapted)
    policy.model(shared=batch_of(policy))


def test_a_setting_of_encoders_does_not_make_a_text_model_hear(tmp_path):
    policy = text_policy("llama")
    policy.network.save_pretrained(tmp_path)
    policy.tokenizer.save_pretrained(tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    own = {"is_encoder_decoder": False, "encoder_no_repeat_ngram_size": 0}
    (tmp_path / "config.json").write_text(json.dumps({**config, **own}))
    assert isinstance(load_policy(str(tmp_path)), TextPolicy)


@FAMILY
@torch.no_grad()
def test_prompts_and_greedy_answers_are_the_librarys(family):
    policy = text_policy(family)
    for prompt in PROMPTS:
        check_prompt_ids(policy, prompt, [])
        expected = policy.tokenizer.apply_chat_template(
            prompt, add_generation_prompt=True, return_dict=False
        )
        assert policy.prompt_ids(prompt, []) == expected
        assert expected.count(policy.tokenizer.bos_token_id) == 1
    written = policy.transcribe(PROMPTS, [], 5)
    for prompt, text in zip(PROMPTS, written, strict=True):
        ids = policy.plain_inputs(prompt, [])["input_ids"]
        answer = policy.network.generate(ids, **GREEDY, max_new_tokens=5)[0, ids.shape[1] :]
        assert text == policy.tokenizer.decode(answer, skip_special_tokens=True)
    assert any(written)


@FAMILY
@torch.no_grad()
def test_adapter_is_saved_loaded_and_merged(family, tmp_path):
    policy = text_policy(family)
    add_lora(policy, rank=2, alpha=4)
    for name, parameter in trainable(policy).items():
        assert "lm_head" not in name
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    adapted = plain(policy)
    policy.model.save_pretrained(tmp_path)
    loaded = text_policy(family)
    loaded.model = put_on(loaded.network, tmp_path, base="")
    torch.testing.assert_close(plain(loaded), adapted)
    merge_lora(policy)
    torch.testing.assert_close(plain(policy), adapted, rtol=1e-5, atol=1e-4)
    assert (plain(text_policy(family)) - adapted).abs().max() > 1e-3


THOUGHT = "<think>\n\n</think>\n\n"


def thinking_policy():
    """As Qwen3's template does it: an empty thought before the last answer, none in the prompt."""
    policy = text_policy()
    answer = "<|{{ m['role'] }}|>"
    assert answer in policy.tokenizer.chat_template
    thought = (
        "{%- if loop.last and m['role'] == 'assistant' -%}{{ '" + THOUGHT + "' }}{%- endif -%}"
    )
    policy.tokenizer.chat_template = policy.tokenizer.chat_template.replace(
        answer, answer + thought
    )
    return policy


@torch.no_grad()
def test_what_a_template_writes_before_an_answer_belongs_to_the_prompt():
    policy = thinking_policy()
    prompt, answer = PROMPTS[0], "the library"
    whole = [*prompt, {"role": "assistant", "content": answer}]
    expected = policy.tokenizer.apply_chat_template(whole, return_dict=False)
    ids = policy.prompt_ids(prompt, [])
    assert ids + policy.answer_ids(prompt, answer) == expected
    assert policy.render(prompt).endswith("<|assistant|>" + THOUGHT)
    check_prompt_ids(policy, prompt, [])


def test_a_template_that_refuses_a_prompt_says_so():
    policy = text_policy()
    policy.tokenizer.chat_template = "{{ raise_exception('roles must alternate') }}"
    with pytest.raises(InputError, match=r"does not take this prompt: .*roles must alternate"):
        policy.prompt_ids(PROMPTS[0], [])


def test_rows_may_be_as_long_as_the_model_has_positions():
    assert text_policy().longest_row == 256


def test_weights_that_are_spread_cannot_take_the_key_value_route(monkeypatch):
    monkeypatch.setenv("ACCELERATE_USE_FSDP", "true")
    monkeypatch.delenv("FSDP_TRANSFORMER_CLS_TO_WRAP", raising=False)
    with pytest.raises(InputError, match=r"with FSDP2 processes .* would wait forever"):
        spread_language_model(text_policy("mistral"))
    monkeypatch.setenv("FSDP_TRANSFORMER_CLS_TO_WRAP", "Qwen2DecoderLayer")
    spread_language_model(text_policy("qwen2"))


def test_audio_is_refused(rng):
    policy = text_policy()
    for ask in (
        lambda: audio_policy(policy),
        lambda: policy.prompt_ids(messages(), [5]),
        lambda: policy.plain_inputs(PROMPTS[0], [noise(rng, 1.0)]),
        lambda: policy.transcribe([PROMPTS[0]], [noise(rng, 1.0)], 4),
    ):
        with pytest.raises(InputError, match="Qwen2ForCausalLM reads text alone"):
            ask()


def test_a_tokenizer_without_a_chat_template_is_refused():
    network, tokenizer = build_text("llama")
    tokenizer.chat_template = None
    with pytest.raises(InputError, match="has no chat template"):
        policy_of(network, tokenizer).prompt_ids(PROMPTS[0], [])
