"""What proves to a server who asks: a key from the environment, a login in the URL."""

import os
import re
from base64 import b64encode
from typing import NamedTuple
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import getproxies

from earmark.errors import KnobError

KEY_VARIABLES = ("EARMARK_API_KEY", "OPENAI_API_KEY")
EXAMPLE = "http://localhost:8000/v1"

HOST = re.compile(r"[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\]")
LOGIN_IN_PATH = re.compile(r"[^/@]:[^/@]*@")


class Address(NamedTuple):
    """A base URL that can be shown, and the login that was taken out of it."""

    url: str
    user: str
    password: str

    @property
    def login(self) -> str:
        """Return user and password as the Basic scheme sends them, empty without them."""
        pair = f"{self.user}:{self.password}".encode("utf-8", "surrogateescape")
        return b64encode(pair).decode() if self.user or self.password else ""


def key_of_environment() -> str:
    """Return the key from EARMARK_API_KEY, else OPENAI_API_KEY, else an empty one."""
    keys = (os.environ.get(name, "").strip() for name in KEY_VARIABLES)
    return next(filter(None, keys), "")


def proxy_passwords() -> list[str]:
    """Return the passwords of the proxies that the environment names: a proxy may repeat them."""
    found = re.findall(r"[^/@]*:([^/@]+)@", " ".join(getproxies().values()))
    return [unquote(password) for password in found]


def checked_key(key: str) -> str:
    """Return a key without the blanks and line ends around it.

    Raises:
        KnobError: it has a character that no header can carry; the key is not quoted.
    """
    key = key.strip()
    if not re.fullmatch(r"[!-~]*", key):
        kind = "a blank or a line break" if re.search(r"\s", key) else "another character"
        raise KnobError(
            f"the key of the server (from {' or '.join(KEY_VARIABLES)}): expected letters, digits "
            f"and signs of ASCII, found {kind} inside it; give the key alone, without 'Bearer' "
            "or a second line"
        )
    return key


def address_of(url: str) -> Address:
    """Take a base URL apart; what may be a password is never quoted.

    Raises:
        KnobError: no http URL, or one with more than a host, a port and a path.
    """
    parts = _split(url)
    if parts is None:
        raise KnobError(
            f"endpoint URL{_quotable(url)}: expected http:// or https:// and a host, such as "
            f"{EXAMPLE}"
        )
    host = parts.netloc.rpartition("@")[2]
    shown = parts._replace(netloc=host, query="", fragment="").geturl()
    if parts.query or parts.fragment:
        raise KnobError(
            f"endpoint URL '{shown}': expected nothing after the path; a key belongs into "
            f"the environment variable {KEY_VARIABLES[0]}"
        )
    return Address(shown, unquote(parts.username or ""), unquote(parts.password or ""))


def _split(url: str) -> SplitResult | None:
    """Split a URL if it has a scheme, a host and a port that can be used."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    host = parts.netloc.rpartition("@")[2]
    name = host if port is None else host.rpartition(":")[0]
    plain = parts.path.isascii() and parts.path.isprintable() and " " not in parts.path
    usable = parts.scheme in ("http", "https") and port != 0 and HOST.fullmatch(name.rstrip(":"))
    return parts if usable and plain and not LOGIN_IN_PATH.search(parts.path) else None


def _quotable(url: str) -> str:
    """Quote a URL that cannot be used, unless a password may be in it."""
    hidden = not url.isprintable() or any(sign in url for sign in "@?#%")
    return " (not shown, since a password may be in it)" if hidden else f" '{url}'"
