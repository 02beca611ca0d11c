"""A real HTTP server on loopback that speaks the chat protocol, and misbehaves when told to."""

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WELL = "well"


class ChatServer:
    """What the server does: `script` is a list of replies for the next requests, then all is well.

    `answer` makes the content of a well-formed answer, or the whole of it as an object.

    A reply is a status, a (status, headers) pair, bytes sent with status 200, or a number of
    seconds to stay silent. `requests` keeps what came in, `most_at_once` how many overlapped.
    """

    def __init__(self, answer=lambda prompt: f"回答{len(prompt)}", delay_s=0.0):
        self.answer, self.delay_s = answer, delay_s
        self.script, self.requests = [], []
        self.now = self.most_at_once = 0
        self.lock = threading.Lock()

    @property
    def prompts(self):
        return [body["messages"][0]["content"] for body, _ in self.requests]

    def reply(self, handler, body):
        with self.lock:
            self.requests.append((body, dict(handler.headers)))
            self.now += 1
            self.most_at_once = max(self.most_at_once, self.now)
            step = self.script.pop(0) if self.script else WELL
        time.sleep(step if isinstance(step, float) else self.delay_s)
        # Before the reply goes out: whoever has it may send the next request at once.
        with self.lock:
            self.now -= 1
        self.send(handler, body, step)

    def send(self, handler, body, step):
        status, headers = step if isinstance(step, tuple) else (step, {})
        if not isinstance(status, int):
            status = 200
        content = step if isinstance(step, bytes) else b"something went wrong"
        if step == WELL or isinstance(step, float):
            answer = self.answer(body["messages"][0]["content"])
            if not isinstance(answer, dict):
                answer = {"choices": [{"message": {"content": answer}}]}
            content = json.dumps(answer).encode()
        handler.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """A client that hangs up is part of the tests."""


@contextmanager
def serving(chat):
    """Run the server on a free port; yield its base URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            assert self.path == "/v1/chat/completions"
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            chat.reply(self, body)

        def log_message(self, *_):
            pass

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
