"""Ask any server that speaks the OpenAI chat protocol, patiently."""

import http.client
import json
import os
import time
from dataclasses import dataclass, field
from email.message import Message
from random import Random
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from earmark.errors import InputError, KnobError

KEY_VARIABLE = "OPENAI_API_KEY"
LONGEST_WAIT_S = 60.0
SHOWN_CHARACTERS = 200
SETTINGS_AT_FAULT = (301, 302, 303, 307, 308, 401, 403, 404, 405)


class EndpointError(InputError):
    """One prompt got no usable answer, however often it was asked."""


class _Retry(Exception):
    """A failure that may pass: why, and how long the server asked to wait (s), if it did."""

    def __init__(self, reason: str, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.wait_s = wait_s


class _StayHere(HTTPRedirectHandler):
    """Follow no redirect: it would carry the key to another host."""

    def redirect_request(self, *_: Any) -> None:
        """Refuse."""
        return


@dataclass(frozen=True)
class ChatEndpoint:
    """A chat model behind a base URL such as `http://localhost:8000/v1`.

    The key is read from the environment variable OPENAI_API_KEY when there is one; it is
    sent to the server and nowhere else. Decoding is greedy and said so in each request,
    because servers otherwise take the checkpoint's own sampling defaults.

    A time-out, a broken connection, status 429 or 5xx, or an answer of the wrong shape is
    tried again up to `retries` times, waiting `first_wait_s`, then twice as long each time,
    or as long as the server's Retry-After says.
    """

    url: str
    model: str
    retries: int = 6
    first_wait_s: float = 1.0
    timeout_s: float = 120.0
    _key: str = field(default_factory=lambda: os.environ.get(KEY_VARIABLE, ""), repr=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be an endpoint."""
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.netloc:
            raise KnobError(
                f"chat URL '{self.url}': expected http:// or https:// and a host, "
                "such as http://localhost:8000/v1"
            )
        if not self.model:
            raise KnobError("the chat model has no name; give the one that the server lists")

    def ask(self, prompt: str) -> str:
        """Return the model's answer to one user message.

        Raises:
            EndpointError: no usable answer after all retries, or the prompt was refused.
            KnobError: the URL, the model or the key is wrong; asking again cannot help.
        """
        # Waiting times differ between prompts, lest all workers come back at the same moment.
        spread = Random(prompt)
        for attempt in range(self.retries + 1):
            try:
                return self._answer(self._post(prompt))
            except _Retry as failure:
                if attempt == self.retries:
                    raise EndpointError(
                        f"{self.url}: no usable answer from '{self.model}' after "
                        f"{attempt + 1} attempts; the last one: {failure}"
                    ) from failure
                doubled = self.first_wait_s * 2**attempt * spread.uniform(0.5, 1.0)
                asked = failure.wait_s if failure.wait_s is not None else doubled
                time.sleep(min(LONGEST_WAIT_S, max(asked, 0.0)))
        raise AssertionError("the last attempt returns or raises")

    def _post(self, prompt: str) -> bytes:
        """Send one request; raise _Retry for what may pass."""
        body = {
            "model": self.model,
            "messages": [{"role": "user", "content": prompt}],
            "temperature": 0,
            "top_p": 1,
        }
        headers = {"Content-Type": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        base = self.url.rstrip("/").removesuffix("/chat/completions")
        request = Request(f"{base}/chat/completions", json.dumps(body).encode(), headers)
        try:
            with build_opener(_StayHere).open(request, timeout=self.timeout_s) as response:
                return bytes(response.read())
        except HTTPError as error:
            with error:
                raise self._status(error.code, error.read(), error.headers) from error
        except (URLError, TimeoutError, ConnectionError, http.client.HTTPException) as error:
            raise _Retry(f"{type(error).__name__}: {getattr(error, 'reason', error)}") from error

    def _status(self, code: int, body: bytes, headers: Message) -> Exception:
        """Say what an HTTP status means for us."""
        said = f"status {code}: {self._shown(body)}"
        if code == 429 or code >= 500:
            return _Retry(said, _seconds(headers.get("Retry-After")))
        if code in SETTINGS_AT_FAULT:
            return KnobError(
                f"{self.url}: model '{self.model}': {said}; check the URL, the model's name "
                f"and the key in {KEY_VARIABLE}"
            )
        return EndpointError(f"{self.url}: the request was refused: {said}")

    def _answer(self, body: bytes) -> str:
        """Take the answer out of a response."""
        try:
            answer = json.loads(body)["choices"][0]["message"]["content"]
        except (ValueError, LookupError, TypeError) as error:
            raise _Retry(f"not a chat completion: {self._shown(body)}") from error
        if not isinstance(answer, str) or not answer.strip():
            raise _Retry("an empty answer")
        # Half a surrogate pair is legal JSON and no text; it could not be written to a file.
        return answer.encode("utf-8", "replace").decode("utf-8")

    def _shown(self, body: bytes) -> str:
        """Quote the beginning of what a server said, without our key should it be in there."""
        text = body.decode("utf-8", "replace")
        hidden = text.replace(self._key, "***") if self._key else text
        return hidden[:SHOWN_CHARACTERS]


def _seconds(header: str | None) -> float | None:
    """Read a Retry-After header that counts seconds; dates are not used here."""
    try:
        return float(header) if header is not None else None
    except ValueError:
        return None
