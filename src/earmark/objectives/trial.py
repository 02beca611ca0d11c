"""Call an objective on a made-up batch, so that a knob out of range is refused at once."""

from collections.abc import Callable
from typing import Any

import torch

from earmark.objectives.contract import SUPPLIED, contract
from earmark.objectives.loss import Loss

SIZES = {"pair": 2, "answer": 2, "ref": 2, "loser": 2, "candidate": 3}
VALUES = {"ref_weights": 0.5, "chosen_score": 2.0, "rejected_score": 1.0, "mean_score_gap": 1.0}
LOGP, TOKENS = -4.0, 3.0


def try_out(objective: Callable[..., Loss]) -> None:
    """Call an objective once; what it returns does not matter, what it refuses does.

    Raises:
        KnobError: a knob is out of its range.
    """
    needs = contract(objective)
    objective(**{name: made_up(name, needs.state_class) for name in needs.tensors})


def made_up(name: str, state_class: type | None) -> Any:
    """Make a supplied value of the right shape.

    >>> made_up("losers", None).shape, made_up("wanted", None).tolist()
    (torch.Size([2, 2]), [True, True])
    """
    if name == "state":
        return state_class() if state_class else None
    if name == "training":
        return True
    shape = [SIZES[axis] for axis in SUPPLIED[name].axes.split()]
    if name.endswith("_mask") or name == "wanted":
        return torch.ones(shape, dtype=torch.bool)
    usual = TOKENS if name.endswith("_tokens") else LOGP
    return torch.full(shape, VALUES.get(name, usual))
