"""Keep the pairs by what `earmark annotate` wrote about them."""

from collections.abc import Iterator
from typing import NamedTuple

from earmark.curate.fields import Missing, check_one_of, names_in, value_of, where_from
from earmark.curate.verdict import Drop, Keep, Stream, Verdict
from earmark.errors import InputError
from earmark.records import Pair

# Magpie's scales, the lowest first.
QUALITIES = ("very poor", "poor", "average", "good", "excellent")
DIFFICULTIES = ("very easy", "easy", "medium", "hard", "very hard")


class _Gate(NamedTuple):
    """An annotation and the values that pass."""

    name: str
    passing: tuple[str, ...]


def annotated(
    pairs: Stream,
    *,
    least_quality: str = "",
    least_difficulty: str = "",
    task: str = "",
    safety: str = "",
    missing: Missing = "stop",
) -> Iterator[Verdict]:
    """Keep pairs by their annotations: input quality, difficulty, task, safety.

    UltraMix (arXiv 2511.10985) keeps a quality of at least good and a difficulty of at least easy.

    Args:
        pairs: their `annotations` have what is named here.
        least_quality: very poor, poor, average, good or excellent; lower ones are dropped.
        least_difficulty: very easy, easy, medium, hard or very hard; lower ones are dropped.
        task: tasks to keep, with plus signs.
        safety: values of safety to keep, with plus signs.
        missing: whether a pair without such an annotation stops the work or is dropped.

    Raises:
        InputError: a pair without an annotation that is looked at.
        KnobError: a value that is on neither scale.

    >>> pair = Pair("p", [], "a", "b", annotations={"input_quality": "poor"})
    >>> [verdict.why for verdict in annotated([pair], least_quality="good")]
    ['input_quality is poor']
    """
    gates = [
        _Gate("input_quality", from_level(least_quality, QUALITIES, "least_quality")),
        _Gate("difficulty", from_level(least_difficulty, DIFFICULTIES, "least_difficulty")),
        _Gate("task", names_in(task)),
        _Gate("safety", names_in(safety)),
    ]
    looked_at = [gate for gate in gates if gate.passing]
    return (_judge(pair, looked_at, missing) for pair in pairs)


def from_level(least: str, scale: tuple[str, ...], knob: str) -> tuple[str, ...]:
    """Return the levels of a scale from one on; none where none is named.

    Raises:
        KnobError: it is not on the scale.

    >>> from_level("good", QUALITIES, "least_quality")
    ('good', 'excellent')
    """
    if not least:
        return ()
    check_one_of([least], scale, knob)
    return scale[scale.index(least) :]


def _judge(pair: Pair, gates: list[_Gate], missing: Missing) -> Verdict:
    for gate in gates:
        found = value_of(pair, gate.name)
        if found is None:
            if missing == "stop":
                raise InputError(f"pair '{pair.id}' has no {gate.name}; {where_from(gate.name)}")
            return Drop(pair, f"no {gate.name}")
        if found not in gate.passing:
            return Drop(pair, f"{gate.name} is {found}")
    return Keep(pair)
