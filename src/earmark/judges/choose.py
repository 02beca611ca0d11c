"""Choose judges: names of JUDGES with knobs and weights, `module:name`, or objects."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from types import UnionType
from typing import Any, NamedTuple, get_args

from earmark.errors import EarmarkError, KnobError, did_you_mean
from earmark.judges import JUDGES
from earmark.judges.judge import Case, Judge, Unscored, by_case
from earmark.lookup import Named, look_up, name_of, parse_chain

# Knobs that every judge has: of the weighted sum, and the name under which its scores are written.
WEIGHT, AS = "weight", "as"
OWN_VERSION = "v:0"
KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}

OwnJudge = str | Judge | Callable[..., Any]


class Chosen(NamedTuple):
    """A judge, the criterion that its scores are written under, and its weight in the sum."""

    criterion: str
    judge: Judge
    weight: float = 1.0
    weighted: bool = False


def chosen_judges(
    by: OwnJudge | Sequence[OwnJudge], weights: Mapping[str, float] | None = None
) -> tuple[Chosen, ...]:
    """Return judges that are named or given, each with its criterion and weight.

    >>> [chosen.criterion for chosen in chosen_judges("script:weight=.5,loop")]
    ['script', 'loop']

    Args:
        by: `NAME[:knob=value]`, several with commas, or a list of names, Judges and functions of a
            Case. A name may be `module:name` of an object of the user's own.
        weights: of the weighted sum, by criterion; the knob `weight` does the same.

    Raises:
        KnobError: an unknown judge or knob, a value that cannot be, or two of one criterion.
    """
    given = by if isinstance(by, Sequence) and not isinstance(by, str) else [by]
    found: list[Chosen] = []
    for each in given:
        links = parse_chain(each) if isinstance(each, str) else [Named(each, {})]
        found += [_chosen(link.name, link.knobs) for link in links]
    if not found:
        raise KnobError(f"expected one judge or more; {did_you_mean('', JUDGES)}")
    found = [_weighted(each, weights or {}) for each in found]
    _check_criteria([each.criterion for each in found], weights or {})
    return tuple(found)


def _check_criteria(names: list[str], weights: Mapping[str, float]) -> None:
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise KnobError(
            f"two judges write the criterion '{twice}'; name one of them by its knob {AS}, "
            f"{twice}:{AS}=NAME"
        )
    for name in weights:
        if name not in names:
            raise KnobError(f"a weight for '{name}', which no judge writes; {_of(names, name)}")


def _of(names: Sequence[str], name: str) -> str:
    return did_you_mean(name, names)


def _weighted(chosen: Chosen, weights: Mapping[str, float]) -> Chosen:
    if chosen.criterion not in weights:
        return chosen
    weight = _number(weights[chosen.criterion], chosen.criterion)
    return chosen._replace(weight=weight, weighted=True)


def _chosen(given: OwnJudge, knobs: Mapping[str, Any]) -> Chosen:
    """Make a judge with its knobs set."""
    own = {name: value for name, value in knobs.items() if name not in (WEIGHT, AS)}
    judge = make_judge(given, own)
    criterion = str(knobs.get(AS, judge.name))
    weight = _number(knobs[WEIGHT], criterion) if WEIGHT in knobs else 1.0
    return Chosen(criterion, judge, weight, WEIGHT in knobs)


def _number(value: Any, name: str) -> float:
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = float("nan")
    if not abs(found) < float("inf"):
        raise KnobError(f"the weight of '{name}' should be a number, found {value!r}")
    return found


def make_judge(given: OwnJudge, knobs: Mapping[str, Any]) -> Judge:
    """Return a judge with its knobs set.

    A function without positional parameters makes a judge; any other is one: of a Case it returns a
    number for each answer, or raises InputError, and its keyword-only parameters are its knobs.

    Raises:
        KnobError: no such judge or knob, a value of the wrong kind, or a knob that is missing.
    """
    found: Any = look_up(JUDGES, given, "judge")
    name = given if isinstance(given, str) else name_of(found)
    if isinstance(found, Judge):
        if knobs:
            raise KnobError(f"judge '{found.name}' is made already, so it has no knobs to set")
        return found
    if not callable(found):
        raise KnobError(
            f"judge '{name}' should be a Judge or a function of a Case, found "
            f"{type(found).__name__}"
        )
    values = checked_knobs(name, found, knobs)
    if not _is_maker(found):
        version = "|".join([OWN_VERSION, *(f"{k}:{v}" for k, v in sorted(values.items()))])
        return by_case(name, version, lambda case: _own(name, found, case, values))
    made = found(**values)
    if not isinstance(made, Judge):
        raise KnobError(f"judge '{name}' should return a Judge, found {type(made).__name__}")
    return made


def _is_maker(function: Callable[..., Any]) -> bool:
    parameters = inspect.signature(function).parameters.values()
    return all(p.kind in (p.KEYWORD_ONLY, p.VAR_KEYWORD) for p in parameters)


def _own(
    name: str, function: Callable[..., Any], case: Case, knobs: Mapping[str, Any]
) -> Sequence[Any]:
    """Call a function of the user's own; whatever it raises is a failure on that row."""
    try:
        found = function(case, **knobs)
    except EarmarkError:
        raise
    except Exception as error:
        raise Unscored(f"{type(error).__name__}: {error}") from error
    if isinstance(found, str) or not hasattr(found, "__iter__"):
        raise KnobError(
            f"judge '{name}' should return a number for each answer of a case, found {found!r}"
        )
    return list(found)


def checked_knobs(
    name: str, function: Callable[..., Any], knobs: Mapping[str, Any]
) -> dict[str, Any]:
    """Return knobs as the function takes them.

    Raises:
        KnobError: an unknown knob (with the nearest), one that is missing, or a wrong value.
    """
    known = {
        p.name: p
        for p in inspect.signature(function).parameters.values()
        if p.kind is p.KEYWORD_ONLY
    }
    for knob in knobs:
        if knob not in known:
            hint = did_you_mean(knob, [*known, WEIGHT, AS])
            raise KnobError(f"judge '{name}' has no knob '{knob}'; {hint}")
    missing = [k for k, p in known.items() if p.default is p.empty and k not in knobs]
    if missing:
        raise KnobError(
            f"judge '{name}' needs {', '.join(missing)}; give each as {name}:{missing[0]}=VALUE"
        )
    return {
        knob: converted(f"{name}:{knob}", value, known[knob].annotation)
        for knob, value in knobs.items()
    }


def converted(knob: str, value: Any, annotation: Any) -> Any:
    """Return a knob's value as its annotation says; a text may stand for a number.

    >>> converted("loop:cap", "2", float), converted("x:loose", "true", bool)
    (2.0, True)

    Raises:
        KnobError: it cannot be that.
    """
    kinds = get_args(annotation) if isinstance(annotation, UnionType) else (annotation,)
    plain = [kind for kind in KINDS if kind in kinds]
    read = (_read(kind, value) for kind in plain)
    found = next((each for each in read if each is not None), None)
    if found is not None:
        return found
    objects = [kind for kind in kinds if kind not in plain]
    if (value is None and type(None) in kinds) or (objects and not isinstance(value, str)):
        return value
    wanted = " or ".join(KINDS[kind] for kind in plain)
    raise KnobError(f"{knob} should be {wanted}, found {value!r}")


def _read(kind: type, value: Any) -> Any:
    """Return a value, or a text that stands for one, as a kind; None where it is none."""
    if kind is float and type(value) is int:
        value = float(value)
    if isinstance(value, str) and kind is bool:
        value = {"true": True, "false": False}.get(value.lower())
    elif isinstance(value, str) and kind is not str:
        try:
            value = kind(value)
        except ValueError:
            return None
    if type(value) is not kind or (isinstance(value, float) and not abs(value) < float("inf")):
        return None
    return value
