"""One HTTP request with one deadline for all of it, and a cap on the answer.

The time-out of a socket, and of every synchronous HTTP library, is for each read: a server that
sends a byte a second never meets it. Here what is left until the deadline is the time-out of
each read. Proxies are those of the environment; a redirect is an answer like any other, for to
follow it would carry the key to another host; TLS is verified.
"""

import io
import socket
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection, IncompleteRead
from time import monotonic
from typing import Any, Literal, NamedTuple
from urllib.error import URLError
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, ProxyHandler, Request

from earmark.endpoint.body import MOST_BYTES, BodyError, decompressed, too_large

# What a body's chunk sizes, and the headers before it, may add to it.
MOST_BYTES_SENT = 4 * MOST_BYTES

Heard = Literal["yes", "no", "timed out"]


class Reply(NamedTuple):
    """A whole answer."""

    status: int
    retry_after: str | None
    body: bytes


class TransportError(Exception):
    """No whole answer came; `heard` says whether the server said anything.

    After a time-out that is not known: this request may be too much for a server that is well.
    `status` is what the answer began with, if it did. The text may quote the server.
    """

    def __init__(self, reason: str, heard: Heard, status: int | None) -> None:
        super().__init__(reason if status is None else f"status {status}, then {reason}")
        self.heard, self.status = heard, status


def exchange(request: Request, timeout_s: float) -> Reply:
    """Send a request and read the whole answer, whatever its status.

    Raises:
        TransportError: it did not come whole within `timeout_s` seconds, for whatever reason.
    """
    deadline_s = monotonic() + timeout_s
    try:
        response = _opener(deadline_s).open(request, timeout=timeout_s)
    except (OSError, HTTPException, ValueError) as error:
        # OSError: refused, reset, closed before a word; the others are about what was said.
        raise _failure(error, "no" if isinstance(error, OSError) else "yes") from None
    with response:
        try:
            body = decompressed(_body_of(response), response.headers.get("Content-Encoding", ""))
        except (OSError, HTTPException, ValueError) as error:
            raise _failure(error, "yes", response.status) from None
    return Reply(response.status, response.headers.get("Retry-After"), body)


def _failure(error: Exception, heard: Heard, status: int | None = None) -> TransportError:
    reason = error.reason if isinstance(error, URLError) else error
    if isinstance(reason, TimeoutError):
        return TransportError("timed out", "timed out", status)
    if isinstance(reason, str | BodyError):
        return TransportError(str(reason), heard, status)
    return TransportError(f"{type(reason).__name__}: {reason}", heard, status)


def _body_of(response: HTTPResponse) -> bytes:
    """Read a body up to the cap.

    Raises:
        BodyError: it is larger, or says that it is.
        IncompleteRead: it is shorter than announced; `read` with a size does not notice.
    """
    announced = response.length
    if announced is not None and announced > MOST_BYTES:
        raise too_large()
    body = response.read(MOST_BYTES + 1)
    if len(body) > MOST_BYTES:
        raise too_large()
    if announced is not None and len(body) < announced:
        raise IncompleteRead(body, announced - len(body))
    return body


class _Metered(io.RawIOBase):
    """Read from a socket until a deadline, and so many bytes at most."""

    def __init__(self, raw: io.RawIOBase, sock: socket.socket, deadline_s: float) -> None:
        self._raw, self._sock, self._deadline_s = raw, sock, deadline_s
        self._left = MOST_BYTES_SENT

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Read what is there, waiting for it until the deadline.

        Raises:
            TimeoutError: the deadline has passed.
            BodyError: more was sent than any answer needs.
        """
        self._sock.settimeout(_left_s(self._deadline_s))
        count = self._raw.readinto(buffer)
        self._left -= count or 0
        if self._left < 0:
            raise too_large()
        return count

    def close(self) -> None:
        """Close the socket's reader."""
        self._raw.close()
        super().close()


class _Response(HTTPResponse):
    """An answer that is read from its status line to its end before one deadline."""

    def __init__(self, sock: socket.socket, *args: Any, deadline_s: float, **more: Any) -> None:
        super().__init__(sock, *args, **more)
        raw = self.fp.detach()
        self.fp = io.BufferedReader(_Metered(raw, sock, deadline_s))


class _Connection(HTTPConnection):
    """A connection whose every step ends before one deadline."""

    def __init__(self, *args: Any, deadline_s: float, **more: Any) -> None:
        super().__init__(*args, **more)
        self._deadline_s = deadline_s
        self.response_class = partial(_Response, deadline_s=deadline_s)  # type: ignore[assignment]

    def send(self, data: Any) -> None:
        """Send before the deadline; a server that hangs up meanwhile may have said why."""
        if self.sock is None:
            self.connect()
        self.sock.settimeout(_left_s(self._deadline_s))
        try:
            super().send(data)
        except (BrokenPipeError, ConnectionResetError):
            # The answer, if there is one, is read next; if not, reading says so.
            return


class _SecureConnection(_Connection, HTTPSConnection):
    """The same with TLS."""


class _PlainHandler(HTTPHandler):
    def __init__(self, deadline_s: float) -> None:
        super().__init__()
        self._deadline_s = deadline_s

    def http_open(self, request: Request) -> HTTPResponse:
        return self.do_open(partial(_Connection, deadline_s=self._deadline_s), request)


class _SecureHandler(HTTPSHandler):
    def __init__(self, deadline_s: float) -> None:
        super().__init__()
        self._deadline_s = deadline_s

    def https_open(self, request: Request) -> HTTPResponse:
        return self.do_open(partial(_SecureConnection, deadline_s=self._deadline_s), request)


def _opener(deadline_s: float) -> OpenerDirector:
    """Make an opener that follows no redirect and raises for no status."""
    opener = OpenerDirector()
    for handler in (ProxyHandler(), _PlainHandler(deadline_s), _SecureHandler(deadline_s)):
        opener.add_handler(handler)
    return opener


def _left_s(deadline_s: float) -> float:
    left_s = deadline_s - monotonic()
    if left_s <= 0:
        raise TimeoutError("timed out")
    return left_s
