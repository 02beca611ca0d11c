"""What the steps of a chain need of every pair, looked for before any of them runs.

It follows from the names of their knobs. `criterion` and `criteria` are scores that each pair must
have, one finite number for each answer, unless missing=drop; `per` is a field by which pairs are
grouped, that each must have. A curator of your own is held to the same.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from earmark.curate.fields import few, names_in, value_of, where_from
from earmark.curate.ledger import Table, View
from earmark.curate.steps import Step
from earmark.errors import InputError, KnobError
from earmark.pairs.rules import score_problems
from earmark.progress import note, track
from earmark.storage.digests import short_hash

SHOWN = 5
# Knobs that look at an annotation, where they are given.
ANNOTATIONS = {
    "least_quality": "input_quality",
    "least_difficulty": "difficulty",
    "task": "task",
    "safety": "safety",
}
# Fields whose values are few; of others, such as `source`, each pair may have its own.
MOST_GROUPS_SHARE = 0.5


@dataclass
class _Lack:
    """Pairs that lack something: how many, the ids of the first, what is wrong with the first."""

    count: int = 0
    ids: list[str] = field(default_factory=list)
    first: str = ""

    def add(self, id_: str, why: str) -> None:
        self.count += 1
        self.first = self.first or why
        if len(self.ids) <= SHOWN:
            self.ids.append(id_)


@dataclass
class Survey:
    """What a look at all pairs has found."""

    criteria: set[str] = field(default_factory=set)
    unscored: dict[str, _Lack] = field(default_factory=dict)
    ungrouped: dict[str, _Lack] = field(default_factory=dict)
    groups: dict[str, "array[int]"] = field(default_factory=dict)


def check_needs(steps: Sequence[Step], pairs: Table) -> list[Step]:
    """Look at all pairs for what the steps need, and return the steps with criteria filled in.

    Where a step has no criterion and the pairs have one alone, it is taken and noted.

    Raises:
        InputError: pairs without what a step needs; says how many, names some, and what to do.
        KnobError: a step without a criterion, and the pairs have none or several.
    """
    needed = {name for step in steps for name in _criteria(step)}
    grouped = {str(step.values["per"]) for step in steps if step.values.get("per")}
    fields = grouped | {name for step in steps for name in _annotations(step)}
    # An optional criterion is None unless it is given.
    open_steps = [step for step in steps if step.values.get("criterion") == ""]
    if not (needed or fields or open_steps):
        return list(steps)
    survey = _survey(pairs, needed, fields, grouped, bool(open_steps))
    filled = [_filled(step, survey) if step in open_steps else step for step in steps]
    if open_steps:
        taken = {name for step in filled for name in _criteria(step)} - needed
        survey.unscored |= _survey(pairs, taken, set(), set(), False).unscored
    for step in filled:
        for name in _criteria(step):
            _check_scores(step, name, survey, len(pairs))
        for name in _annotations(step):
            _check_field(step, name, survey, len(pairs))
        _check_groups(step, survey, len(pairs))
    return filled


def _criteria(step: Step) -> tuple[str, ...]:
    """Return the criteria that every pair needs for a step."""
    if step.values.get("missing") == "drop":
        return ()
    named = names_in(str(step.values.get("criteria") or ""))
    one = step.values.get("criterion")
    return (*named, *((str(one),) if one else ()))


def _annotations(step: Step) -> tuple[str, ...]:
    """Return the annotations that every pair needs for a step."""
    if step.values.get("missing") == "drop":
        return ()
    return tuple(name for knob, name in ANNOTATIONS.items() if step.values.get(knob))


def _survey(
    pairs: Table, needed: set[str], fields: set[str], grouped: set[str], any_criterion: bool
) -> Survey:
    survey = Survey(groups={name: array("q") for name in grouped})
    view = View(pairs, (), np.arange(len(pairs)))
    for pair in track(view, "looking at pairs", len(pairs)):
        if any_criterion or needed:
            survey.criteria.update(pair.scores)
        for name in needed:
            problem = next(score_problems(pair, name), None)
            if problem is not None:
                survey.unscored.setdefault(name, _Lack()).add(pair.id, problem)
        for name in fields:
            found = value_of(pair, name)
            if found is None:
                survey.ungrouped.setdefault(name, _Lack()).add(pair.id, f"has no {name}")
            elif name in grouped:
                survey.groups[name].append(short_hash(found))
    return survey


def _filled(step: Step, survey: Survey) -> Step:
    """Return a step with the one criterion that the pairs have.

    Raises:
        KnobError: they have none, or several of which one must be chosen.
    """
    names = sorted(survey.criteria)
    if len(names) == 1:
        note(f"criterion of {step.name}: {names[0]}, the only one that the pairs have")
        return replace(step, knobs={**step.knobs, "criterion": names[0]})
    raise KnobError(
        f"curator '{step.name}' needs criterion, the name of the pairs' scores; they have "
        f"{', '.join(names) or 'none, so give them scores first (`earmark judge`)'}"
    )


def _check_scores(step: Step, name: str, survey: Survey, count: int) -> None:
    lack = survey.unscored.get(name)
    if lack is None:
        return
    if name not in survey.criteria:
        known = ", ".join(sorted(survey.criteria)) or "none"
        raise InputError(
            f"curator '{step.name}': {lack.count} of {count} pairs have no scores for '{name}' "
            f"({few(lack.ids, SHOWN)}); there are: {known}"
        )
    advice = " (or drop such pairs with missing=drop)" if "missing" in step.values else ""
    raise InputError(
        f"curator '{step.name}': {lack.count} of {count} pairs have no usable scores for '{name}' "
        f"({few(lack.ids, SHOWN)}); the first {lack.first}. Score them again{advice}"
    )


def _check_field(step: Step, name: str, survey: Survey, count: int) -> None:
    lack = survey.ungrouped.get(name)
    if lack is not None:
        raise InputError(
            f"curator '{step.name}' needs {name}, and {lack.count} of {count} pairs have no "
            f"{name} ({few(lack.ids, SHOWN)}); {where_from(name)}"
        )


def _check_groups(step: Step, survey: Survey, count: int) -> None:
    per = step.values.get("per")
    if not per:
        return
    _check_field(step, str(per), survey, count)
    found = len(np.unique(np.asarray(survey.groups[str(per)], np.int64)))
    if found > 1 and found > MOST_GROUPS_SHARE * count:
        raise InputError(
            f"curator '{step.name}' groups by '{per}', and {count} pairs have {found} different "
            f"ones, nearly one each; in pairs that `earmark pairs` wrote, source is the id of the "
            "utterance. Group by another field with per=NAME, or all pairs together with per="
        )
