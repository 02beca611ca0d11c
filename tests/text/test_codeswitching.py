from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.text import tokenize
from earmark.text.codeswitching import (
    Mixture,
    code_mixing_index,
    embedded_language,
    i_index,
    language_codes,
    m_index,
    mixture,
    near_switch,
)

CODES = st.text(alphabet="zeo", max_size=20)


def test_the_fiftieth_case_has_three_switches():
    codes = language_codes(tokenize("我的iPhone和Mac"))
    assert codes == "zzeze"
    assert mixture(codes) == Mixture(zh=3, en=2, other=0, switches=3)
    assert code_mixing_index(mixture(codes)) == pytest.approx(2 / 5)
    assert i_index([mixture(codes)]) == 3 / 4


@given(CODES)
@settings(max_examples=200, deadline=None)
def test_measures_agree_with_a_count_by_hand(codes):
    spoken = [code for code in codes if code != "o"]
    mix = mixture(codes)
    switches = sum(a != b for a, b in pairwise(spoken))
    assert mix == (codes.count("z"), codes.count("e"), codes.count("o"), switches)
    assert 0 <= code_mixing_index(mix) <= 0.5
    assert mix.is_mixed == (switches > 0)
    assert sum(near_switch(codes)) <= 2 * switches
    assert any(near_switch(codes)) == (switches > 0)
    assert mixture(codes[::-1]) == mix
    if spoken:
        assert 0 <= m_index(mix) <= 1


def test_neutral_tokens_are_skipped():
    assert mixture(language_codes(tokenize("好 123 好"))).switches == 0
    assert mixture(language_codes(tokenize("好 123 ok"))).switches == 1
    assert code_mixing_index(mixture("ooo")) == 0
    assert i_index([mixture("z"), mixture("")]) is None
    assert m_index(mixture("o")) is None


def test_the_embedded_language_is_the_smaller_one():
    assert embedded_language(mixture("zzze")) == "e"
    assert embedded_language(mixture("zeee")) == "z"
    assert embedded_language(mixture("ze")) == "e"
