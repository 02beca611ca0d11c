"""Put a question to a chat model behind any server that speaks the OpenAI protocol."""

import json
import re
from typing import Any, NamedTuple

from earmark.endpoint.body import BodyError, object_of
from earmark.endpoint.client import Again, Endpoint

ROUTE = "/chat/completions"
# What a reasoning model writes before its answer.
THOUGHTS = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)


class Completion(NamedTuple):
    """An answer: its text, whether it was cut at the token cap, and what it cost as counted there.

    Tokens are 0 where the server does not count them.
    """

    text: str
    cut: bool = False
    prompt_tokens: int = 0
    completion_tokens: int = 0


def complete(endpoint: Endpoint, prompt: str) -> str:
    """Return the model's answer to one user message; see `completion`."""
    return completion(endpoint, prompt).text


def completion(endpoint: Endpoint, prompt: str, max_tokens: int | None = None) -> Completion:
    """Return the model's answer to one user message, and what it cost.

    Decoding is greedy, and each request says so, because servers otherwise take the checkpoint's
    own sampling defaults. An answer of the wrong shape is tried again like a failed request.

    Args:
        endpoint: the server.
        prompt: the message.
        max_tokens: the token cap of the answer; None leaves it to the server.

    Raises:
        EndpointError: no usable answer after all retries, or the prompt was refused.
        KnobError: the URL, the model or the key is wrong; asking again cannot help.
    """
    body: dict[str, Any] = {
        "model": endpoint.model,
        "messages": [{"role": "user", "content": prompt}],
        "temperature": 0,
        "top_p": 1,
    }
    if max_tokens is not None:
        body["max_completion_tokens"] = max_tokens

    def read(response: bytes) -> Completion:
        return _completion(response, endpoint)

    return endpoint.post(ROUTE, json.dumps(body).encode(), "application/json", read, prompt)


def _completion(body: bytes, endpoint: Endpoint) -> Completion:
    """Take the answer out of a response."""
    try:
        found = object_of(body)
        choice = found["choices"][0]
        answer = choice["message"]["content"]
        cut = choice.get("finish_reason") == "length"
    except (BodyError, LookupError, TypeError, AttributeError) as error:
        raise Again(f"not a chat completion: {endpoint.shown(body)}") from error
    if not isinstance(answer, str) or not answer.strip():
        raise Again("an empty answer")
    endpoint.check_answer(answer)
    # Half a surrogate pair is legal JSON and no text; it could not be written to a file.
    text = answer.encode("utf-8", "replace").decode("utf-8")
    usage = found.get("usage")
    return Completion(text, cut, _count(usage, "prompt_tokens"), _count(usage, "completion_tokens"))


def _count(usage: Any, name: str) -> int:
    """Read a count of a server's, which may say anything."""
    found = usage.get(name) if isinstance(usage, dict) else None
    return found if type(found) is int and found >= 0 else 0
