"""The scores of a pair: one finite number for each candidate."""

import math
from typing import Any


def are_finite(numbers: Any) -> bool:
    """Return whether something is a list of finite numbers.

    JSON as Python reads it has NaN and Infinity too, and 1e999 is infinite.

    >>> are_finite([1, 0.5]), are_finite([1, float("nan")]), are_finite([1, "2"])
    (True, False, False)
    """
    return isinstance(numbers, list) and all(
        isinstance(number, int | float) and not isinstance(number, bool) and math.isfinite(number)
        for number in numbers
    )
