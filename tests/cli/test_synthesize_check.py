"""Clips that a recogniser does not understand are set aside, each language by itself."""

import json
from pathlib import Path

import pytest

from earmark.cli.synthesize import synthesize
from earmark.cli.synthesizing import checked
from earmark.cli.synthesizing.options import CheckOptions, EngineOptions
from earmark.errors import InputError
from earmark.formats.files.lines import write_jsonl
from earmark.formats.reading import read
from earmark.records import MANIFEST, Hypothesis, Utterance
from earmark.speech.audio import duration_s
from earmark.voices.spoken.check import WHOLE

TEXTS = "我先 check 一下\n今天下雨\nsee you tomorrow\n"


@pytest.fixture
def texts(tmp_path):
    path = tmp_path / "texts.txt"
    path.write_text(TEXTS, encoding="utf-8")
    return path


def recogniser(wrong, whole):
    """Write what was spoken, except for some texts; remember what it heard, and how."""
    heard = []

    def hear(task, options):
        rows = list(read(Utterance, task.utterances))
        heard.append((task.language, [row.text for row in rows]))
        for row in rows:
            assert duration_s(task.utterances.parent / row.audio) > 0.3
        write_jsonl(task.out, [Hypothesis(row.id, written(row)) for row in rows])

    def written(row):
        if row.id.endswith(WHOLE) and whole is not None:
            return whole
        return wrong.get(row.text, row.text)

    return hear, heard


def run(monkeypatch, tmp_path, texts, wrong, whole=None, **options):
    hear, heard = recogniser(wrong, whole)
    monkeypatch.setattr(checked, "hear_here", hear)
    monkeypatch.setattr(checked, "stored_config", lambda model: {"model_type": "whisper"})
    out = tmp_path / "speech"
    synthesize(
        out=out,
        texts=texts,
        voices="plain",
        speaking=EngineOptions(),
        checking=CheckOptions(check_with="model", **options),
    )
    return out, heard


def test_each_language_is_heard_by_itself_and_the_worse_one_decides(monkeypatch, tmp_path, texts):
    out, heard = run(monkeypatch, tmp_path, texts, {"check": "一个", "今天下雨": "今天下语"})
    mandarin, english = ["我先 一下"] * 2, ["check"] * 2
    assert heard == [("zh", [*mandarin, "今天下雨"]), ("en", [*english, "see you tomorrow"])]
    assert [row.text for row in read(Utterance, out / MANIFEST)] == ["今天下雨", "see you tomorrow"]
    (aside,) = map(json.loads, Path(f"{out / MANIFEST}.skipped.jsonl").read_text().splitlines())
    assert aside["line"] == 1
    assert (
        "its en is written down with 1 errors in 1 tokens, 1.00, more than 0.3" in (aside["reason"])
    )


def test_a_stricter_check_sets_more_aside(monkeypatch, tmp_path, texts):
    wrong = {"check": "一个", "今天下雨": "今天下语"}
    out, _ = run(monkeypatch, tmp_path, texts, wrong, most_errors=0.2)
    assert [row.text for row in read(Utterance, out / MANIFEST)] == ["see you tomorrow"]


def test_a_recogniser_that_understands_nothing_deletes_nothing(monkeypatch, tmp_path, texts):
    nothing = dict.fromkeys(["check", "今天下雨", "see you tomorrow"], "")
    with pytest.raises(InputError, match="understood not one of 3 clips"):
        run(monkeypatch, tmp_path, texts, nothing)
    assert len(list(read(Utterance, tmp_path / "speech" / MANIFEST))) == 3


def test_a_word_that_is_heard_in_the_whole_clip_is_no_error(monkeypatch, tmp_path, texts):
    out, _ = run(monkeypatch, tmp_path, texts, {"check": "chalk"}, whole="我线 check 一下")
    assert len(list(read(Utterance, out / MANIFEST))) == 3


def test_a_translation_of_the_whole_clip_is_no_hearing(monkeypatch, tmp_path, texts):
    out, _ = run(monkeypatch, tmp_path, texts, {"check": "检查"}, whole="我先检查一下")
    assert len(list(read(Utterance, out / MANIFEST))) == 2


def test_clips_that_were_set_aside_are_not_made_again(monkeypatch, tmp_path, texts):
    out, _ = run(monkeypatch, tmp_path, texts, {"check": "一个"})
    before = {path.name: path.stat().st_mtime_ns for path in (out / "audio").iterdir()}
    run(monkeypatch, tmp_path, texts, {"check": "一个"})
    assert {path.name: path.stat().st_mtime_ns for path in (out / "audio").iterdir()} == before
    assert len(list(read(Utterance, out / MANIFEST))) == 2
