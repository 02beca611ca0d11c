"""A reward model behind vLLM's pooling route."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from earmark.endpoint import UnreachableError
from earmark.judges.choose import chosen_judges
from judged import case

ASK = [{"role": "system", "content": "be kind"}, {"role": "user", "content": "hello"}]


@contextmanager
def pooling(number):
    """Serve POST /pooling; `number` makes the value of `data` from the messages, or raw bytes."""
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            seen.append((self.path, body))
            found = number(body["messages"])
            data = {"object": "list", "data": [{"index": 0, "data": found}]}
            content = found if isinstance(found, bytes) else json.dumps(data).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def scored(url, *answers):
    (chosen,) = chosen_judges(f"reward_model:model=rm:endpoint={url}")
    return list(chosen.judge.score([case(*answers, prompt=ASK)])[0])


@pytest.mark.parametrize("base", ["", "/", "/v1"])
def test_the_raw_number_of_each_conversation(base):
    with pooling(lambda messages: [len(messages[-1]["content"]) - 2.5]) as (url, seen):
        assert scored(f"{url}{base}", "ab", "abcdef") == [-0.5, 3.5]
    path, body = seen[0]
    assert path == "/pooling"
    assert [turn["role"] for turn in body["messages"]] == ["user", "assistant"]
    assert body["task"] == "classify"
    assert (body["use_activation"], body["activation"]) == (False, False)
    assert (body["add_generation_prompt"], body["add_special_tokens"]) == (False, False)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([0.1, 0.2], "2 numbers"),
        ([[3.0]], None),
        (["good"], "not a finite number"),
        (b'{"data": []}', "no pooled number"),
        (b"oops", "no pooled number"),
        (b'{"data": [{"data": [NaN]}]}', "gave nan"),
    ],
)
def test_other_answers_are_no_score(data, said):
    with pooling(lambda messages: data) as (url, _):
        (found,) = scored(url, "ab")
    assert found == 3.0 if said is None else said in found.why


def test_no_server():
    with pytest.raises(UnreachableError):
        scored("http://127.0.0.1:9", "ab")
