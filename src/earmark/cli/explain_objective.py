"""All about one objective or wrapper: its docstring, its knobs, what the trainer supplies."""

import inspect
from collections.abc import Callable
from typing import Any

from rich.table import Table

from earmark.errors import KnobError, did_you_mean
from earmark.objectives import OBJECTIVES, WRAPPERS
from earmark.objectives.contract.explain import argument_lines, knobs, tensors
from earmark.objectives.contract.signature import contract
from earmark.objectives.dpo import dpo
from earmark.progress import output


def explain(name: str) -> None:
    """Print all about an objective or wrapper.

    Raises:
        KnobError: there is none of that name.
    """
    if name in OBJECTIVES:
        explain_objective(name)
    elif name in WRAPPERS:
        explain_wrapper(name)
    else:
        known = [*OBJECTIVES, *WRAPPERS]
        raise KnobError(f"no objective or wrapper '{name}'; {did_you_mean(name, known)}")


def explain_objective(name: str) -> None:
    """Print an objective's docstring, its knobs and what it is supplied with."""
    objective = OBJECTIVES[name]
    output.print(inspect.getdoc(objective) or "")
    table = Table("knob", "default", "meaning", title="Knobs", title_justify="left")
    for knob in knobs(objective):
        table.add_row(f"--{knob.name.replace('_', '-')}", str(knob.default), knob.help)
    if table.row_count:
        output.print(table)
    table = Table("tensor", "meaning", title="Supplied by the trainer", title_justify="left")
    for tensor, meaning in tensors(objective).items():
        table.add_row(tensor, meaning)
    output.print(table)


def explain_wrapper(name: str) -> None:
    """Print a wrapper's docstring and the knobs that it adds."""
    wrapper = WRAPPERS[name]
    output.print(inspect.getdoc(wrapper) or "")
    added = wrapper_knobs(wrapper)
    lines = argument_lines(wrapper)
    table = Table("knob", "default", "meaning", title="Knobs", title_justify="left")
    for knob, default in added.items():
        table.add_row(f"--{knob.replace('_', '-')}", str(default), lines.get(knob, ""))
    if table.row_count:
        output.print(table)


def wrapper_knobs(wrapper: Callable[..., Any]) -> dict[str, Any]:
    """Return the knobs that a wrapper adds to those of the objective."""
    own = contract(dpo).knobs
    return {k: v for k, v in contract(wrapper(dpo)).knobs.items() if k not in own}
