"""Send requests to a model server over HTTP, patiently: back-off, no redirects, a secret key."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from threading import Event
from typing import TypeVar
from urllib.request import Request

from earmark.display import visible
from earmark.endpoint.body import text_of
from earmark.endpoint.credentials import (
    KEY_VARIABLES,
    address_of,
    checked_key,
    key_of_environment,
    proxy_passwords,
)
from earmark.endpoint.masking import holds_secret, mask
from earmark.endpoint.transport import Heard, Reply, TransportError, exchange
from earmark.errors import InputError, KnobError

LONGEST_WAIT_S = 60.0
LONGEST_TIMEOUT_S = 86_400.0
SETTINGS_AT_FAULT = (301, 302, 303, 307, 308, 401, 403, 404, 405)
ROUTES = ("/chat/completions", "/audio/transcriptions", "/audio/speech")

Answer = TypeVar("Answer")


class EndpointError(InputError):
    """One request got no usable answer, however often it was sent."""


class UnreachableError(EndpointError):
    """The server does not answer at all; other requests would fare no better."""


class SettingsError(KnobError, InputError):
    """The URL, the model's name or the key is wrong; asking again cannot help."""


class Again(Exception):
    """A failure that may pass: why, how long the server asked to wait (s), was it heard at all.

    After a time-out the last is not known: this request may be too much for a server that is well.
    """

    def __init__(
        self,
        reason: str,
        wait_s: float | None = None,
        answered: Heard = "yes",
    ) -> None:
        super().__init__(reason)
        self.wait_s = wait_s
        self.answered = answered


@dataclass(frozen=True)
class Endpoint:
    """A model behind a base URL such as `http://localhost:8000/v1`.

    The key is read from the environment variable EARMARK_API_KEY, else OPENAI_API_KEY; it is
    sent to the server and nowhere else. A user name and password in the URL are sent as such
    and taken out of `url`, so that `url` can be shown and recorded. Where a server repeats one of
    them, in plain or encoded, messages have `***` or nothing in its place, and an answer that
    holds it is refused.

    `timeout_s` is for a whole request, from the connection to the last byte of the answer. A
    time-out, an answer that is broken or too large, status 429 or 5xx is tried again up to
    `retries` times, waiting `first_wait_s`, then twice as long each time, or as long as the
    server's Retry-After says, and LONGEST_WAIT_S at most. Nothing is tried again once `stop` is
    set.
    """

    url: str
    model: str
    retries: int = 6
    first_wait_s: float = 1.0
    timeout_s: float = 120.0
    stop: Event = field(default_factory=Event, repr=False, compare=False)
    key: str = field(default_factory=key_of_environment, repr=False)
    _login: str = field(default="", init=False, repr=False)
    _secrets: tuple[str, ...] = field(default=(), init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse what cannot be an endpoint.

        Raises:
            KnobError: the URL, the key, the model's name, the retries or the time-out.
        """
        address, key = address_of(self.url), checked_key(self.key)
        if not self.model:
            raise KnobError("the served model has no name; give the one that the server lists")
        if self.retries < 0:
            raise KnobError(f"{self.retries} retries; expected 0 or more")
        if not 0 < self.timeout_s <= LONGEST_TIMEOUT_S:
            raise KnobError(
                f"a time-out of {self.timeout_s:g} s; expected more than 0 and at most "
                f"{LONGEST_TIMEOUT_S:g}"
            )
        url = address.url
        for route in ROUTES:
            url = url.rstrip("/").removesuffix(route)
        secrets = (key, address.login, address.password, address.user, *proxy_passwords())
        for name, value in (
            ("url", url),
            ("key", key),
            ("_login", address.login),
            ("_secrets", tuple(filter(None, secrets))),
        ):
            object.__setattr__(self, name, value)

    def check_reachable(self) -> None:
        """Ask for the list of models; whatever the server answers, it is there.

        Raises:
            UnreachableError: nobody answers.
        """
        try:
            exchange(Request(f"{self.url}/models", headers=self._headers()), self.timeout_s)
        except TransportError as error:
            if error.heard != "yes" and error.status is None:
                raise UnreachableError(
                    f"{self.url}: no server answers: {self._masked(str(error))}; start it, or "
                    "correct --endpoint"
                ) from None

    def post(
        self, route: str, content: bytes, kind: str, read: Callable[[bytes], Answer], spread: str
    ) -> Answer:
        """Send one request and return what `read` makes of the response.

        Args:
            route: path after the base URL, such as `/chat/completions`.
            content: the body.
            kind: its media type.
            read: turns the response into the answer; it may raise Again.
            spread: waiting times depend on it, so that workers do not all retry at the same moment.

        Raises:
            EndpointError: no usable answer after all retries, or the request was refused.
            UnreachableError: the connection was refused or broken after all retries, or all of
                them timed out and the list of models cannot be had either.
            SettingsError: the URL, the model or the key is wrong.
        """
        draw = Random(spread)
        for attempt in range(self.retries + 1):
            try:
                return read(self._send(route, content, kind))
            except Again as failure:
                doubled = self.first_wait_s * 2.0 ** min(attempt, 30) * draw.uniform(0.5, 1.0)
                asked = failure.wait_s if failure.wait_s is not None else doubled
                wait_s = 0.0 if attempt == self.retries else min(LONGEST_WAIT_S, max(asked, 0.0))
                stopped = self.stop.wait(wait_s)
                if attempt < self.retries and not stopped:
                    continue
                if failure.answered == "timed out" and not stopped:
                    self.check_reachable()
                kind_of_error = UnreachableError if failure.answered == "no" else EndpointError
                raise kind_of_error(
                    f"{self.url}{route}: no usable answer from '{self.model}' after "
                    f"{attempt + 1} attempts; the last one: {failure}"
                ) from failure
        raise AssertionError("the last attempt returns or raises")

    def shown(self, body: bytes) -> str:
        """Quote the beginning of what a server said, without our secrets should they be in it."""
        return self._masked(text_of(body))

    def check_answer(self, text: str) -> None:
        """Refuse an answer that repeats the key or the password: it would get into files.

        Raises:
            EndpointError: it does, in plain or encoded.
        """
        if holds_secret(text, self._secrets):
            raise EndpointError(
                f"{self.url}: the answer of '{self.model}' holds the key or password that was "
                "sent to the server, so it is not kept; is this server to be trusted?"
            )

    def _masked(self, text: str) -> str:
        return " ".join(visible(mask(text, self._secrets)).split())

    def _send(self, route: str, content: bytes, kind: str) -> bytes:
        """Send the request once; raise Again for what may pass."""
        headers = {"Content-Type": kind, **self._headers()}
        try:
            reply = exchange(Request(f"{self.url}{route}", content, headers), self.timeout_s)
        except TransportError as error:
            # Not `from error`: its text may quote the server, and with it the key.
            raise Again(self._masked(str(error)), answered=error.heard) from None
        if not 200 <= reply.status < 300:
            raise self._status(route, reply)
        return reply.body

    def _headers(self) -> dict[str, str]:
        if self._login:
            return {"Authorization": f"Basic {self._login}"}
        return {"Authorization": f"Bearer {self.key}"} if self.key else {}

    def _status(self, route: str, reply: Reply) -> Exception:
        """Say what an HTTP status means for us."""
        said = f"status {reply.status}: {self.shown(reply.body)}"
        if reply.status == 429 or reply.status >= 500:
            return Again(said, _seconds(reply.retry_after))
        if reply.status in SETTINGS_AT_FAULT:
            return SettingsError(
                f"{self.url}{route}: model '{self.model}': {said}; check the URL, the model's "
                f"name and the key in {' or '.join(KEY_VARIABLES)}"
            )
        return EndpointError(f"{self.url}{route}: the request was refused: {said}")


def _seconds(header: str | None) -> float | None:
    """Read a Retry-After header that counts seconds; what is no such number says nothing.

    >>> _seconds("2"), _seconds("nan"), _seconds("-5"), _seconds("Wed, 21 Oct 2026 07:28:00 GMT")
    (2.0, None, None, None)
    """
    plain = re.fullmatch(r"\s*([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*", header or "")
    return float(plain[1]) if plain else None
