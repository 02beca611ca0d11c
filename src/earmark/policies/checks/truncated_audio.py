"""Find out whether a processor cuts clips: what it makes of one must depend on how the clip ends.

Many processors silently cut what is beyond a length of their own. Some say by a mask how much
they kept; others tell nothing, so here the end of a clip is given another sound, and for
comparison its beginning, which every processor hears.
"""

import numpy as np
import torch

from earmark.errors import InputError
from earmark.policies.audio import AudioPolicy
from earmark.policies.policy import Clip, Features

# Longer than what falls between two frames, shorter than any word.
PART_S = 0.1
# No processor cuts at less, and a shorter clip may be too short to be heard at all.
SHORTEST_S = 1.0
# No louder than the clip, whose loudest moment may set the scale of all others; but loud enough
# to be no silence, below which features are all the same.
LOUDNESS, LEAST_LOUD = 0.1, 0.01
# What a cut end still moves, by a mean over the clip or by chance, is a small part of what the
# beginning moves; what an end that is heard moves is about as much.
SMALL_PART = 0.1


def check_end_is_heard(policy: AudioPolicy, clip: Clip, sample_rate_hz: int = 16_000) -> None:
    """Refuse a processor that makes about the same of a clip, however the clip ends.

    The longest clip of a run tests best, since a processor cuts at one length; of a clip of less
    than a second nothing is checked.

    Raises:
        InputError: it does.
    """
    if len(clip) < SHORTEST_S * sample_rate_hz:
        return
    part = int(PART_S * sample_rate_hz)
    loudness = max(LOUDNESS * float(np.abs(clip).max()), LEAST_LOUD)
    draw = np.random.default_rng(0)
    start, other_start, end, other_end = draw.normal(0, loudness, (4, part)).astype(np.float32)
    middle = clip[part:-part]
    heard = policy.processed(np.concatenate([start, middle, end]))
    by_start = moved(heard, policy.processed(np.concatenate([other_start, middle, end])))
    by_end = moved(heard, policy.processed(np.concatenate([start, middle, other_end])))
    if by_end < SMALL_PART * by_start:
        raise InputError(
            f"the processor cuts audio: of a clip of {len(clip) / sample_rate_hz:.2f} s it makes "
            f"the same, whatever the last {1000 * PART_S:g} ms sound like; correct the length at "
            "which it cuts, in preprocessor_config.json or processor_config.json, or cut the clip "
            "into shorter utterances"
        )


def moved(one: Features, other: Features) -> float:
    """Return the largest difference between what is made of two clips of one length."""
    numbers = [name for name, value in one.items() if torch.is_floating_point(value)]
    return max(float((one[name] - other[name]).abs().max()) for name in numbers)
