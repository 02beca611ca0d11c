"""Run a curator by name, `module:name` or as a function; each pair is accounted for."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from earmark.curate import CURATORS
from earmark.curate.verdict import Drop, Keep, Verdict
from earmark.errors import InputError, KnobError, did_you_mean
from earmark.lookup import look_up, name_of
from earmark.records import Pair

Curator = Callable[..., Sequence[Verdict]]


def curator_name(by: str | Curator) -> str:
    """Return what a curator is called in tallies."""
    return by if isinstance(by, str) else name_of(by)


def knobs_of(curator: Curator) -> dict[str, inspect.Parameter]:
    """Return the knobs of a curator: all its parameters but the first, which takes the pairs.

    >>> list(knobs_of(CURATORS["gap"]))
    ['criterion', 'keep_share', 'seed']
    """
    parameters = list(inspect.signature(curator).parameters.values())
    return {p.name: p for p in parameters[1:]}


def run_curator(
    by: str | Curator, pairs: Sequence[Pair], knobs: Mapping[str, Any] | None = None
) -> list[Verdict]:
    """Return the verdict on each pair, in their order.

    Args:
        by: a name of CURATORS, `module:name`, or a function from pairs to verdicts.
        pairs: what it chooses among.
        knobs: values of its knobs, by name.

    Raises:
        KnobError: no such curator, a knob that it does not have, or one that it needs.
        InputError: verdicts that do not account for every pair once, in order.
    """
    curator = look_up(CURATORS, by, "curator")
    name, knobs = curator_name(by), dict(knobs or {})
    check_knobs(name, curator, knobs)
    verdicts = list(curator(pairs, **knobs))
    check_verdicts(name, pairs, verdicts)
    return verdicts


def check_knobs(name: str, curator: Curator, knobs: Mapping[str, Any]) -> None:
    """Hold knobs against a curator's signature.

    Raises:
        KnobError: an unknown knob (with the nearest name), or one that is missing.
    """
    if not callable(curator):
        raise KnobError(
            f"curator '{name}' should be a function from pairs to verdicts, "
            f"found {type(curator).__name__}"
        )
    known = knobs_of(curator)
    for knob in knobs:
        if knob not in known:
            hint = did_you_mean(knob, known) if known else "it has none"
            raise KnobError(f"curator '{name}' has no knob '{knob}'; {hint}")
    needed = [k for k, p in known.items() if p.default is p.empty and k not in knobs]
    if needed:
        raise KnobError(f"curator '{name}' needs {', '.join(needed)}; give each a value")


def check_verdicts(name: str, pairs: Sequence[Pair], verdicts: Sequence[Any]) -> None:
    """Refuse verdicts that lose, repeat or reorder pairs, or drop one without a reason.

    Raises:
        InputError: names the first.
    """
    if len(verdicts) != len(pairs):
        raise InputError(
            f"curator '{name}' gave {len(verdicts)} verdicts on {len(pairs)} pairs; expected one "
            "for each, Keep(pair) or Drop(pair, why)"
        )
    for number, (pair, verdict) in enumerate(zip(pairs, verdicts, strict=True), start=1):
        if not isinstance(verdict, Keep | Drop):
            raise InputError(
                f"curator '{name}': verdict {number} should be Keep(pair) or Drop(pair, why), "
                f"found {type(verdict).__name__}"
            )
        if verdict.pair != pair:
            raise InputError(
                f"curator '{name}': verdict {number} is on pair "
                f"'{getattr(verdict.pair, 'id', verdict.pair)}', and pair {number} is '{pair.id}'; "
                "verdicts come in the order of the pairs, which they do not change"
            )
        if isinstance(verdict, Drop) and not (isinstance(verdict.why, str) and verdict.why.strip()):
            raise InputError(f"curator '{name}': pair '{pair.id}' is dropped without a reason")
