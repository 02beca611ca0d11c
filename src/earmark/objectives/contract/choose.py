"""Choose an objective by name, with its wrappers, its knobs and its SFT term."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from earmark.errors import KnobError, did_you_mean
from earmark.objectives import OBJECTIVES, WRAPPERS
from earmark.objectives.contract.loss import Loss
from earmark.objectives.contract.probe import try_out
from earmark.objectives.contract.signature import set_knobs
from earmark.objectives.contract.stacking import check_stack
from earmark.objectives.sft import with_sft


def choose_objective(
    name: str,
    sft_weight: float,
    knobs: dict[str, Any],
    other_options: Iterable[str] = (),
    wrappers: Sequence[str] = (),
) -> Callable[..., Loss]:
    """Return the named objective in its wrappers, with knobs set and SFT term added.

    Raises:
        KnobError: an unknown objective, wrapper or knob (with the nearest name), a negative
            weight, or a wrapper that does not go with the objective.
    """
    if name not in OBJECTIVES:
        raise KnobError(f"no objective '{name}'; {did_you_mean(name, OBJECTIVES)}")
    for wrapper in wrappers:
        if wrapper not in WRAPPERS:
            raise KnobError(f"no wrapper '{wrapper}'; {did_you_mean(wrapper, WRAPPERS)}")
    if not 0 <= sft_weight < math.inf:
        raise KnobError(f"sft_weight should be a number of at least 0, found {sft_weight}")
    if sft_weight and name == "sft":
        raise KnobError("objective 'sft' is the SFT term itself; leave sft_weight at 0")
    check_stack(name, wrappers)
    objective = OBJECTIVES[name]
    for wrapper in wrappers:
        objective = WRAPPERS[wrapper](objective)
    objective = set_knobs(name, objective, knobs, other_options)
    if sft_weight:
        objective = with_sft(objective, sft_weight)
    try_out(objective)
    return objective
