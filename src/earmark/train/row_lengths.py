"""How long rows will be, before they are made: from the headers of clips, and by counting."""

import numpy as np
from jaxtyping import Int

from earmark.policies.policy import Policy
from earmark.progress import track
from earmark.train.audio_tokens import AudioTokens
from earmark.train.data.examples import EncodedPair, EncodedPairs, tokenize_pair


def row_lengths(policy: Policy, encoded: EncodedPairs, count: int) -> Int[np.ndarray, " row"]:
    """Return how many tokens each of the first `count` rows takes, rounded up.

    Text is tokenized; a clip's tokens follow from its length, which its header tells.
    """
    tokens = AudioTokens(policy)
    numbers = track(range(count), "measuring rows", total=count)
    return np.array([tokens_of(policy, encoded[number], tokens) for number in numbers])


def tokens_of(policy: Policy, pair: EncodedPair, tokens: AudioTokens) -> int:
    """Return how many tokens a shared row of a pair takes."""
    told = tokenize_pair(policy, pair, [tokens(clip.duration_s()) for clip in pair.clips])
    return len(told.prompt) + sum(len(answer) - 1 for answer in told.candidates)
