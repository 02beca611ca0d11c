"""Whether an answer follows the instructions of its prompt, where a rule can verify them.

The row says which, under the names of IFEval's data: `instruction_id_list` has ids of CONSTRAINTS,
`kwargs` an object of parameters for each.
"""

import inspect
from collections.abc import Mapping
from typing import Any, NamedTuple

from earmark.errors import KnobError, did_you_mean
from earmark.judges.instructions import CONSTRAINTS
from earmark.judges.judge import Answer, Case, Judge, Unscored, by_answer, text_of, version_of

MODES = ("share", "all")
MOST_CHARACTERS = 100_000


class Constraint(NamedTuple):
    """An instruction that is to be verified: its id and its parameters."""

    id: str
    kwargs: Mapping[str, Any]


def instruction_rules(*, mode: str = "share", loose: bool = False) -> Judge:
    """Score an answer by the share of its verifiable instructions that it follows (IFEval's 25).

    Args:
        mode: `share` of them, or `all`: 1 if it follows every one, else 0.
        loose: take an answer that follows without its first or last line, or without asterisks.

    Raises:
        KnobError: another mode.
    """
    if mode not in MODES:
        raise KnobError(f"mode should be {' or '.join(MODES)}, found '{mode}'")

    def one(case: Case, answer: Answer) -> float:
        text = text_of(answer)
        if len(text) > MOST_CHARACTERS:
            raise Unscored(f"the answer has {len(text)} characters; {MOST_CHARACTERS} at most")
        followed = [follows(text, each, loose) for each in constraints_of(case.facts)]
        return float(all(followed)) if mode == "all" else sum(followed) / len(followed)

    return by_answer("instruction_rules", version_of(1, mode=mode, loose=loose), one)


def constraints_of(facts: Mapping[str, Any]) -> list[Constraint]:
    """Return the instructions that a row names.

    Raises:
        Unscored: it names none, an unknown one, or parameters that it does not have.
    """
    ids, kwargs = facts.get("instruction_id_list"), facts.get("kwargs")
    if not isinstance(ids, list) or not ids:
        raise Unscored("the row has no 'instruction_id_list' with ids of instructions")
    kwargs = [{}] * len(ids) if kwargs is None else kwargs
    if not isinstance(kwargs, list) or len(kwargs) != len(ids):
        raise Unscored(f"'kwargs' should be a list of {len(ids)} objects, one per instruction")
    return [_constraint(id_, given) for id_, given in zip(ids, kwargs, strict=True)]


def _constraint(id_: Any, given: Any) -> Constraint:
    """Hold an instruction against its function's signature; tables fill in None."""
    if id_ not in CONSTRAINTS:
        raise Unscored(f"no instruction {str(id_)[:80]!r}; {did_you_mean(str(id_), CONSTRAINTS)}")
    if not isinstance(given, Mapping | None):
        raise Unscored(f"{id_}: its parameters should be an object, found {str(given)[:80]!r}")
    found = {name: value for name, value in (given or {}).items() if value is not None}
    parameters = inspect.signature(CONSTRAINTS[id_]).parameters
    needed = [name for name, p in parameters.items() if p.kind is p.KEYWORD_ONLY]
    missing, odd = set(needed) - found.keys(), found.keys() - set(needed)
    if missing or odd:
        listed = ", ".join(needed) or "none"
        raise Unscored(f"{id_}: found the parameters {sorted(found)}; it has: {listed}")
    return Constraint(id_, found)


def follows(text: str, constraint: Constraint, loose: bool = False) -> bool:
    r"""Say whether an answer follows an instruction; an empty one follows none.

    >>> follows("Sure!\n*no commas here*", Constraint("punctuation:no_comma", {}))
    True
    """
    check = CONSTRAINTS[constraint.id]
    tried = variants(text) if loose else [text]
    return any(each.strip() and check(each, **constraint.kwargs) for each in tried)


def variants(text: str) -> list[str]:
    r"""Return the eight texts of IFEval's loose check.

    >>> variants("Sure:\n*yes*\nBye")[:4]
    ['Sure:\n*yes*\nBye', '*yes*\nBye', 'Sure:\n*yes*', '*yes*']
    """
    lines = text.split("\n")
    cut = ["\n".join(part).strip() for part in (lines[1:], lines[:-1], lines[1:-1])]
    plain = [text, *cut]
    return [*plain, *(each.replace("*", "") for each in plain)]
