"""Ask any server that speaks the OpenAI chat protocol."""

import json
from dataclasses import dataclass, field

from earmark.endpoint import Again, Endpoint, key_of_environment

ROUTE = "/chat/completions"


@dataclass(frozen=True)
class ChatEndpoint:
    """A chat model behind a base URL such as `http://localhost:8000/v1`; see `Endpoint`.

    Decoding is greedy and said so in each request, because servers otherwise take the
    checkpoint's own sampling defaults. An answer of the wrong shape is tried again like a
    failed request.
    """

    url: str
    model: str
    retries: int = 6
    first_wait_s: float = 1.0
    timeout_s: float = 120.0
    key: str = field(default_factory=key_of_environment, repr=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be an endpoint."""
        self._endpoint()

    def ask(self, prompt: str) -> str:
        """Return the model's answer to one user message.

        Raises:
            EndpointError: no usable answer after all retries, or the prompt was refused.
            KnobError: the URL, the model or the key is wrong; asking again cannot help.
        """
        body = {
            "model": self.model,
            "messages": [{"role": "user", "content": prompt}],
            "temperature": 0,
            "top_p": 1,
        }
        endpoint = self._endpoint()

        def read(response: bytes) -> str:
            return _answer(response, endpoint)

        return endpoint.post(ROUTE, json.dumps(body).encode(), "application/json", read, prompt)

    def _endpoint(self) -> Endpoint:
        return Endpoint(
            self.url,
            self.model,
            retries=self.retries,
            first_wait_s=self.first_wait_s,
            timeout_s=self.timeout_s,
            key=self.key,
        )


def _answer(body: bytes, endpoint: Endpoint) -> str:
    """Take the answer out of a response."""
    try:
        answer = json.loads(body)["choices"][0]["message"]["content"]
    except (ValueError, LookupError, TypeError) as error:
        raise Again(f"not a chat completion: {endpoint.shown(body)}") from error
    if not isinstance(answer, str) or not answer.strip():
        raise Again("an empty answer")
    # Half a surrogate pair is legal JSON and no text; it could not be written to a file.
    return answer.encode("utf-8", "replace").decode("utf-8")
