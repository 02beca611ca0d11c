import pytest

from earmark.errors import InputError
from earmark.records import Hypothesis, Utterance
from earmark.text.transcripts import format_of, read_transcripts


def written(folder, name, text):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_kaldi_text(tmp_path):
    path = written(tmp_path, "text", "u1 我们 go\nu2\n\nu3\tok  \n")
    rows = read_transcripts(Utterance, path)
    assert [(row.id, row.text) for row in rows] == [("u1", "我们 go"), ("u2", ""), ("u3", "ok")]


def test_plain_text_keeps_empty_lines(tmp_path):
    path = written(tmp_path, "hyp.txt", "\ufeff我们 go\r\n\nok\n")
    rows = read_transcripts(Hypothesis, path)
    assert [(row.id, row.text) for row in rows] == [("1", "我们 go"), ("2", ""), ("3", "ok")]


def test_jsonl_is_known_by_its_brace(tmp_path):
    path = written(tmp_path, "manifest", '\n{"id": "a", "text": "好"}\n')
    assert format_of(path) == "jsonl"
    assert read_transcripts(Utterance, path) == [Utterance("a", "好")]
    forced = read_transcripts(Utterance, path, format="plain")
    assert forced[1].text == '{"id": "a", "text": "好"}'


def test_bad_files_are_refused_by_line(tmp_path):
    with pytest.raises(InputError, match=r"text:2: id 'u1' was already used in line 1"):
        read_transcripts(Utterance, written(tmp_path, "text", "u1 a\nu1 b\n"))
    with pytest.raises(InputError, match=r"x.txt:2: expected UTF-8, found byte 0xff"):
        read_transcripts(Utterance, written(tmp_path, "x.txt", b"a\n\xff\n"))
    with pytest.raises(InputError, match="empty"):
        read_transcripts(Utterance, written(tmp_path, "nothing", ""))
    with pytest.raises(InputError, match="cannot be read"):
        read_transcripts(Utterance, tmp_path / "absent.txt")
    with pytest.raises(InputError, match="cannot be read"):
        read_transcripts(Utterance, tmp_path / "absent")
    with pytest.raises(InputError, match=r"y.jsonl:1: unknown field 'txt'"):
        read_transcripts(Hypothesis, written(tmp_path, "y.jsonl", '{"id": "a", "txt": "b"}\n'))


def test_bad_rows_can_be_set_aside(tmp_path):
    path = written(tmp_path, "h.jsonl", '{"id": "a", "text": "b"}\n{"id": 3}\n')
    rows = read_transcripts(Hypothesis, path, on_error="skip")
    assert [row.id for row in rows] == ["a"]
    assert (tmp_path / "h.jsonl.skipped.jsonl").exists()
