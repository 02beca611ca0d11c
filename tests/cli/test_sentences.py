"""`earmark sentences` writes a file that other commands read, and a table of how much it mixes."""

import json

import pytest

from chat_server import ChatServer, serving
from earmark.cli import app
from earmark.cli.synthesize import synthesize
from earmark.endpoint import KEY_VARIABLES
from earmark.errors import InputError, KnobError
from earmark.formats.files.set_aside import skipped_path
from earmark.formats.reading import read
from earmark.records import Utterance


def run(*words):
    app(["sentences", *map(str, words)], result_action="return_value")


def test_the_file_is_utterances_without_sound(tmp_path, capsys):
    out = tmp_path / "s.jsonl"
    run("--out", out, "--count", 9, "--language", "all", "--split", "dev", "--seed", 2)
    rows = list(read(Utterance, out))
    assert [row.language for row in rows] == ["mixed"] * 3 + ["zh"] * 3 + ["en"] * 3
    assert {row.split for row in rows} == {"dev"}
    assert all(row.audio is None and row.text for row in rows)
    assert {"domain", "matrix_language", "switch_type", "template", "switches"} <= rows[
        0
    ].extra.keys()
    printed = capsys.readouterr().out
    assert "en alone" in printed
    assert "CMI" in printed
    before = out.read_bytes()
    run("--out", out, "--count", 9, "--language", "all", "--split", "dev", "--seed", 2)
    assert out.read_bytes() == before


def test_a_model_writes_them_and_bad_lines_are_kept_aside(tmp_path, monkeypatch, capsys):
    for name in KEY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    out = tmp_path / "s.jsonl"
    chat = ChatServer(lambda prompt: "那个 report 你 submit 了没有？\n我们开会吧")
    with serving(chat) as url:
        run("--out", out, "--count", 1, "--endpoint", url, "--model", "writer", "--requests", 1)
    rows = list(read(Utterance, out))
    assert [row.text for row in rows] == ["那个 report 你 submit 了没有？"]
    assert rows[0].extra["written_by"] == "writer"
    kept = json.loads((tmp_path / "s.jsonl.chat.jsonl").read_text("utf-8"))
    assert kept["model"] == "writer"
    assert "1 sentences kept of 1 requests" in capsys.readouterr().err


def test_of_all_languages_each_has_its_third_and_what_was_set_aside_is_in_a_file(
    tmp_path, monkeypatch
):
    for name in KEY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    lines = "我们 meeting 改到三点了\n我们下午三点开会\nsee you at lunch today"
    out = tmp_path / "s.jsonl"
    with serving(ChatServer(lambda prompt: lines)) as url:
        run("--out", out, "--count", 3, "--language", "all", "--endpoint", url, "--model", "writer")
    rows = list(read(Utterance, out))
    assert [(row.language, row.text) for row in rows] == [
        ("mixed", "我们 meeting 改到三点了"),
        ("zh", "我们下午三点开会"),
        ("en", "see you at lunch today"),
    ]
    aside = [json.loads(line) for line in skipped_path(out).read_text("utf-8").splitlines()]
    assert [(row["text"], row["reason"]) for row in aside] == [
        ("我们 meeting 改到三点了", "not in Mandarin alone"),
        ("我们 meeting 改到三点了", "not in English alone"),
        ("我们下午三点开会", "not in English alone"),
    ]


def test_the_file_is_spoken_and_keeps_what_is_known_of_each_sentence(tmp_path):
    out = tmp_path / "s.jsonl"
    run("--out", out, "--count", 2, "--split", "test")
    synthesize(texts=out, out=tmp_path / "speech", voices="f2", workers=1)
    written = list(read(Utterance, out))
    spoken = list(read(Utterance, tmp_path / "speech"))
    assert [(row.text, row.language, row.split) for row in spoken] == [
        (row.text, "mixed", "test") for row in written
    ]
    for row, before in zip(spoken, written, strict=True):
        assert before.extra.items() <= row.extra.items()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--model", "x"], "--model needs --endpoint"),
        (["--answers", "x"], "--answers needs --endpoint"),
        (["--endpoint", "http://localhost:1/v1", "--model", "x", "--templates", "shared"], "leave"),
        (["--count", "2", "--language", "all"], "at least 3 for all, found 2"),
        (["--count", "0"], "at least 1, found 0"),
    ],
)
def test_options_that_do_not_fit_are_refused(tmp_path, words, message):
    with pytest.raises(KnobError, match=message):
        run("--out", tmp_path / "s.jsonl", *words)
    assert list(tmp_path.iterdir()) == []


def test_another_file_is_not_overwritten(tmp_path):
    out = tmp_path / "notes.txt"
    out.write_text("mine\n", "utf-8")
    with pytest.raises(InputError, match="expected nothing here, or a file with sentences"):
        run("--out", out, "--count", 3)
    assert out.read_text("utf-8") == "mine\n"
