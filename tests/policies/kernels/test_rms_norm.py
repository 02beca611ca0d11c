"""Norms by torch's kernel: the same function, and left alone where it is another."""

import pytest
import torch
from test_families import assert_same, batch_of, clips_of, gradients, with_lora
from torch import nn
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.models.gemma.modeling_gemma import GemmaRMSNorm
from transformers.models.qwen2.modeling_qwen2 import Qwen2RMSNorm

from earmark.policies.kernels.rms_norm import is_torch_norm, take_torch_norms
from family_models import IN_ROWS, build_policy
from text_models import build_text


def drawn_norm(kind, dtype=torch.float32):
    norm = kind(64).to(dtype)
    nn.init.uniform_(norm.weight, 0.5, 2)
    return norm


@pytest.mark.parametrize("name", IN_ROWS)
def test_every_family_computes_the_same_with_them(name):
    policy = with_lora(build_policy(name))
    batch = batch_of(policy, clips_of())
    expected = policy.model(shared=batch)
    expected_gradients = gradients(policy, expected)
    layers = len(policy.network.get_decoder().layers)
    assert take_torch_norms(policy.network) >= 2 * layers + 1
    found = policy.model(shared=batch)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-4)
    assert_same(gradients(policy, found), expected_gradients)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_a_norm_is_known_by_what_it_computes(dtype):
    assert is_torch_norm(drawn_norm(Qwen2RMSNorm, dtype))
    assert not is_torch_norm(drawn_norm(GemmaRMSNorm, dtype)), "it adds 1 to its weight"
    assert not is_torch_norm(nn.LayerNorm(64))
    assert not is_torch_norm(Qwen2RMSNorm(64).double()), "it computes in float32, torch does not"


def test_a_norm_that_differs_stays_as_it_is():
    config = AutoConfig.for_model(
        "gemma",
        vocab_size=50,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
        intermediate_size=48,
    )
    network = AutoModelForCausalLM.from_config(config)
    for module in network.modules():
        if isinstance(module, GemmaRMSNorm):
            nn.init.uniform_(module.weight, 0.5, 2)
    assert take_torch_norms(network) == 0


def test_mixed_number_types_are_left_to_the_module(monkeypatch):
    network, _ = build_text("qwen2")
    decoder = network.get_decoder()
    decoder.norm = drawn_norm(Qwen2RMSNorm)
    assert take_torch_norms(network) == 2 * len(decoder.layers) + 1
    monkeypatch.setattr("torch.nn.functional.rms_norm", lambda *_: pytest.fail("not for these"))
    norm, whole = decoder.norm, Qwen2RMSNorm.forward
    hidden = torch.randn(3, 64)
    for dtype in (torch.bfloat16, torch.float64):
        found = norm(hidden.to(dtype))
        torch.testing.assert_close(found, whole(norm, hidden.to(dtype)), rtol=0, atol=0)
    with torch.autocast("cpu", torch.bfloat16):
        norm(hidden)
