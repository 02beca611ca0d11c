"""What goes wrong between us and a server, on loopback: busy, rude, slow, gone, killed half-way."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from earmark.endpoint import KEY_VARIABLES, Endpoint, SettingsError, UnreachableError
from earmark.errors import InputError, KnobError
from earmark.formats.files.lines import write_jsonl
from earmark.records import Utterance
from earmark.speech.audio import write_audio
from earmark.transcribe.served import Asking, Decoding, transcribe_served
from openai_server import OpenAIServer, serving

KEY = "sk-not-to-be-seen"
COUNT = 12
CHAT = Asking(route="chat", prompt="Write it down.")
SEVERAL = Asking(
    route="chat", prompt="Write it down.", decoding=Decoding(candidates=3, temperature=1.0)
)


@pytest.fixture(autouse=True)
def no_key(monkeypatch):
    for name in KEY_VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def corpus(tmp_path):
    """Make clips whose lengths tell them apart: the server writes down how long a clip is."""
    rows = []
    for i in range(COUNT):
        write_audio(tmp_path / f"{i}.wav", np.full(1600 + 160 * i, 0.1, np.float32))
        rows.append(Utterance(f"u{i}", audio=f"{i}.wav"))
    write_jsonl(tmp_path / "test.jsonl", rows)
    return rows


def lengths(clip, fields):
    return [f"{len(clip)} 样本 {i}" for i in range(int(fields["n"]))]


def expected(i, candidate=0):
    return f"{1600 + 160 * i} 样本 {candidate}"


def run(server, corpus, tmp_path, asking=CHAT, url=None, on_error="stop", **knobs):
    knobs = {"first_wait_s": 0.01, "timeout_s": 5.0, **knobs}
    with serving(server) as own:
        endpoint = Endpoint(url or own, "tiny", **knobs)
        return transcribe_served(
            endpoint, corpus, tmp_path, tmp_path / "h.jsonl", asking, on_error=on_error
        )[0]


@pytest.mark.parametrize("asking", [CHAT, Asking()], ids=["chat", "transcriptions"])
@pytest.mark.parametrize("trouble", [503, 429, 500, "hang up"])
def test_what_may_pass_is_tried_again(corpus, tmp_path, trouble, asking):
    server = OpenAIServer(lengths)
    server.script = [trouble, trouble]
    rows = run(server, corpus, tmp_path, asking)
    assert [row.text for row in rows] == [expected(i) for i in range(COUNT)]
    assert len(server.requests) == COUNT + 2


def test_a_silent_server_is_asked_again(corpus, tmp_path):
    server = OpenAIServer(lengths)
    server.script = [1.5]
    assert len(run(server, corpus[:1], tmp_path, timeout_s=0.3)) == 1
    assert len(server.requests) == 2


def test_a_clip_that_always_times_out_is_set_aside_and_the_run_goes_on(corpus, tmp_path):
    server = OpenAIServer(lengths)
    server.script = [0.0, 1.0, 1.0]
    asking = Asking(route="chat", prompt="Write it down.", concurrency=1)
    knobs = {"timeout_s": 0.3, "retries": 1, "on_error": "skip"}
    rows = run(server, corpus[:4], tmp_path, asking, **knobs)
    assert {row.id: row.text for row in rows if row.set_aside is None}.keys() == {"u0", "u2", "u3"}
    assert rows[1].id == "u1"
    assert "timed out" in rows[1].set_aside
    (aside,) = map(json.loads, (tmp_path / "h.jsonl.skipped.jsonl").read_text().splitlines())
    assert re.search(r"'u1': .*after 2 attempts.*timed out", aside["reason"])


def test_a_server_that_says_nothing_at_all_stops_the_run(corpus, tmp_path, monkeypatch):
    server = OpenAIServer(lengths)
    server.script = [1.0] * 4
    check, asked = Endpoint.check_reachable, []

    def hanging(endpoint):
        asked.append(endpoint)
        if len(asked) > 1:
            raise UnreachableError("no server answers: timed out")
        check(endpoint)

    monkeypatch.setattr(Endpoint, "check_reachable", hanging)
    with pytest.raises(UnreachableError, match="no server answers"):
        run(server, corpus[:4], tmp_path, timeout_s=0.3, retries=0, on_error="skip")


def test_a_refusal_is_not_tried_again_and_quoted(corpus, tmp_path):
    server = OpenAIServer(lengths, echo='{"detail": "no ear for this"}')
    server.script = [400]
    with pytest.raises(InputError, match=r"'u0': .*status 400: .*no ear for this"):
        run(server, corpus[:1], tmp_path)
    assert len(server.requests) == 1
    server.script = [422]
    rows = run(server, corpus, tmp_path, Asking(concurrency=1), on_error="skip")
    assert [row.id for row in rows] == [f"u{i}" for i in range(COUNT)]
    assert [row.id for row in rows if row.set_aside is not None] == ["u0"]
    (aside,) = map(json.loads, (tmp_path / "h.jsonl.skipped.jsonl").read_text().splitlines())
    assert "status 422" in aside["reason"]
    assert json.loads(aside["raw"])["id"] == "u0"


def test_when_all_are_refused_no_empty_file_is_left(corpus, tmp_path):
    server = OpenAIServer(lengths)
    server.script = [400] * COUNT
    with pytest.raises(InputError, match="not one utterance could be transcribed; the first: "):
        run(server, corpus, tmp_path, on_error="skip")
    assert not (tmp_path / "h.jsonl").exists()


def test_patience_ends(corpus, tmp_path):
    server = OpenAIServer(lengths)
    server.script = [503] * 9
    with pytest.raises(InputError, match=r"after 3 attempts.*status 503: something went wrong"):
        run(server, corpus[:1], tmp_path, retries=2)


@pytest.mark.parametrize("asking", [CHAT, Asking()], ids=["chat", "transcriptions"])
@pytest.mark.parametrize("body", [b"<html>hello</html>", b"[1]", b"", b"{}"])
def test_what_is_no_answer_is_said(corpus, tmp_path, body, asking):
    server = OpenAIServer(lengths)
    server.script = [body]
    with pytest.raises(InputError, match=r"'u0': .*expected .*OpenAI-compatible server\? It said"):
        run(server, corpus[:1], tmp_path, asking)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("choices", "message"),
    [
        ([], "found an empty list"),
        ([{"message": {"content": "好"}}], "3 candidates were requested, got 1: .*--one-by-one"),
        ([{"message": {"content": "好"}}] * 4, "3 candidates were requested, got 4"),
        ([{"message": {"content": None}}] * 3, "expected a text in each choice"),
        ([{"text": "好"}] * 3, "expected a 'message' with 'content'"),
    ],
)
def test_choices_that_are_not_what_was_asked_for_are_said(corpus, tmp_path, choices, message):
    server = OpenAIServer(lengths)
    server.script = [json.dumps({"choices": choices}).encode()]
    with pytest.raises(InputError, match=message):
        run(server, corpus[:1], tmp_path, SEVERAL)


def test_an_empty_transcript_is_a_transcript(corpus, tmp_path):
    server = OpenAIServer(lambda clip, fields: [""])
    assert run(server, corpus[:1], tmp_path)[0].text == ""


def test_nobody_there_and_a_wrong_path_are_said_before_work(corpus, tmp_path):
    server = OpenAIServer(lengths)
    with pytest.raises(UnreachableError, match=r"no server answers: .*refused; start it"):
        run(server, corpus, tmp_path, url="http://127.0.0.1:9/v1")
    with serving(OpenAIServer(lengths)) as url, pytest.raises(SettingsError, match="status 404"):
        run(server, corpus, tmp_path, url=url + "/v2", on_error="skip")
    assert issubclass(SettingsError, InputError)
    for url in (
        "localhost:8000",
        "ftp://x",
        "http://h:port",
        "http://h/v1?api-key=k",
        "http://a b",
    ):
        with pytest.raises(KnobError, match="endpoint URL"):
            Endpoint(url, "tiny")


def test_a_server_that_dies_stops_the_run_even_with_skip(corpus, tmp_path):
    server = OpenAIServer(lengths)
    server.script = [0.0, 0.0, 0.0, *["hang up"] * 40]
    with pytest.raises(UnreachableError, match="no usable answer"):
        run(server, corpus, tmp_path, Asking(concurrency=1), retries=1, on_error="skip")
    kept = (tmp_path / "h.jsonl.partial").read_text().splitlines()
    assert sorted(json.loads(line)["id"] for line in kept) == ["u0", "u1", "u2"]
    rows = run(server := OpenAIServer(lengths), corpus, tmp_path, Asking(concurrency=1))
    assert len(server.requests) == COUNT - 3
    assert [row.text for row in rows] == [expected(i) for i in range(COUNT)]


def test_out_of_order_finishes_are_put_in_order(corpus, tmp_path):
    server = OpenAIServer(lengths)
    server.script = [0.4, 0.3, 0.2, 0.1]
    rows = run(server, corpus, tmp_path, Asking(**{**vars(SEVERAL), "concurrency": 4}))
    assert [row.id for row in rows] == [f"u{i}" for i in range(COUNT)]
    assert 2 <= server.most_at_once <= 4
    for candidate in range(3):
        lines = (tmp_path / f"h.{candidate + 1}.jsonl").read_text().splitlines()
        texts = [json.loads(line)["text"] for line in lines]
        assert texts == [expected(i, candidate) for i in range(COUNT)]


def test_nothing_that_is_set_aside_gets_lost(corpus, tmp_path):
    (tmp_path / "5.wav").write_bytes(b"RIFF")
    with open(tmp_path / "test.jsonl", "a") as file:
        file.write('{"id": "u12", "sound": "x.wav"}\n')
    server = OpenAIServer(lengths)
    server.script = [400]
    with serving(server) as url:
        knobs = ("--on-error", "skip", "--concurrency", "1")
        done = subprocess.run(command(url, tmp_path, *knobs), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    aside = (tmp_path / "out/h.jsonl.skipped.jsonl").read_text().splitlines()
    reasons = [json.loads(line)["reason"] for line in aside]
    for reason, why in zip(reasons, ("'u5'", "'u12': it has no audio", "status 400"), strict=True):
        assert why in reason
    kept = [json.loads(line) for line in (tmp_path / "out/h.jsonl").read_text().splitlines()]
    assert [row["id"] for row in kept] == [f"u{i}" for i in range(COUNT + 1)]
    assert [row["id"] for row in kept if "set_aside" in row] == ["u0", "u5", "u12"]
    assert kept[-1]["sound"] == "x.wav", "fields that are not ours stay with the utterance"


def test_an_endpoint_can_be_used_again(corpus, tmp_path):
    server = OpenAIServer(lengths)
    with serving(server) as url:
        endpoint = Endpoint(url, "tiny", first_wait_s=0.01)
        for _ in range(2):
            server.script = [503]
            rows = transcribe_served(endpoint, corpus, tmp_path, tmp_path / "h.jsonl", CHAT)[0]
            assert len(rows) == COUNT


def command(url, tmp_path, *more):
    given = ["--endpoint", url, "--model", "tiny", "--utterances", str(tmp_path / "test.jsonl")]
    return [
        sys.executable,
        "-m",
        "earmark",
        "transcribe",
        *given,
        *("--out", str(tmp_path / "out/h.jsonl"), *more),
    ]


def test_a_run_killed_half_way_goes_on(corpus, tmp_path):
    server = OpenAIServer(lengths, delay_s=0.15)
    partials = [tmp_path / f"out/h.{i}.jsonl.partial" for i in (1, 2)]
    with serving(server) as url:
        knobs = ("--candidates", "2", "--concurrency", "2")
        process = subprocess.Popen(command(url, tmp_path, *knobs), stderr=subprocess.PIPE)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if partials[0].exists() and len(partials[0].read_bytes().splitlines()) >= 3:
                break
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert not (tmp_path / "out/h.1.jsonl").exists()
        kept = len(partials[1].read_bytes().splitlines())
        with open(partials[0], "a") as file:
            file.write('{"id": "u9", "te')
        before = len(server.requests)
        done = subprocess.run(command(url, tmp_path, *knobs), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "transcribed before; resuming with the rest" in done.stderr
    assert COUNT - kept <= len(server.requests) - before < COUNT
    for candidate in range(2):
        lines = (tmp_path / f"out/h.{candidate + 1}.jsonl").read_text().splitlines()
        texts = [json.loads(line)["text"] for line in lines]
        assert texts == [expected(i, candidate) for i in range(COUNT)]
    assert not any(path.exists() for path in partials)


def test_the_key_is_sent_to_the_server_and_shown_to_nobody(corpus, tmp_path):
    server = OpenAIServer(lengths, echo=f"bad key {KEY}, bad login bWU6aHVzaC1odXNo, hush-hush")
    server.script = [(503, {"Retry-After": "0"}), 400]
    with serving(server) as url:
        knobs = ("--on-error", "skip", "--concurrency", "1")
        environment = {**os.environ, "EARMARK_API_KEY": KEY, "OPENAI_API_KEY": "sk-the-other"}
        first = subprocess.run(
            command(url, tmp_path, *knobs), env=environment, capture_output=True, text=True
        )
        assert {r.headers["Authorization"] for r in server.requests} == {f"Bearer {KEY}"}
        server.requests.clear()
        server.script = [400]
        host = url.removeprefix("http://")
        second = subprocess.run(
            command(f"http://me:hush-hush@{host}", tmp_path, *knobs, "--seed", "1"),
            env=environment,
            capture_output=True,
            text=True,
        )
        assert {r.headers["Authorization"] for r in server.requests} == {"Basic bWU6aHVzaC1odXNo"}
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    files = [path.read_text() for path in (tmp_path / "out").iterdir()]
    assert any("status 400: bad key ***" in text for text in files)
    for text in (first.stdout, first.stderr, second.stdout, second.stderr, *files):
        for secret in (KEY, "hush-hush", "bWU6aHVzaC1odXNo"):
            assert secret not in text


def test_the_other_variable_is_read_too(corpus, tmp_path, monkeypatch):
    monkeypatch.setenv(KEY_VARIABLES[1], KEY)
    server = OpenAIServer(lengths)
    run(server, corpus[:1], tmp_path)
    assert server.requests[0].headers["Authorization"] == f"Bearer {KEY}"


def test_neither_torch_nor_transformers_is_needed(corpus, tmp_path):
    blocked = (
        "import sys, runpy\n"
        "class Missing:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('torch', 'transformers', 'peft', 'accelerate'):\n"
        "            raise ModuleNotFoundError(f'No module named {name}', name=name)\n"
        "sys.meta_path.insert(0, Missing())\n"
        "sys.argv[0] = 'earmark'\n"
        "runpy.run_module('earmark', run_name='__main__')\n"
    )
    with serving(OpenAIServer(lengths)) as url:
        given = command(url, tmp_path)[4:]
        done = subprocess.run(
            [sys.executable, "-c", blocked, "transcribe", *given], capture_output=True, text=True
        )
    assert done.returncode == 0, done.stderr
    assert len((tmp_path / "out/h.jsonl").read_text().splitlines()) == COUNT
    local = subprocess.run(
        [sys.executable, "-c", blocked, "transcribe", "--model", "tiny-base", *given[4:]],
        capture_output=True,
        text=True,
    )
    assert "pip install '.[train]'" in local.stderr, "the control: a local model needs torch"


ECHOED = f"bad key {KEY.replace('-', '%2D')}, bWU6aHVzaC1odXNo, {'&#45;'.join(KEY.split('-'))}"


@pytest.mark.parametrize("asking", [CHAT, Asking()], ids=["chat", "transcriptions"])
@pytest.mark.parametrize("kind", ["status", "answer", "not JSON"])
def test_a_server_that_repeats_the_key_encoded_gets_it_nowhere(corpus, tmp_path, asking, kind):
    server = OpenAIServer(lengths, echo=ECHOED)
    if kind == "status":
        server.script = [400]
    elif kind == "not JSON":
        server.script = [ECHOED.encode()]
    else:
        server.hear = lambda clip, fields: [ECHOED if len(clip) == 1600 else "好"]
    asking = Asking(route=asking.route, prompt=asking.prompt, concurrency=1)
    rows = run(server, corpus[:2], tmp_path, asking, on_error="skip", key=KEY)
    assert [row.id for row in rows if row.set_aside is None] == ["u1"]
    (aside,) = map(json.loads, (tmp_path / "h.jsonl.skipped.jsonl").read_text().splitlines())
    assert "key or password that was sent" in aside["reason"]
    for path in tmp_path.glob("h.jsonl*"):
        text = path.read_text()
        assert KEY not in text
        assert "%2D" not in text
        assert "&#45;" not in text
