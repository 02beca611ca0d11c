"""The chat endpoint against a real server that is slow, busy, broken or rude."""

import json
import time

import pytest

from chat_server import ChatServer, serving
from earmark.endpoint import KEY_VARIABLES, Endpoint, EndpointError
from earmark.endpoint.chat import complete
from earmark.errors import KnobError

KEY = "sk-not-to-be-seen"


@pytest.fixture
def chat(monkeypatch):
    for name in KEY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return ChatServer()


def ask(chat, prompt="hello", **knobs):
    with serving(chat) as url:
        knobs = {"first_wait_s": 0.01, "timeout_s": 5.0, **knobs}
        return complete(Endpoint(url, "qwen", **knobs), prompt)


def test_a_question_is_sent_greedily_and_answered(chat):
    assert ask(chat) == "回答5"
    ((body, headers),) = chat.requests
    assert body == {
        "model": "qwen",
        "messages": [{"role": "user", "content": "hello"}],
        "temperature": 0,
        "top_p": 1,
    }
    assert "Authorization" not in headers


@pytest.mark.parametrize(
    "trouble",
    [
        429,
        500,
        503,
        b"<html>",
        b"{}",
        b'{"choices": []}',
        b'{"choices":[{"message":{"content":" "}}]}',
    ],
)
def test_what_may_pass_is_tried_again(chat, trouble):
    chat.script = [trouble, trouble]
    assert ask(chat) == "回答5"
    assert len(chat.requests) == 3


def test_half_a_character_is_replaced(chat):
    chat.answer = lambda prompt: "好\ud800"
    assert ask(chat) == "好?"


def test_a_silent_server_is_asked_again(chat):
    chat.script = [0.5]
    assert ask(chat, timeout_s=0.1) == "回答5"
    assert len(chat.requests) == 2


def test_patience_ends(chat):
    chat.script = [500] * 9
    with pytest.raises(EndpointError, match=r"after 3 attempts.*status 500: something went wrong"):
        ask(chat, retries=2)
    assert len(chat.requests) == 3


def test_waiting_doubles_and_retry_after_is_heeded(chat):
    chat.script = [500, 500, 500]
    start = time.monotonic()
    ask(chat, first_wait_s=0.1)
    assert time.monotonic() - start >= 0.5 * (0.1 + 0.2 + 0.4)
    chat.script = [(429, {"Retry-After": "0.6"})]
    start = time.monotonic()
    ask(chat)
    assert 0.6 <= time.monotonic() - start < 5


def test_a_nonsensical_retry_after_is_no_reason_to_give_up(chat):
    chat.script = [
        (429, {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}),
        (503, {"Retry-After": "-5"}),
    ]
    assert ask(chat) == "回答5"


@pytest.mark.parametrize("status", [401, 403, 404])
def test_wrong_settings_are_said_at_once(chat, status):
    chat.script = [status]
    with pytest.raises(KnobError, match="check the URL, the model's name and the key"):
        ask(chat)
    assert len(chat.requests) == 1


def test_a_refused_prompt_is_not_asked_again(chat):
    chat.script = [400]
    with pytest.raises(EndpointError, match="refused: status 400"):
        ask(chat)
    assert len(chat.requests) == 1


def test_nobody_listening_is_said():
    endpoint = Endpoint("http://127.0.0.1:9/v1", "qwen", retries=1, first_wait_s=0.01)
    with pytest.raises(EndpointError, match="Connection refused"):
        complete(endpoint, "hello")


@pytest.mark.parametrize("url", ["localhost:8000", "file:///etc/hosts", "http://", "ftp://x/v1"])
def test_a_url_that_cannot_be_an_endpoint_is_refused(url):
    with pytest.raises(KnobError, match="expected http"):
        Endpoint(url, "qwen")


def test_a_model_needs_a_name():
    with pytest.raises(KnobError, match="no name"):
        Endpoint("http://localhost:8000/v1", "")


def test_the_key_is_sent_to_the_server_and_shown_to_nobody(chat, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLES[-1], KEY)
    with serving(chat) as url:
        endpoint = Endpoint(url, "qwen", retries=0)
        complete(endpoint, "hello")
        assert chat.requests[0][1]["Authorization"] == f"Bearer {KEY}"
        assert KEY not in repr(endpoint)
        echo = json.dumps({"error": f"bad key {KEY}"}).encode()
        chat.script = [echo]
        with pytest.raises(EndpointError) as caught:
            complete(endpoint, "hello")
    assert KEY not in str(caught.value)
    assert "bad key ***" in str(caught.value)


def test_an_answer_that_holds_the_key_is_refused(chat, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLES[0], KEY)
    chat.answer = lambda prompt: f"the key is {KEY.replace('-', '%2d')}"
    with pytest.raises(EndpointError, match=r"holds the key or password .* not kept"):
        ask(chat)
    assert len(chat.requests) == 1


def test_a_redirect_does_not_carry_the_key_away(chat, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLES[-1], KEY)
    elsewhere = ChatServer()
    with serving(elsewhere) as other:
        chat.script = [(302, {"Location": f"{other}/chat/completions"})]
        with pytest.raises(KnobError, match="status 302"):
            ask(chat)
    assert elsewhere.requests == []
