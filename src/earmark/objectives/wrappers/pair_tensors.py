"""What a wrapper may rely on in an objective of pairs: its tensors, and how it uses them."""

from collections.abc import Callable

import torch

from earmark.errors import KnobError
from earmark.lookup import short_name
from earmark.objectives.contract.loss import Loss
from earmark.objectives.contract.probe import probe
from earmark.objectives.contract.signature import contract

RATIO_TENSORS = ("chosen", "rejected", "ref_chosen", "ref_rejected")
SAFE = {
    *RATIO_TENSORS,
    "chosen_tokens",
    "rejected_tokens",
    "chosen_score",
    "rejected_score",
    "mean_score_gap",
    "training",
    "state",
}
PREFIXES = {"chosen_prefix", "rejected_prefix", "ref_chosen_prefix", "ref_rejected_prefix"}
REFERENCES = {"refs_chosen", "refs_rejected", "ref_weights"}
# A shift that differs between the pairs of `probe`.
SHIFT = (0.7, -1.3, 2.4)


def require(
    wrapper: str, objective: Callable[..., Loss], needs: tuple[str, ...], allowed: set[str]
) -> None:
    """Refuse an objective that lacks what a wrapper changes, or reads it in a second way.

    Raises:
        KnobError: naming the wrapper, the objective and the tensors.
    """
    names = contract(objective).tensors
    missing = [name for name in needs if name not in names]
    if missing:
        raise KnobError(
            f"{wrapper} changes {', '.join(needs)}; objective '{short_name(objective)}' "
            f"has no {', '.join(missing)}; choose an objective of pairs such as dpo"
        )
    beyond = [name for name in names if name not in allowed]
    if beyond:
        raise KnobError(
            f"{wrapper} does not know what to do with {', '.join(beyond)}, which objective "
            f"'{short_name(objective)}' also reads"
        )


def is_gap_of_ratios(objective: Callable[..., Loss]) -> bool:
    """Return whether a loss depends on log-ratios alone, and on nothing but their difference.

    A constant that both log-ratios of a pair have in common cancels in such a loss; the pairs
    tried have equal lengths. The objective may read SAFE tensors.

    >>> from earmark.objectives.dpo import dpo
    >>> from earmark.objectives.sft import with_sft
    >>> is_gap_of_ratios(dpo), is_gap_of_ratios(with_sft(dpo, 1.0))
    (True, False)
    """
    shift = torch.tensor(SHIFT, dtype=torch.float64)  # [pair]
    tried = probe(contract(objective))
    before = objective(**tried).per_pair
    # The first pair of names leaves each log-ratio as it is, the second the difference of the two.
    for together in (("chosen", "ref_chosen"), ("ref_chosen", "ref_rejected")):
        moved = {name: tried[name] + shift for name in together}
        if not torch.allclose(objective(**{**tried, **moved}).per_pair, before):
            return False
    return True


def mixes_pairs(objective: Callable[..., Loss]) -> bool:
    """Return whether training on the loss of one pair moves the answers of another.

    >>> from earmark.objectives.dpo import dpo
    >>> mixes_pairs(dpo)
    False
    """
    tried = probe(contract(objective))
    leaves = [tried[name].requires_grad_() for name in ("chosen", "rejected")]
    losses = objective(**tried).per_pair
    for place, loss in enumerate(losses):
        gradients = torch.autograd.grad(loss, leaves, retain_graph=True, allow_unused=True)
        for gradient in gradients:
            # [pair]: a gradient anywhere but at the loss's own pair.
            if gradient is not None and gradient.count_nonzero() > (gradient[place] != 0):
                return True
    return False
