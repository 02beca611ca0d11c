"""The mix: how often each failure mode is imitated."""

import math
from random import Random
from typing import NamedTuple

from earmark.errors import KnobError, did_you_mean
from earmark.failures import MODES

# arXiv 2605.23975: 80 % of the rejected answers are translated as a whole, 20 % in part.
PAPER_MIX = "global_translation=0.8,partial_translation=0.2"


class Mix(NamedTuple):
    """Failure modes and how often each is drawn; the weights sum to 1."""

    modes: tuple[str, ...]
    weights: tuple[float, ...]

    def draw(self, rng: Random) -> str:
        """Draw a mode."""
        return rng.choices(self.modes, self.weights)[0]

    def as_dict(self) -> dict[str, float]:
        """Return the weights by mode."""
        return dict(zip(self.modes, self.weights, strict=True))


def parse_mix(text: str) -> tuple[Mix, str | None]:
    """Read a mix such as `loop=1,empty=3`, and say what was made of it if that is not plain.

    Weights that do not sum to 1 are scaled so that they do.

    >>> parse_mix("loop=1,empty=3")
    (Mix(modes=('loop', 'empty'), weights=(0.25, 0.75)), 'the mix sums to 4; scaled to sum to 1')
    >>> parse_mix("loop=1")[1] is None
    True

    Raises:
        KnobError: an unknown mode (with the nearest name), one named twice, a weight that is
            no positive number, or nothing at all.
    """
    weights: dict[str, float] = {}
    for part in text.split(","):
        name, _, value = (piece.strip() for piece in part.partition("="))
        if name not in MODES:
            raise KnobError(
                f"mix: unknown failure mode '{name}'; {did_you_mean(name, MODES)}; "
                "a mix reads mode=weight,mode=weight"
            )
        if name in weights:
            raise KnobError(f"mix: '{name}' is named twice; give it one weight")
        weights[name] = _weight(name, value)
    total = math.fsum(weights.values())
    if total <= 0:
        raise KnobError(f"mix: the weights of '{text}' are all 0; give at least one mode a weight")
    mix = Mix(tuple(weights), tuple(weight / total for weight in weights.values()))
    exact = math.isclose(total, 1.0, abs_tol=1e-6)
    return mix, None if exact else f"the mix sums to {total:g}; scaled to sum to 1"


def _weight(name: str, value: str) -> float:
    """Read one weight."""
    try:
        weight = float(value)
    except ValueError:
        weight = math.nan
    if not 0 <= weight < math.inf:
        raise KnobError(f"mix: '{name}' has weight '{value}'; a weight is a number from 0 up")
    return weight
