"""The step runs inside of whatever wraps the model: DDP, or FSDP2 round every decoder layer."""

import pytest
import torch
import torch.distributed as dist
from test_families import batch_of, clips_of, with_lora
from torch.distributed.fsdp import fully_shard
from torch.nn.parallel import DistributedDataParallel

from family_models import build_policy
from tiny_world import trainable


@pytest.fixture
def alone(tmp_path):
    """Start a process group of one."""
    dist.init_process_group("gloo", init_method=f"file://{tmp_path}/group", rank=0, world_size=1)
    yield
    dist.destroy_process_group()


def plain(tensor):
    return tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor


def step(policy, model, batch):
    logps = model(shared=batch)
    (logps * torch.linspace(-1, 1, len(logps)).exp()).sum().backward()
    named = trainable(policy).items()
    return logps.detach(), {n: plain(p.grad) for n, p in named if p.grad is not None}


@pytest.mark.parametrize("name", ["qwen2_audio", "qwen2_5_omni_thinker", "qwen3_asr"])
@pytest.mark.parametrize("wrapper", ["ddp", "fsdp2"])
def test_a_wrapped_model_takes_the_same_step(name, wrapper, alone):
    policy, wrapped = with_lora(build_policy(name)), with_lora(build_policy(name))
    wrapped.model.load_state_dict(policy.model.state_dict())
    with torch.no_grad():
        batch = batch_of(policy, clips_of())
    expected, expected_gradients = step(policy, policy.model, batch)
    if wrapper == "ddp":
        model = DistributedDataParallel(wrapped.model)
    else:
        mesh = dist.init_device_mesh("cpu", (1,))
        for layer in wrapped.network.model.language_model.layers:
            fully_shard(layer, mesh=mesh)
        model = fully_shard(wrapped.model, mesh=mesh)
    found, gradients = step(wrapped, model, batch)
    torch.testing.assert_close(found, expected)
    assert gradients.keys() == expected_gradients.keys()
    for parameter, gradient in expected_gradients.items():
        torch.testing.assert_close(gradients[parameter], gradient)
