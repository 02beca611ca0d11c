"""Parts of the user's own, as a user would write them in a module; found as `own_parts:NAME`."""

import torch

from earmark import Drop, Keep, Metric, Mode
from earmark.metrics.metric import ratio
from earmark.objectives.contract.loss import Loss
from earmark.objectives.weightings.fixed import Fixed, draw_fixed, keep
from earmark.objectives.weightings.weighting import Weighting


def my_dpo(chosen, rejected, ref_chosen, ref_rejected, *, beta: float = 0.1) -> Loss:
    margin = beta * ((chosen - ref_chosen) - (rejected - ref_rejected))
    return Loss(-torch.nn.functional.logsigmoid(margin), margin)


def first_half() -> Weighting:
    return Weighting(lambda _, n: Fixed(torch.eye(n, dtype=torch.float64)[0]), draw_fixed, keep)


def unscaled() -> Weighting:
    return Weighting(lambda _, n: Fixed(torch.ones(n, dtype=torch.float64)), draw_fixed, keep)


def stutters(evidence) -> bool:
    return evidence.hyp.startswith("呃呃") and not (evidence.truth or "").startswith("呃呃")


STUTTER = Mode(
    "hallucination",
    "stutter",
    "a word",
    stutters,
    lambda surface, rng, tools: f"呃呃 {surface.text}" if surface.tokens else None,
)
BLIND = STUTTER._replace(detect=lambda evidence: False)
SUSPICIOUS = STUTTER._replace(detect=lambda evidence: True)


def short(pairs, *, longest: int = 10):
    """Keep pairs whose chosen answer is short."""
    return [
        Keep(pair) if len(pair.chosen) <= longest else Drop(pair, f"more than {longest} characters")
        for pair in pairs
    ]


def forgetful(pairs):
    return [Keep(pair) for pair in list(pairs)[1:]]


def silent(pairs):
    return [Drop(pair, "") for pair in pairs]


def exact(truth: str, answer: str) -> tuple[float, float]:
    """Count answers that are right to the letter."""
    return float(truth == answer), 1.0


FLAT = Metric("flat", lambda columns: [1.0 for _ in columns.answers], ratio)
