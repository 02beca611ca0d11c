"""Log-probabilities of answer tokens without all their logits in memory at once.

A vocabulary of 156 000 words makes 0.6 MB of float32 logits for each token; with many answers
in a batch that is more than all the rest of a step. In chunks only one of them is there at a
time: the backward pass computes each chunk's logits again, which costs one more pass of the head.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from earmark.policies.rows.shared_row import answer_logps

# Logits of one chunk in float32. Below it nothing is computed twice.
CHUNK_BYTES = 1 << 29


def head_logps(
    head: Callable[[Tensor], Tensor],
    hidden: Float[Tensor, "answer_token hidden"],
    targets: Int[Tensor, " answer_token"],
    vocabulary: int,
    chunk_bytes: int = CHUNK_BYTES,
) -> Float[Tensor, " answer_token"]:
    """Return the log-probability of each answer token, in nats.

    Args:
        head: turns hidden states into logits, row by row.
        hidden: what the language model says where each token is predicted.
        targets: the tokens.
        vocabulary: how many logits the head makes of a row.
        chunk_bytes: the size of a chunk's logits in float32.
    """
    rows = max(1, chunk_bytes // (4 * vocabulary))  # a float32 has 4 bytes
    if len(targets) <= rows:
        return answer_logps(head(hidden), targets)

    def logps_of(states: Tensor, tokens: Tensor) -> Tensor:
        return answer_logps(head(states), tokens)

    parts = [
        checkpoint(logps_of, states, tokens, use_reentrant=False)
        for states, tokens in zip(hidden.split(rows), targets.split(rows), strict=True)
    ]
    return torch.cat(parts)
