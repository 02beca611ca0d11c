"""Say what each objective and wrapper re-weights pairs by, and refuse the same thing twice."""

from collections.abc import Iterable

from earmark.errors import KnobError

REWEIGHTS: dict[str, str] = {
    "beta_dpo": "gap",
    "beta_dpo_random_drop": "gap",
    "gamma_dpo": "gap",
    "gamma_dpo_published": "gap",
    "gamma_simpo": "gap",
    "gamma_simpo_published": "gap",
    "capo": "gap",
    "capo_relative": "gap",
    "capo_external": "score",
    "spa": "score",
    "confidence": "gap",
    "policy-weight": "likelihood",
}

MEANING = {
    "gap": "the gap between the policy's own chosen and rejected rewards",
    "score": "the gap between the pair's own scores",
    "likelihood": "how likely the policy is to write the pair's answers",
}


def check_stack(objective: str, wrappers: Iterable[str] = ()) -> None:
    """Refuse an objective and wrappers of which two re-weight pairs by the same quantity.

    Two weights by the same quantity multiply: neither does what its paper says, and a gain or a
    loss could be credited to neither. Names that re-weight nothing stack with everything.

    Args:
        objective: a name of OBJECTIVES.
        wrappers: names of WRAPPERS.

    Raises:
        KnobError: two of them re-weight by the same quantity, or `length` wraps the weight
            of the policy, which it would compute from sums it has shortened.

    Example:
        >>> check_stack("dpo", ["confidence"])
        >>> check_stack("spa", ["confidence"])  # by scores, and by the policy's own gap
        >>> check_stack("gamma_dpo", ["confidence"])
        Traceback (most recent call last):
            ...
        earmark.errors.KnobError: 'gamma_dpo' and 'confidence' both re-weight pairs by the gap \
between the policy's own chosen and rejected rewards; together the weights would multiply and \
neither would do what it says. Leave one out
    """
    order = list(wrappers)
    if "length" in order and "policy-weight" in order[: order.index("length")]:
        raise KnobError(
            "'length' round 'policy-weight' would weigh by shortened log-probabilities over whole "
            "lengths; name length first, policy-weight after it"
        )
    first: dict[str, str] = {}
    for name in (objective, *wrappers):
        quantity = REWEIGHTS.get(name)
        if quantity is None:
            continue
        if quantity in first:
            raise KnobError(
                f"'{first[quantity]}' and '{name}' both re-weight pairs by {MEANING[quantity]}; "
                "together the weights would multiply and neither would do what it says. "
                "Leave one out"
            )
        first[quantity] = name
