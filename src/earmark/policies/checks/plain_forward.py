"""The plain computation: one forward pass of the library's own model per answer.

Slow, and the measure of what is right: the shared row is compared with it.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from earmark.policies.policy import Clip, Messages, Policy
from earmark.policies.rows.shared_row import answer_logps


def plain_logps(
    policy: Policy, messages: Messages, clips: Sequence[Clip], answers: Sequence[str]
) -> Float[Tensor, " candidate"]:
    """Return the summed log-probability of each answer, in nats, one forward pass each."""
    prompt = policy.plain_inputs(messages, clips)
    start = prompt["input_ids"].shape[1]
    sums = []
    for answer in answers:
        ids = torch.tensor([policy.answer_ids(messages, answer)], device=policy.device)
        inputs = dict(prompt)
        inputs["input_ids"] = torch.cat([prompt["input_ids"], ids], dim=1)
        inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
        logits = policy.model(**inputs, use_cache=False).logits[0, start - 1 : -1]
        sums.append(answer_logps(logits, ids[0]).sum())
    return torch.stack(sums)
