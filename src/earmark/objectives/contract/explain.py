"""Read what an objective does, needs and can be set to, from its signature and docstring."""

import inspect
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from earmark.objectives.contract.loss import Loss
from earmark.objectives.contract.signature import SUPPLIED, contract

ARXIV = re.compile(r"arXiv (\d{4}\.\d{4,5})")


class Knob(NamedTuple):
    """A knob: its name, its default, and what it does."""

    name: str
    default: Any
    help: str


def summary(function: Callable[..., Any]) -> str:
    """Return the first line of a docstring."""
    return (inspect.getdoc(function) or "").split("\n", 1)[0]


def argument_lines(function: Callable[..., Any]) -> dict[str, str]:
    """Return the line of each argument in a docstring's `Args` section.

    >>> from earmark.objectives.dpo import dpo
    >>> argument_lines(dpo)["beta"]
    'how strongly the policy is held to the reference; larger moves less.'
    """
    text = inspect.getdoc(function) or ""
    _, _, section = text.partition("\nArgs:\n")
    section = re.split(r"\n\S", section, maxsplit=1)[0]
    return {
        m["name"]: " ".join(m["text"].split())
        for m in re.finditer(r"^    (?P<name>\w+): (?P<text>.+(?:\n {8,}\S.*)*)", section, re.M)
    }


def knobs(objective: Callable[..., Loss]) -> list[Knob]:
    """Return the knobs of an objective or wrapper-made objective, each with its help line."""
    lines = argument_lines(objective)
    return [
        Knob(name, default, lines.get(name, ""))
        for name, default in contract(objective).knobs.items()
    ]


def tensors(objective: Callable[..., Loss]) -> dict[str, str]:
    """Return what the trainer supplies to an objective: name, axes and meaning."""
    return {
        name: f"[{SUPPLIED[name].axes}] {SUPPLIED[name].meaning}"
        for name in contract(objective).tensors
    }


def papers(function: Callable[..., Any]) -> list[str]:
    """Return the arXiv ids that a docstring names, in order."""
    return list(dict.fromkeys(ARXIV.findall(inspect.getdoc(function) or "")))
