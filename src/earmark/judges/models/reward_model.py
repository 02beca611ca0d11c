"""A reward model: a sequence classifier with one number for a conversation.

It reads its own chat template without a system turn, with one token that begins a text, and its
score is the raw logit. Local weights are safetensors and no code of the model's is run; or a vLLM
server scores (`--runner pooling`), from which the number without activation is requested.
"""

from collections.abc import Callable, Sequence
from importlib import import_module

from earmark.endpoint import Endpoint
from earmark.errors import InputError
from earmark.judges.judge import (
    Case,
    Failed,
    Judge,
    Score,
    failed,
    version_of,
)
from earmark.judges.models.conversation import SPOKEN, Turns, conversation_of
from earmark.judges.models.pooling import pooled

LOCAL = "earmark.judges.models.local.classifier"

ScoreAll = Callable[[Sequence[Turns]], Sequence[Score]]


def reward_model(
    *,
    model: str,
    endpoint: str | None = None,
    spoken: str = SPOKEN,
    batch_size: int = 8,
    device: str = "auto",
    dtype: str = "auto",
    concurrency: int = 8,
) -> Judge:
    """Score an answer by the raw logit of a reward model that reads prompt and answer as text.

    Args:
        model: a folder or a hub id of a sequence classifier; with an endpoint the served name.
        endpoint: a vLLM server that serves the model for pooling, such as http://localhost:8000.
        spoken: the field with the words of the prompt's clips; `truth` takes the right answer.
        batch_size: conversations that are scored together here.
        device: `cpu`, `cuda`, ... or `auto`.
        dtype: `float32`, `bfloat16`, `float16` or `auto`.
        concurrency: requests under way at once.

    Raises:
        InputError: no whole model there, or one without a chat template or with several numbers.
        UnreachableError: no server answers.
    """
    if endpoint is None:
        local = import_module(LOCAL).Classifier(model, device, dtype, batch_size)
        score_all: ScoreAll = local.score
        version = version_of(1, weights=local.weights, dtype=local.dtype, spoken=spoken)
    else:
        # The route is beside /v1 and not below it.
        served = Endpoint(endpoint.rstrip("/").removesuffix("/v1"), model)
        served.check_reachable()
        score_all = pooled(served, concurrency)
        version = version_of(1, served=model, spoken=spoken)

    def score(cases: Sequence[Case]) -> list[list[Score]]:
        return score_conversations(cases, spoken, score_all)

    return Judge("reward_model", version, score, at_once=max(batch_size, concurrency), kept=True)


def score_conversations(
    cases: Sequence[Case], spoken: str, score_all: ScoreAll
) -> list[list[Score]]:
    """Score all conversations of some cases together; a case without words has no score."""
    found: list[list[Score]] = [[] for _ in cases]
    places, turns = list[tuple[int, int]](), list[Turns]()
    for number, case in enumerate(cases):
        for answer in case.answers:
            try:
                turns.append(conversation_of(case, answer, spoken))
                places.append((number, len(found[number])))
                found[number].append(Failed("not scored"))
            except InputError as error:
                found[number].append(failed(error))
    for (row, column), score in zip(places, score_all(turns), strict=True):
        found[row][column] = score
    return found
