"""Differences of spelling are no failure: numbers, letters, contractions, variants."""

import pytest

from earmark.failures.cascade import name_failure

SAME = [
    ("三点半开会", "3点半开会"),
    ("十点半", "10:30"),
    ("百分之五十的人", "50%的人"),
    ("two thousand nineteen", "2019"),
    ("twenty nineteen", "2019"),
    ("he paid five dollars", "he paid $5"),
    ("the first one", "the 1st one"),
    ("我有两个", "我有2个"),
    ("三分之一", "1/3"),
    ("九八年", "98年"),
    ("call nine nine five", "call 995"),
    ("w f h today", "WFH today"),
    ("do not go", "don't go"),
    ("wifi 很慢", "Wi-Fi很慢"),
    ("colour", "color"),
    ("two p m", "2 PM"),
    ("我 o k", "我OK"),
    ("mcdonalds", "McDonald's"),
    ("里面很 crowded", "裡面很crowded"),
]
OTHER = [
    ("只要九块钱", "只要6块钱"),
    ("sixteen pages", "60 pages"),
    ("l e d 灯", "LAD灯"),
    ("maybe later", "may be later"),
    ("do not go", "do go"),
]


@pytest.mark.parametrize(("truth", "hyp"), SAME)
def test_another_spelling_is_ok(truth, hyp):
    assert name_failure(truth, hyp)[:2] == ("ok", "exact")
    assert name_failure(hyp, truth)[:2] == ("ok", "exact")


@pytest.mark.parametrize(("truth", "hyp"), OTHER)
def test_another_number_or_word_is_an_error(truth, hyp):
    assert name_failure(truth, hyp).label == "error"
