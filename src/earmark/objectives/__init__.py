"""Preference objectives: pure functions of log-probabilities, one file each.

To add one: write the function in a file of its own and name it in OBJECTIVES.
"""

from collections.abc import Callable

from earmark.objectives.dpo import dpo
from earmark.objectives.loss import Loss
from earmark.objectives.sft import sft

OBJECTIVES: dict[str, Callable[..., Loss]] = {
    "dpo": dpo,
    "sft": sft,
}
