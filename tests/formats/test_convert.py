"""Converting: paths as seen from the new file, sound written once, losses listed, all else kept."""

import gzip
import json

import numpy as np
import pytest
import soundfile

from earmark.cli.convert import convert as convert_command
from earmark.errors import InputError, KnobError
from earmark.formats.convert import convert
from earmark.formats.files.lines import write_jsonl
from earmark.formats.reading import read
from earmark.formats.schema.fields import to_row
from earmark.records import Hypothesis, Pair, Utterance
from earmark.speech.audio import write_audio

UTTERANCES = [
    Utterance("u1", "我们 go", "clips/u1.flac", speaker="anna", extra={"dialect": "Penang"}),
    Utterance("u2", "好的", "clips/u2.flac", language="zh", split="test"),
]
PROMPT = [{"role": "user", "content": [{"type": "audio", "audio": "clips/u1.flac"}]}]


@pytest.fixture
def corpus(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("u1", "u2"):
        clip = np.round(rng.uniform(-0.5, 0.5, 1600) * 32768) / 32768
        write_audio(tmp_path / f"corpus/clips/{name}.flac", clip.astype(np.float32))
    write_jsonl(tmp_path / "corpus/utterances.jsonl", UTTERANCES)
    return tmp_path / "corpus"


def test_paths_are_as_seen_from_the_new_file(corpus, tmp_path):
    out = tmp_path / "elsewhere/test.csv"
    found = convert(corpus / "utterances.jsonl", out, "csv")
    assert (found.kind, found.rows) == ("utterances", 2)
    rows = list(read(Utterance, out))
    assert [row.audio for row in rows] == ["../corpus/clips/u1.flac", "../corpus/clips/u2.flac"]
    assert rows[0].extra == {"dialect": "Penang"}
    assert (rows[1].language, rows[1].split) == ("zh", "test")


@pytest.mark.parametrize("to", ["wenet", "funasr", "kaldi", "lhotse"])
def test_paths_are_absolute_for_tools_whose_paths_start_where_they_run(corpus, tmp_path, to):
    convert(corpus / "utterances.jsonl", tmp_path / "out", to)
    rows = list(read(Utterance, tmp_path / "out"))
    assert [row.audio for row in rows] == [str(corpus / f"clips/{n}.flac") for n in ("u1", "u2")]


def test_what_is_lost_is_listed_and_counted(corpus, tmp_path, capsys):
    found = convert(corpus / "utterances.jsonl", tmp_path / "data", "kaldi")
    assert found.lost == {"extra": 1, "language": 1, "split": 1}
    convert_command(corpus, tmp_path / "t.trn", to="trn")
    said = capsys.readouterr().err
    assert "trn cannot hold: audio (2 of 2 rows)" in said
    assert "t.trn: 2 utterances written as trn" in said


def test_sound_in_a_folder_of_shards_is_the_same_sound(corpus, tmp_path):
    convert(corpus, tmp_path / "shar", "shar")
    names = sorted(path.name for path in (tmp_path / "shar").iterdir())
    assert names == ["cuts.000000.jsonl.gz", "recording.000000.tar"]
    back = tmp_path / "back/utterances.jsonl"
    convert(tmp_path / "shar", back, "jsonl")
    rows = list(read(Utterance, back))
    assert [row.audio.split("-")[0] for row in rows] == ["audio/u1", "audio/u2"]
    for row, name in zip(rows, ("u1", "u2"), strict=True):
        was, _ = soundfile.read(corpus / f"clips/{name}.flac")
        found, rate_hz = soundfile.read(back.parent / row.audio)
        assert np.array_equal(found, was)
        assert rate_hz == 16000
    # Without sound for those who only score.
    assert [row.audio for row in read(Utterance, tmp_path / "shar", sounds=None)] == [None, None]


def test_gzip_is_read_whatever_the_file_is_called(corpus, tmp_path):
    raw = (corpus / "utterances.jsonl").read_bytes()
    for name in ("u.jsonl.gz", "u"):
        (corpus / name).write_bytes(gzip.compress(raw))
        assert list(read(Utterance, corpus / name)) == UTTERANCES
    (corpus / "cut.jsonl.gz").write_bytes(gzip.compress(raw)[:-9])
    with pytest.raises(InputError, match=r"cut.jsonl.gz: cannot be read: "):
        list(read(Utterance, corpus / "cut.jsonl.gz"))


PAIRS = [
    Pair("p1", PROMPT, "我们 go", ["我们", ""], ["omission", "empty"], {"mer": [0.0, 0.5, 1.0]}),
    Pair("p2", PROMPT, "好的", "okay", extra={"note": "x"}),
]


@pytest.mark.parametrize("to", ["trl", "ms-swift", "llama-factory"])
def test_pairs_with_several_rejected_become_one_row_each(corpus, tmp_path, to):
    write_jsonl(corpus / "pairs.jsonl", PAIRS)
    found = convert(corpus / "pairs.jsonl", tmp_path / "out.jsonl", to)
    assert list(found.lost.values()) == [1]
    rows = list(read(Pair, tmp_path / "out.jsonl"))
    assert [(row.id, row.rejected, row.failure_modes, row.scores) for row in rows] == [
        ("p1/1", "我们", ["omission"], {"mer": [0.0, 0.5]}),
        ("p1/2", "", ["empty"], {"mer": [0.0, 1.0]}),
        ("p2", "okay", [], {}),
    ]
    assert rows[2].extra == {"note": "x"}


@pytest.mark.parametrize(
    ("to", "row", "message"),
    [
        ("ms-swift", Utterance("a", "b"), "ms-swift does not hold utterances; these formats do: "),
        ("kaldi", Hypothesis("a", "b\nc", raw_text="x"), "Kaldi cannot hold 'b\\\\nc'"),
        ("funasr", Utterance("a", "b", "c.wav", 0.5), "'a' is a span of a recording"),
        ("recogs", Utterance("a"), "utterance 'a' has no text; recogs needs one"),
        ("hub", Utterance("a", "b"), "hub does not hold utterances"),
    ],
)
def test_what_is_neither_held_nor_listed_is_refused(tmp_path, to, row, message):
    write_jsonl(tmp_path / "in.jsonl", [row])
    with pytest.raises(InputError, match=message):
        convert(tmp_path / "in.jsonl", tmp_path / "out", to)
    assert not (tmp_path / "out").is_file()


def test_nothing_is_written_over(corpus, tmp_path):
    for out in (corpus, corpus / "utterances.jsonl"):
        with pytest.raises(InputError, match="something is there already"):
            convert(corpus / "utterances.jsonl", out, "csv")
    with pytest.raises(KnobError, match="no format 'kald'; did you mean 'kaldi'"):
        convert(corpus / "utterances.jsonl", tmp_path / "x", "kald")


def test_bad_rows_are_set_aside(corpus, tmp_path):
    with open(corpus / "utterances.jsonl", "a") as file:
        file.write('{"id": 3}\n')
    found = convert(corpus, tmp_path / "out.csv", "csv", on_error="skip")
    assert found.rows == 2
    (aside,) = (tmp_path / "out.csv.skipped.jsonl").read_text().splitlines()
    assert json.loads(aside)["line"] == 3


def test_a_format_of_the_users_own(corpus, tmp_path, monkeypatch):
    (tmp_path / "myformats.py").write_text(
        "from dataclasses import replace\n"
        "from earmark.formats.wenet import FORMAT as WENET\n"
        "MINE = replace(WENET, name='mine')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    convert(corpus, tmp_path / "data.list", "myformats:MINE")
    rows = list(read(Utterance, f"{tmp_path / 'data.list'}@myformats:MINE"))
    assert [to_row(row)["text"] for row in rows] == ["我们 go", "好的"]
    with pytest.raises(KnobError, match="'myformats' has no 'YOURS'; it is one of: MINE"):
        convert(corpus, tmp_path / "x", "myformats:YOURS")
