"""A real HTTP server on loopback with the two routes on which a model hears.

It reads the protocol as vLLM does and misbehaves when told to. What it writes down comes from
`hear(clip, fields)`: a real model, or whatever a test of faults needs.
"""

import base64
import io
import json
import threading
import time
from contextlib import contextmanager
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple

import soundfile

TRANSCRIPTIONS, CHAT = "/v1/audio/transcriptions", "/v1/chat/completions"


class Asked(NamedTuple):
    """One request: where, what was said beside the sound, the sound, the headers."""

    path: str
    fields: dict
    wav: bytes
    headers: dict


def clip_of(wav):
    samples, rate_hz = soundfile.read(io.BytesIO(wav), dtype="float32")
    assert rate_hz == 16_000
    assert samples.ndim == 1
    return samples


class OpenAIServer:
    """`script` holds replies to the next requests, then all is well.

    A reply is a status, a (status, headers) pair, bytes sent with status 200, a number of seconds
    to wait before answering well, or "hang up". `echo` is put into every reply that is a status.
    An answer that ends in three dots is said to have met the token cap.
    """

    def __init__(self, hear, delay_s=0.0, echo="something went wrong"):
        self.hear, self.delay_s, self.echo = hear, delay_s, echo
        self.script, self.requests = [], []
        self.now = self.most_at_once = 0
        self.lock = threading.Lock()

    def reply(self, handler, asked):
        with self.lock:
            self.requests.append(asked)
            self.now += 1
            self.most_at_once = max(self.most_at_once, self.now)
            step = self.script.pop(0) if self.script else 0.0
        status, headers = step if isinstance(step, tuple) else (step, {})
        body = status if isinstance(status, bytes) else self.echo.encode()
        if isinstance(status, float):
            time.sleep(status or self.delay_s)
            body = self.well(asked)
        # Before the reply goes out: whoever has it may send the next request at once.
        with self.lock:
            self.now -= 1
        if step != "hang up":
            self.send(handler, status if isinstance(status, int) else 200, body, headers)

    def well(self, asked):
        texts = self.hear(clip_of(asked.wav) if asked.wav else None, asked.fields)
        if asked.path == TRANSCRIPTIONS:
            return json.dumps({"text": texts[0]}).encode()
        whys = ["length" if text.endswith("...") else "stop" for text in texts]
        choices = [
            {"index": i, "message": {"content": text}, "finish_reason": why}
            for i, (text, why) in enumerate(zip(texts, whys, strict=True))
        ]
        if asked.fields.get("logprobs"):
            for choice in choices:
                choice["logprobs"] = {"content": [{"logprob": -0.5}, {"logprob": -0.25}]}
        return json.dumps({"choices": choices[::-1]}).encode()

    @staticmethod
    def send(handler, status, content, headers):
        handler.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)


def read_request(path, headers, body):
    if path == CHAT:
        fields = json.loads(body)
        *before, message = fields.pop("messages")
        if isinstance(message["content"], str):
            fields |= {"prompt": message["content"], "before": before}
            return Asked(path, fields, b"", headers)
        (sound,) = (part for part in message["content"] if part["type"] == "input_audio")
        assert sound["input_audio"]["format"] == "wav"
        fields["prompt"] = "".join(part.get("text", "") for part in message["content"])
        fields |= {"before": before} if before else {}
        fields |= {} if message["content"][0] is sound else {"audio_first": False}
        return Asked(path, fields, base64.b64decode(sound["input_audio"]["data"]), headers)
    form = message_from_bytes(f"Content-Type: {headers['Content-Type']}\r\n\r\n".encode() + body)
    parts = {
        part.get_param("name", header="Content-Disposition"): part.get_payload(decode=True)
        for part in form.get_payload()
    }
    wav = parts.pop("file")
    return Asked(path, {name: value.decode() for name, value in parts.items()}, wav, headers)


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        """A client that hangs up is part of the tests."""


@contextmanager
def serving(server):
    """Run the server on a free port; yield its base URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            server.send(self, 200, b'{"data": []}', {})

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path in (TRANSCRIPTIONS, CHAT):
                server.reply(self, read_request(self.path, dict(self.headers), body))
            else:
                server.send(self, 404, b"no such page", {})

        def log_message(self, *_):
            pass

    http = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{http.server_port}/v1"
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
