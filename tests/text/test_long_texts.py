"""Time grows with the length of a text, not with its square; what is found stays the same."""

import re
import time
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.evaluate.score import score
from earmark.records import Hypothesis, Utterance
from earmark.text import tokenize
from earmark.text.language import Nearest, language_of
from earmark.text.normalize.default_profile import (
    GLUED,
    JOINT,
    PART,
    WORD,
    bounded_marks,
    default_tokens,
)
from earmark.text.normalize.options import OPTIONS
from earmark.text.surface import MARKS_APART, PLAIN, PLAIN_PIECE, surface_tokens

LENGTH = 80_000
SIGNS = st.text("#$%&+'-., a1我，\u0300\u0316é", max_size=40)
# As the patterns were while a run of signs took the square of its length.
EACH_PLACE = re.compile(rf"{GLUED}*{PART}(?:{JOINT.replace('++', '+')}{PART})*{GLUED}*")


@pytest.mark.parametrize(
    "unit", ["#", "$", "%", "&", "+", "＃", "#$", "+ ", "#,", "'#", "\u0300\u0316"]
)
@pytest.mark.parametrize("split", [tokenize, surface_tokens], ids=["tokens", "surface"])
def test_a_long_run_of_signs_takes_no_time(unit, split):
    start = time.perf_counter()
    split(unit * (LENGTH // len(unit)))
    assert time.perf_counter() - start < 3


@pytest.mark.parametrize("unit", [".,", ", ", ":;！？"])
def test_a_long_run_of_marks_apart_takes_no_time(unit):
    text = unit * (LENGTH // len(unit))
    start = time.perf_counter()
    assert surface_tokens(text) == [text]
    assert tokenize(text) == []
    assert time.perf_counter() - start < 3


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("unit", ["1 ", "1/2 ", "$1", "-1,", "#", "a.", "嗯", "["])
def test_no_option_takes_the_square_of_the_length(option, unit):
    start = time.perf_counter()
    tokenize(unit * (20_000 // len(unit)), f"default+{option}")
    assert time.perf_counter() - start < 3


def test_a_hypothesis_of_signs_is_scored():
    start = time.perf_counter()
    result = score([Utterance("a", "我们去 office")], [Hypothesis("a", "#" * LENGTH)])
    assert result.rows[0].counts.deletions == 4
    assert time.perf_counter() - start < 5


@given(SIGNS)
def test_words_are_those_that_a_search_at_each_place_finds(text):
    assert WORD.findall(text) == EACH_PLACE.findall(text)


@given(st.text(f"a我 {MARKS_APART}", max_size=40))
def test_pieces_are_those_that_a_search_at_each_place_finds(text):
    pieces = PLAIN_PIECE.findall(text) if PLAIN.fullmatch(text) else []
    assert surface_tokens(text) == (pieces or ([text] if text else []))


@given(st.lists(st.sampled_from(["1", "a", "我", "%"]), max_size=12), st.data())
def test_the_nearest_language_is_that_of_the_next_word_else_of_the_one_before(parts, data):
    start = data.draw(st.integers(0, len(parts)))
    end = data.draw(st.integers(start, len(parts)))
    near = chain(parts[end:], reversed(parts[:start]))
    expected = next((lang for p in near if (lang := language_of(p)) != "other"), "en")
    assert Nearest(parts).at(start, end) == expected


def test_texts_with_marks_as_people_write_them_stay_as_they_are():
    text = "cafe\u0301 a\u0308\u0301 " * 200
    assert bounded_marks(text) == text
    assert default_tokens(text) == ["café", "ä\u0301"] * 200
    many = "a" + "\u0300" * 2000
    assert len(bounded_marks(many)) == 2001 + 66
    assert len(default_tokens(many)) == 1
