"""Read an objective's contract from its signature.

Positional parameters are tensors that the trainer supplies; keyword-only parameters are
knobs that the user sets.
"""

import inspect
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple

from earmark.errors import KnobError, did_you_mean
from earmark.objectives.loss import Loss

SUPPLIED = {
    "chosen": "summed log-probability of the chosen answer, policy, in nats",
    "rejected": "summed log-probability of the rejected answer, policy, in nats",
    "ref_chosen": "the same as chosen, frozen starting policy",
    "ref_rejected": "the same as rejected, frozen starting policy",
    "chosen_tokens": "number of tokens in the chosen answer",
    "rejected_tokens": "number of tokens in the rejected answer",
}


class Contract(NamedTuple):
    """What an objective needs and what can be set."""

    tensors: tuple[str, ...]
    knobs: dict[str, Any]

    @property
    def needs_reference(self) -> bool:
        """Tell whether a frozen reference must be computed."""
        return any(name.startswith("ref_") for name in self.tensors)

    @property
    def needs_rejected(self) -> bool:
        """Tell whether rejected answers enter the loss."""
        return any("rejected" in name for name in self.tensors)


def contract(objective: Callable[..., Loss]) -> Contract:
    """Read which tensors an objective takes and which knobs it has, with their defaults.

    >>> from earmark.objectives.dpo import dpo
    >>> contract(dpo).knobs, contract(dpo).needs_reference
    ({'beta': 0.1}, True)
    """
    parameters = inspect.signature(objective).parameters.values()
    tensors = tuple(p.name for p in parameters if p.kind is not p.KEYWORD_ONLY)
    unknown = [name for name in tensors if name not in SUPPLIED]
    assert not unknown, f"{objective.__name__} asks for {unknown}, which no trainer supplies"
    return Contract(tensors, {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY})


def set_knobs(
    name: str,
    objective: Callable[..., Loss],
    knobs: Mapping[str, Any],
    other_options: Iterable[str] = (),
) -> Callable[..., Loss]:
    """Fix the knobs of an objective.

    A name that is none of its knobs may be a misspelt option of the loop, so the nearest name
    is looked for among `other_options` too.

    Raises:
        KnobError: the objective has no such knob, or the value is not a finite number.
    """
    known = contract(objective).knobs
    for knob, value in knobs.items():
        if knob not in known:
            hint = did_you_mean(knob, [*known, *other_options])
            raise KnobError(f"objective '{name}' has no knob '{knob}'; {hint}")
        if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
            raise KnobError(
                f"objective '{name}': knob '{knob}' should be a number, found {value!r}"
            )
    return partial(objective, **knobs)
