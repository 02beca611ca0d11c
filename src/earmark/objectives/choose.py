"""Choose an objective by name, with its knobs set and its SFT term added."""

from collections.abc import Callable, Iterable
from typing import Any

from earmark.errors import KnobError, did_you_mean
from earmark.objectives import OBJECTIVES
from earmark.objectives.contract import set_knobs
from earmark.objectives.loss import Loss
from earmark.objectives.sft import with_sft


def choose_objective(
    name: str, sft_weight: float, knobs: dict[str, Any], other_options: Iterable[str] = ()
) -> Callable[..., Loss]:
    """Return the named objective with its knobs set and its SFT term added.

    Raises:
        KnobError: unknown objective or knob (with the nearest name), or a negative weight.
    """
    if name not in OBJECTIVES:
        raise KnobError(f"no objective '{name}'; {did_you_mean(name, OBJECTIVES)}")
    if sft_weight < 0:
        raise KnobError(f"sft_weight should be at least 0, found {sft_weight}")
    if sft_weight and name == "sft":
        raise KnobError("objective 'sft' is the SFT term itself; leave sft_weight at 0")
    objective = set_knobs(name, OBJECTIVES[name], knobs, other_options)
    return with_sft(objective, sft_weight) if sft_weight else objective
