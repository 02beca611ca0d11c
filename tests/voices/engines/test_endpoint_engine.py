"""Speech from a server: requests, patience, what is not sound, where a run stops."""

import io
import json
import struct
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random

import numpy as np
import pytest
import soundfile

from earmark.endpoint import EndpointError, SettingsError, UnreachableError
from earmark.errors import InputError, KnobError
from earmark.records import Utterance
from earmark.voices.engine import Source
from earmark.voices.engines import open_engine
from earmark.voices.engines.endpoint import with_true_sizes
from earmark.voices.spoken.make import Speaker, speak_texts
from earmark.voices.spoken.plan import Speaking

TEXTS = [Utterance(str(n), f"我想 copy {n}") for n in range(12)]
ONE = Speaking(voices=("alloy",), speed=(1.1, 1.1))


def wav(seconds=0.5, rate=24000, kind="WAV"):
    times = np.arange(round(seconds * rate)) / rate
    file = io.BytesIO()
    soundfile.write(file, 0.3 * np.sin(2 * np.pi * 300 * times), rate, format=kind)
    return file.getvalue()


@contextmanager
def speaking(answer):
    """Serve on loopback; `answer` maps (body, count of requests) to (status, bytes)."""
    requests, lock = [], threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send(200, b"{}")

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                requests.append((self.path, body, self.headers.get("Authorization")))
                count = len(requests)
            self.send(*answer(body, count))

        def send(self, status, content):
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Retry-After", "0")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1", requests
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_request_and_what_comes_back(monkeypatch):
    monkeypatch.setenv("EARMARK_API_KEY", "s3cret")
    with speaking(lambda body, count: (200, wav())) as (url, requests):
        engine = open_engine("endpoint", Source(model="tts", endpoint=f"{url}/audio/speech"))
        said = engine.say("我想 copy", "alloy", Random(0), speed=1.25)
    assert len(said.audio) == 8000
    assert said.audio.dtype == np.float32
    assert said.spans is None
    ((path, body, key),) = requests
    assert path == "/v1/audio/speech"
    assert key == "Bearer s3cret"
    assert body == {
        "model": "tts",
        "input": "我想 copy",
        "voice": "alloy",
        "response_format": "wav",
        "speed": 1.25,
    }
    assert engine.made_by == {"engine": "endpoint", "model": "tts", "endpoint": url}


def test_a_broken_answer_is_requested_again():
    answers = {1: (503, b"busy"), 2: (200, b"RIFFbroken"), 3: (200, wav()[:200])}
    with speaking(lambda body, count: answers.get(count, (200, wav(kind="FLAC")))) as (url, seen):
        engine = open_engine("endpoint", Source(model="tts", endpoint=url))
        object.__setattr__(engine._endpoint, "first_wait_s", 0.01)
        assert len(engine.speak("好", "alloy", Random(0))) == 8000
    assert len(seen) == 4


def test_samples_that_are_no_numbers_are_requested_again():
    file = io.BytesIO()
    samples = np.array([0.1, np.nan, 0.1], np.float32)
    soundfile.write(file, samples, 24000, format="WAV", subtype="FLOAT")
    answers = {1: (200, file.getvalue())}
    with speaking(lambda body, count: answers.get(count, (200, wav()))) as (url, seen):
        engine = open_engine("endpoint", Source(model="tts", endpoint=url))
        object.__setattr__(engine._endpoint, "first_wait_s", 0.01)
        assert np.isfinite(engine.speak("好", "alloy", Random(0))).all()
    assert len(seen) == 2


def test_a_stopped_run_is_tried_again_as_patiently(tmp_path):
    """Stopping lets waiting requests give up; the next run opens the engine anew."""
    with speaking(lambda body, count: (401, b"key?")) as (url, _):
        speaker = Speaker("endpoint", Source(model="tts", endpoint=url))
        before = speaker.open()
        with pytest.raises(SettingsError):
            speak_texts(tmp_path, TEXTS, speaker, ONE, workers=2)
        assert before._endpoint.stop.is_set()
        assert not speaker.open()._endpoint.stop.is_set()


def test_what_is_no_sound_is_refused():
    with speaking(lambda body, count: (200, b'{"error": "no such voice"}')) as (url, seen):
        engine = open_engine("endpoint", Source(model="tts", endpoint=url))
        with pytest.raises(EndpointError, match=r"expected sound, found JSON; .*no such voice"):
            engine.speak("好", "alloy", Random(0))
    assert len(seen) == 1


def test_a_corpus_is_resumed_from_what_was_spoken(tmp_path, capsys):
    def answer(body, count):
        return (400, b"no") if "copy 7" in body["input"] else (200, wav())

    with speaking(answer) as (url, requests):
        speaker = Speaker("endpoint", Source(model="tts", endpoint=url))
        with pytest.raises(InputError, match=r"'7-alloy': .*the request was refused: status 400"):
            speak_texts(tmp_path, TEXTS, speaker, ONE, workers=2)
        assert len(requests) < 12
    with speaking(lambda body, count: (200, wav())) as (url, requests):
        speaker = Speaker("endpoint", Source(model="tts", endpoint=url))
        spoken = speak_texts(tmp_path, TEXTS, speaker, ONE)
        assert 1 <= len(requests) <= 6
    assert [row.id for row in spoken.rows] == [f"{n}-alloy" for n in range(12)]
    assert "clips were made before; resuming" in " ".join(capsys.readouterr().err.split())
    assert {body["speed"] for _, body, _ in requests} == {1.1}


def test_a_refused_text_is_set_aside_and_a_wrong_key_stops_the_run(tmp_path):
    def answer(body, count):
        return (400, b"too long") if "copy 3" in body["input"] else (200, wav())

    with speaking(answer) as (url, _):
        speaker = Speaker("endpoint", Source(model="tts", endpoint=url))
        spoken = speak_texts(tmp_path / "one", TEXTS, speaker, ONE, on_error="skip")
    assert len(spoken.rows) == 11
    assert "too long" in spoken.set_aside[0].reason
    with speaking(lambda body, count: (401, b"key?")) as (url, requests):
        speaker = Speaker("endpoint", Source(model="tts", endpoint=url))
        with pytest.raises(SettingsError, match="check the URL, the model's name and the key"):
            speak_texts(tmp_path / "two", TEXTS, speaker, ONE, on_error="skip", workers=2)
        assert len(requests) <= 6


def test_a_server_that_is_not_there_or_not_named():
    with pytest.raises(KnobError, match="give its base URL by --endpoint"):
        open_engine("endpoint", Source(model="tts"))
    with pytest.raises(UnreachableError, match="no server answers"):
        open_engine("endpoint", Source(model="tts", endpoint="http://127.0.0.1:9/v1"))


def test_sizes_that_a_streaming_server_left_open():
    whole = wav()
    place = whole.index(b"data") + 4
    streamed = bytearray(whole)
    struct.pack_into("<I", streamed, 4, 0xFFFFFFFF)
    struct.pack_into("<I", streamed, place, 0xFFFFFFFF)
    assert with_true_sizes(bytes(streamed)) == whole
    assert with_true_sizes(whole[:-100]) == whole[:-100]
    assert with_true_sizes(wav(kind="FLAC")) == wav(kind="FLAC")
    assert with_true_sizes(b"RIFF") == b"RIFF"
