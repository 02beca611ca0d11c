"""The arms: an objective, its fixed knobs, and what it needs beside the pairs."""

from collections.abc import Sequence
from dataclasses import dataclass

from earmark.errors import KnobError, did_you_mean
from earmark.experiments.which_objective.conditions import Condition
from earmark.objectives import OBJECTIVES


@dataclass(frozen=True)
class Arm:
    """One way of training on the same pairs.

    Attributes:
        objective: a name in OBJECTIVES.
        sft_weight: weight of an added SFT term.
        flip_knob: the knob that is given the share of flipped pairs, where some are.
        several_only: runs only where rows have several rejected answers.
        references: arms whose runs, with the same seed and pairs, are further references.
    """

    objective: str
    sft_weight: float = 0.0
    flip_knob: str = ""
    several_only: bool = False
    references: tuple[str, ...] = ()

    def knobs(self, condition: Condition) -> dict[str, float]:
        """Return the objective's knobs under a condition; all others keep their defaults."""
        return {self.flip_knob: condition.flipped} if self.flip_knob and condition.flipped else {}


ARMS = {name: Arm(name) for name in OBJECTIVES} | {
    "dpo+sft": Arm("dpo", sft_weight=1.0),
    "cdpo": Arm("cdpo", flip_knob="label_smoothing"),
    "robust_dpo": Arm("robust_dpo", flip_knob="flip_rate"),
    "s_dpo": Arm("s_dpo", several_only=True),
    "mrpo": Arm("mrpo", references=("sft", "dpo")),
    "mdpo": Arm("mdpo", references=("sft", "dpo")),
}
"""With one rejected answer `s_dpo` is `dpo`, so it runs only where rows have several."""

CORE = (
    *("sft", "dpo", "dpo+sft", "cdpo", "robust_dpo", "ipo", "simpo", "cpo", "orpo", "kto"),
    *("beta_dpo", "beta_dpo_random_drop", "gamma_dpo", "capo", "s_dpo", "mrpo", "spa", "ddo_rm"),
)
CONTROLS = ("sft", "dpo")


def choose_arms(text: str) -> tuple[str, ...]:
    """Read `core`, `all`, or names with commas; SFT and DPO, the controls, always come first.

    >>> choose_arms("ipo")
    ('sft', 'dpo', 'ipo')

    Raises:
        KnobError: an unknown name (with the nearest one).
    """
    names: Sequence[str] = {"core": CORE, "all": tuple(ARMS)}.get(text) or text.split(",")
    for name in names:
        if name not in ARMS:
            raise KnobError(f"no objective '{name}'; {did_you_mean(name, ARMS)}")
    return tuple(dict.fromkeys((*CONTROLS, *names)))


def arms_under(names: Sequence[str], condition: Condition) -> list[str]:
    """Return the arms that run under a condition."""
    return [name for name in names if condition.several or not ARMS[name].several_only]
