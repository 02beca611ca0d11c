"""A TCP server on loopback that answers each request with the bytes that a test gives it."""

import socket
import threading
import time
from contextlib import contextmanager


def drip(*parts, every_s=0.05):
    """Send parts with a pause before each, the last for as long as the client listens."""

    def send(connection):
        for part in parts:
            connection.sendall(part)
            time.sleep(every_s)
        while True:
            connection.sendall(parts[-1])
            time.sleep(every_s)

    return send


def flood(head, block):
    """Send a head, then a block for as long as the client listens."""

    def send(connection):
        connection.sendall(head)
        while True:
            connection.sendall(block)

    return send


class RawServer:
    """`script` holds what the next requests are answered with; afterwards `well` is sent.

    An entry is bytes, or a function that is given the connection. A GET is answered at once.
    """

    def __init__(self, well):
        self.well, self.script, self.requests = well, [], []

    def answer(self, connection):
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(65536)
        if head.startswith(b"GET"):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
            return
        head, _, body = head.partition(b"\r\n\r\n")
        (length,) = (line.split()[1] for line in head.split(b"\r\n") if b"ent-Length" in line)
        while len(body) < int(length):
            body += connection.recv(65536)
        self.requests.append(head)
        step = self.script.pop(0) if self.script else self.well
        if callable(step):
            step(connection)
        else:
            connection.sendall(step)

    def _serve(self, connection):
        with connection:
            try:
                self.answer(connection)
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                """A client that hangs up is part of the tests."""


@contextmanager
def serving(server):
    """Run the server on a free port; yield its base URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=server._serve, args=(connection,), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
