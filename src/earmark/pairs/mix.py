"""The mix: how often each failure mode is imitated."""

import math
from collections.abc import Mapping
from random import Random
from typing import NamedTuple

from earmark.errors import KnobError, did_you_mean
from earmark.failures import MODES, TRANSLATING
from earmark.failures.choose import NO_MODES, choose_mode
from earmark.failures.mode import Mode


class Mix(NamedTuple):
    """Failure modes and how often each is drawn; the weights sum to 1.

    `own` has those of the user's own, by name.
    """

    modes: tuple[str, ...]
    weights: tuple[float, ...]
    own: Mapping[str, Mode] = NO_MODES

    @property
    def may_translate(self) -> bool:
        """Say whether a mode needs a translator, as those of the user's own may."""
        return bool(self.own) or not TRANSLATING.isdisjoint(self.modes)

    def draw(self, rng: Random) -> str:
        """Draw a mode."""
        return rng.choices(self.modes, self.weights)[0]

    def as_dict(self) -> dict[str, float]:
        """Return the weights by mode."""
        return dict(zip(self.modes, self.weights, strict=True))


def parse_mix(text: str, own: Mapping[str, Mode] = NO_MODES) -> tuple[Mix, str | None]:
    """Read a mix such as `loop=1,empty=3`, and say what was made of it if that is not plain.

    Weights that do not sum to 1 are scaled so that they do. A mode of the user's own is written
    as `module:name`, or has a name in `own`.

    >>> parse_mix("loop=1,empty=3")[0].as_dict()
    {'loop': 0.25, 'empty': 0.75}
    >>> parse_mix("loop=1,empty=3")[1]
    'the mix sums to 4; scaled to sum to 1'
    >>> parse_mix("loop=1")[1] is None
    True

    Raises:
        KnobError: an unknown mode (with the nearest name), one named twice, a weight that is
            no positive number, or nothing at all.
    """
    weights: dict[str, float] = {}
    for part in text.split(","):
        name, _, value = (piece.strip() for piece in part.partition("="))
        if name in weights:
            raise KnobError(f"mix: '{name}' is named twice; give it one weight")
        _check_mode(name, own)
        weights[name] = _weight(name, value)
    return make_mix(weights, own)


def make_mix(
    weights: Mapping[str, float], own: Mapping[str, Mode] = NO_MODES
) -> tuple[Mix, str | None]:
    """Make a mix of weights by mode; see `parse_mix`."""
    found = {name: _check_mode(name, own) for name in weights}
    for name, value in weights.items():
        _weight(name, value)
    total = math.fsum(weights.values())
    if total <= 0:
        shown = ",".join(weights)
        raise KnobError(f"mix: the weights of '{shown}' are all 0; give at least one mode a weight")
    shares = tuple(weight / total for weight in weights.values())
    mix = Mix(
        tuple(weights), shares, {n: m for n, m in found.items() if n not in MODES or n in own}
    )
    exact = math.isclose(total, 1.0, abs_tol=1e-6)
    return mix, None if exact else f"the mix sums to {total:g}; scaled to sum to 1"


def _check_mode(name: str, own: Mapping[str, Mode]) -> Mode:
    """Return a mode of a mix."""
    if name not in MODES and name not in own and ":" not in name:
        raise KnobError(
            f"mix: unknown failure mode '{name}'; {did_you_mean(name, [*MODES, *own])}; "
            "a mix reads mode=weight,mode=weight, and one of your own is module:name=weight"
        )
    return choose_mode(name, own)


def _weight(name: str, value: str | float) -> float:
    """Read one weight."""
    try:
        weight = float(value)
    except (TypeError, ValueError):
        weight = math.nan
    if not 0 <= weight < math.inf:
        raise KnobError(f"mix: '{name}' has weight '{value}'; a weight is a number from 0 up")
    return weight
