"""How much of an adapter a number type holds, by hand; and layers that share their weights."""

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from earmark.errors import InputError, KnobError
from earmark.policies.families.text import SharedTextPolicy
from earmark.policies.lora.adapt import add_lora
from earmark.policies.lora.merge import Moved, measured, merge_lora, shared_weights
from text_models import SIZE, build_text
from tiny_world import tiny_policy


def test_by_hand():
    """In bfloat16 the numbers from 1 to 2 are 1/128 apart."""
    base = torch.ones(4, dtype=torch.bfloat16)
    step = 1 / 128
    trained = base.float() + step * torch.tensor([0.4, 0.6, -0.1, 2.0])
    moved = measured(base, trained, torch.bfloat16)
    # 0.4 is rounded to nothing and 0.6 to 1; below 1 the numbers are half as far apart: -0.1
    # is nothing there too.
    assert moved.update == pytest.approx(step * 3.1, rel=1e-6)
    assert moved.stored == pytest.approx(step * 3.0, rel=1e-6)
    assert moved.share == pytest.approx(3.0 / 3.1)
    assert measured(base, trained, torch.float32).share == 1.0
    assert Moved(1.0, 1.2).share == 1.0


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_the_merge_is_the_rounded_sum(dtype):
    policy = tiny_policy()
    policy.network.to(dtype)
    add_lora(policy, rank=2, alpha=4)
    generator = torch.Generator().manual_seed(0)
    sums, update, stored = {}, 0.0, 0.0
    for name, module in policy.model.named_modules():
        if not hasattr(module, "lora_B"):
            continue
        torch.nn.init.normal_(module.lora_B["default"].weight, std=1e-3, generator=generator)
        weight = module.base_layer.weight.detach().clone()
        product = module.lora_B["default"].weight @ module.lora_A["default"].weight
        exact = weight.float() + 2.0 * product.detach()
        sums[name.removeprefix("base_model.model.")] = exact.to(dtype)
        update += float((exact - weight.float()).abs().sum())
        stored += float((exact.to(dtype).float() - weight.float()).abs().sum())
    moved = merge_lora(policy)
    assert len(sums) == 21
    assert moved == pytest.approx((update, stored), rel=1e-5)
    assert (moved.share > 0.999) == (dtype == torch.float32)
    for name, expected in sums.items():
        found = policy.network.get_submodule(name).weight
        assert found.dtype == dtype
        torch.testing.assert_close(found, expected)
    assert not any("lora" in name for name in policy.network.state_dict())


def tied_policy(tied=True):
    _, tokenizer = build_text()
    sizes = {**SIZE, "vocab_size": len(tokenizer), "tie_word_embeddings": tied}
    network = AutoModelForCausalLM.from_config(AutoConfig.for_model("llama", **sizes))
    return SharedTextPolicy(network, tokenizer)


def test_a_tied_head_takes_no_lora():
    policy = tied_policy()
    assert shared_weights(policy.network) == {"lm_head", "model.embed_tokens"}
    message = r"matches lm_head, which shares its weights with the embedding .*self_attn\\\.o_proj"
    with pytest.raises(InputError, match=message):
        add_lora(policy, rank=2, alpha=4, targets=r".*lm_head|.*q_proj")
    add_lora(policy, rank=2, alpha=4, targets=r".*q_proj")
    other = tied_policy(tied=False)
    assert shared_weights(other.network) == set()
    add_lora(other, rank=2, alpha=4, targets="lm_head")


def test_an_adapter_of_others_on_a_tied_head_is_not_merged():
    policy = tied_policy(tied=False)
    add_lora(policy, rank=2, alpha=4, targets="lm_head")
    head = policy.network.lm_head.base_layer
    head.weight = policy.network.get_input_embeddings().weight
    with pytest.raises(InputError, match="the adapter is on lm_head, which shares its weights"):
        merge_lora(policy)


@pytest.mark.parametrize("targets", ["nothing", ".*nothing"])
def test_the_hint_names_a_layer_of_attention(targets):
    message = rf"'{targets}' matches no layer of .*, such as .*layers\\\.2\\\.self_attn\\\.o_proj"
    with pytest.raises(InputError, match=message):
        add_lora(tiny_policy(), rank=2, alpha=4, targets=targets)


def test_targets_that_are_no_regular_expression():
    with pytest.raises(KnobError, match=r"'\*q_proj' is not a regular expression: nothing to rep"):
        add_lora(tiny_policy(), rank=2, alpha=4, targets="*q_proj")
