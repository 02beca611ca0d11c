"""Make an objective from another one: its tensors and knobs, and more of either."""

import inspect
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from torch import Tensor

from earmark.objectives.contract.loss import Loss

Inner = Callable[..., Loss]


def wrap(
    objective: Callable[..., Loss],
    run: Callable[[Inner, dict[str, Any]], Loss],
    *,
    tensors: tuple[str, ...] = (),
    knobs: Mapping[str, float] | None = None,
) -> Callable[..., Loss]:
    """Return an objective that does `run(inner, given)`.

    `given` has every tensor and knob by name. `inner(**changed)` calls the wrapped objective
    with what was given, except for what is changed.

    Args:
        objective: the objective to wrap; its tensors and knobs stay as they are.
        run: computes the new loss.
        tensors: further tensors, names of SUPPLIED; those it takes already are not added twice.
        knobs: further knobs, with their defaults.
    """
    own = inspect.signature(objective)
    extra = dict(knobs or {})
    positional = [p for p in own.parameters.values() if p.kind is not p.KEYWORD_ONLY]
    options = [p for p in own.parameters.values() if p.kind is p.KEYWORD_ONLY]
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    positional += [
        inspect.Parameter(name, kind, annotation=Tensor)
        for name in tensors
        if name not in own.parameters
    ]
    options += [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=value, annotation=float)
        for name, value in extra.items()
    ]
    signature = own.replace(parameters=[*positional, *options])

    @wraps(objective)
    def wrapped(*args: Any, **kwargs: Any) -> Loss:
        given = {**extra, **signature.bind(*args, **kwargs).arguments}

        def inner(**changed: Any) -> Loss:
            arguments = {**given, **changed}
            # Without the wrapper's own tensors and knobs, which the objective does not take.
            return objective(**{n: arguments[n] for n in own.parameters if n in arguments})

        return run(inner, given)

    # What the trainer reads a contract from; `wraps` would show the inner objective's.
    wrapped.__signature__ = signature  # type: ignore[attr-defined]
    return wrapped
