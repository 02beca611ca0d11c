"""The arms: what is trained, on which pairs, and from which model. One line each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from earmark.errors import KnobError, did_you_mean

BETA = 0.1
# Shares of tokens that are corrupted in the transcripts of the noisy arms.
NOISE = 0.2
Rows = Literal["imitated", "mined", "styled"]


@dataclass(frozen=True)
class Arm:
    """One way of training.

    Attributes:
        objective: a name in OBJECTIVES.
        rows: rejected answers imitated by rule on every sentence; mined, the model's own, on those
            at which it fails; or styled, mined in the case, punctuation and script of the truth.
        sft_weight: weight of an added SFT term.
        knobs: of the objective.
        start: the arm whose model it starts from, with the same seed; empty is the base model.
            What is mined is then what that model writes.
        noise: share of the tokens of the chosen answers that are dropped or replaced.
        replays: whether a share of the rows is in one language alone.
    """

    objective: str
    rows: Rows = "mined"
    sft_weight: float = 0.0
    knobs: Mapping[str, float] = field(default_factory=dict)
    start: str = ""
    noise: float = 0.0
    replays: bool = False

    @property
    def stage(self) -> int:
        """Return 2 for an arm that starts from another one's model, else 1."""
        return 2 if self.start else 1


SFT = "sft"
ARMS = {
    # The mark to beat, on all transcripts, and on those at which the base model fails.
    SFT: Arm("sft", "imitated"),
    "sft-failing": Arm("sft"),
    # Preference alone.
    "dpo-imitated": Arm("dpo", "imitated", knobs={"beta": BETA}),
    "dpo-mined": Arm("dpo", knobs={"beta": BETA}),
    "dpo-mined-beta-1": Arm("dpo", knobs={"beta": 1.0}),
    "dpo-styled": Arm("dpo", "styled", knobs={"beta": BETA}),
    "cdpo": Arm("cdpo", "styled", knobs={"beta": BETA}),
    "kto": Arm("kto", "styled", knobs={"beta": BETA}),
    # Preference with a term of likelihood.
    "dpo+sft": Arm("dpo", "styled", 1.0, {"beta": BETA}),
    "dpo+sft-imitated": Arm("dpo", "imitated", 1.0, {"beta": BETA}),
    "orpo": Arm("orpo", "styled"),
    # Noisy transcripts.
    "sft-noisy": Arm("sft", "imitated", noise=NOISE),
    "dpo+sft-noisy": Arm("dpo", "styled", 1.0, {"beta": BETA}, noise=NOISE),
    # Two stages, and SFT continued for as many steps.
    "sft>sft": Arm("sft", "imitated", start=SFT),
    "sft>sft-failing": Arm("sft", start=SFT),
    "sft>dpo": Arm("dpo", "styled", knobs={"beta": BETA}, start=SFT),
    "sft>dpo+sft": Arm("dpo", "styled", 1.0, {"beta": BETA}, SFT),
    # A fifth of the rows in one language, against forgetting.
    "sft-replay": Arm("sft", "imitated", replays=True),
    "dpo+sft-replay": Arm("dpo", "styled", 1.0, {"beta": BETA}, replays=True),
    "sft>dpo+sft-replay": Arm("dpo", "styled", 1.0, {"beta": BETA}, SFT, replays=True),
}
CORE = (SFT, "dpo-imitated", "dpo-mined", "dpo+sft", "sft>sft", "sft>dpo+sft")


def choose_arms(text: str) -> tuple[str, ...]:
    """Read `core`, `all`, or names with commas; SFT comes first, and what an arm starts from.

    >>> choose_arms("sft>dpo")
    ('sft', 'sft>dpo')

    Raises:
        KnobError: an unknown name (with the nearest one).
    """
    names: Sequence[str] = {"core": CORE, "all": tuple(ARMS)}.get(text) or text.split(",")
    for name in names:
        if name not in ARMS:
            raise KnobError(f"no arm '{name}'; {did_you_mean(name, ['core', 'all', *ARMS])}")
    return tuple(sorted({SFT, *names}, key=lambda name: (ARMS[name].stage, list(ARMS).index(name))))
