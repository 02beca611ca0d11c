"""A million pairs: bounded memory, and a first step that waits for no clip but its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from earmark.errors import InputError
from earmark.formats.files.lines import write_jsonl
from earmark.formats.schema.fields import to_row
from earmark.pairs.pair_file import open_pairs
from earmark.train.data import clip as clips
from earmark.train.run import train
from earmark.train.trainer import PreferenceTrainer
from tiny_world import save_tiny, settings, write_pairs

ROWS = 1_000_000
LIMIT_MB = 1500

# In a process of its own, whose largest size is then that of the training alone.
PROGRAM = """
import json, resource, sys, time
start = time.monotonic()
from earmark.cli import main
from transformers import TrainerCallback
from earmark.train import trainer
first = []
step = trainer.PreferenceTrainer.training_step
def timed(self, *args, **kwargs):
    first.append(time.monotonic() - start)
    return step(self, *args, **kwargs)
trainer.PreferenceTrainer.training_step = timed
try:
    main()
finally:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"peak_mb": peak, "first_step_s": first[0]}))
"""


@pytest.mark.timeout(420)
def test_a_million_pairs_train_their_first_steps_in_bounded_memory(tmp_path):
    save_tiny(tmp_path / "model")
    few = [json.dumps(to_row(pair)) for pair in write_pairs(tmp_path, 8)]
    with open(tmp_path / "pairs.jsonl", "w", encoding="utf-8") as file:
        for number in range(ROWS):
            own = f'"id": "p{number % 8}"'
            file.write(few[number % 8].replace(own, f'"id": "p{number}"', 1) + "\n")
    options = "train --pairs pairs.jsonl --model model --out run --max-steps 2 --device cpu"
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM, *options.split()]
    command += ["--cache-dir", "cache", "--save-steps", "10"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=400, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    measured = json.loads(done.stdout.splitlines()[-1])
    print(measured)
    assert measured["peak_mb"] < LIMIT_MB
    assert json.loads((tmp_path / "run/run.json").read_text())["pairs"]["count"] == ROWS


def test_a_file_is_read_row_by_row_and_named_by_line(tmp_path):
    pairs = write_pairs(tmp_path, 5)
    path = tmp_path / "pairs.jsonl"
    write_jsonl(path, pairs)
    text = path.read_text("utf-8")
    path.write_text("\ufeff\n" + text.replace("\n", "\n\n"), "utf-8")
    opened = open_pairs(path, out=tmp_path / "out")
    assert [opened[i] for i in range(len(opened))] == pairs
    assert opened.places[0].tolist()[0] == 2
    with pytest.raises(IndexError):
        opened[5]


def test_bad_rows_are_refused_or_set_aside(tmp_path):
    rows = [to_row(pair) for pair in write_pairs(tmp_path, 4)]
    path = tmp_path / "pairs.jsonl"
    write_jsonl(path, [rows[0], {**rows[1], "rejected": 7}, rows[2], rows[0], rows[3]])
    with pytest.raises(InputError, match=r"pairs\.jsonl:2: field 'rejected' should be"):
        open_pairs(path, out=tmp_path / "out")
    opened = open_pairs(path, out=tmp_path / "out", on_error="skip")
    assert [opened[i].id for i in range(len(opened))] == ["p0", "p2", "p3"]
    aside = map(json.loads, Path(f"{tmp_path / 'out'}.skipped.jsonl").read_text().splitlines())
    assert [(row["line"], "rejected" in row["reason"]) for row in aside] == [(2, True), (4, False)]

    write_jsonl(path, [rows[0], rows[1], rows[0]])
    with pytest.raises(InputError, match=r":3: id 'p0' was already used in line 1"):
        open_pairs(path, out=tmp_path / "out")


def test_equal_hashes_alone_do_not_make_two_ids_one(tmp_path, monkeypatch):
    monkeypatch.setattr("earmark.pairs.pair_file.short_hash", lambda _: 7)
    write_jsonl(tmp_path / "pairs.jsonl", write_pairs(tmp_path, 3))
    assert len(open_pairs(tmp_path / "pairs.jsonl", out=tmp_path / "out")) == 3


def test_a_file_that_changes_while_it_is_used_is_noticed(tmp_path):
    path = tmp_path / "pairs.jsonl"
    write_jsonl(path, write_pairs(tmp_path, 3))
    opened = open_pairs(path, out=tmp_path / "out")
    write_jsonl(path, write_pairs(tmp_path, 3, seed=1))
    with pytest.raises(InputError, match="has changed since it was opened"):
        opened[1]


def test_the_first_step_waits_for_no_clip_but_its_own(tmp_path, monkeypatch):
    """A clip for each row: read are those of the first batch and of the few rows that are proven.

    Lengths come from the headers of the files.
    """
    rows, batch = 60, 2
    pairs = write_pairs(tmp_path, rows)
    save_tiny(tmp_path / "model")
    read: set[str] = set()
    whole = clips.read_audio

    def reading(path, *span):
        read.add(str(path))
        return whole(path, *span)

    class Reached(Exception):
        """The first step began."""

    def stop(*_, **__):
        raise Reached

    monkeypatch.setattr(clips, "read_audio", reading)
    monkeypatch.setattr(PreferenceTrainer, "training_step", stop)
    knobs = settings(tmp_path, per_device_train_batch_size=batch, max_steps=4)
    with pytest.raises(Reached):
        train(pairs, tmp_path, str(tmp_path / "model"), tmp_path / "run", settings=knobs)
    proven, telling, drawn_ahead = 2, 5, batch
    assert 0 < len(read) <= proven + telling + batch + drawn_ahead
    assert len(read) < rows / 4
