"""How much each of several references counts: weightings as values of their own.

To add one: write a function that returns a `Weighting` and name it in WEIGHTINGS. Keyword-only
parameters are its knobs. Only `adaptive` sees the batch that it weights.
"""

from collections.abc import Callable

from earmark.objectives.weightings.fixed import (
    adaptive,
    uniform,
    validation_accuracy,
    validation_discriminative,
)
from earmark.objectives.weightings.online import sliding_window, thompson, thompson_mixture
from earmark.objectives.weightings.weighting import Weighting

WEIGHTINGS: dict[str, Callable[..., Weighting]] = {
    "uniform": uniform,
    "adaptive": adaptive,
    "validation_discriminative": validation_discriminative,
    "validation_accuracy": validation_accuracy,
    "sliding_window": sliding_window,
    "thompson": thompson,
    "thompson_mixture": thompson_mixture,
}
