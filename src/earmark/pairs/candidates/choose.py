"""Choose a relation and set its knobs: from a text, against what a file of candidates has."""

import inspect
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, NamedTuple, get_args, get_origin, get_type_hints

from earmark.errors import KnobError, did_you_mean
from earmark.lookup import look_up, name_of, parse_chain
from earmark.pairs.relations import RELATIONS
from earmark.pairs.relations.relation import Verdicts, model_of
from earmark.pairs.rules import is_finite
from earmark.records import Candidates

Relate = Callable[..., Verdicts]
WANTED = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}
# Of several criteria in one knob: by=safety+help.
AND = "+"
# Candidates that lack a criterion of these knobs take no part.
FILTERED = ("criterion", "criterion or none", "criteria")


@dataclass
class Survey:
    """What a file has: rows, candidates, and how many of these have which criterion and model."""

    rows: int = 0
    candidates: int = 0
    criteria: Counter[str] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)

    def see(self, row: Candidates) -> None:
        """Count a row."""
        self.rows += 1
        for each in row.candidates:
            self.candidates += 1
            self.criteria.update(name for name, score in each.scores.items() if is_finite(score))
            self.models[model_of(row, each)] += 1


class Relation(NamedTuple):
    """A relation with its knobs set; `criteria` are those that a candidate needs to take part."""

    name: str
    relate: Relate
    knobs: dict[str, Any]
    criteria: tuple[str, ...] = ()

    def __call__(self, row: Candidates) -> Verdicts:
        """Yield what is preferred to what among the candidates of a row."""
        return self.relate(row, **self.knobs)


class _Knob(NamedTuple):
    """A knob of a relation: its plain type, what it names in a file ("" for nothing), its default.

    `default` is `inspect.Parameter.empty` where it must be given.
    """

    kind: Any
    names: str
    default: Any


def named_relation(given: str | Relate, knobs: Mapping[str, Any]) -> Relation:
    """Return a relation with the knobs that are given, not yet held against a file.

    >>> named_relation("lexicographic:by=safety+help:least=2", {}).knobs
    {'by': ('safety', 'help'), 'least': 2.0}

    Args:
        given: `NAME[:knob=value]` of RELATIONS or as `module:name`, or a function.
        knobs: more knobs, by name.

    Raises:
        KnobError: no such relation or knob, a value of another kind, or several relations.
    """
    if isinstance(given, str):
        links = parse_chain(given)
        if len(links) > 1:
            raise KnobError(f"'{given}': expected one relation; several criteria have '{AND}'")
        name, written = links[0]
    else:
        name, written = name_of(given), {}
    relate = look_up(RELATIONS, name if isinstance(given, str) else given, "relation")
    if not callable(relate):
        raise KnobError(
            f"relation '{name}' should be a function of a row of candidates, found "
            f"{type(relate).__name__}"
        )
    twice = sorted(written.keys() & knobs.keys())
    if twice:
        raise KnobError(f"relation '{name}': the knob '{twice[0]}' is given twice")
    known = knobs_of(relate)
    values = {**written, **knobs}
    for knob in values:
        if knob not in known:
            hint = did_you_mean(knob, known) if known else "it has none"
            raise KnobError(f"relation '{name}' has no knob '{knob}'; {hint}")
    missing = [k for k, each in known.items() if each.default is inspect.Parameter.empty]
    missing = [knob for knob in missing if knob not in values]
    if missing:
        raise KnobError(
            f"relation '{name}' needs {', '.join(missing)}; give each as {name}:{missing[0]}=VALUE"
        )
    made = {knob: _value(f"{name}:{knob}", value, known[knob]) for knob, value in values.items()}
    return Relation(name, relate, made)


def knobs_of(relate: Relate) -> dict[str, _Knob]:
    """Return the knobs of a relation: its keyword-only parameters."""
    hints = get_type_hints(relate, include_extras=True)
    found = {}
    for parameter in inspect.signature(relate).parameters.values():
        if parameter.kind is not parameter.KEYWORD_ONLY:
            continue
        hint, names = hints.get(parameter.name, Any), ""
        if get_origin(hint) is Annotated:
            hint, names = get_args(hint)[:2]
        found[parameter.name] = _Knob(hint, str(names), parameter.default)
    return found


def _value(knob: str, value: Any, known: _Knob) -> Any:
    """Return a knob's value as its annotation says; a text may stand for a number."""
    if known.names == "criteria":
        parts = value.split(AND) if isinstance(value, str) else list(value)
        if not all(isinstance(part, str) and part.strip() for part in parts):
            raise KnobError(f"{knob} should be criteria, as in a{AND}b; found {value!r}")
        return tuple(part.strip() for part in parts)
    kind = known.kind
    if kind not in WANTED:
        return value
    try:
        if isinstance(value, str) and kind is bool:
            value = {"true": True, "false": False}[value.lower()]
        elif isinstance(value, str) or (kind is float and type(value) is int):
            value = kind(value)
    except (ValueError, KeyError):
        value = None
    fits = type(value) is kind and not (kind is float and not abs(value) < float("inf"))
    if not fits:
        raise KnobError(f"{knob} should be {WANTED[kind]}, found {value!r}")
    return value


def settled(relation: Relation, survey: Survey) -> Relation:
    """Return a relation whose criteria and models are those of a file.

    Raises:
        KnobError: a criterion or a model that no candidate has, or several criteria where one must
            be named, or none.
    """
    values, needed = dict(relation.knobs), dict[str, None]()
    for knob, known in knobs_of(relation.relate).items():
        place = f"{relation.name}:{knob}"
        value = values.get(knob, known.default)
        if known.names.startswith("criteri"):
            given = value if isinstance(value, tuple) else (value,) if value else ()
            found = given or _unnamed(place, known.names, survey)
            _check_known(place, found, survey.criteria, "criterion", survey)
            if known.names == "criteria":
                values[knob] = found
            elif found:
                values[knob] = found[0]
            needed |= dict.fromkeys(found if known.names in FILTERED else ())
        elif known.names.startswith("model") and value:
            _check_known(place, [value], survey.models, "model", survey)
    return relation._replace(knobs=values, criteria=tuple(needed))


def _unnamed(place: str, names: str, survey: Survey) -> tuple[str, ...]:
    """Return the criteria that are meant where none is named."""
    found = tuple(sorted(survey.criteria))
    if names not in ("criterion", "criteria"):
        return ()
    if not found:
        raise KnobError(
            f"{place}: no candidate has a score; give the candidates scores first (earmark judge)"
        )
    if names == "criterion" and len(found) > 1:
        raise KnobError(f"{place}: name a criterion; the candidates have {', '.join(found)}")
    return found


def _check_known(
    place: str, values: Iterable[str], known: Mapping[str, int], what: str, survey: Survey
) -> None:
    """Refuse what not one candidate has."""
    there = [name for name in known if name]
    for value in values:
        if value in there:
            continue
        hint = did_you_mean(value, there) if there else f"none has a {what}"
        raise KnobError(
            f"{place}: no candidate of {survey.rows} rows has the {what} '{value}'; {hint}"
        )
