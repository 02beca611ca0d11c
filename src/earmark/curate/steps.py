"""The steps of a chain: `NAME[:knob=value],NAME...`, names or functions, each with its knobs."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from earmark.curate import CURATORS
from earmark.curate.ledger import PairList
from earmark.errors import KnobError, did_you_mean, shortened
from earmark.lookup import look_up, name_of

Curator = Callable[..., Any]
# A chain as a user gives it: a text, a function, or several of both, with knobs or without.
By = str | Curator | Sequence[str | Curator | tuple[str | Curator, Mapping[str, Any]]]
USES_DROPPED = "dropped"
FORM = "NAME:knob=value:knob=value,NAME"


@dataclass(frozen=True)
class Step:
    """A curator of a chain, what it is called, and its knobs."""

    name: str
    curator: Curator
    knobs: Mapping[str, Any]

    @property
    def over_dropped(self) -> bool:
        """Say whether it looks at the pairs that were dropped, of which it may return some."""
        first = next(iter(inspect.signature(self.curator).parameters), "")
        return first == USES_DROPPED

    @property
    def values(self) -> dict[str, Any]:
        """Return the values of all its knobs, defaults too."""
        known = knobs_of(self.curator)
        given = {name: p.default for name, p in known.items() if p.default is not p.empty}
        return given | dict(self.knobs)

    def __str__(self) -> str:
        """Write the step as on the command line."""
        return ":".join(
            [self.name, *(f"{name}={shown(value)}" for name, value in self.knobs.items())]
        )


def shown(value: Any) -> str:
    """Write the value of a knob as on the command line.

    >>> shown(3.0), shown(0.25), shown(True)
    ('3', '0.25', 'true')
    """
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) and value.is_integer() else str(value)


def knobs_of(curator: Curator) -> dict[str, inspect.Parameter]:
    """Return the knobs of a curator: all its parameters but the first, which takes the pairs.

    >>> list(knobs_of(CURATORS["gap"]))
    ['criterion', 'keep_share', 'seed', 'missing']
    """
    parameters = list(inspect.signature(curator).parameters.values())
    return {p.name: p for p in parameters[1:]}


def steps_of(by: By, knobs: Mapping[str, Any] | None = None, *, texts: bool = False) -> list[Step]:
    """Return the steps of a chain, with knobs that they have and values that make sense.

    Args:
        by: names of CURATORS or `module:name` with their knobs as a text, functions, or a list of
            either, each alone or with a mapping of its knobs.
        knobs: values for every step that has a knob of this name and no value of its own.
        texts: whether these values are texts of a command line.

    Raises:
        KnobError: no such curator, a knob that it does not have, or a value that it refuses.

    >>> [str(step) for step in steps_of("length_ratio:most=3,duplicates", {"least": 0.2})]
    ['length_ratio:most=3:least=0.2', 'duplicates']
    """
    shared = dict(knobs or {})
    parts = [by] if isinstance(by, str) or callable(by) else list(by)
    steps = [step for part in parts for step in _steps_of_part(part, shared, texts)]
    if not steps:
        raise KnobError(f"a chain needs at least one curator, as {FORM}; found none")
    _check_shared(steps, shared)
    for step in steps:
        check_step(step)
    return steps


def _steps_of_part(part: Any, shared: Mapping[str, Any], texts: bool) -> list[Step]:
    """Return the step of a function, or the steps of a text."""
    given, own = part if isinstance(part, tuple) else (part, {})
    named = split_chain(given) if isinstance(given, str) else [(given, {})]
    steps = []
    for name, written in named:
        curator, label = _curator(name)
        known = knobs_of(curator)
        others = {k: v for k, v in shared.items() if k in known and k not in {*own, *written}}
        values = _typed(label, curator, written) | dict(own)
        values |= _typed(label, curator, others) if texts else others
        steps.append(Step(label, curator, values))
        _check_own(steps[-1])
    return steps


def _check_shared(steps: Sequence[Step], shared: Mapping[str, Any]) -> None:
    """Refuse a knob that no step has."""
    known = sorted({knob for step in steps for knob in knobs_of(step.curator)})
    for name in shared:
        if name not in known:
            hint = did_you_mean(name, known) if known else "it has none"
            one = f"curator '{steps[0].name}' has no knob"
            several = "none of the curators has a knob"
            raise KnobError(f"{one if len(steps) == 1 else several} '{name}'; {hint}")


def split_chain(text: str) -> list[tuple[str, dict[str, Any]]]:
    """Split a chain into names and knobs, which are texts still.

    Raises:
        KnobError: it does not have that form.

    >>> split_chain("percentile:criterion=reward:least=25,mine:own")
    [('percentile', {'criterion': 'reward', 'least': '25'}), ('mine:own', {})]
    """
    return [_split_step(part.strip(), text) for part in text.split(",")]


def _split_step(part: str, chain: str) -> tuple[str, dict[str, Any]]:
    name, knobs = "", dict[str, Any]()
    for piece in part.split(":"):
        key, equals, value = piece.partition("=")
        if equals and name:
            if key in knobs:
                raise KnobError(f"curator '{name}': the knob '{key}' is given twice")
            knobs[key.strip().replace("-", "_")] = value
        elif equals or knobs or not piece:
            raise KnobError(
                f"a chain of curators is written {FORM}, the knobs after their curator; found "
                f"'{shortened(part)}' in '{shortened(chain)}'"
            )
        else:
            name = f"{name}:{piece}" if name else piece
    return name, knobs


def _curator(given: str | Curator) -> tuple[Curator, str]:
    """Look a curator up; return it and its name."""
    curator = look_up(CURATORS, given, "curator")
    name = given if isinstance(given, str) else name_of(given)
    if not callable(curator):
        raise KnobError(
            f"curator '{name}' should be a function from pairs to verdicts, "
            f"found {type(curator).__name__}"
        )
    return curator, name


def _check_own(step: Step) -> None:
    """Refuse a knob that the step does not have, and a step without one that it needs."""
    known = knobs_of(step.curator)
    for knob in step.knobs:
        if knob not in known:
            hint = did_you_mean(knob, known) if known else "it has none"
            raise KnobError(f"curator '{step.name}' has no knob '{knob}'; {hint}")
    needed = [k for k, p in known.items() if p.default is p.empty and k not in step.knobs]
    if needed:
        raise KnobError(f"curator '{step.name}' needs {', '.join(needed)}; give each a value")


def _typed(name: str, curator: Curator, written: Mapping[str, Any]) -> dict[str, Any]:
    """Give the texts of a command line the types of the knobs; unknown ones stay texts."""
    known = knobs_of(curator)
    return {
        knob: typed(value, annotation_of(curator, knob), f"curator '{name}': {knob}")
        if knob in known
        else value
        for knob, value in written.items()
    }


def check_step(step: Step) -> None:
    """Run a curator on no pairs, so that it refuses values of its knobs before work begins.

    Raises:
        KnobError: it does.
    """
    # A curator of the user's own may not expect to be given nothing; that is no fault here.
    with suppress(ArithmeticError, LookupError, ValueError, TypeError, StopIteration):
        list(step.curator(PairList([], Path()), **step.knobs))


def annotation_of(curator: Curator, knob: str) -> Any:
    """Return the type of a knob: its annotation, else that of its default, else None."""
    with suppress(NameError, TypeError):
        hints = get_type_hints(curator)
        if knob in hints:
            return hints[knob]
    default = knobs_of(curator)[knob].default
    return None if default in (None, inspect.Parameter.empty) else type(default)


def typed(value: Any, kind: Any, what: str) -> Any:
    """Return the value of a knob in its type, where it came as a text.

    Raises:
        KnobError: it is not of that type.

    >>> typed("0.5", float, "least"), typed("x", str, "criterion"), typed("3", None, "count")
    (0.5, 'x', 3)
    """
    kinds = get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
    if isinstance(value, float) and value.is_integer() and int in kinds and float not in kinds:
        return int(value)
    if isinstance(value, float) and kinds == (str,):
        return shown(value)
    if not isinstance(value, str) or str in kinds:
        return value
    if get_origin(kind) is Literal:
        if value in get_args(kind):
            return value
        listed = ", ".join(map(str, get_args(kind)))
        raise KnobError(f"{what} should be one of: {listed}; found '{shortened(value)}'")
    if bool in kinds:
        if value.lower() in ("true", "false"):
            return value.lower() == "true"
        raise KnobError(f"{what} should be true or false, found '{shortened(value)}'")
    for number in (int, float):
        if number in kinds or kind is None:
            with suppress(ValueError):
                return number(value)
    if int in kinds or float in kinds:
        number_kind = "a number" if float in kinds else "a whole number"
        raise KnobError(f"{what} should be {number_kind}, found '{shortened(value)}'")
    return value
