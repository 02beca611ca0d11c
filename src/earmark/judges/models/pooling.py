"""A reward model on vLLM's pooling route, which applies the model's own template."""

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from earmark.endpoint import BodyError, Endpoint, EndpointError, object_of
from earmark.errors import InputError, KnobError
from earmark.judges.judge import Score, failed, number
from earmark.judges.models.conversation import Turns

ROUTE = "/pooling"


def pooled(endpoint: Endpoint, concurrency: int = 8) -> Callable[[Sequence[Turns]], list[Score]]:
    """Return a function that has a server score conversations, several at once.

    Raises:
        KnobError: fewer than one request at once.
    """
    if concurrency < 1:
        raise KnobError(f"concurrency is {concurrency}; expected 1 or more")

    def score_all(turns: Sequence[Turns]) -> list[Score]:
        with ThreadPoolExecutor(concurrency) as pool:
            return list(pool.map(lambda each: _score(endpoint, each), turns))

    return score_all


def _score(endpoint: Endpoint, turns: Turns) -> Score:
    """Send one conversation; every failure that may be of this row alone is returned."""
    body = {
        "model": endpoint.model,
        "messages": turns,
        "task": "classify",
        "add_generation_prompt": False,
        "add_special_tokens": False,
        # The names of newer and of older versions.
        "use_activation": False,
        "activation": False,
    }

    def read(response: bytes) -> Score:
        return _number(response, endpoint)

    try:
        raw = json.dumps(body).encode()
        return endpoint.post(ROUTE, raw, "application/json", read, turns[-1]["content"])
    except InputError as error:
        return failed(error)


def _number(response: bytes, endpoint: Endpoint) -> Score:
    """Take the only number out of a response.

    Raises:
        EndpointError: it holds something else.
    """
    try:
        data: Any = object_of(response)["data"][0]["data"]
        while isinstance(data, list) and len(data) == 1:
            data = data[0]
    except (BodyError, LookupError, TypeError) as error:
        raise EndpointError(f"no pooled number: {endpoint.shown(response)}") from error
    if isinstance(data, list):
        raise EndpointError(f"{len(data)} numbers; a reward model has one for a conversation")
    return number(data)
