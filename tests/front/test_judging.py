"""Judging from Python: records, rows and paths; judges as names, objects and functions."""

import json

import pytest

import earmark
from earmark.errors import InputError, KnobError

ROW = {
    "id": "a",
    "prompt": [],
    "truth": "我想 review",
    "candidates": [{"content": "我想"}, {"content": "我想 review"}],
}


def test_rows_records_and_a_path(tmp_path):
    by = "mixed_error_rate,loop"
    of_rows = earmark.judge([ROW], by)
    made = [earmark.Candidate("我想"), earmark.Candidate("我想 review")]
    of_records = earmark.judge([earmark.Candidates("a", [], made, truth="我想 review")], by)
    (tmp_path / "c.jsonl").write_text(json.dumps(ROW) + "\n", "utf-8")
    of_file = earmark.judge(tmp_path / "c.jsonl", by)
    scores = [candidate.scores for candidate in of_rows[0].candidates]
    assert scores == [
        {"mixed_error_rate": pytest.approx(-1 / 3), "loop": 0.0},
        {"mixed_error_rate": 0.0, "loop": 0.0},
    ]
    assert list(of_rows) == list(of_records) == list(of_file)


def test_functions_objects_and_weights():
    def short(case, *, most: int = 4):
        return [len(answer.text) <= most for answer in case.answers]

    half = earmark.Judge("half", "v:1", lambda cases: [[0.5] * len(c.answers) for c in cases])
    found = earmark.judge([ROW], [short, half], weights={"half": 2})
    name = next(iter(found.to_dict()["judges"]))
    assert name.endswith(":test_functions_objects_and_weights.<locals>.short")
    assert [c.scores["total"] for c in found[0].candidates] == [2.0, 1.0]
    assert "half" in str(found)


def test_pairs_have_both_sides_scored():
    pair = earmark.Pair("p", [], "我想 review", "我想")
    (found,) = earmark.judge([pair], "mixed_error_rate", truth="chosen")
    assert found.scores == {"mixed_error_rate": [0.0, pytest.approx(-1 / 3)]}


def test_what_has_no_score_is_named():
    rows = [ROW, {**ROW, "id": "b", "truth": None}]
    found = earmark.judge(rows, "mixed_error_rate")
    assert [(one.id, one.answer) for one in found.unjudged] == [("b", 1), ("b", 2)]
    assert repr(found) == "Judged(2 rows, 4 answers, 2 scores missing)"
    frame = found.to_frame()
    assert list(frame["answer"]) == [1, 2, 1, 2]
    with pytest.raises(InputError, match="scored none of 2 answers"):
        earmark.judge([rows[1]], "mixed_error_rate")


def test_what_cannot_be_judged():
    with pytest.raises(InputError, match="a list of Candidates or Pair"):
        earmark.judge(["我想"], "loop")
    with pytest.raises(KnobError, match="did you mean 'loop'"):
        earmark.judge([ROW], "lop")
