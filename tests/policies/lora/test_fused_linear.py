"""A layer and its LoRA in one step: what peft computes, and peft itself where it does more."""

import pytest
import torch
from peft import LoraConfig, get_peft_model
from peft.tuners import lora
from torch import nn
from torch.utils.checkpoint import checkpoint

from earmark.policies.lora.adapt import add_lora, without_adapter
from earmark.policies.lora.fused_linear import LoraLinear, LowRankLinear, take_one_step
from earmark.policies.lora.merge import merge_lora
from earmark.policies.lora.put_on import put_on
from tiny_world import tiny_policy

WIDTH, OUT, RANK = 24, 40, 4


def wrapped(dtype=torch.float64, **options):
    """Return peft's model of one layer whose LoRA does something."""
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Linear(WIDTH, OUT, bias=options.pop("bias", True), dtype=dtype))
    config = LoraConfig(r=RANK, lora_alpha=8, target_modules=["0"], **options)
    model = get_peft_model(plain, config)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            nn.init.normal_(parameter, std=0.3)
    return model.train()


def drawn(dtype=torch.float64):
    return torch.randn(3, 5, WIDTH, generator=torch.Generator().manual_seed(1)).to(dtype)


def taken(model, x):
    """Return output and gradients, of the input and of what is trained."""
    x = x.clone().requires_grad_()
    model.zero_grad()
    out = model(x)
    (out.float() * torch.linspace(-1, 1, OUT)).sum().backward()
    gradients = {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}
    return {"out": out.detach(), "x": x.grad, **gradients}


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_it_is_what_peft_computes(bias, dtype):
    model, x = wrapped(dtype, bias=bias), drawn(dtype)
    expected = taken(model, x)
    take_one_step(model)
    assert type(model.base_model.model[0]) is LoraLinear
    found = taken(model, x)
    assert found.keys() == expected.keys()
    assert sum("lora" in name for name in found) == 2
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value)


def test_the_gradient_is_that_of_the_function():
    torch.manual_seed(0)
    shapes = [(2, 3, 5), (4, 5), (4,), (2, 5), (4, 2)]
    values = [torch.randn(shape, dtype=torch.float64) for shape in shapes]
    for number in (0, 3, 4):
        values[number].requires_grad_()
    assert torch.autograd.gradcheck(lambda *v: LowRankLinear.apply(*v, 0.7), values)


def test_in_bfloat16_it_is_as_near_as_peft_and_keeps_no_float32_copy():
    exact = taken(wrapped().double(), drawn(torch.bfloat16).double())
    saved = {}
    far = {}
    for way in ("peft", "one step"):
        model = wrapped().bfloat16()
        for name, parameter in model.named_parameters():
            if "lora" in name:
                parameter.data = parameter.data.float()
        if way == "one step":
            take_one_step(model)
        kinds = saved[way] = []
        with torch.autograd.graph.saved_tensors_hooks(
            lambda tensor, kinds=kinds: kinds.append((tensor.dtype, tensor.shape)) or tensor,
            lambda tensor: tensor,
        ):
            found = taken(model, drawn(torch.bfloat16))
        assert found["out"].dtype == torch.bfloat16
        assert all(v.dtype == torch.float32 for n, v in found.items() if "lora" in n)
        far[way] = {n: (v.double() - exact[n]).norm() / exact[n].norm() for n, v in found.items()}
    assert (torch.float32, (15, WIDTH)) in saved["peft"]
    # The last is the loss's own.
    assert all(kind != torch.float32 for kind, shape in saved["one step"] if WIDTH in shape)
    for name, distance in far["one step"].items():
        assert distance < 0.01, name
    assert far["one step"]["out"] <= 1.1 * far["peft"]["out"]


def test_an_adapter_that_is_off_is_off():
    policy = tiny_policy()
    x = torch.randn(2, 3, policy.network.config.text_config.hidden_size)
    layer = policy.network.get_decoder().layers[0].self_attn.q_proj
    before = layer(x)
    add_lora(policy, 4, 8)
    adapted = policy.network.get_decoder().layers[0].self_attn.q_proj
    assert type(adapted) is LoraLinear
    nn.init.normal_(adapted.lora_B["default"].weight)
    with without_adapter(policy.model):
        torch.testing.assert_close(adapted(x), before, rtol=0, atol=0)
    changed = adapted(x)
    assert not torch.allclose(changed, before)
    merge_lora(policy)
    merged = policy.network.get_decoder().layers[0].self_attn.q_proj
    assert type(merged) is nn.Linear
    torch.testing.assert_close(merged(x), changed)


@pytest.mark.parametrize(
    "options", [{"use_dora": True}, {"lora_dropout": 0.5}, {"lora_bias": True}], ids=str
)
def test_what_does_more_is_left_to_peft(options, monkeypatch):
    model = wrapped(**options)
    take_one_step(model)
    monkeypatch.setattr(LowRankLinear, "apply", lambda *_: pytest.fail("not for this layer"))
    assert len(taken(model, drawn())) > 2


def test_several_adapters_and_other_number_types_are_left_to_peft(monkeypatch):
    model = wrapped()
    model.add_adapter("other", LoraConfig(r=2, target_modules=["0"]))
    take_one_step(model)
    model.base_model.set_adapter(["default", "other"])
    monkeypatch.setattr(LowRankLinear, "apply", lambda *_: pytest.fail("not for this layer"))
    model(drawn())
    model.base_model.set_adapter(["default"])
    with torch.autocast("cpu", torch.bfloat16):
        model(drawn(torch.float64).to(model.base_model.model[0].weight.dtype))


def test_a_trained_layer_keeps_its_gradient():
    model = wrapped()
    model.base_model.model[0].base_layer.weight.requires_grad_()
    take_one_step(model)
    assert any("base_layer" in name for name in taken(model, drawn()))


def test_other_layers_are_left_alone():
    class Own(nn.Linear):
        pass

    model = get_peft_model(
        nn.Sequential(Own(WIDTH, OUT), nn.Embedding(7, WIDTH)),
        LoraConfig(r=RANK, target_modules=["0", "1"]),
    )
    take_one_step(model)
    kinds = [type(module) for module in model.base_model.model]
    assert kinds == [lora.Linear, lora.Embedding]


def test_computed_again_it_is_the_same():
    model, x = wrapped(), drawn()
    take_one_step(model)
    expected = taken(model, x)
    layer = model.base_model.model[0]
    whole = layer.forward
    layer.forward = lambda inputs: checkpoint(whole, inputs, use_reentrant=False)
    for name, value in taken(model, x).items():
        torch.testing.assert_close(value, expected[name], rtol=0, atol=0)


def test_a_loaded_adapter_computes_in_one_step_too(tmp_path):
    policy = tiny_policy()
    add_lora(policy, 4, 8)
    policy.model.save_pretrained(tmp_path)
    loaded = put_on(tiny_policy().network, tmp_path, base="")
    assert any(type(module) is LoraLinear for module in loaded.modules())
    assert not any(type(module) is lora.Linear for module in loaded.modules())
