"""`earmark objectives`: what can be optimized, with which knobs, after which paper."""

import inspect
from collections.abc import Callable
from typing import Any

from rich.table import Table

from earmark.errors import KnobError, did_you_mean
from earmark.objectives import OBJECTIVES, WRAPPERS
from earmark.objectives.contract.explain import argument_lines, knobs, papers, summary, tensors
from earmark.objectives.contract.signature import contract
from earmark.objectives.dpo import dpo
from earmark.progress import output


def objectives(name: str | None = None, /) -> None:
    """List the objectives and wrappers of `earmark train`, or tell all about one.

    Args:
        name: an objective or a wrapper; without it, all are listed.
    """
    if name is None:
        output.print(listing("Objectives (--objective NAME)", OBJECTIVES))
        output.print(listing("Wrappers (--wrap NAME), put round an objective", WRAPPERS))
        output.print("All about one: earmark objectives NAME")
    elif name in OBJECTIVES:
        explain_objective(name)
    elif name in WRAPPERS:
        explain_wrapper(name)
    else:
        known = [*OBJECTIVES, *WRAPPERS]
        raise KnobError(f"no objective or wrapper '{name}'; {did_you_mean(name, known)}")


def listing(title: str, of: dict[str, Callable[..., Any]]) -> Table:
    """List names, first lines and papers."""
    table = Table("name", "what it does", "arXiv", title=title, title_justify="left")
    for name, function in of.items():
        table.add_row(name, summary(function), " ".join(papers(function)))
    return table


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
