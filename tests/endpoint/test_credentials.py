"""Keys and logins: what cannot be sent is refused, and nothing of it is quoted."""

import os
import subprocess
import sys

import pytest

from earmark.endpoint import KEY_VARIABLES, Endpoint, key_of_environment
from earmark.errors import KnobError

KEY = "sk-not-to-be-seen"
PASSWORD = "hush-hush-99"

MALFORMED = [
    "me:{}@host",
    "me:{}@host:8000/v1",
    "//me:{}@host/v1",
    "http:me:{}@host",
    "http:/me:{}@host",
    "http:///me:{}@host/v1",
    "http://me:{}@",
    "http://me:{}@:80",
    "http://me:{}@host:port",
    "http://me:{}@host:99999",
    "http://me:{}@[::1",
    "http://me:{}@ho st/v1",
    "http://me:{}@höst\x00/v1",
    "http://me:{}/x@host/v1",
    "http://me:{}#x@host/v1",
    "http://me:{}?x@host/v1",
    "http://me%3A{}%40host/v1",
    "http://host/me:{}@other/v1",
    "ftp://me:{}@host/v1",
    "HTTPS//me:{}@host",
    "http://host/v1?api-key={}",
    "http://me:x@host/v1#{}",
]


def messages(error):
    """Collect what a traceback would print: the message of each error in the chain."""
    while error is not None:
        yield f"{type(error).__name__}: {error}"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


@pytest.mark.parametrize("url", MALFORMED)
def test_a_malformed_url_is_refused_without_its_password(url):
    with pytest.raises(KnobError, match="endpoint URL") as caught:
        Endpoint(url.format(PASSWORD), "tiny")
    assert PASSWORD not in " ".join(messages(caught.value))


def test_a_harmless_malformed_url_is_quoted():
    for url in ("localhost:8000", "ftp://x/v1", "http://", "http://h:port/v1"):
        with pytest.raises(KnobError, match=f"URL '{url}': expected http:// or https://"):
            Endpoint(url, "tiny")


def test_a_login_is_sent_and_neither_shown_nor_kept_in_the_url():
    endpoint = Endpoint("https://me:h%75sh%3A密@[::1]:8000/v1/", "tiny", key="")
    assert endpoint.url == "https://[::1]:8000/v1"
    assert endpoint._headers() == {"Authorization": "Basic bWU6aHVzaDrlr4Y="}
    assert "hush" not in repr(endpoint)
    assert "bWU6" not in repr(endpoint)
    assert Endpoint("http://me:\udcff@h", "tiny", key="")._headers() == {
        "Authorization": "Basic bWU6/w=="
    }


@pytest.mark.parametrize("around", ["{}\n", "  {}\r\n", "\n{}\n\n", "\t{}"])
def test_line_ends_around_a_key_are_no_part_of_it(monkeypatch, around):
    monkeypatch.setenv(KEY_VARIABLES[0], around.format(KEY))
    endpoint = Endpoint("http://h/v1", "tiny")
    assert endpoint._headers() == {"Authorization": f"Bearer {KEY}"}
    assert Endpoint("http://h/v1", "tiny", key=around.format(KEY)) == endpoint


def test_a_key_that_is_blank_is_none(monkeypatch):
    monkeypatch.setenv(KEY_VARIABLES[0], " \n")
    monkeypatch.setenv(KEY_VARIABLES[1], f"{KEY}\n")
    assert key_of_environment() == KEY
    monkeypatch.delenv(KEY_VARIABLES[1])
    assert Endpoint("http://h/v1", "tiny")._headers() == {}


@pytest.mark.parametrize(
    ("key", "found"),
    [
        (f"{KEY}\nX-Other: 1", "a blank or a line break"),
        (f"Bearer {KEY}", "a blank or a line break"),
        (f"{KEY}\x00", "another character"),
        (f"{KEY}é", "another character"),
        (f"{KEY}\udcff", "another character"),
    ],
)
def test_a_key_that_no_header_can_carry_is_refused_and_not_quoted(key, found):
    with pytest.raises(KnobError, match=f"found {found} inside it") as caught:
        Endpoint("http://h/v1", "tiny", key=key)
    assert KEY not in " ".join(messages(caught.value))


@pytest.mark.parametrize("command", ["transcribe", "pairs"])
@pytest.mark.parametrize(
    ("key", "url"), [(f"{KEY}\nmore", "http://127.0.0.1:9/v1"), (KEY, f"me:{PASSWORD}@host")]
)
def test_no_command_prints_them(tmp_path, command, key, url):
    files = ["--utterances", str(tmp_path / "u.jsonl"), "--out", str(tmp_path / "o.jsonl")]
    (tmp_path / "u.jsonl").write_text('{"id": "u0", "text": "我们 meeting", "audio": "a.wav"}\n')
    chat = ("--chat-model", "tiny", "--chat-url", url)
    arguments = {
        "transcribe": ["transcribe", "--endpoint", url, "--model", "tiny", *files],
        "pairs": ["pairs", "imitate", "--translator", "chat", *chat, *files],
    }[command]
    done = subprocess.run(
        [sys.executable, "-m", "earmark", *arguments],
        env={**os.environ, KEY_VARIABLES[0]: key},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
    assert KEY not in done.stdout + done.stderr
    assert PASSWORD not in done.stdout + done.stderr
