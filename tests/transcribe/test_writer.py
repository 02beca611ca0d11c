"""Transcripts are kept as they come: one process at a time, and a full disk loses none."""

import os
import subprocess
import sys

import numpy as np
import pytest

from earmark.errors import InputError
from earmark.formats.files.lines import write_jsonl as real
from earmark.formats.reading import read
from earmark.prompting.answer import Answer
from earmark.records import Hypothesis, Utterance
from earmark.speech.audio import write_audio
from earmark.storage.lock import lock_beside, locked
from earmark.transcribe.resume import Output
from earmark.transcribe.writer import Heard, check_clips, keep
from small_disk import files_of_at_most

COUNT = 6


@pytest.fixture
def utterances(tmp_path):
    write_audio(tmp_path / "a.wav", np.zeros(1_600, np.float32) + 0.1)
    return [Utterance(id=f"u{i}", audio="a.wav", text="我们 go") for i in range(COUNT)]


def work(folder, utterances, listened):
    """Write down one answer an utterance."""

    def listen(todo):
        for utterance in todo:
            listened.append(utterance.id)
            yield Heard(utterance, [[Answer(f"我们 go {utterance.id}", False)]])

    checked = check_clips(utterances, folder, "stop")
    out = folder / "hyps.jsonl"
    (rows,) = keep(checked, listen, [Output(out, {"model": "m"})], out, on_error="stop")
    return rows


def visible(folder):
    return sorted(path.name for path in folder.iterdir())


def test_two_transcriptions_of_one_output_are_refused(tmp_path, utterances):
    listened = []
    told = r"hyps\.jsonl: another transcription is writing here already \(process \d+ on .*, since "
    lock = lock_beside(tmp_path / "hyps.jsonl")
    with locked(lock, "a test"), pytest.raises(InputError, match=told):
        work(tmp_path, utterances, listened)
    assert listened == []
    assert len(work(tmp_path, utterances, listened)) == COUNT
    assert visible(tmp_path) == ["a.wav", "hyps.jsonl"]


def test_a_second_command_is_refused_before_it_loads_a_model(tmp_path):
    (tmp_path / "u.jsonl").write_text('{"id": "a", "audio": "a.wav"}\n')
    command = [sys.executable, "-m", "earmark", "transcribe", "--model", "no-such-model"]
    command += ["--utterances", "u.jsonl", "--out", "hyps.jsonl"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with locked(lock_beside(tmp_path / "hyps.jsonl"), "a test"):
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
    assert done.returncode == 1
    assert f"another transcription is writing here already (process {os.getpid()} on" in done.stderr


def test_a_disk_that_fills_while_rows_are_kept_loses_none(tmp_path, utterances):
    listened = []
    with files_of_at_most(600), pytest.raises(InputError) as refused:
        work(tmp_path, utterances, listened)
    assert "hyps.jsonl.partial: cannot be written: File too large; free some" in str(refused.value)
    kept = (tmp_path / "hyps.jsonl.partial").read_text().splitlines(keepends=True)
    assert len(kept) == len(listened) - 1 > 0
    assert all(line.endswith("}\n") for line in kept), "no half row"
    listened.clear()
    rows = work(tmp_path, utterances, listened)
    assert listened == [f"u{i}" for i in range(len(kept), COUNT)]
    assert rows == list(read(Hypothesis, tmp_path / "hyps.jsonl"))
    assert visible(tmp_path) == ["a.wav", "hyps.jsonl"]


def test_a_disk_that_is_full_at_the_end_loses_nothing(tmp_path, utterances, monkeypatch):
    """All rows are heard; the file itself does not fit."""
    listened = []
    write = "earmark.transcribe.writer.write_jsonl"

    def full(path, rows):
        with files_of_at_most(100):
            real(path, rows)

    with monkeypatch.context() as patch:
        patch.setattr(write, full)
        with pytest.raises(InputError, match=r"hyps\.jsonl: cannot be written: File too large"):
            work(tmp_path, utterances, listened)
    assert visible(tmp_path) == ["a.wav", "hyps.jsonl.partial"]
    assert len(listened) == COUNT
    assert len(work(tmp_path, utterances, listened)) == COUNT
    assert len(listened) == COUNT, "nothing is heard again"
