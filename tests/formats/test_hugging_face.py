"""Rows of Hugging Face's datasets: sound as path, bytes or array; parquet, Arrow, the hub."""

import json
import sys
from base64 import b64encode
from io import BytesIO

import datasets
import numpy as np
import pyarrow
import pytest
import soundfile

from earmark.errors import InputError
from earmark.formats.files.source import Source
from earmark.formats.reading import load, read, recognise
from earmark.records import Hypothesis, Pair, Utterance

RATE_HZ = 16000
STEPS = np.random.default_rng(0).integers(-20000, 20000, 1600)
SAMPLES = STEPS / 32768
TEXT_PART = {"type": "text", "text": "Write."}


def wav(samples=SAMPLES, subtype="PCM_16"):
    out = BytesIO()
    soundfile.write(out, samples, RATE_HZ, subtype, format="WAV")
    return out.getvalue()


def heard(path):
    samples, rate_hz = soundfile.read(path)
    assert rate_hz == RATE_HZ
    return samples


@pytest.fixture
def sounds(tmp_path):
    return tmp_path / "sounds"


@pytest.mark.parametrize(
    "audio",
    [
        {"array": SAMPLES.tolist(), "sampling_rate": RATE_HZ, "path": "a.wav"},
        f"data:audio/wav;base64,{b64encode(wav()).decode()}",
    ],
    ids=["array", "data URI"],
)
def test_sound_inside_of_json_is_written_once(tmp_path, sounds, audio):
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"id": "u/1", "audio": audio, "text": "好"}) + "\n")
    (row,) = read(Utterance, path, sounds=sounds)
    assert np.array_equal(heard(row.audio), SAMPLES)
    assert row.audio.startswith(f"{sounds}/u_1-")
    assert row.audio.endswith(".flac")
    before = (sounds / row.audio).stat().st_mtime_ns
    assert list(read(Utterance, path, sounds=sounds)) == [row]
    assert (sounds / row.audio).stat().st_mtime_ns == before
    assert next(read(Utterance, path, sounds=None)).audio is None


@pytest.mark.parametrize(
    ("audio", "message"),
    [
        ({"array": [0.1, "x"], "sampling_rate": 16000}, "the array in 'audio' holds what is not"),
        ({"array": [[0.1], [0.2]], "sampling_rate": 16000}, r"one channel .* found shape \(2, 1\)"),
        ({"array": [2.0], "sampling_rate": 16000}, "samples from -1 to 1"),
        ({"array": [0.1]}, "its sampling_rate is None"),
        ({"array": [0.1], "sampling_rate": True}, "its sampling_rate is True"),
        ({"url": "x"}, r"neither a path nor bytes nor an array; found \['url'\]"),
        ("data:audio/wav;base64,###", "what follows is not base64"),
        ("data:audio/wav;base64,aGFsbG8=", "cannot be read as audio"),
        ("A" * 9000, "'audio' should be a path, found 9000 characters that begin with 'AAAA"),
        (7, "'audio' should be a path, found 7"),
    ],
)
def test_sound_that_cannot_be_read(tmp_path, sounds, audio, message):
    path = tmp_path / "rows.jsonl"
    rows = [{"id": "a", "text": "b"}, {"id": "c", "audio": audio, "text": "好"}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(InputError, match=rf"rows\.jsonl:2: .*{message}") as caught:
        list(read(Utterance, path, sounds=sounds))
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_all_samples_of_bytes_are_kept(tmp_path, sounds, subtype):
    samples = SAMPLES if subtype == "PCM_16" else SAMPLES + 1 / 2**23
    row = {"audio": {"bytes": wav(samples, subtype), "path": "u1.wav"}, "text": "好"}
    table = pyarrow.Table.from_pylist([row])
    pyarrow.parquet.write_table(table, tmp_path / "a.parquet")
    (found,) = read(Utterance, tmp_path / "a.parquet", sounds=sounds)
    assert found.id == "u1"
    assert np.array_equal(heard(found.audio), samples)


def some(count=3):
    return {
        "audio": [{"bytes": wav(), "path": f"u{i}.wav"} for i in range(count)],
        "sentence": ["我们 go"] * count,
        "client_id": ["anna"] * count,
        "up_votes": list(range(count)),
        "gender": [None] * count,
    }


def expected(count=3):
    return [
        Utterance(f"u{i}", "我们 go", speaker="anna", extra={"up_votes": i}) for i in range(count)
    ]


def test_a_folder_that_datasets_has_written(tmp_path, sounds):
    data = datasets.Dataset.from_dict(some()).cast_column("audio", datasets.Audio(decode=False))
    data.save_to_disk(tmp_path / "one")
    datasets.DatasetDict({"test": data}).save_to_disk(tmp_path / "splits")
    assert recognise(Source(tmp_path / "one")).name == "arrow"
    assert load(Utterance, tmp_path / "one", out="unused", sounds=None) == expected()
    (file,) = (tmp_path / "one").glob("*.arrow")
    assert list(read(Utterance, file, sounds=None)) == expected()
    with pytest.raises(InputError, match="a data set with splits; give the folder of one: test"):
        list(read(Utterance, tmp_path / "splits"))
    rows = list(read(Utterance, tmp_path / "splits/test", sounds=sounds))
    assert all(np.array_equal(heard(row.audio), SAMPLES) for row in rows)
    assert len(list(sounds.iterdir())) == 3


def test_a_data_set_by_name_and_split(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "cache")
    (tmp_path / "set").mkdir()
    datasets.Dataset.from_dict(some()).to_parquet(tmp_path / "set/test.parquet")
    name = f"hf:{tmp_path / 'set'}:test"
    assert list(read(Utterance, name, sounds=None)) == expected()
    with pytest.raises(InputError, match=r"train.*cannot be loaded: ValueError"):
        list(read(Utterance, name.replace(":test", ":train")))
    with pytest.raises(InputError, match="expected hf:NAME:SPLIT or"):
        list(read(Utterance, "hf:name"))


def test_pairs_in_parquet(tmp_path):
    rows = [
        {
            "prompt": [{"role": "user", "content": [{"type": "audio"}, TEXT_PART]}],
            "chosen": [{"role": "assistant", "content": "我们 go"}],
            "rejected": [{"role": "assistant", "content": "我们"}],
            "audios": ["/a.flac"],
            "score_chosen": 8.5,
        }
    ]  # fmt: skip
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "p.parquet")
    (pair,) = read(Pair, tmp_path / "p.parquet")
    parts = [{"type": "audio", "audio": "/a.flac"}, TEXT_PART]
    assert pair.prompt == [{"role": "user", "content": parts}]
    assert (pair.chosen, pair.rejected) == ("我们 go", "我们")
    assert pair.extra == {"score_chosen": 8.5}


def test_hypotheses_in_parquet(tmp_path):
    rows = [{"utt_id": 7, "prediction": "我们", "audio": "x.wav"}]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "h.parquet")
    assert list(read(Hypothesis, tmp_path / "h.parquet")) == [Hypothesis("7", "我们")]


def test_columns_of_which_nothing_can_be_made(tmp_path):
    pyarrow.parquet.write_table(pyarrow.table({"a": [1], "b": [2]}), tmp_path / "x.parquet")
    with pytest.raises(
        InputError, match=r"its columns are a, b, of which no utterance can be made"
    ):
        list(read(Utterance, tmp_path / "x.parquet"))
    (tmp_path / "cut.parquet").write_bytes(b"PAR1" + b"\0" * 40)
    with pytest.raises(InputError, match=r"cut.parquet: cannot be read as parquet"):
        list(read(Utterance, tmp_path / "cut.parquet"))


def test_without_the_packages_the_extra_is_named(tmp_path, monkeypatch):
    pyarrow.parquet.write_table(pyarrow.table({"id": ["a"], "text": ["b"]}), tmp_path / "x.parquet")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InputError, match=r"needs pyarrow: pip install 'earmark\[datasets\]'"):
        list(read(Utterance, tmp_path / "x.parquet"))
