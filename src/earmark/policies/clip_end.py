"""Find out whether a processor cuts clips: what it makes of one must hang on how the clip ends.

Many processors cut in silence what is beyond a length of their own. Some tell by a mask how much
they kept; others tell nothing, so here the end of a clip is given another sound.
"""

import numpy as np
import torch

from earmark.errors import InputError
from earmark.policies.policy import Clip, Features, Policy

# Longer than what falls between two frames, shorter than any word.
END_S = 0.1
# No processor cuts at less, and a shorter clip may be too short to be heard at all.
SHORTEST_S = 1.0


def check_end_is_heard(policy: Policy, clip: Clip, sample_rate_hz: int = 16_000) -> None:
    """Refuse a processor that makes the same of a clip, however the clip ends.

    The longest clip of a run tells most, since a processor cuts at one length; of a clip of less
    than a second nothing is asked.

    Raises:
        InputError: it does.
    """
    if len(clip) < SHORTEST_S * sample_rate_hz:
        return
    end = int(END_S * sample_rate_hz)
    # No louder than the clip, whose loudest moment may set the scale of all others.
    loudness = 0.1 * float(np.abs(clip).max(initial=0.0)) or 0.01
    draw = np.random.default_rng(0)
    ends = (draw.normal(0, loudness, end).astype(np.float32) for _ in range(2))
    one, other = (policy.processed(np.concatenate([clip[:-end], sound])) for sound in ends)
    if same(one, other):
        raise InputError(
            f"the processor cuts audio: of a clip of {len(clip) / sample_rate_hz:.2f} s it makes "
            f"the same, whatever the last {1000 * end / sample_rate_hz:g} ms sound like; correct "
            "the length at which it cuts, in preprocessor_config.json or processor_config.json, "
            "or cut the clip into shorter utterances"
        )


def same(one: Features, other: Features) -> bool:
    """Tell whether two clips gave the same input of a tower."""
    return one.keys() == other.keys() and all(torch.equal(one[key], other[key]) for key in one)
