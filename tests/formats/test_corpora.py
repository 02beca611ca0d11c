"""Manifests that people have: Kaldi folders, NeMo's JSON lines, TSV, and plain text."""

import json

import pytest

from earmark.errors import InputError
from earmark.formats.files.source import Source
from earmark.formats.reading import read, recognise
from earmark.records import Utterance


def rows(path):
    return list(read(Utterance, path))


def format_of(path):
    return recognise(Source(path)).name


def kaldi(folder, **files):
    for name, text in files.items():
        (folder / name.replace("wav_scp", "wav.scp")).write_text(text, encoding="utf-8")
    return folder


def test_kaldi_with_segments(tmp_path):
    folder = kaldi(
        tmp_path,
        text="u1 我想 copy 会议\nu2 好的\n",
        wav_scp="r1 sound/r1.flac\n",
        segments="u1 r1 0.5 2.25\nu2 r1 2.25 -1\n",
        utt2spk="u1 anna\nu2 ben\n",
    )
    assert format_of(folder) == "kaldi"
    assert rows(folder) == [
        Utterance("u1", "我想 copy 会议", "sound/r1.flac", 0.5, 2.25, speaker="anna"),
        Utterance("u2", "好的", "sound/r1.flac", 2.25, None, speaker="ben"),
    ]


def test_kaldi_without_segments(tmp_path):
    folder = kaldi(tmp_path, text="u1 好\n", wav_scp="u1 /a/u1.wav\nu2 /a/u2.wav\n")
    assert rows(folder) == [Utterance("u1", "好", "/a/u1.wav"), Utterance("u2", None, "/a/u2.wav")]


def test_kaldi_paths_are_relative_to_where_kaldi_runs(tmp_path, monkeypatch):
    (tmp_path / "wav").mkdir()
    (tmp_path / "wav/u1.wav").write_bytes(b"")
    (tmp_path / "data").mkdir()
    folder = kaldi(tmp_path / "data", text="u1 好\n", wav_scp="u1 wav/u1.wav\n")
    monkeypatch.chdir(tmp_path)
    assert rows(folder)[0].audio == str(tmp_path / "wav/u1.wav")


def test_kaldi_text_alone(tmp_path):
    path = tmp_path / "text"
    path.write_text("u1 我想 copy\nu2\n\nu3\t好  的 \n", encoding="utf-8")
    assert format_of(path) == "kaldi"
    expected = [("u1", "我想 copy"), ("u2", ""), ("u3", "好  的")]
    assert [(row.id, row.text) for row in rows(path)] == expected


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"wav_scp": "u1 sox a.wav -t wav - |\n"},
            r"wav.scp:1: .* is a command; Earmark runs none",
        ),
        ({"wav_scp": "u1\n"}, r"wav.scp:1: expected an id and the path"),
        (
            {"wav_scp": "r1 a.wav\n", "segments": "u1 r1 0 1\nu2 r9 0 1\n"},
            r"segments:2: recording 'r9' is not in .*wav.scp",
        ),
        ({"wav_scp": "r1 a.wav\n", "segments": "u1 r1 0\n"}, r"segments:1: expected UTTERANCE"),
        ({"text": "u1 a\nu1 b\n"}, r"text:2: id 'u1' was already used in line 1"),
    ],
)
def test_kaldi_mistakes_name_file_and_line(tmp_path, files, message):
    with pytest.raises(InputError, match=message):
        rows(kaldi(tmp_path, **files))


def test_a_folder_without_manifest(tmp_path):
    with pytest.raises(InputError, match=r"no format claims this folder.*kaldi"):
        rows(tmp_path)


def nemo(path, *objects):
    path.write_text("".join(json.dumps(o) + "\n" for o in objects), encoding="utf-8")
    return path


def test_nemo(tmp_path, capsys):
    path = nemo(
        tmp_path / "m.json",
        {"audio_filepath": "a/x.wav", "duration": 2.5, "text": "好", "lang": "zh", "pnc": "no"},
        {"audio_filepath": "a/y.wav", "duration": 1.5, "offset": 4, "text": "ok", "pnc": "no"},
    )
    assert format_of(path) == "nemo"
    assert rows(path) == [
        Utterance("x", "好", "a/x.wav", language="zh", extra={"duration": 2.5, "pnc": "no"}),
        Utterance("y-4", "ok", "a/y.wav", 4, 5.5, extra={"pnc": "no"}),
    ]
    assert capsys.readouterr().err.count("are kept: pnc") == 1


def test_a_field_is_not_held_for_one_that_the_row_has(tmp_path, capsys):
    row = {"audio_filepath": "a/x.wav", "text": "好", "pred_text": "号", "langage": "zh"}
    (found,) = rows(nemo(tmp_path / "m.json", row))
    assert found.extra == {"pred_text": "号", "langage": "zh"}
    said = " ".join(capsys.readouterr().err.split())
    assert "are kept: pred_text, langage ('langage': did you mean 'language'?)" in said


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"text": "a"}, r"m.json:2: expected a JSON object with audio_filepath"),
        (
            {"audio_filepath": "b.wav", "offset": "4"},
            r"m.json:2: 'offset' should be a number of seconds, found '4'",
        ),
        ({"audio_filepath": "a.wav"}, r"m.json:2: id 'a' was already used"),
        ({"audio_filepath": "b.wav", "text": 3}, r"m.json:2: field 'text' should be"),
    ],
)
def test_nemo_mistakes_name_file_and_line(tmp_path, row, message):
    with pytest.raises(InputError, match=message):
        rows(nemo(tmp_path / "m.json", {"audio_filepath": "a.wav"}, row))


def test_tsv(tmp_path):
    path = tmp_path / "m.tsv"
    path.write_text("id\taudio\tstart_s\tend_s\ttext\nu1\ta.wav\t0.5\t\t好 ok\n", encoding="utf-8")
    assert rows(path) == [Utterance("u1", "好 ok", "a.wav", 0.5)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id\ttext\nu1\ta\tb\n", r"m.tsv:2: expected 2 columns \(id, text\), found 3"),
        ("id\ttext\tstart_s\nu1\ta\tsoon\n", r"m.tsv:2: start_s should be seconds, found 'soon'"),
        ("text\tid_\na\tb\n", r"m.tsv: no format claims.*nearest: .*tsv"),
    ],
)
def test_tsv_mistakes_name_file_and_line(tmp_path, text, message):
    path = tmp_path / "m.tsv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        rows(path)


def test_utterances_and_rows_set_aside(tmp_path):
    path = tmp_path / "u.jsonl"
    path.write_text('{"id": "a", "text": "好"}\n{"id": "a"}\n{"id": "b"}\n', encoding="utf-8")
    bad = []
    assert [row.id for row in read(Utterance, path, None, bad)] == ["a", "b"]
    assert [row.line for row in bad] == [2]
