"""The reward that a policy trained by preference implies (Rafailov et al. 2023, arXiv 2305.18290).

r(x, y) = β · [log π(y | x) − log π_ref(y | x)], up to a term of the prompt alone, so it compares
answers to one prompt and not answers to different ones.
"""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from earmark.errors import KnobError
from earmark.judges.judge import Case, Failed, Judge, Score, number, version_of
from earmark.judges.models.log_probability import LOCAL


def implicit_reward(
    *,
    model: str,
    adapter: str | None = None,
    reference: str | None = None,
    beta: float = 0.1,
    mean: bool = False,
    batch_size: int = 8,
    device: str = "auto",
    dtype: str = "auto",
) -> Judge:
    """Score an answer by beta times its log-ratio of a policy against its reference, in nats.

    Args:
        model: a folder, a hub id or `tiny-base`.
        adapter: a folder with an adapter of it.
        reference: the reference model; default: the model without its adapter.
        beta: the strength with which the policy was held to its reference.
        mean: divide by the number of tokens of the policy.
        batch_size: prompts that are computed together.
        device: `cpu`, `cuda`, ... or `auto`.
        dtype: `float32`, `bfloat16`, `float16` or `auto`.

    Raises:
        InputError: no whole model there.
        KnobError: a beta that is not above 0, or a policy that is its own reference.
    """
    if beta <= 0:
        raise KnobError(f"beta should be above 0, found {beta:g}")
    if adapter is None and reference in (None, model):
        raise KnobError(
            "implicit_reward needs an adapter or a reference: a policy against itself has no reward"
        )
    load = import_module(LOCAL).PolicyLogps
    policy = load(model, adapter, device, dtype, batch_size)
    frozen = load(reference or model, None, device, dtype, batch_size)

    def score(cases: Sequence[Case]) -> list[list[Score]]:
        rows = zip(policy.of(cases), frozen.of(cases), strict=True)
        return [
            [_ratio(own, ref, beta, mean) for own, ref in zip(*row, strict=True)] for row in rows
        ]

    version = version_of(1, weights=policy.weights, reference=frozen.weights, beta=beta, mean=mean)
    return Judge("implicit_reward", version, score, at_once=max(1, batch_size), kept=True)


def _ratio(own: Any, reference: Any, beta: float, mean: bool) -> Score:
    for each in (own, reference):
        if isinstance(each, Failed):
            return each
    return number(beta * (own.value - reference.value) / (own.tokens if mean else 1))
