"""On a GPU: the shared row equals the plain forward pass there too, with that device's kernels.

Skipped where there is none. The tiny models are those of the other tests.
"""

import pytest
import torch
from test_families import assert_same, batch_of, clips_of, gradients, plain, with_lora

from earmark.policies.kernels.rms_norm import take_torch_norms
from earmark.policies.lora.adapt import disable_dropout, freeze_hearing
from earmark.policies.policy import SharedBatch
from family_models import BESIDE_ROWS, BUILD, build_policy

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
FAMILY = pytest.mark.parametrize("name", BUILD)


@pytest.fixture(autouse=True)
def whole_float32():
    """Keep convolutions of float32 in float32, which a GPU would round by itself."""
    with torch.backends.cudnn.flags(allow_tf32=False):
        yield


def on_gpu(name, dtype=torch.float32):
    """Return a policy as a run has it there: frozen weights in a number type, the LoRA float32."""
    policy = build_policy(name)
    disable_dropout(policy.network)
    freeze_hearing(policy)
    policy.network.to(dtype)
    with_lora(policy)
    policy.network.to("cuda")
    assert take_torch_norms(policy.network) > 0 or name in BESIDE_ROWS  # Whisper has no RMS norms
    return policy


@FAMILY
def test_the_shared_row_equals_the_plain_forward(name):
    policy, clips = on_gpu(name), clips_of()
    expected = plain(policy, clips)
    expected_gradients = gradients(policy, expected)
    found = policy.model(shared=batch_of(policy, clips).to("cuda"))
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-3)
    own = gradients(policy, found)
    assert own.keys() == expected_gradients.keys()
    for gradient, other in zip(own.values(), expected_gradients.values(), strict=True):
        assert (gradient - other).norm() <= 1e-4 * other.norm() + 1e-7


@FAMILY
@torch.no_grad()
def test_in_bfloat16_it_is_as_near_as_bfloat16_is(name):
    policy, clips = on_gpu(name, torch.bfloat16), clips_of()
    expected = plain(policy, clips)
    found = policy.model(shared=batch_of(policy, clips).to("cuda"))
    assert found.dtype == torch.float32
    # Sums of up to 17 log-probabilities near -6; one bfloat16 step of a logit is 2^-6 of it.
    torch.testing.assert_close(found, expected.float(), rtol=5e-3, atol=0.1)


@FAMILY
@torch.no_grad()
def test_clips_of_a_batch_are_heard_as_alone(name):
    policy = on_gpu(name)
    clips = [*clips_of(), *clips_of(seed=1)]
    features = [policy.features(clip) for clip in clips]
    rows = batch_of(policy, clips[:2]).rows
    heard = policy.hear(SharedBatch(rows, features).to("cuda")).audio
    assert len(heard) == len(clips)
    for states, clip in zip(heard, clips, strict=True):
        alone = policy.encode(policy.features(clip))
        torch.testing.assert_close(states, alone, rtol=1e-4, atol=1e-4)


@FAMILY
def test_gradient_checkpointing_is_exact(name):
    policy = on_gpu(name)
    batch = batch_of(policy, clips_of()).to("cuda")
    expected = gradients(policy, policy.model(shared=batch))
    policy.network.activation_checkpointing_enable({"use_reentrant": False})
    policy.model.train()
    disable_dropout(policy.network)
    assert_same(gradients(policy, policy.model(shared=batch)), expected)
