"""How likely a policy finds an answer."""

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from earmark.judges.judge import Case, Failed, Judge, Score, number, version_of

LOCAL = "earmark.judges.models.local.policy_logps"


def log_probability(
    *,
    model: str,
    adapter: str | None = None,
    mean: bool = False,
    batch_size: int = 8,
    device: str = "auto",
    dtype: str = "auto",
) -> Judge:
    """Score an answer by its log-probability under a model that is loaded here, in nats.

    Args:
        model: a folder, a hub id or `tiny-base`; the prompt's clips are heard where it hears.
        adapter: a folder with an adapter of it.
        mean: divide by the number of tokens, the end token among them.
        batch_size: prompts that are computed together.
        device: `cpu`, `cuda`, ... or `auto`.
        dtype: `float32`, `bfloat16`, `float16` or `auto`.

    Raises:
        InputError: no whole model there.
    """
    policy = import_module(LOCAL).PolicyLogps(model, adapter, device, dtype, batch_size)

    def score(cases: Sequence[Case]) -> list[list[Score]]:
        return [[_score(each, mean) for each in row] for row in policy.of(cases)]

    version = version_of(1, weights=policy.weights, mean=mean)
    return Judge("log_probability", version, score, at_once=max(1, batch_size), kept=True)


def _score(logp: Any, mean: bool) -> Score:
    return logp if isinstance(logp, Failed) else number(logp.value / (logp.tokens if mean else 1))
