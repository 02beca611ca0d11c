r"""Keep keys and passwords out of what a server said, however the server encoded them.

A secret that is in a text literally is replaced by `***`. Where it appears only after
decoding (percent, HTML, backslash, quoted-printable, base64 or hexadecimal), or split by blanks,
line breaks or tags, the whole text is withheld: masking a piece of an encoded text could leave
the rest of the secret in it.
"""

import html
import re
from base64 import b64decode
from binascii import a2b_qp
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import unquote

WITHHELD = "(not shown: it holds the key or password that was sent, encoded or split)"
SHOWN_CHARACTERS = 400
SEARCHED_CHARACTERS = 4096
LONG = 8

TAG = re.compile(r"<[^<>]*>")
ESCAPE = re.compile(
    r"\\(?:u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}|x([0-9a-fA-F]{2})|([0-7]{3})|(.))", re.DOTALL
)
BASE64_RUN = re.compile(r"[A-Za-z0-9+/]{6,}")
HEX_RUN = re.compile(r"[0-9a-fA-F]{8,}")
HEX_MARK = re.compile(r"0x|\\x|:")


def mask(text: str, secrets: Iterable[str]) -> str:
    r"""Return the first SHOWN_CHARACTERS of a text, in which no secret can be read.

    >>> mask("bad key sk-12345678!", ["sk-12345678"])
    'bad key ***!'
    >>> mask('{"error": "bad key sk%2D1234\\u0035678"}', ["sk-12345678"]) == WITHHELD
    True
    """
    known = sorted(filter(None, secrets), key=len, reverse=True)
    for secret in known:
        text = _literal(secret).sub("***", text)
    # More than is shown, so that a secret which begins in it is seen whole.
    text = text[:SEARCHED_CHARACTERS]
    shows = any(_shows(form, secret) for form in _forms(text) for secret in known)
    return WITHHELD if shows else text[:SHOWN_CHARACTERS]


def holds_secret(text: str, secrets: Sequence[str]) -> bool:
    """Return whether an answer holds a secret that nobody says in a recording, in any encoding.

    A short secret, or one of letters alone or digits alone, may be what was said, and is not
    looked for.

    >>> holds_secret("the key is sk-12345678", ["sk-12345678"])
    True
    >>> holds_secret("please say hello", ["hello"])
    False
    """
    unsayable = [_joined(secret) for secret in secrets if _is_unsayable(secret)]
    if not unsayable:
        return False
    return any(secret in _joined(form) for form in _forms(text) for secret in unsayable)


def _is_unsayable(secret: str) -> bool:
    return len(secret) >= 16 or (
        len(secret) >= 6 and not secret.isalpha() and not secret.isdecimal()
    )


def _literal(secret: str) -> re.Pattern[str]:
    """Match a secret as it is; a short one only as a word of its own, a long one in any case."""
    if len(secret) >= LONG:
        return re.compile(re.escape(secret), re.IGNORECASE)
    return re.compile(rf"(?<!\w){re.escape(secret)}(?!\w)")


def _shows(form: str, secret: str) -> bool:
    """Return whether a decoded text shows a secret, or half of a long one, whatever splits it."""
    if len(secret) < LONG // 2:
        return False
    letters = _letters(secret)
    if len(letters) < LONG:
        return secret in form or _joined(secret) in _joined(form)
    size = max(LONG, (len(letters) + 1) // 2)
    text = _letters(form)
    return any(letters[i : i + size] in text for i in range(len(letters) - size + 1))


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def _joined(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isprintable() and not c.isspace())


def _forms(text: str) -> Iterator[str]:
    """Yield a text and what it decodes to, encodings within encodings too."""
    for reading in _readings(text):
        yield reading
        for binary in _binaries(reading):
            yield from (inner := _readings(binary))
            yield from _binaries(inner[-1])


def _readings(text: str) -> list[str]:
    """Undo each kind of escape alone, then all of them until nothing changes."""
    found = [text]
    for undo in (_unescape, unquote, html.unescape, _unquote_printable):
        if (reading := undo(text)) not in found:
            found.append(reading)
    whole = text
    for _ in range(4):
        before, whole = whole, html.unescape(unquote(_unescape(whole)))
        if whole == before:
            break
        found.append(whole)
    for undo in (_without_tags, _without_plus):
        if (reading := undo(whole)) not in found:
            found.append(reading)
    return found


def _without_tags(text: str) -> str:
    return TAG.sub("", text)


def _without_plus(text: str) -> str:
    return text.replace("+", " ")


def _unescape(text: str) -> str:
    """Undo backslash escapes, as of JSON."""

    def character(match: re.Match[str]) -> str:
        *hexadecimal, octal, other = match.groups()
        if other is not None:
            return {"n": "\n", "r": "\r", "t": "\t"}.get(other, other)
        number = int(octal, 8) if octal else int(next(filter(None, hexadecimal)), 16)
        return chr(min(number, 0x10FFFF))

    decoded = ESCAPE.sub(character, text)
    return decoded.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _unquote_printable(text: str) -> str:
    return a2b_qp(text.encode("utf-8", "replace")).decode("utf-8", "replace")


def _binaries(text: str) -> Iterator[str]:
    """Yield what base64 and hexadecimal digits in a text stand for, at every alignment."""
    joined = "".join(text.split())
    runs = BASE64_RUN.findall(joined.replace("-", "+").replace("_", "/"))
    for start in range(4 if runs else 0):
        yield "\n".join(_from_base64(run[start:]) for run in runs)
    runs = HEX_RUN.findall(HEX_MARK.sub("", joined))
    for start in range(2 if runs else 0):
        yield "\n".join(_from_hex(run[start:]) for run in runs)


def _from_base64(digits: str) -> str:
    # One digit beyond a group of four holds no whole byte; two or three lack their padding.
    digits = digits[: len(digits) - (len(digits) % 4 == 1)]
    return b64decode(digits + "=" * (-len(digits) % 4)).decode("utf-8", "ignore")


def _from_hex(digits: str) -> str:
    return bytes.fromhex(digits[: len(digits) // 2 * 2]).decode("utf-8", "ignore")
