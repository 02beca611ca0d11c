"""Logs of AudioBench: one file is truth and hypothesis, and `empty` is no speech."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import earmark
from earmark.cli.score import score
from earmark.errors import InputError
from earmark.formats.files.source import Source
from earmark.formats.reading import read, read_test, recognise
from earmark.records import Hypothesis, Utterance
from formats.given import TEXT

ROWS = [
    {"reference": "我 今 天 想 review", "prediction": "我 今 天 想", "wer": 0.2},
    {"reference": "empty", "prediction": "好 的", "wer": 2.0},
    {"reference": "see you", "prediction": "empty", "wer": 1.0},
]
FORMS = {
    "lines": lambda rows: "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows),
    "array": lambda rows: json.dumps(rows, ensure_ascii=False),
    "score file": lambda rows: json.dumps({"wer": 0.5, "sample_wer": rows}, indent=4),
    "score file on a line": lambda rows: json.dumps({"wer": 0.5, "sample_wer": rows}),
}


def written(path, rows, form="score file"):
    path.write_text(FORMS[form](rows), "utf-8")
    return path


@pytest.mark.parametrize("form", FORMS)
def test_each_form_holds_truths_and_hypotheses(tmp_path, form, capsys):
    path = written(tmp_path / "log.json", ROWS, form)
    assert recognise(Source(path)).name == "audiobench"
    truths = list(read(Utterance, path))
    assert [(t.id, t.text) for t in truths] == [
        ("1", "我 今 天 想 review"), ("2", ""), ("3", "see you"),
    ]  # fmt: skip
    assert truths[0].extra == {"prediction": "我 今 天 想", "wer": 0.2}
    assert list(read(Hypothesis, path)) == [
        Hypothesis("1", "我 今 天 想", extra={"wer": 0.2}),
        Hypothesis("2", "好 的", extra={"wer": 2.0}),
        Hypothesis("3", "", extra={"wer": 1.0}),
    ]
    said = " ".join(capsys.readouterr().err.split())
    assert said.count("the word 'empty' alone is read as an empty text") == 2


def test_a_log_is_scored_against_itself(tmp_path, capsys):
    """1 deletion, 2 insertions where nothing was said, 2 deletions: 5 errors of 7 words."""
    path = written(tmp_path / "log.json", ROWS)
    score(truth=f"{path}@audiobench", hyp=f"{path}@audiobench", json="-")
    scored = json.loads(capsys.readouterr().out)
    counts = scored["counts"]
    assert [counts[name] for name in ("substitutions", "deletions", "insertions")] == [0, 3, 2]
    assert scored["mixed_error_rate"] == pytest.approx(5 / 7)
    assert earmark.score(path, path).to_dict()["mixed_error_rate"] == pytest.approx(5 / 7)


def test_a_log_before_scoring_keeps_what_was_written(tmp_path):
    rows = [
        {"reference": "空 的", "task_type": "ASR", "model_prediction": "empty"},
        {"text": "Write.", "answer": "OK", "task_type": "ASR", "model_prediction": "ok"},
    ]
    path = written(tmp_path / "log.json", rows, "array")
    assert [(hyp.id, hyp.text) for hyp in read(Hypothesis, path)] == [("1", "empty"), ("2", "ok")]
    truths = list(read(Utterance, path))
    assert [truth.text for truth in truths] == ["空 的", "OK"]
    assert truths[1].extra["text_"] == "Write."


def test_ids_of_its_own_and_wrong_rows(tmp_path):
    path = written(tmp_path / "log.json", [{"id": "a", **ROWS[0]}, {"id": 7, **ROWS[2]}], "lines")
    assert [hyp.id for hyp in read(Hypothesis, path)] == ["a", "7"]
    path = written(tmp_path / "log.json", [ROWS[0], {"reference": "x"}], "array")
    with pytest.raises(InputError, match=r"log.json: item 2: there is no 'prediction' or 'model_p"):
        list(read(Hypothesis, path))
    path.write_text('{"sample_wer": [{"reference": "a", "prediction": "b"}, ', "utf-8")
    with pytest.raises(InputError, match=r"log.json: not JSON"):
        list(read(Hypothesis, path))


def test_logs_of_other_lengths_are_not_matched_by_number(tmp_path):
    one = written(tmp_path / "one.json", ROWS)
    two = written(tmp_path / "two.json", ROWS[1:])
    with pytest.raises(InputError, match=r"two.json has 2 rows and .*one.json has 3; rows without"):
        read_test(one, [two])
    named = [[{"id": f"u{i}", **row} for i, row in enumerate(ROWS)][first:] for first in (0, 1)]
    one, two = written(tmp_path / "one.json", named[0]), written(tmp_path / "two.json", named[1])
    assert [hyp.id for hyp in read_test(one, [two]).hyps[0]] == ["u1", "u2"]


SIDES = st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=4)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(SIDES, st.sampled_from(sorted(FORMS)))
def test_any_texts_come_back(tmp_path_factory, sides, form):
    path = tmp_path_factory.mktemp("log") / "log.json"
    written(path, [{"reference": said, "prediction": wrote} for said, wrote in sides], form)
    expected = [tuple("" if text == "empty" else text for text in side) for side in sides]
    truths, (hyps,), _ = read_test(path, [path])
    assert [(t.text, h.text) for t, h in zip(truths, hyps, strict=True)] == expected
