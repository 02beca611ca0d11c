"""Whatever a server makes of a secret, what is shown lets nobody read it."""

import html
import json
import textwrap
from base64 import b64encode, urlsafe_b64encode
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.endpoint.masking import WITHHELD, holds_secret, mask

KEY = "sk-No+t/to=be&'seen'<"


def percent_all(text):
    return "".join(f"%{byte:02x}" for byte in text.encode())


ENCODINGS = {
    "as it is": lambda key: key,
    "percent": lambda key: quote(key, safe=""),
    "percent, lower case": lambda key: quote(key, safe="").lower(),
    "percent, each byte": percent_all,
    "percent, twice": lambda key: quote(percent_all(key)),
    "form": quote_plus,
    "json": lambda key: json.dumps({"error": key.replace("e", "é")}).replace("\\u00e9", "\\u0065"),
    "json, each character": lambda key: "".join(f"\\u{ord(c):04X}" for c in key),
    "json in json": lambda key: json.dumps(json.dumps(key.replace("/", "\\/"))),
    "javascript": lambda key: "".join(f"\\u{{{ord(c):x}}}" for c in key),
    "octal": lambda key: "".join(f"\\{ord(c):03o}" for c in key),
    "html": html.escape,
    "html, decimal": lambda key: "".join(f"&#{ord(c)};" for c in key),
    "html, hexadecimal": lambda key: "".join(f"&#x{ord(c):04X};" for c in key),
    "base64": lambda key: b64encode(key.encode()).decode(),
    "base64 for URLs": lambda key: urlsafe_b64encode(key.encode()).decode().rstrip("="),
    "base64 of a header": lambda key: b64encode(f"Bearer {key}".encode()).decode(),
    "base64 of base64": lambda key: b64encode(b64encode(f"me:{key}".encode())).decode(),
    "base64, wrapped": lambda key: "\n".join(textwrap.wrap(b64encode(key.encode()).decode(), 9)),
    "base64, percent": lambda key: percent_all(b64encode(key.encode()).decode()),
    "base64 in json": lambda key: (
        json.dumps(b64encode(f"\n{key}".encode()).decode()[:9] + "\n")
        + b64encode(f"Key {key}".encode()).decode()
    ),
    "hexadecimal": lambda key: key.encode().hex(),
    "hexadecimal, spaced": lambda key: key.encode().hex(" ").upper(),
    "lines": lambda key: "\n".join(key),
    "lines in json": lambda key: json.dumps("\r\n  ".join(textwrap.wrap(key, 6))),
    "tags": lambda key: f"{key[:6]}<br/>{key[6:]}",
    "quoted-printable": lambda key: f"{key[:5]}=\n{key[5:].replace('e', '=65')}",
    "upper case": str.upper,
    "zero bytes": "\0".join,
    "cut": lambda key: key[:14],
    "an error message": lambda key: f"<p>bad key: <b>{html.escape(key)}</b></p>",
}


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_no_encoding_of_a_key_is_shown(encoding):
    written = ENCODINGS[encoding](KEY)
    shown = mask(f"the key {written} is not valid", [KEY])
    assert shown in (WITHHELD, "the key *** is not valid")
    assert (shown == WITHHELD) == (encoding not in ("as it is", "upper case"))


@pytest.mark.parametrize("encoding", sorted(ENCODINGS.keys() - {"cut"}))
def test_an_answer_with_the_whole_key_is_seen(encoding):
    assert holds_secret(f"he said {ENCODINGS[encoding](KEY)}", [KEY])


def test_what_does_not_hold_the_key_is_shown_as_it_is():
    for text in (
        '{"error": {"message": "The model `tiny` does not exist.", "type": "NotFoundError"}}',
        "<html><body>502 Bad Gateway &mdash; nginx</body></html>",
        "data: " + b64encode(bytes(range(256))).decode(),
        "配额已用完，请稍后再试 100%",
    ):
        assert mask(text, [KEY, "EMPTY", "hush", "p w", "me"]) == text
        assert not holds_secret(text, [KEY, "EMPTY", "hush"])


def test_a_short_secret_is_masked_as_a_word_of_its_own():
    assert mask("user me: bad password pw; some pwned", ["me", "pw"]) == (
        "user ***: bad password ***; some pwned"
    )
    assert mask("is it h%75sh?", ["hush"]) == WITHHELD


def test_what_people_say_is_no_secret():
    for secret in ("hello", "123456", "me", "pw1", "Passwort"):
        assert not holds_secret("hello 123456 me pw1 passwort", [secret])
    assert holds_secret("say hunter2 now", ["hunter2"])


@pytest.mark.parametrize("length", [20, 300, 2000])
def test_no_part_of_a_key_is_left_where_the_text_is_cut(length):
    key = "sk-" + "0a9B" * (length // 4)
    for before in (380, 399, 4000, 4090):
        assert "sk-0" not in mask("x" * before + key, [key])
    assert "0a9B" not in mask(f"{key} " * 40, [key])
    assert mask("x" * 500, [key]) == "x" * 400


@given(st.text(max_size=300))
def test_any_text_can_be_searched(text):
    assert mask(text, [KEY]) == text
    assert not holds_secret(text, [KEY])
