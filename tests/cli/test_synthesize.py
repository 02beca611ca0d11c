"""`earmark synthesize` makes a corpus that `earmark validate` finds nothing wrong with."""

import pytest

from earmark.cli import app
from earmark.cli.checks.path import check_path
from earmark.cli.synthesize import synthesize
from earmark.cli.synthesizing.options import CheckOptions, EngineOptions
from earmark.errors import InputError, KnobError
from earmark.formats.reading import read
from earmark.records import Utterance


@pytest.mark.parametrize("language", ["mixed", "zh", "en", "all"])
def test_a_corpus_of_each_language(tmp_path, capsys, language):
    synthesize(out=tmp_path, count=6, language=language, voices="heldout", split="test", workers=1)
    rows = list(read(Utterance, tmp_path / "utterances.jsonl"))
    expected = {"mixed", "zh", "en"} if language == "all" else {language}
    assert {row.language for row in rows} == expected
    assert {row.split for row in rows} == {"test"}
    findings = check_path(tmp_path, "auto", 10, 3.0)
    assert findings.problems == []
    assert findings.rows == 6
    assert "6 utterances" in capsys.readouterr().err


def test_the_command_line_reads_the_same_knobs(tmp_path, capsys):
    call = f"synthesize --out {tmp_path} --count 2 --language zh --seed 3 --split dev --workers 1"
    app(call.split(), result_action="return_value")
    rows = list(read(Utterance, tmp_path / "utterances.jsonl"))
    assert [(row.language, row.split) for row in rows] == [("zh", "dev")] * 2
    with pytest.raises(SystemExit):
        app(["synthesize", "--language", "french"])
    assert "mixed" in capsys.readouterr().err


def test_texts_of_a_file_are_spoken(tmp_path, capsys):
    texts = tmp_path / "texts.txt"
    texts.write_text("我想 copy\n好的\n", encoding="utf-8")
    out = tmp_path / "speech"
    call = f"synthesize --texts {texts} --out {out} --voices f2,m1-gb --voices-per-text 2"
    call += " --speed 0.9 1.1 --snr 20 30 --workers 1"
    app(call.split(), result_action="return_value")
    rows = list(read(Utterance, out))
    assert [row.id for row in rows] == ["1-f2", "1-m1-gb", "2-f2", "2-m1-gb"]
    assert {row.language for row in rows} == {"mixed", "zh"}
    assert "4 utterances" in capsys.readouterr().err
    assert check_path(out, "auto", 10, 3.0).problems == []
    app(call.split(), result_action="return_value")
    assert "4 clips were made before" in " ".join(capsys.readouterr().err.split())


def test_a_manifest_is_spoken_with_its_fields(tmp_path):
    texts = tmp_path / "texts.jsonl"
    texts.write_text('{"id": "s1", "text": "好的", "split": "dev", "topic": "tea"}\n', "utf-8")
    synthesize(texts=texts, out=tmp_path / "speech", voices="f2")
    (row,) = read(Utterance, tmp_path / "speech")
    assert (row.id, row.split, row.extra["topic"]) == ("s1-f2", "dev", "tea")


def test_named_voices_speak_sentences_of_the_grammar(tmp_path):
    synthesize(out=tmp_path, voices="f2", count=3, language="all", split="test", workers=1)
    rows = list(read(Utterance, tmp_path))
    assert {row.language for row in rows} == {"mixed", "zh", "en"}
    assert {(row.split, row.speaker) for row in rows} == {("test", "f2")}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"texts": "here", "count": 3}, "of the grammar, not of --texts"),
        ({"texts": "here"}, "which voices of espeak speak"),
        ({"texts": "here", "voices": "f22"}, "no voice 'f22'; did you mean 'f2'"),
        ({"engine": "espeek", "voices": "f2"}, "no engine 'espeek'; did you mean 'espeak'"),
        ({"speaking": EngineOptions(snr=(1, 2))}, "have their own speed and noise"),
    ],
)
def test_what_cannot_be_spoken_is_refused_before_work(tmp_path, options, expected):
    texts = tmp_path / "texts.txt"
    texts.write_text("好的\n", encoding="utf-8")
    given = {name: texts if value == "here" else value for name, value in options.items()}
    with pytest.raises(KnobError, match=expected):
        synthesize(out=tmp_path / "speech", **given)
    assert not (tmp_path / "speech").exists()


def test_the_texts_are_not_written_over(tmp_path):
    corpus = tmp_path / "speech"
    synthesize(out=corpus, voices="f2", count=1, workers=1)
    with pytest.raises(InputError, match="this is an input"):
        synthesize(texts=corpus, out=corpus, voices="f3")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"most_errors": 0.1}, "need --check-with"),
        ({"check_endpoint": "http://localhost:1/v1"}, "need --check-with"),
        ({"check_with": "m", "most_errors": 1.0}, "expected 0 to less than 1, found 1"),
    ],
)
def test_a_check_that_checks_nothing_is_refused(options, expected):
    with pytest.raises(KnobError, match=expected):
        CheckOptions(**options)
