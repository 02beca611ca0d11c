"""How a number is held against the wanted one: `at least` or `less than`, as IFEval has them."""

from typing import Any

from earmark.judges.judge import Unscored

RELATIONS = ("at least", "less than")


def holds(found: int, relation: str, wanted: int) -> bool:
    """Say whether a number is at least another, or less than it.

    >>> holds(3, "at least", 3), holds(3, "less than", 3)
    (True, False)

    Raises:
        Unscored: another relation, or what is wanted is not a number.
    """
    wanted = whole(wanted)
    if relation not in RELATIONS:
        raise Unscored(f"the relation is {relation!r}; expected {' or '.join(RELATIONS)}")
    return found >= wanted if relation == "at least" else found < wanted


def whole(wanted: Any) -> int:
    """Return a whole number; JSON written from tables has 3.0 for 3.

    Raises:
        Unscored: it is none.
    """
    if isinstance(wanted, bool) or not isinstance(wanted, int | float) or wanted % 1 != 0:
        raise Unscored(f"a number of an instruction is {wanted!r}; expected a whole number")
    return int(wanted)


def word(wanted: Any) -> str:
    """Return a text that is not blank.

    Raises:
        Unscored: it is blank, or no text.
    """
    if not isinstance(wanted, str) or not wanted.strip():
        raise Unscored(f"a text of an instruction is {wanted!r}; expected one that is not blank")
    return wanted


def words(wanted: Any) -> list[str]:
    """Return a list of texts that are not blank.

    Raises:
        Unscored: it is something else, or empty.
    """
    if not isinstance(wanted, list | tuple) or not wanted:
        raise Unscored(f"the words of an instruction are {wanted!r}; expected a list of texts")
    return [word(each) for each in wanted]
