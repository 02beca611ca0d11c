"""Choose a weighting of references: a name of WEIGHTINGS, or `module:name`, which is tried out."""

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from earmark.errors import EarmarkError, KnobError
from earmark.lookup import look_up
from earmark.objectives.weightings import WEIGHTINGS
from earmark.objectives.weightings.weighting import Weighting, ref_weights

REFS, PAIRS, SEED = 3, 4, 0
ROUNDING = 1e-4


def choose_weighting(given: str | Callable[..., Weighting], window: int) -> Weighting:
    """Return a weighting.

    Args:
        given: a name of WEIGHTINGS, `module:name`, or a function that returns a Weighting.
        window: the batches that a weighting with a knob `window` looks back on.

    >>> choose_weighting("uniform", window=16).needs_validation
    False

    Raises:
        KnobError: there is no such weighting, or it breaks its contract.
    """
    make: Any = look_up(WEIGHTINGS, given, "weighting")
    name = given if isinstance(given, str) else getattr(make, "__qualname__", "of your own")
    if not callable(make):
        raise KnobError(f"weighting '{name}' should be a function, found {type(make).__name__}")
    parameters = inspect.signature(make).parameters
    needed = [p.name for p in parameters.values() if p.default is p.empty]
    if needed:
        raise KnobError(f"weighting '{name}' takes no arguments, found {', '.join(needed)}")
    made = make(window=window) if "window" in parameters else make()
    if make not in WEIGHTINGS.values():
        try_out(name, made)
    return made


def try_out(name: str, weighting: Any) -> None:
    """Hold a weighting to its contract on made-up gaps: weights of each pair that sum to 1.

    Raises:
        KnobError: says what was expected and what was found.
    """
    if not isinstance(weighting, Weighting):
        raise KnobError(
            f"weighting '{name}' should return a Weighting, found {type(weighting).__name__}"
        )
    gaps = torch.randn(REFS, PAIRS, generator=torch.Generator().manual_seed(SEED))
    try:
        state = weighting.start(gaps if weighting.needs_validation else None, REFS)
        for seen in (gaps, torch.zeros_like(gaps), -gaps):
            check_weights(name, ref_weights(weighting, state, seen, SEED))
            check_state(name, state)
            state = weighting.see(state, seen)
    except EarmarkError:
        raise
    except Exception as error:  # whatever the user's functions raise
        raise KnobError(f"weighting '{name}' fails: {type(error).__name__}: {error}") from error


def check_weights(name: str, weights: Tensor) -> None:
    """Refuse weights that are not shares, one of each reference and pair.

    Raises:
        KnobError: says what they are.
    """
    shape = list(weights.shape)
    if shape != [REFS, PAIRS]:
        raise KnobError(f"weighting '{name}': weights should be [ref, pair], found shape {shape}")
    sums = weights.sum(0)
    if not (weights >= 0).all() or not torch.allclose(sums, torch.ones_like(sums), atol=ROUNDING):
        raise KnobError(
            f"weighting '{name}': the weights of the references should be at least 0 and sum to "
            f"1, found {weights[:, 0].tolist()}"
        )


def check_state(name: str, state: Any) -> None:
    """Refuse a state that no checkpoint could hold.

    Raises:
        KnobError: it is not a NamedTuple of tensors.
    """
    fields = getattr(state, "_fields", None)
    if fields is None or not all(isinstance(value, Tensor) for value in state):
        raise KnobError(
            f"weighting '{name}': its state should be a NamedTuple of tensors, which a checkpoint "
            f"can hold, found {type(state).__name__}"
        )
