"""Ordinary errors are named in a moment as the cascade names them."""

import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import settings as configure
from hypothesis import strategies as st
from sentences import DICTIONARY, FOLDER, mixed_sentences

from earmark.failures.cascade import name_failure
from earmark.failures.ordinary import is_surely_ordinary
from earmark.metrics.answer import align_texts
from earmark.text import tokenize

CASES = [
    json.loads(row)
    for path in sorted(FOLDER.glob("*.jsonl"))
    for row in path.read_text("utf-8").splitlines()
]
PIECES = ["", "的", "汤", "meeting", "go", "额", "320", "ok", "：", "コ", " ah ", "谢谢观看", "i'm"]


def agrees(truth, hyp, dictionary):
    """Compare with features, for which the cascade is walked, and without them."""
    walked = name_failure(truth, hyp, dictionary=dictionary)
    assert name_failure(truth, hyp, dictionary=dictionary, features=False) == (*walked[:2], {})
    return walked[:2]


@pytest.mark.parametrize("dictionary", [None, DICTIONARY], ids=["none", "dictionary"])
def test_every_case_has_one_name(dictionary):
    for case in CASES:
        agrees(case["truth"], case["hyp"], dictionary)


@pytest.mark.parametrize("dictionary", [None, DICTIONARY], ids=["none", "dictionary"])
def test_spoiled_cases_have_one_name(dictionary):
    rng = Random(3)
    seen = 0
    for case in CASES:
        text = list(case["truth"])
        for _ in range(rng.randint(1, 3)):
            place = rng.randrange(len(text) + 1)
            text[place : place + rng.randint(0, 3)] = rng.choice(PIECES)
        hyp = "".join(text)
        named = agrees(case["truth"], hyp, dictionary)
        seen += named == ("error", "ordinary") and is_surely_ordinary(
            align_texts(case["truth"], hyp, tokenize), dictionary
        )
    assert seen > 100


@configure(max_examples=150)
@given(mixed_sentences(), st.data())
def test_drawn_slips_have_one_name(truth, data):
    tokens = tokenize(truth)
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(tokens)))
        width = data.draw(st.integers(0, 2))
        tokens[place : place + width] = [data.draw(st.sampled_from(PIECES))]
    agrees(truth, " ".join(tokens), DICTIONARY)


@pytest.mark.parametrize(
    ("truth", "hyp", "expected"),
    [
        ("我们明天去喝茶吧你来吗", "我们明天去喝汤吧你来吗", True),
        ("we are going home after lunch", "we are going home after launch", True),
        ("我们明天去 meeting 你来吗", "我们明天去会议你来吗", False),
        ("我们明天去 meeting 你来吗", "我们明天去 你来吗", False),
        ("我们明天三百块去喝茶", "我们明天 300 块去喝茶", False),
        ("我们明天去喝茶", "我们明天去喝茶谢谢观看", False),
    ],
)
def test_only_what_no_detector_finds_is_surely_ordinary(truth, hyp, expected):
    assert is_surely_ordinary(align_texts(truth, hyp, tokenize), DICTIONARY) is expected
