"""A made-up batch, on which an objective is called to see what it does or refuses."""

from collections.abc import Callable
from typing import Any

import torch

from earmark.objectives.contract.loss import Loss
from earmark.objectives.contract.signature import SUPPLIED, Contract, batch_axis, contract

SIZES = {"pair": 3, "answer": 3, "ref": 2, "loser": 2, "candidate": 3}
# Three pairs whose order changes when they are sorted.
OF_EACH_PAIR = {
    "chosen": (-6.0, -9.0, -7.0),
    "rejected": (-9.0, -8.0, -11.0),
    "ref_chosen": (-7.5, -8.0, -9.5),
    "ref_rejected": (-8.0, -8.5, -8.3),
    "refs_chosen": (-7.5, -8.0, -9.5),
    "refs_rejected": (-8.0, -8.5, -8.3),
    "chosen_prefix": (-3.0, -4.5, -3.5),
    "rejected_prefix": (-4.5, -4.0, -5.5),
    "ref_chosen_prefix": (-3.75, -4.0, -4.75),
    "ref_rejected_prefix": (-4.0, -4.25, -4.15),
    "chosen_score": (3.0, 5.0, 4.0),
    "rejected_score": (1.0, 2.0, 3.5),
}
OF_ALL = {"ref_weights": 0.5, "mean_score_gap": 2.0}
LOGP, TOKENS = -8.0, 4.0


def try_out(objective: Callable[..., Loss]) -> None:
    """Call an objective once; what it returns does not matter, what it refuses does.

    Raises:
        KnobError: a knob is out of its range.
    """
    objective(**probe(contract(objective)))


def sees_batch(objective: Callable[..., Loss]) -> bool:
    """Return whether the loss of a pair depends on the other pairs of its batch.

    >>> from earmark.objectives.capo import capo
    >>> from earmark.objectives.dpo import dpo
    >>> sees_batch(dpo), sees_batch(capo)
    (False, True)
    """
    generator = torch.Generator().manual_seed(0)
    whole, alone = probe(contract(objective)), {}
    for name, value in whole.items():
        axis = batch_axis(name)
        # Pairs that differ in all they have: equal ones could hide what moves between them.
        if axis is not None and value.is_floating_point():
            whole[name] = value + torch.rand(value.shape, generator=generator)
        alone[name] = value if axis is None else whole[name].narrow(axis, 0, 1)  # the first pair
    first = objective(**whole).per_pair[:1]
    return not torch.allclose(first, objective(**alone).per_pair)


def probe(needed: Contract) -> dict[str, Any]:
    """Make up all that an objective reads: three pairs with answers of equal lengths."""
    return {name: made_up(name, needed.state_class) for name in needed.tensors}


def made_up(name: str, state_class: type | None) -> Any:
    """Make one supplied value.

    >>> made_up("losers", None).shape, made_up("wanted", None).tolist()
    (torch.Size([3, 2]), [True, True, True])
    """
    if name == "state":
        return state_class() if state_class else None
    if name == "training":
        return True
    shape = [SIZES[axis] for axis in SUPPLIED[name].axes.split()]
    if name.endswith("_mask") or name == "wanted":
        return torch.ones(shape, dtype=torch.bool)
    usual = TOKENS if name.endswith("_tokens") else OF_ALL.get(name, LOGP)
    values = torch.tensor(OF_EACH_PAIR.get(name, usual), dtype=torch.float64)
    # [pair] or a single number; a clone, since an expanded tensor's entries share their memory.
    return values.expand(shape).clone()
