"""`transformers serve`, started here, with the tiny model that ships with Earmark."""

import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

import numpy as np
import pytest
from transformers import AutoModelForSpeechSeq2Seq, AutoProcessor

from earmark.cli import app
from earmark.errors import InputError
from earmark.formats.files.lines import write_jsonl
from earmark.formats.reading import read
from earmark.policies.load import model_path
from earmark.records import Hypothesis, Utterance
from earmark.speech.audio import read_audio, write_audio
from earmark.speech.wav import wav_bytes
from earmark.transcribe.openai_routes import multipart
from tiny_world import noise
from whisper_model import write_whisper

CAP = 24


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    shutil.copytree(model_path("tiny-base"), folder / "tiny-base")
    rng = np.random.default_rng(0)
    rows = []
    for i, duration_s in enumerate([2.5, 0.6, 1.4, 2.9]):
        write_audio(folder / f"{i}.wav", noise(rng, duration_s))
        rows.append(Utterance(f"u{i}", text="好", audio=f"{i}.wav"))
    write_jsonl(folder / "test.jsonl", rows)
    return folder


@pytest.fixture(scope="module")
def url(world):
    with serving(world / "tiny-base", world / "server.log") as url:
        yield url


@contextmanager
def serving(model, log):
    """Start the library's own server with a model; yield where it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = Path(sys.executable).parent / "transformers"
    options = ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu", "--dtype", "float32"]
    with open(log, "w") as file:
        server = subprocess.Popen([program, "serve", model, *options], stdout=file, stderr=file)
    try:
        deadline = time.monotonic() + 200
        while not answers(f"http://127.0.0.1:{port}/health"):
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.2)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.kill()
        server.wait()


def answers(address):
    try:
        with urlopen(address, timeout=5):
            return True
    except URLError:
        return False


def transcribe(world, out, *more):
    given = ["transcribe", "--utterances", str(world / "test.jsonl"), "--out", str(out)]
    given += ["--max-new-tokens", str(CAP), *map(str, more)]
    app(given, result_action="return_value", exit_on_error=False, print_error=False)


def rows_of(path):
    return [(h.id, h.text, h.raw_text) for h in read(Hypothesis, path)]


def to(url, world):
    return ("--endpoint", url, "--model", world / "tiny-base")


def test_greedy_transcripts_are_the_local_ones(url, world, tmp_path):
    knobs = ("--server", "transformers", "--route", "chat")
    transcribe(world, tmp_path / "served.jsonl", *to(url, world), *knobs)
    transcribe(world, tmp_path / "local.jsonl", "--model", world / "tiny-base")
    assert rows_of(tmp_path / "served.jsonl") == rows_of(tmp_path / "local.jsonl")
    assert len({text for _, text, _ in rows_of(tmp_path / "local.jsonl")}) == 4


def test_candidates_are_sampled_one_by_one_and_by_seed(url, world, tmp_path):
    knobs = ("--server", "transformers", "--candidates", 2, "--temperature", 1.5)
    for name, seed in (("first", 0), ("again", 0), ("other", 1)):
        # One at a time: this server seeds its generator for all requests at once.
        more = (*knobs, "--seed", seed, "--concurrency", 1)
        transcribe(world, tmp_path / f"{name}.jsonl", *to(url, world), *more)
    first, again, other = (
        [rows_of(tmp_path / f"{name}.{i}.jsonl") for i in (1, 2)]
        for name in ("first", "again", "other")
    )
    assert first == again
    assert first[0] != first[1]
    assert first[1] == other[0], "seeds count up from candidate to candidate"
    assert other[1] not in first


def test_what_the_server_does_not_know_is_refused_and_quoted(url, world, tmp_path):
    with pytest.raises(InputError, match=r"status 422: .*Unexpected fields"):
        transcribe(world, tmp_path / "h.jsonl", *to(url, world), "--route", "chat")
    wrong = ("--endpoint", url, "--model", "another", "--server", "transformers")
    with pytest.raises(InputError, match=r"status 400: .*pinned to"):
        transcribe(world, tmp_path / "h.jsonl", *wrong, "--route", "chat")


def test_its_transcription_route_hears_what_the_library_hears(world, tmp_path):
    """By a Whisper, which this route is made for; it heeds no decoding but the model's own."""
    model = write_whisper(tmp_path / "whisper")
    processor = AutoProcessor.from_pretrained(model)
    network = AutoModelForSpeechSeq2Seq.from_pretrained(model)
    expected = []
    for utterance in read(Utterance, world / "test.jsonl"):
        clip = read_audio(world / utterance.audio)
        heard = processor(clip, sampling_rate=16_000, return_tensors="pt")
        written = processor.batch_decode(network.generate(**heard), skip_special_tokens=True)
        expected.append((utterance.id, written[0]))
    assert len({text for _, text in expected}) > 1
    given = ("--model", model, "--server", "openai", "--route", "transcriptions")
    given += ("--language", "zh")
    with serving(model, tmp_path / "server.log") as url:
        transcribe(world, tmp_path / "h.jsonl", "--endpoint", url, *given)
    assert [(id, raw) for id, _, raw in rows_of(tmp_path / "h.jsonl")] == expected


def test_its_transcription_route_cannot_serve_the_base(url, world):
    # Why decoding on the route is tested against a server of our own.
    content, kind = multipart(
        {"model": str(world / "tiny-base")}, wav_bytes(np.zeros(16_000, np.float32))
    )
    request = Request(f"{url}/audio/transcriptions", content, {"Content-Type": kind})
    with pytest.raises(HTTPError) as caught:
        urlopen(request, timeout=60)
    assert caught.value.code == 500
    caught.value.close()
    why = "You need to provide at least one input"
    deadline = time.monotonic() + 30
    while why not in (world / "server.log").read_text():
        assert time.monotonic() < deadline, (world / "server.log").read_text()
        time.sleep(0.1)
