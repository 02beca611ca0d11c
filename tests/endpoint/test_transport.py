"""Answers that are cut, slow, endless, badly framed or oddly encoded: each is one retried error."""

import gzip
import json
import threading
import time
import tracemalloc
import zlib

import numpy as np
import pytest
from raw_server import RawServer, drip, flood, serving

from earmark.endpoint import KEY_VARIABLES, Endpoint, EndpointError, UnreachableError
from earmark.endpoint.body import MOST_BYTES
from earmark.endpoint.chat import complete
from earmark.errors import InputError, KnobError
from earmark.formats.files.lines import write_jsonl
from earmark.records import Utterance
from earmark.speech.audio import write_audio
from earmark.transcribe.served import Asking, transcribe_served

ANSWER = {"text": "好", "choices": [{"message": {"content": "好"}}]}
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
FAILED = b"HTTP/1.1 500 Oh\r\nContent-Length: 9\r\n\r\n"


def reply(body, *headers, status="200 OK", length=None):
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}"]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + body


WELL = reply(json.dumps(ANSWER).encode())

BROKEN = {
    "cut": (reply(b'{"text":', length=99), "IncompleteRead"),
    "cut, status 500": (reply(b"x", status="500 Oh", length=99), "status 500, then IncompleteRead"),
    "cut, status 400": (reply(b"x", status="400 No", length=99), "status 400, then IncompleteRead"),
    "slow": (drip(reply(b"", length=99), b" "), "status 200, then timed out"),
    "slow, status 503": (drip(reply(b"", status="503 Busy", length=99), b" "), "503, then timed"),
    "slow head": (drip(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"), "timed out"),
    "slow status line": (drip(b"H", b"T"), "timed out"),
    "only 100 Continue": (drip(b"HTTP/1.1 100 Continue\r\n\r\n"), "timed out"),
    "slow chunks": (drip(CHUNKED, b"1\r\nx\r\n"), "timed out"),
    "slow trailer": (drip(CHUNKED + b"0\r\n", b"A: b\r\n"), "timed out"),
    "chunk size": (CHUNKED + b"zz\r\nx\r\n", "IncompleteRead"),
    "chunk size, status 500": (CHUNKED.replace(b"200", b"500") + b"zz\r\n", "500, then Incomplete"),
    "chunk cut": (CHUNKED + b"9\r\nx", "IncompleteRead"),
    "chunk of -5 bytes": (CHUNKED + b"-5\r\nx", "status 200, then"),
    "chunk of -1 bytes, endless": (flood(CHUNKED + b"-1\r\n", b"x" * 65536), "more than 4 MB"),
    "huge chunk, endless": (flood(CHUNKED + b"f" * 30 + b"\r\n", b"x" * 65536), "more than 4 MB"),
    "small chunks, endless": (flood(CHUNKED, b"100\r\n" + b"x" * 256 + b"\r\n"), "more than 4 MB"),
    "huge length": (flood(reply(b"", length=10**30), b"x" * 65536), "more than 4 MB"),
    "length of 5000 digits": (flood(reply(b"", length="9" * 5000), b"x" * 65536), "more than 4 MB"),
    "endless": (flood(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 65536), "more than 4 MB"),
    "endless, status 500": (flood(b"HTTP/1.1 500 Oh\r\n\r\n", b"x" * 65536), "500, then .*4 MB"),
    "endless header": (flood(b"HTTP/1.1 200 OK\r\nX: ", b"x" * 65536), "LineTooLong"),
    "endless headers": (
        flood(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n" * 99),
        "more than 100 headers",
    ),
    "no HTTP": (b"SSH-2.0-OpenSSH_9.6\r\n", "BadStatusLine"),
    "bad status": (b"HTTP/1.1 nan OK\r\n\r\n", "BadStatusLine"),
    "gzip, damaged": (reply(b"\x1f\x8bxxxx", "Content-Encoding: gzip"), "came as gzip, and is dam"),
    "gzip, cut": (
        reply(gzip.compress(b"{}" * 99)[:-9], "Content-Encoding: gzip"),
        "came as gzip, and its length is wrong",
    ),
    "gzip bomb": (
        reply(gzip.compress(b" " * (MOST_BYTES + 1)), "Content-Encoding: gzip"),
        "more than 4 MB",
    ),
    "brotli": (reply(b"\x0b\x02", "Content-Encoding: br"), "Content-Encoding 'br', though"),
}


@pytest.fixture(autouse=True)
def no_key(monkeypatch):
    for name in (*KEY_VARIABLES, "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)


def ask(url, **knobs):
    knobs = {"first_wait_s": 0.0, "timeout_s": 10.0, "retries": 1, **knobs}
    return complete(Endpoint(url, "tiny", **knobs), "hello")


@pytest.mark.parametrize("trouble", BROKEN)
def test_each_failure_is_tried_again_and_then_named(trouble):
    step, message = BROKEN[trouble]
    server, timeout_s = RawServer(WELL), 0.4 if "timed" in message else 10.0
    with serving(server) as url:
        server.script = [step]
        start = time.monotonic()
        assert ask(url, timeout_s=timeout_s) == "好"
        assert len(server.requests) == 2
        server.script = [step]
        with pytest.raises(EndpointError, match=f"after 1 attempts; the last one: .*{message}") as (
            caught
        ):
            ask(url, timeout_s=timeout_s, retries=0)
        assert time.monotonic() - start < 10
    assert not isinstance(caught.value, UnreachableError)
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize("trouble", ["cut, status 500", "slow", "chunk size", "endless"])
@pytest.mark.parametrize("route", ["chat", "transcriptions"])
def test_with_skip_the_others_are_transcribed(tmp_path, trouble, route):
    rows = [Utterance(f"u{i}", audio=f"{i}.wav") for i in range(2)]
    for row in rows:
        write_audio(tmp_path / row.audio, np.zeros(1600, np.float32))
    write_jsonl(tmp_path / "u.jsonl", rows)
    server = RawServer(WELL)
    server.script = [BROKEN[trouble][0]] * 2
    timeout_s = 0.4 if trouble == "slow" else 10.0
    asking = Asking(route=route, concurrency=1)
    with serving(server) as url:
        endpoint = Endpoint(url, "tiny", retries=1, first_wait_s=0.0, timeout_s=timeout_s)
        hyps = transcribe_served(
            endpoint, rows, tmp_path, tmp_path / "h.jsonl", asking, on_error="skip"
        )
    assert [hyp.id for hyp in hyps[0] if hyp.set_aside is None] == ["u1"]
    (aside,) = map(json.loads, (tmp_path / "h.jsonl.skipped.jsonl").read_text().splitlines())
    assert "after 2 attempts" in aside["reason"]


def test_a_request_that_waits_to_be_sent_again_is_not_when_the_work_is_stopped():
    server = RawServer(WELL)
    server.script = [reply(b"busy", "Retry-After: 30", status="503 Busy")]
    with serving(server) as url:
        endpoint = Endpoint(url, "tiny")
        soon = threading.Timer(0.2, endpoint.stop.set)
        soon.start()
        start = time.monotonic()
        with pytest.raises(EndpointError, match="after 1 attempts; the last one: status 503"):
            complete(endpoint, "say it")
        assert time.monotonic() - start < 20
    assert len(server.requests) == 1


def test_a_server_that_answers_slowly_is_there():
    server = RawServer(WELL)
    server.answer = drip(reply(b"", length=999), b" ")
    with serving(server) as url:
        Endpoint(url, "tiny", timeout_s=0.3).check_reachable()
        server.answer = drip(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n")
        with pytest.raises(UnreachableError, match="no server answers: timed out; start it"):
            Endpoint(url, "tiny", timeout_s=0.3).check_reachable()


def test_an_endless_answer_takes_little_memory():
    server = RawServer(WELL)
    server.script = [flood(reply(b"", length=2_400_000_000), b"x" * 65536), BROKEN["endless"][0]]
    with serving(server) as url:
        tracemalloc.start()
        try:
            assert ask(url, retries=2) == "好"
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert most < 4 * MOST_BYTES


@pytest.mark.parametrize(
    ("compress", "name"),
    [(gzip.compress, "gzip"), (gzip.compress, "X-GZIP"), (zlib.compress, "deflate")],
)
def test_a_compressed_answer_is_read(compress, name):
    body = compress(json.dumps(ANSWER).encode())
    with serving(RawServer(reply(body, f"Content-Encoding: {name}"))) as url:
        assert ask(url) == "好"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
@pytest.mark.parametrize("route", ["translator", "chat", "transcriptions"])
def test_every_route_reads_the_same_encodings(tmp_path, encoding, route):
    server = RawServer(reply(json.dumps(ANSWER, ensure_ascii=False).encode(encoding)))
    with serving(server) as url:
        if route == "translator":
            assert ask(url) == "好"
        else:
            write_audio(tmp_path / "a.wav", np.zeros(1600, np.float32))
            row, asking = Utterance("u", audio="a.wav"), Asking(route=route)
            endpoint = Endpoint(url, "tiny", retries=0)
            rows = transcribe_served(endpoint, [row], tmp_path, tmp_path / "h.jsonl", asking)
            assert rows[0][0].text == "好"


def test_an_error_in_utf_16_is_quoted_and_the_key_in_it_is_not():
    body = '{"error": "不行 sk-12345678-abc"}'.encode("utf-16")
    server = RawServer(reply(body, status="400 No"))
    with serving(server) as url, pytest.raises(EndpointError, match=r'400: .*: "不行 ') as caught:
        ask(url, key="sk-12345678-abc")
    assert "***" in str(caught.value)


@pytest.mark.parametrize("route", ["translator", "transcriptions"])
def test_deep_json_is_refused(tmp_path, route):
    body = b'{"text": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    with serving(RawServer(reply(body))) as url:
        if route == "translator":
            with pytest.raises(EndpointError, match="not a chat completion: "):
                ask(url, retries=0)
        else:
            write_audio(tmp_path / "a.wav", np.zeros(1600, np.float32))
            rows, endpoint = [Utterance("u", audio="a.wav")], Endpoint(url, "tiny", retries=0)
            with pytest.raises(InputError, match=r"'u': .*nested too deep"):
                transcribe_served(endpoint, rows, tmp_path, tmp_path / "h.jsonl", Asking())


@pytest.mark.parametrize("value", ["nan", "-1", "-inf", "1e400", "soon", "", "0x10", "9" * 400])
def test_a_senseless_retry_after_says_nothing(value):
    server = RawServer(WELL)
    server.script = [reply(b"", f"Retry-After: {value}", status="429 Slow down")]
    with serving(server) as url:
        start = time.monotonic()
        assert ask(url) == "好"
    assert time.monotonic() - start < 2


def test_a_huge_retry_after_is_bounded(monkeypatch):
    monkeypatch.setattr("earmark.endpoint.client.LONGEST_WAIT_S", 0.2)
    server = RawServer(WELL)
    server.script = [reply(b"", "Retry-After: 999999999", status="503 Busy")]
    with serving(server) as url:
        start = time.monotonic()
        assert ask(url) == "好"
    assert 0.2 <= time.monotonic() - start < 2


@pytest.mark.parametrize("timeout_s", [0, -1, float("nan"), float("inf"), 1e9])
def test_a_time_out_that_no_socket_takes_is_refused(timeout_s):
    with pytest.raises(KnobError, match=r"a time-out of .* s; expected more than 0 and at most"):
        Endpoint("http://h/v1", "tiny", timeout_s=timeout_s)


def test_a_bad_status_line_with_the_key_is_not_quoted():
    server = RawServer(b"HTTP/1.1 sk-12345678-abc no\r\n\r\n")
    with serving(server) as url, pytest.raises(EndpointError, match=r"Line: .* \*\*\*") as caught:
        ask(url, key="sk-12345678-abc", retries=0)
    assert "sk-1" not in str(caught.value)


def test_an_answer_that_comes_before_the_request_is_sent_is_read():
    server = RawServer(WELL)

    def refuse(connection):
        connection.recv(1000)
        connection.sendall(reply(b"too long for us", status="413 Too Large"))
        time.sleep(0.2)

    server.answer = refuse
    said = r"status 413: too long for us|ConnectionResetError"
    with serving(server) as url, pytest.raises(EndpointError, match=said):
        complete(Endpoint(url, "tiny", retries=0), "x" * 5_000_000)


def test_a_proxy_of_the_environment_is_used_and_its_password_not_shown(monkeypatch):
    server = RawServer(reply(b"proxy says no to hush-hush-99", status="407 Who"))
    with serving(server) as url:
        proxy = url.removesuffix("/v1").replace("//", "//me:hush-hush-99@")
        monkeypatch.setenv("http_proxy", proxy)
        with pytest.raises(EndpointError, match=r"status 407: proxy says no to \*\*\*"):
            ask("http://model.invalid/v1", retries=0)
    assert server.requests[0].startswith(b"POST http://model.invalid/v1/chat/completions HTTP/1.1")
    assert b"\r\nProxy-Authorization: Basic bWU6" in server.requests[0]


def test_what_a_server_says_is_one_line_without_control_characters():
    server = RawServer(reply(b"\x1b[2Jno\nerror: all\r\ndone\xe2\x80\xae", status="400 No"))
    with serving(server) as url, pytest.raises(EndpointError) as caught:
        ask(url)
    assert str(caught.value).endswith("status 400: ‹U+001B›[2Jno error: all‹U+000D› done‹U+202E›")
