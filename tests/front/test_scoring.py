"""Texts, records, rows, columns and files score alike; what is unclear is refused."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

import earmark
from earmark import Hypothesis, InputError, KnobError, Utterance
from earmark.cli import app
from earmark.formats.files.lines import write_jsonl
from earmark.speech.audio import write_audio

TRUTHS = ["我想 review 一下", "今天去 KTV"]
HYPS = ["我想一下", "今天去 KTV"]
IDS = ["a", "b"]
RATE = 1 / 9


class Column(list):
    """What Earmark uses of a pandas Series: iteration, and an index."""

    def __init__(self, values, index):
        super().__init__(values)
        self.index = index


class Frame:
    """What Earmark uses of a data frame: columns, and rows as dictionaries."""

    def __init__(self, rows):
        self.rows, self.columns = rows, list(rows[0])

    def to_dict(self, orient):
        assert orient == "records"
        return self.rows


def file_of(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def rows(texts):
    return [{"id": id_, "text": text} for id_, text in zip(IDS, texts, strict=True)]


FORMS = {
    "texts": lambda texts, folder: texts,
    "generator": lambda texts, folder: (text for text in texts),
    "column": lambda texts, folder: Column(texts, [4, 7]),
}
WITH_IDS = {
    "mapping": lambda texts, folder: dict(zip(IDS, texts, strict=True)),
    "rows": lambda texts, folder: rows(texts),
    "frame": lambda texts, folder: Frame([{**r, "speaker": float("nan")} for r in rows(texts)]),
    "path": lambda texts, folder: file_of(folder / f"{len(texts[0])}.jsonl", rows(texts)),
    "name": lambda texts, folder: str(file_of(folder / f"{len(texts[0])}.jsonl", rows(texts))),
}


@pytest.mark.parametrize("form", [*FORMS, *WITH_IDS])
def test_every_form_gives_the_same_score(form, tmp_path):
    make = (FORMS | WITH_IDS)[form]
    hyps = make(HYPS, tmp_path)
    if form == "frame":
        hyps = Frame(rows(HYPS))
    result = earmark.score(make(TRUTHS, tmp_path), hyps)
    assert result.to_dict()["mixed_error_rate"] == pytest.approx(RATE)
    assert [row.id for row in result.rows] == (["1", "2"] if form in FORMS else IDS)


@pytest.mark.parametrize("form", WITH_IDS)
def test_texts_get_the_ids_of_truths_in_order(form, tmp_path):
    result = earmark.score(WITH_IDS[form](TRUTHS, tmp_path), HYPS)
    assert [row.id for row in result.rows] == IDS
    assert result.to_dict()["mixed_error_rate"] == pytest.approx(RATE)


def test_records_are_matched_by_id_whatever_their_order():
    truths = [Utterance(*pair) for pair in zip(IDS, TRUTHS, strict=True)]
    hyps = [Hypothesis(*pair) for pair in zip(IDS, HYPS, strict=True)][::-1]
    assert earmark.score(truths, hyps).to_dict()["mixed_error_rate"] == pytest.approx(RATE)


def test_kaldi_text_is_read(tmp_path):
    (tmp_path / "text").write_text("a 我想 review 一下\nb 今天去 KTV\n")
    assert earmark.score(tmp_path / "text", HYPS).to_dict()["counts"]["deletions"] == 1


@pytest.mark.parametrize(
    ("truths", "hyps", "message"),
    [
        (TRUTHS, HYPS[:1], "2 truths and 1 hypotheses"),
        (TRUTHS, [*HYPS, "x"], "2 truths and 3 hypotheses"),
        (TRUTHS, dict(zip(IDS, HYPS, strict=True)), "truths are texts, which have no ids"),
        (Column(TRUTHS, [0, 1]), Column(HYPS, [1, 0]), "indexes differ"),
        (TRUTHS, ["我想一下", None], "item 2 should be a text, found None; where nothing was"),
        (TRUTHS, ["我想一下", float("nan")], "item 2 should be a text, found nan; where nothing"),
        (TRUTHS, [], "the list is empty"),
        ("我想 review 一下", ["我想一下"], "as texts are given as a list"),
        (TRUTHS, 3, "should be a list or a path, found int"),
        ([3, 4], HYPS, "item 1 should be a text, a Utterance or a row of one, found int 3"),
        ([{"id": "a", "text": 3}], HYPS[:1], "item 1: field 'text' should be"),
        ({1: "x"}, HYPS[:1], "ids and texts"),
    ],
)
def test_what_cannot_be_matched_is_refused(truths, hyps, message):
    with pytest.raises(InputError, match=message):
        earmark.score(truths, hyps)


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"resamples": 0}, "resamples is 0"),
        ({"strip_marks": "whisper"}, "should be a list"),
        ({"metrics": ["own_parts:FLAT"]}, "rows should be .answer, column."),
        ({"metrics": ["exat"]}, "no metric 'exat'"),
        ({"metrics": [3]}, "a function of a truth and an answer, found int"),
        ({"metrics": [lambda truth, answer: 1 / 0]}, "ZeroDivisionError"),
    ],
)
def test_options_that_cannot_be_are_refused(option, message):
    with pytest.raises(KnobError, match=message):
        earmark.score(TRUTHS, HYPS, **option)


@pytest.mark.parametrize("metric", ["own_parts:exact", "object"])
def test_a_metric_of_ones_own_is_computed_beside_the_others(metric):
    own = lambda truth, answer: (truth == answer, 1)  # noqa: E731
    result = earmark.score(TRUTHS, HYPS, metrics=[own if metric == "object" else metric])
    (found,) = result.to_dict()["metrics"].values()
    assert found["value"] == 0.5


def test_the_command_takes_a_metric_of_ones_own(tmp_path):
    truth, hyp = (file_of(tmp_path / f"{n}.jsonl", rows(t)) for n, t in enumerate((TRUTHS, HYPS)))
    files = ["--truth", str(truth), "--hyp", str(hyp)]
    out = tmp_path / "score.json"
    how = {"exit_on_error": False, "result_action": "return_value"}
    app(["score", *files, "--json", str(out), "--metric", "own_parts:exact"], **how)
    assert json.loads(out.read_text())["metrics"]["own_parts:exact"]["value"] == 0.5
    with pytest.raises(KnobError, match="a report has no place for it"):
        app(["report", *files, "--metric", "own_parts:exact"], **how)


def test_a_comparison_takes_what_a_score_takes_and_prints_like_a_table():
    result = earmark.compare(TRUTHS, HYPS, TRUTHS, names=("base", "after"))
    assert result.rates["mixed_error_rate"].difference == pytest.approx(-RATE)
    assert "after minus base" in str(result)
    with pytest.raises(KnobError, match="did you mean 'resamples'"):
        earmark.compare(TRUTHS, HYPS, TRUTHS, resample=10)


def test_a_report_is_written(tmp_path):
    out = earmark.report(TRUTHS, {"base": HYPS, "after": TRUTHS}, tmp_path / "r.html", examples=1)
    assert "after" in out.read_text()
    with pytest.raises(KnobError, match="should be a mapping"):
        earmark.report(TRUTHS, HYPS, tmp_path / "r.html")


def test_the_wrong_kind_of_record_is_refused():
    with pytest.raises(InputError, match="found SimpleNamespace"):
        earmark.score([SimpleNamespace(id="a")], HYPS)


def test_sound_of_a_manifest_comes_from_its_own_folder_unless_more_is_allowed(
    tmp_path, monkeypatch, capsys
):
    corpus = tmp_path / "corpus"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("earmark.report.examples.clip._noted", set())
    tone = np.sin(np.arange(16000) / 10).astype(np.float32) / 2
    for path in (corpus / "1.wav", tmp_path / "private.wav"):
        write_audio(path, tone)
    write_jsonl(corpus / "inside.jsonl", [Utterance("1", "好", "1.wav")])
    write_jsonl(corpus / "outside.jsonl", [Utterance("1", "好", "../private.wav")])

    def clips(truths, **options):
        page = earmark.report(truths, {"base": ["坏"]}, "r.html", examples=1, **options)
        return page.read_text("utf-8").count("data:audio/flac")

    assert clips(corpus / "inside.jsonl") == 1
    assert clips(corpus / "outside.jsonl") == 0
    assert "private.wav: outside of the manifest's folder" in capsys.readouterr().err
    assert clips(corpus / "outside.jsonl", allow_outside=True) == 1
    assert clips([Utterance("1", "好", str(tmp_path / "private.wav"))]) == 1
