"""A pipe gives its bytes once: every row of one is read, by whatever reads rows."""

import json
import os
import sys
from threading import Thread

import pytest

from earmark.cli.checks.path import check_path
from earmark.cli.score import score
from earmark.formats.reading import load, read
from earmark.formats.schema.fields import to_row
from earmark.pairs.pair_file import open_pairs
from earmark.records import Hypothesis, Pair, Utterance

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs named pipes")

ROWS = 3000


@pytest.fixture
def pipe(tmp_path):
    """Return what makes a named pipe that gives some text, once."""
    writers = []

    def make(text, name="rows"):
        path = tmp_path / name
        os.mkfifo(path)
        writers.append(Thread(target=path.write_text, args=(text, "utf-8"), daemon=True))
        writers[-1].start()
        return path

    yield make
    for writer in writers:
        writer.join(timeout=10)
        assert not writer.is_alive()


def jsonl(*rows):
    return "".join(json.dumps(to_row(row), ensure_ascii=False) + "\n" for row in rows)


PAIRS = [
    Pair(f"p{i}", [{"role": "user", "content": "写"}], "我去 review 一下", "我去")
    for i in range(ROWS)
]
UTTERANCES = [Utterance(f"u{i}", "我去 review 一下") for i in range(ROWS)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("rows", jsonl(*UTTERANCES)),
        ("rows.jsonl", jsonl(*UTTERANCES)),
        ("text", "".join(f"u{i} 我去 review 一下\n" for i in range(ROWS))),
        ("rows.txt", "我去 review 一下\n" * ROWS),
    ],
)
@pytest.mark.parametrize("kind", [Utterance, Hypothesis])
def test_transcripts(pipe, kind, name, text):
    rows = load(kind, pipe(text, name), out="unused")
    assert len(rows) == ROWS
    assert {row.text for row in rows} == {"我去 review 一下"}


def test_both_sides_of_a_score(pipe, capfd):
    truth = pipe(jsonl(*UTTERANCES), "t")
    hyp = pipe(jsonl(*(Hypothesis(row.id, row.text) for row in UTTERANCES)), "h")
    score(truth=truth, hyp=hyp, json="-")
    found = json.loads(capfd.readouterr().out)
    assert (found["utterances"], found["missing"], found["mixed_error_rate"]) == (ROWS, 0, 0)


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.tsv", "rows.txt"])
def test_manifests(pipe, name):
    text = {
        "rows.jsonl": jsonl(*UTTERANCES),
        "rows.tsv": "id\ttext\n" + "".join(f"{u.id}\t{u.text}\n" for u in UTTERANCES),
        "rows.txt": "".join(f"{u.id} {u.text}\n" for u in UTTERANCES),
    }[name]
    assert list(read(Utterance, pipe(text, name))) == UTTERANCES


@pytest.mark.parametrize("kind", ["auto", "pairs"])
def test_validate_sees_every_row(pipe, kind):
    findings = check_path(pipe(jsonl(*PAIRS), "p.jsonl"), kind, 1, None)
    assert (findings.kind, findings.rows) == ("pairs", ROWS)


def test_records(pipe, tmp_path):
    assert load(Pair, pipe(jsonl(*PAIRS)), out=tmp_path / "out") == PAIRS


def test_pairs_for_training_can_be_read_again(pipe, tmp_path):
    pairs = open_pairs(pipe(jsonl(*PAIRS)), out=tmp_path / "run")
    assert len(pairs) == ROWS
    assert pairs[ROWS - 1] == PAIRS[-1]
    assert list(pairs) == PAIRS


def test_messages_name_the_pipe(pipe):
    path = pipe('{"id": "a", "text": "b"}\n{"id": 3}\n')
    with pytest.raises(Exception, match=rf"^{path}:2: field 'id' should be str"):
        load(Utterance, path, out="unused")


def test_the_copy_of_a_pipe_is_removed(pipe, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    pairs = open_pairs(pipe(jsonl(*PAIRS[:3])), out=tmp_path / "run")
    assert list(tmp_path.glob("earmark-*"))
    del pairs
    assert not list(tmp_path.glob("earmark-*"))
