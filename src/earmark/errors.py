"""What Earmark says when something is wrong: expected, found, where, and what to do."""

from collections.abc import Iterable
from difflib import get_close_matches


class EarmarkError(Exception):
    """A mistake that the user can fix. Its text is the whole message; no traceback is shown."""


class InputError(EarmarkError):
    """Bad data: a file, a row, a clip, a model directory."""


class KnobError(EarmarkError):
    """An option that does not exist or has a value that makes no sense."""


class UsageError(KnobError):
    """A command, or an option of the command line, that does not exist."""


# numpy takes no seed below 0 or above this, and Python draws the same by -1 as by 1.
LARGEST_SEED = 2**32 - 1


def check_seed(seed: int, name: str = "seed") -> None:
    """Refuse a seed that a generator of random numbers does not take, or takes for another one.

    Raises:
        KnobError: it is below 0 or above LARGEST_SEED.

    >>> check_seed(7)
    """
    if not 0 <= seed <= LARGEST_SEED:
        raise KnobError(f"{name} should be a whole number from 0 to {LARGEST_SEED}, found {seed}")


def shortened(text: str, most: int = 160) -> str:
    """Return a text for a message: its beginning and its length, where it is long.

    >>> shortened("data:audio/wav;base64," + "A" * 9000, most=20)
    'data:audio/wav;base6... (9022 characters)'
    """
    return text if len(text) <= most else f"{text[:most]}... ({len(text)} characters)"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Suggest the nearest known name, or list them all.

    >>> did_you_mean("bta", ["beta", "sft_weight"])
    "did you mean 'beta'?"
    >>> did_you_mean("zzz", ["beta", "alpha"])
    'it is one of: alpha, beta'
    """
    names = sorted(known)
    close = get_close_matches(name, names, n=1, cutoff=0.5)
    return f"did you mean '{close[0]}'?" if close else f"it is one of: {', '.join(names)}"
