"""Choose an objective by name, with its wrappers, its knobs and its SFT term."""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from earmark.errors import KnobError
from earmark.lookup import look_up, name_of
from earmark.objectives import OBJECTIVES, WRAPPERS
from earmark.objectives.contract.loss import Loss
from earmark.objectives.contract.objective import Objective
from earmark.objectives.contract.probe import try_out
from earmark.objectives.contract.signature import set_knobs
from earmark.objectives.contract.stacking import check_stack
from earmark.objectives.sft import with_sft

Function = Callable[..., Loss]
Wrapper = Callable[[Function], Function]


def choose_objective(
    objective: str | Function,
    sft_weight: float,
    knobs: dict[str, Any],
    other_options: Iterable[str] = (),
    wrappers: Sequence[str | Wrapper] = (),
) -> Objective:
    """Return an objective in its wrappers, with knobs set and SFT term added.

    Args:
        objective: a name of OBJECTIVES, `module:name`, or a function.
        sft_weight: weight of an added SFT term on the chosen answer.
        knobs: values of the objective's knobs, by name.
        other_options: options of the trainer, among which a misspelt knob is looked for too.
        wrappers: names of WRAPPERS, `module:name`, or functions; the first is the innermost.

    Raises:
        KnobError: an unknown objective, wrapper or knob (with the nearest name), a negative
            weight, or a wrapper that does not go with the objective.
    """
    function = look_up(OBJECTIVES, objective, "objective")
    made = [look_up(WRAPPERS, wrapper, "wrapper") for wrapper in wrappers]
    if not 0 <= sft_weight < math.inf:
        raise KnobError(f"sft_weight should be a number of at least 0, found {sft_weight}")
    if sft_weight and objective == "sft":
        raise KnobError("objective 'sft' is the SFT term itself; leave sft_weight at 0")
    name = objective if isinstance(objective, str) else name_of(objective)
    check_stack(name, [w for w in wrappers if isinstance(w, str)])
    for wrap in made:
        function = wrap(function)
    function = set_knobs(name, function, knobs, other_options)
    if sft_weight:
        function = with_sft(function, sft_weight)
    try_out(function)
    return Objective.of(function, name)
