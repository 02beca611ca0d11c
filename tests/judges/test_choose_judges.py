"""Choosing judges: chains with knobs and weights, judges of one's own."""

import sys

import pytest

from earmark.errors import InputError, KnobError
from earmark.judges import JUDGES
from earmark.judges.choose import chosen_judges, converted, make_judge
from earmark.judges.judge import Failed, Judge, by_answer, text_of
from earmark.lookup import parse_chain
from judged import case


def test_a_chain_has_criteria_knobs_and_weights():
    by = "mixed_error_rate:cap=2,failure:weight=.5:empty=3,script:as=scripts"
    one, two, three = chosen_judges(by)
    assert [each.criterion for each in (one, two, three)] == [
        "mixed_error_rate",
        "failure",
        "scripts",
    ]
    assert [each.weight for each in (one, two, three)] == [1.0, 0.5, 1.0]
    assert one.judge.signature == "mixed_error_rate|v:1|cap:2|profile:default"


def test_weights_by_criterion():
    (chosen,) = chosen_judges(["loop"], {"loop": -2})
    assert chosen.weight == -2.0
    with pytest.raises(KnobError, match="a weight for 'lop', which no judge writes"):
        chosen_judges(["loop"], {"lop": 1})


@pytest.mark.parametrize(
    ("by", "said"),
    [
        ("scripts", "did you mean 'script'"),
        ("script:cap=1", "has no knob 'cap'"),
        ("loop,loop", "two judges write the criterion 'loop'"),
        ("loop,", "found ''"),
        ("loop:weight=much", "the weight of 'loop' should be a number"),
        ("loop:weight=nan", "should be a number"),
        ("loop:weight=", "has no value"),
        ("length:tokens=1:tokens=2", "given twice"),
        ("=1", "expected NAME"),
        (7, "should be a Judge or a function"),
        ([], "one judge or more"),
    ],
)
def test_what_cannot_be_chosen(by, said):
    with pytest.raises(KnobError, match=said):
        chosen_judges(by)


def test_a_url_is_a_value():
    (link,) = parse_chain("reward_model:endpoint=http://localhost:8000/v1:model=rm")
    assert link.knobs == {"endpoint": "http://localhost:8000/v1", "model": "rm"}


def test_ones_own_function_and_judge(tmp_path, monkeypatch):
    (tmp_path / "mine_to_judge.py").write_text(
        "from earmark.judges.judge import by_answer, text_of\n"
        "def short(case, *, most: int = 2):\n"
        "    return [float(len(a.text) <= most) for a in case.answers]\n"
        "def made(*, add: float = 1.0):\n"
        "    return by_answer('made', 'v:3', lambda case, answer: len(text_of(answer)) + add)\n"
        "HALF = by_answer('half', 'v:1', lambda case, answer: 0.5)\n",
        "utf-8",
    )
    monkeypatch.chdir(tmp_path)
    by = "mine_to_judge:short:most=3,mine_to_judge:made:add=2,mine_to_judge:HALF"
    short, made, half = chosen_judges(by)
    assert short.criterion == "mine_to_judge:short"
    assert short.judge.score([case("ab", "abcd")]) == [[1.0, 0.0]]
    assert made.judge.score([case("ab")]) == [[4.0]]
    assert half.judge.score([case("ab")]) == [[0.5]]
    with pytest.raises(KnobError, match="made already"):
        chosen_judges("mine_to_judge:HALF:add=2")
    sys.modules.pop("mine_to_judge")


def test_ones_own_judge_is_held_to_the_contract():
    def too_few(case):
        return [1.0]

    def not_finite(case):
        return [float("nan"), "good", None, True]

    def refuses(case):
        raise InputError("the clip is missing")

    few, odd, no = (make_judge(each, {}) for each in (too_few, not_finite, refuses))
    assert few.score([case("a", "b")]) == [[Failed("it gave 1 scores for 2 answers")] * 2]
    (found,) = odd.score([case("a", "b", "c", "d")])
    assert [isinstance(each, Failed) for each in found] == [True, True, True, False]
    assert no.score([case("a")]) == [[Failed("the clip is missing")]]
    with pytest.raises(KnobError, match="a number for each answer"):
        make_judge(lambda case: 1.0, {}).score([case("a")])
    with pytest.raises(KnobError, match="should return a Judge"):
        make_judge(lambda: 1.0, {})


def test_knobs_keep_their_kind():
    assert converted("x", 3, float) == 3.0
    assert converted("x", "3", str) == "3"
    assert converted("x", None, str | None) is None
    assert converted("x", len, str | type(len)) is len
    for value, kind in ((True, float), ("yes", bool), ("inf", float), (1.5, int)):
        with pytest.raises(KnobError, match="x should be"):
            converted("x", value, kind)


def test_every_entry_makes_a_judge_that_says_how():
    for name, make in JUDGES.items():
        assert (make.__doc__ or "").startswith("Score an answer"), name
    judge = by_answer("words", "v:1", lambda case, answer: len(text_of(answer).split()))
    assert isinstance(make_judge(judge, {}), Judge)
