"""The token cap: how long an answer may become. Without one, a loop would never end."""

from math import ceil

from earmark.errors import KnobError

# What is spoken fast is about six tokens a second, in Mandarin characters or English subwords.
# The floor is what TOKENS_PER_S makes of 32 s, so that clips of one window share one cap.
LEAST_TOKENS = 256
TOKENS_PER_S = 8


def cap_of(max_new_tokens: int | None, duration_s: float) -> int:
    """Return the cap of a clip: the one that is given, or one that grows with the clip.

    >>> cap_of(None, 3.0), cap_of(None, 180.0), cap_of(100, 180.0)
    (256, 1440, 100)
    """
    if max_new_tokens is not None:
        return max_new_tokens
    return max(LEAST_TOKENS, ceil(TOKENS_PER_S * duration_s))


def check_cap(max_new_tokens: int | None) -> None:
    """Refuse a cap that leaves no room for an answer.

    Raises:
        KnobError: it is less than 1.
    """
    if max_new_tokens is not None and max_new_tokens < 1:
        raise KnobError(f"max_new_tokens is {max_new_tokens}; expected 1 or more")


def recorded_cap(max_new_tokens: int | None) -> int | str:
    """Return what is recorded of the cap: one value for all clips, as a signature needs it.

    >>> recorded_cap(100), recorded_cap(None)
    (100, 'max(256,8/s)')
    """
    if max_new_tokens is not None:
        return max_new_tokens
    return f"max({LEAST_TOKENS},{TOKENS_PER_S}/s)"
