"""Put a question to a chat model behind any server that speaks the OpenAI protocol."""

import json
import re

from earmark.endpoint.body import BodyError, object_of
from earmark.endpoint.client import Again, Endpoint

ROUTE = "/chat/completions"
# What a reasoning model writes before its answer.
THOUGHTS = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)


def complete(endpoint: Endpoint, prompt: str) -> str:
    """Return the model's answer to one user message.

    Decoding is greedy, and each request says so, because servers otherwise take the checkpoint's
    own sampling defaults. An answer of the wrong shape is tried again like a failed request.

    Raises:
        EndpointError: no usable answer after all retries, or the prompt was refused.
        KnobError: the URL, the model or the key is wrong; asking again cannot help.
    """
    body = {
        "model": endpoint.model,
        "messages": [{"role": "user", "content": prompt}],
        "temperature": 0,
        "top_p": 1,
    }

    def read(response: bytes) -> str:
        return _answer(response, endpoint)

    return endpoint.post(ROUTE, json.dumps(body).encode(), "application/json", read, prompt)


def _answer(body: bytes, endpoint: Endpoint) -> str:
    """Take the answer out of a response."""
    try:
        answer = object_of(body)["choices"][0]["message"]["content"]
    except (BodyError, LookupError, TypeError) as error:
        raise Again(f"not a chat completion: {endpoint.shown(body)}") from error
    if not isinstance(answer, str) or not answer.strip():
        raise Again("an empty answer")
    endpoint.check_answer(answer)
    # Half a surrogate pair is legal JSON and no text; it could not be written to a file.
    return answer.encode("utf-8", "replace").decode("utf-8")
