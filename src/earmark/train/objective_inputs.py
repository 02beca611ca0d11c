"""Name the tensors that an objective may ask for: pick them out of a batch's candidates."""

from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

from earmark.objectives.contract.loss import Loss
from earmark.objectives.contract.signature import Contract
from earmark.policies.rows.shared_row import SharedRows
from earmark.train.data.batch import ABSENT, Batch, Places

Logps = Float[Tensor, "candidate token"]


class Computed(NamedTuple):
    """Log-probabilities of a batch's candidates, in nats; one column of sums, or one a token.

    `reference` is of the frozen starting policy, `references` of several frozen policies, always
    sums; None where the objective does not compare with them.
    """

    policy: Float[Tensor, "candidate token"]
    reference: Float[Tensor, "candidate token"] | None = None
    references: Float[Tensor, "ref candidate 1"] | None = None


def by_token(
    logps: Float[Tensor, " answer_token"], rows: SharedRows
) -> Float[Tensor, "candidate token"]:
    """Put the log-probabilities of answer tokens into one line a candidate, filled with 0."""
    # Where each candidate starts among all answer tokens, and each token's place in its candidate.
    starts = rows.lengths.cumsum(0) - rows.lengths
    place = torch.arange(len(rows.owner), device=logps.device) - starts[rows.owner]
    lines = logps.new_zeros(len(rows.lengths), int(rows.lengths.max()))
    return lines.index_put((rows.owner, place), logps)


def supply(contract: Contract, computed: Computed, batch: Batch) -> dict[str, Any]:
    """Name what objectives may ask for; see SUPPLIED."""
    lengths = batch.shared.rows.lengths
    found: dict[str, Any] = {}
    policy = computed.policy
    frozen = None if computed.reference is None else computed.reference.to(policy.dtype)
    if contract.takes_single_answers:
        for prefix, values in (("", policy), ("ref_", frozen)):
            # Over tokens: of one column of sums that changes nothing, what pads answers is 0.
            found |= {} if values is None else of_answers(prefix, values.sum(1), batch.places)
        tokens = lengths.to(policy.dtype)[batch.places.answers]
        return found | {"wanted": batch.places.wanted, "answer_tokens": tokens}
    chosen, rejected = pair_places(contract, batch.places)
    for prefix, values in (("", policy), ("ref_", frozen)):
        if values is None:
            continue
        found |= of_pairs(prefix, values.sum(1), batch.places, chosen, rejected)
        if contract.needs_prefixes:
            shared = torch.minimum(lengths[chosen], lengths[rejected])
            found[f"{prefix}chosen_prefix"] = prefix_sums(values, chosen, shared)
            found[f"{prefix}rejected_prefix"] = prefix_sums(values, rejected, shared)
    found |= counts(lengths.to(policy.dtype), batch.places, chosen, rejected)
    if computed.references is not None:
        sums = computed.references.to(policy.dtype).sum(2)  # [ref, candidate]
        found |= {"refs_chosen": sums[:, chosen], "refs_rejected": sums[:, rejected]}
    if batch.scores is not None:
        scores = batch.scores.to(policy.dtype)
        found |= {"chosen_score": scores[chosen], "rejected_score": scores[rejected]}
        found["rewards"] = pick(scores, batch.places.candidates)
    return found


def loss_count(contract: Contract, places: Places) -> int:
    """Return how many losses a batch has: one for each pair, row or answer."""
    if contract.takes_single_answers:
        return len(places.answers)
    return len(pair_places(contract, places)[0])


def pair_places(contract: Contract, places: Places) -> tuple[Tensor, Tensor]:
    """Say which candidates are the chosen and rejected ones of each pair.

    With several rejected in one loss a row is one pair, which has no single rejected answer.
    """
    if contract.pair_is_row:
        return places.candidates[:, 0], places.rejected[:0]
    return places.chosen, places.rejected


def of_pairs(
    prefix: str, sums: Tensor, places: Places, chosen: Tensor, rejected: Tensor
) -> dict[str, Tensor]:
    """Name the sums of pairs, of several rejected, and of all candidates."""
    return {
        f"{prefix}chosen": sums[chosen],
        f"{prefix}rejected": sums[rejected],
        f"{prefix}losers": pick(sums, places.candidates[:, 1:]),
        f"{prefix}logps": pick(sums, places.candidates),
    }


def of_answers(prefix: str, sums: Tensor, places: Places) -> dict[str, Tensor]:
    """Name the sums of single answers, and of the answer of another prompt beside each."""
    return {
        f"{prefix}answers": sums[places.answers],
        f"{prefix}mismatched": sums[places.mismatched],
    }


def counts(lengths: Tensor, places: Places, chosen: Tensor, rejected: Tensor) -> dict[str, Tensor]:
    """Name the numbers of tokens, and the masks that say which candidates there are."""
    return {
        "chosen_tokens": lengths[chosen],
        "rejected_tokens": lengths[rejected],
        "candidate_tokens": pick(lengths, places.candidates, absent=1.0),
        "losers_mask": places.candidates[:, 1:] != ABSENT,
        "candidates_mask": places.candidates != ABSENT,
    }


def pick(
    values: Float[Tensor, " candidate"], at: Int[Tensor, "row slot"], absent: float = 0.0
) -> Float[Tensor, "row slot"]:
    """Pick values by place; where there is no candidate, `absent`."""
    # ABSENT would index from the end; what is found at 0 instead is overwritten.
    return values[at.clamp(min=0)].masked_fill(at == ABSENT, absent)


def prefix_sums(
    values: Logps, at: Int[Tensor, " pair"], tokens: Int[Tensor, " pair"]
) -> Float[Tensor, " pair"]:
    """Sum the first `tokens` log-probabilities of the candidates `at`."""
    kept = torch.arange(values.shape[1], device=values.device) < tokens[:, None]  # [pair, token]
    return (values[at] * kept).sum(1)


def quantities(
    loss: Loss, computed: Computed, places: Places, has_rejected: bool, beta: float
) -> dict[str, Tensor]:
    """Return what is logged: TRL's names, the shift since the start, the objective's own."""
    policy = computed.policy.sum(1)  # [candidate]
    reference = None
    if computed.reference is not None:
        reference = computed.reference.to(policy.dtype).sum(1)
    found = {f"objective/{name}": value for name, value in loss.logged.items()}
    if has_rejected:
        found["rewards/margins"] = loss.margin
        found["rewards/accuracies"] = (loss.margin > 0).float()
    kinds = {"chosen": places.answers[places.wanted], "rejected": places.answers[~places.wanted]}
    for name, at in kinds.items():
        if not len(at):
            continue
        found[f"logps/{name}"] = policy[at]
        if reference is not None:
            shift = policy[at] - reference[at]
            found[f"rewards/{name}"] = beta * shift
            found[f"logps/{name}_shift"] = shift
    return found
