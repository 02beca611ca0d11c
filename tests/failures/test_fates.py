"""What became of each lost word, place by place."""

import pytest
from hypothesis import given
from hypothesis import settings as configure
from sentences import DICTIONARY, mixed_sentences, sentences

from earmark.failures.evidence import Evidence
from earmark.failures.places import Place, fates_of


def letters(said, written, dictionary=DICTIONARY):
    return fates_of([Place(said.split(), written.split())], dictionary)[0].letters


@pytest.mark.parametrize(
    ("said", "written", "expected"),
    [
        ("meeting", "会 议", "m"),
        ("会 议", "meetings", "mm"),
        ("printer", "品 特", "x"),
        ("老 板", "lawn ban", "xx"),
        ("go", "no", "s"),
        ("汤", "糖", "s"),
        ("walk home now", "", "ooo"),
        ("嗯", "", "f"),
        ("lah", "", "f"),
        ("walk home lah", "嗯", "oof"),
        ("refrigerator", "天 气", "u"),
    ],
)
def test_a_lost_word_gets_the_letter_of_what_stands_in_its_place(said, written, expected):
    assert letters(said, written) == expected


def test_each_place_is_judged_by_itself():
    evidence = Evidence(
        "我们 check 天气 before 演讲 好吗",
        "我们检查天气 before presentation",
        dictionary=DICTIONARY,
    )
    assert [place.letters for place in evidence.places] == ["m", "mmoo"]
    assert dict(evidence.fates) == {"m": 3, "o": 2}
    assert dict(evidence.fates_in("zh")) == {"m": 2, "o": 2}


def test_mandarin_gained_elsewhere_does_not_fill_a_place():
    evidence = Evidence("明天 meeting 取消了", "明天取消了因为下雨天", dictionary=DICTIONARY)
    assert dict(evidence.fates) == {"o": 1}


@configure(max_examples=40, deadline=None)
@given(truth=mixed_sentences(), hyp=sentences())
def test_every_lost_token_has_one_letter(truth, hyp):
    evidence = Evidence(truth, hyp, dictionary=DICTIONARY)
    for stretch, place in zip(evidence.stretches, evidence.places, strict=True):
        assert len(place.letters) == stretch.said.total
        assert set(place.letters) <= set("mxsuof")
        assert place.used <= set(range(stretch.written.total))
    lost = len(evidence.truth_tokens) - evidence.hits
    assert sum(len(place.letters) for place in evidence.places) == lost
    assert evidence.fates.total() <= lost
