"""How long rows will be, before they are made: from the headers of clips, and by counting."""

import numpy as np
import torch
from jaxtyping import Int

from earmark.policies.policy import Policy
from earmark.progress import track
from earmark.train.encode import EncodedPair, EncodedPairs, tokenize_pair


@torch.no_grad()
def row_lengths(policy: Policy, encoded: EncodedPairs, count: int) -> Int[np.ndarray, " row"]:
    """Return about how many tokens each of the first `count` rows takes.

    Text is tokenized. A clip's tokens are taken to be in proportion to its duration, which is
    read from its header; the rate is that of the first clip.
    """
    rate = 0.0
    for clip in encoded[0].clips:
        rate = policy.audio_tokens(policy.features(clip.read())) / clip.duration_s()
    numbers = track(range(count), "measuring rows", total=count)
    return np.array([tokens_of(policy, encoded[number], rate) for number in numbers])


def tokens_of(policy: Policy, pair: EncodedPair, rate: float) -> int:
    """Return about how many tokens a shared row of a pair takes; `rate` is tokens a second."""
    audio = [max(1, round(rate * clip.duration_s())) for clip in pair.clips]
    told = tokenize_pair(policy, pair, audio)
    return len(told.prompt) + sum(len(answer) - 1 for answer in told.candidates)
