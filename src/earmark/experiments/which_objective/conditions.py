"""The conditions: what pairs an objective is given. One line each."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Condition:
    """What the training pairs are like.

    Attributes:
        pairs: how many rows; each is a prompt with its answers.
        flipped: share of the rows whose chosen and rejected answer are swapped.
        noise: share of the tokens of the chosen answers that are dropped or replaced.
        rejected: imitated by rule, or mined: what the base model itself wrote.
        failing_only: only utterances on which the base model fails, as mining takes them.
        several: up to five rejected answers a row instead of one.
    """

    pairs: int = 500
    flipped: float = 0.0
    noise: float = 0.0
    rejected: Literal["imitated", "mined"] = "imitated"
    failing_only: bool = False
    several: bool = False


CONDITIONS = {
    "clean": Condition(),
    "flipped-20": Condition(flipped=0.2),
    "flipped-40": Condition(flipped=0.4),
    "pairs-100": Condition(pairs=100),
    "pairs-2400": Condition(pairs=2400),
    "imitated-failing": Condition(failing_only=True),
    "mined": Condition(rejected="mined", failing_only=True),
    "noisy-chosen": Condition(noise=0.2),
    "several": Condition(several=True),
}
"""`clean` is the 500 pairs of imitated failures that all others differ from in one thing; the
control of `mined` is `imitated-failing`: the same utterances."""
