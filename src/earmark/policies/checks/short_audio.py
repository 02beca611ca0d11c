"""Find clips too short for a model: it makes no audio token of them, and invents a text."""

from earmark.policies.audio import AudioPolicy
from earmark.policies.policy import Clip

# Every known model makes a token of less sound; a shorter clip is given to the processor.
SURELY_HEARD_S = 0.2


def check_long_enough(policy: AudioPolicy, clip: Clip, sample_rate_hz: int = 16_000) -> None:
    """Refuse a clip of which a model makes no audio token.

    Raises:
        InputError: it makes none.
    """
    if len(clip) < SURELY_HEARD_S * sample_rate_hz:
        policy.features(clip)
