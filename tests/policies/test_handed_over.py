"""What wrappers for several GPUs do to a batch on its way into the model."""

import torch
from torch.distributed.utils import _to_kwargs

from earmark.policies.policy import SharedBatch
from earmark.policies.rows.shared_row import Answers, lay_out
from tiny_world import noise, tiny_policy


def test_what_is_heard_inside_a_wrapper_stays_in_the_batch(rng):
    policy = tiny_policy()
    for parameter in policy.network.parameters():
        parameter.requires_grad_(False)
    features = policy.features(noise(rng, 1.0))
    prompt = [policy.audio_id] * policy.audio_tokens(features)
    rows = lay_out([Answers([3, *prompt, 4], [[5, 1], [6, 1]])], policy.pad_id)
    moved = SharedBatch(rows, [features]).to("cpu")
    ((_, *_), (handed,)) = _to_kwargs((), {"shared": moved}, torch.device("cpu"), False)
    policy.model(**handed)
    assert isinstance(moved.clips[0], torch.Tensor)

    plain = SharedBatch(rows, [features])
    ((_, *_), (copied,)) = _to_kwargs((), {"shared": plain}, torch.device("cpu"), False)
    policy.model(**copied)
    assert not isinstance(plain.clips[0], torch.Tensor), "a plain list is copied on the way"
