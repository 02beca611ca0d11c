"""An output never destroys an input or another's file, whatever it is called."""

import json
import os
from pathlib import Path

import pytest

from earmark.errors import InputError
from earmark.storage.outputs import (
    ANSWERS,
    HTML,
    HYPOTHESES,
    MARKDOWN_TABLE,
    PAIRS,
    PARTIAL,
    SCORE,
    SENTENCES,
    TALLY,
    Output,
    beside,
    check_folder,
    check_outputs,
    check_regular,
)

PAIR = json.dumps({"id": "p", "prompt": [], "chosen": "a", "rejected": "b"}) + "\n"


def same_name(folder):
    return folder / "a.jsonl"


def hard_link(folder):
    os.link(folder / "a.jsonl", folder / "b.jsonl")
    return folder / "b.jsonl"


def symbolic_link(folder):
    (folder / "b.jsonl").symlink_to("a.jsonl")
    return folder / "b.jsonl"


def other_spelling(folder):
    (folder / "sub").mkdir()
    return folder / "sub/../a.jsonl"


def linked_folder(folder):
    (folder / "sub").symlink_to(folder)
    return folder / "sub/a.jsonl"


@pytest.mark.parametrize(
    "name", [same_name, hard_link, symbolic_link, other_spelling, linked_folder]
)
def test_an_output_that_is_an_input_by_any_name_is_refused(tmp_path, name):
    source = tmp_path / "a.jsonl"
    source.write_text(PAIR)
    with pytest.raises(InputError, match=r"this is an input.*choose another path"):
        check_outputs([Output(name(tmp_path), PAIRS)], [source])


def test_an_input_behind_a_link_is_the_file_behind_it(tmp_path):
    (tmp_path / "a.jsonl").write_text(PAIR)
    (tmp_path / "in.jsonl").symlink_to("a.jsonl")
    with pytest.raises(InputError, match=r"this is an input \(the same as .*in.jsonl\)"):
        check_outputs([Output(tmp_path / "a.jsonl", PAIRS)], [tmp_path / "in.jsonl"])


def test_two_outputs_are_two_files(tmp_path):
    (tmp_path / "link").symlink_to("a")
    with pytest.raises(InputError, match="the same file as the output"):
        check_outputs([Output(tmp_path / "a", PAIRS), Output(tmp_path / "link", TALLY)])


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (PAIRS, PAIR),
        (PAIRS, ""),
        (PAIRS, "\ufeff\n" + PAIR),
        (SCORE, json.dumps({"utterances": 3, "mixed_error_rate": 0.5}, indent=2)),
        (SCORE, json.dumps([{"mixed_error_rate": 0.5}])),
        (HTML, '<!DOCTYPE html>\n<meta name="generator" content="earmark 0.1.0">'),
        (MARKDOWN_TABLE, "| system | rate |\n"),
        (HYPOTHESES, '{"id": "a", "text": "x", "raw_text": "x", "made_by": {}}\n'),
        (SENTENCES, '{"id": "a", "text": "x", "code_mixing_index": 0.2}\n'),
        (TALLY, json.dumps({"rejected": 3})),
        (PARTIAL, '{"id": "a", "te'),
        (ANSWERS, '{"model": "m", "prompt": "p", "answer": "a"}\n{"mod'),
    ],
)
def test_what_the_same_command_wrote_is_replaced(tmp_path, kind, content):
    path = tmp_path / "out"
    path.write_text(content, "utf-8")
    check_outputs([Output(path, kind)])


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (PAIRS, b'{"id": "u", "audio": "a.wav", "text": "x"}\n'),
        (PAIRS, b"# Notes\n"),
        (PAIRS, b"RIFF\x00\x00\x00\x00WAVE"),
        (PAIRS, b'{"id": "a", "cho'),
        (HYPOTHESES, b'{"id": "u", "text": "x"}\n'),
        (HYPOTHESES, b'{"id": "p", "chosen": "a", "rejected": "b", "made_by": {"seed": 0}}\n'),
        (HYPOTHESES, b'{"id": "u", "audio": "audio/u.flac", "made_by": {"engine": "espeak"}}\n'),
        (SENTENCES, b'{"id": "u", "audio": "audio/u.flac", "code_mixing_index": 0.2}\n'),
        (SENTENCES, b'{"id": "u", "text": "x", "raw_text": "x", "code_mixing_index": 0.2}\n'),
        (TALLY, PAIR.encode()),
        (SCORE, b'{"model": {"vocab": {}}}'),
        (SCORE, b"[" * 100_000),
        (HTML, b"<!DOCTYPE html><p>my own page"),
        (MARKDOWN_TABLE, b"# Readme\n"),
        (PARTIAL, b'{"id": "u", "text": "x"}'),
        (ANSWERS, b"one line without an end"),
    ],
)
def test_what_something_else_wrote_is_refused_and_left(tmp_path, kind, content):
    path = tmp_path / "out"
    path.write_bytes(content)
    with pytest.raises(InputError, match="expected nothing here, or a file with"):
        check_outputs([Output(path, kind)])
    assert path.read_bytes() == content


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(InputError, match="a folder; expected the path of a file"):
        check_outputs([Output(tmp_path, PAIRS)])


def test_devices_are_never_in_the_way():
    null = Path(os.devnull)
    check_outputs([Output(null, PAIRS), Output(null, TALLY)], [null])
    with pytest.raises(InputError, match="a device or a pipe; expected a file, since rows"):
        check_regular(null, "rows are kept")


def test_nothing_is_written_beside_a_device(capsys, monkeypatch):
    monkeypatch.setattr("earmark.storage.outputs._said", set())
    assert beside("/dev/null", ".tally.json") == Path(os.devnull)
    assert capsys.readouterr().err == ""
    assert beside("/dev/stdout", ".tally.json") == Path(os.devnull)
    assert "(.tally.json is left out)" in capsys.readouterr().err


def test_a_folder_is_written_to_when_it_is_new_empty_or_ours(tmp_path):
    (tmp_path / ".hidden").touch()
    check_folder(tmp_path, False, "a run")
    check_folder(tmp_path / "new", False, "a run")
    (tmp_path / "README.md").touch()
    check_folder(tmp_path, True, "a run")
    with pytest.raises(InputError, match=r"folder, or one with a run; found README.md, which"):
        check_folder(tmp_path, False, "a run")


def test_a_folder_that_is_read_or_a_file_is_refused(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "link").symlink_to("model")
    with pytest.raises(InputError, match="this is an input"):
        check_folder(tmp_path / "link", True, "a run", [tmp_path / "model"])
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="a file is there; expected a folder for a run"):
        check_folder(tmp_path / "file", True, "a run")


def test_an_input_that_is_named_with_its_format_is_an_input(tmp_path):
    (tmp_path / "a.jsonl").write_text(PAIR)
    with pytest.raises(InputError, match="this is an input"):
        check_outputs([Output(tmp_path / "a.jsonl", PAIRS)], [f"{tmp_path / 'a.jsonl'}@trl"])
