"""How many tokens a clip takes, from its length alone."""

import math

import numpy as np

from earmark.policies.policy import Policy

STEPS_PER_S = 10
SAMPLE_RATE_HZ = 16_000


class AudioTokens:
    """Counts the tokens of silence of a length, once for each tenth of a second.

    So it holds for towers whose tokens follow the length, and for those that fill windows.
    """

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.known: dict[int, int] = {}

    def __call__(self, duration_s: float) -> int:
        """Return the tokens of a clip, its length rounded up to a tenth of a second."""
        steps = max(1, math.ceil(duration_s * STEPS_PER_S))
        if steps not in self.known:
            length_s = min(steps / STEPS_PER_S, self.policy.longest_clip_s)
            silence = np.zeros(round(length_s * SAMPLE_RATE_HZ), np.float32)
            self.known[steps] = self.policy.audio_tokens(self.policy.features(silence))
        return self.known[steps]
