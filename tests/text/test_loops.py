import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.text import tokenize
from earmark.text.loops import (
    FEWEST_REPEATS,
    FEWEST_TOKENS,
    Loop,
    compression_ratio,
    find_loop,
    is_looping,
    packs_too_well,
)

WORDS = st.sampled_from(["我", "要", "去", "the", "go", "ok", "book", "会", "了", "is"])


@given(
    st.lists(WORDS, max_size=6),
    st.lists(WORDS, min_size=1, max_size=10),
    st.integers(FEWEST_REPEATS, 30),
    st.lists(WORDS, max_size=6),
)
@settings(max_examples=200, deadline=None)
def test_a_made_loop_is_found_and_spans_what_it_says(head, unit, repeats, tail):
    tokens = head + unit * repeats + tail
    covered = len(unit) * repeats
    loop = find_loop(tokens)
    if covered >= FEWEST_TOKENS and covered >= len(tokens) / 2:
        assert loop is not None
    if loop is not None:
        stretch = tokens[loop.start : loop.start + loop.unit_tokens * loop.repeats]
        assert len(stretch) == loop.unit_tokens * loop.repeats
        assert stretch == stretch[: loop.unit_tokens] * loop.repeats
        assert loop.repeats >= FEWEST_REPEATS
        assert len(stretch) >= max(FEWEST_TOKENS, len(tokens) / 2)


def test_units_longer_than_ten_tokens_and_short_loops_pass():
    rng = random.Random(0)
    unit = [f"w{rng.random()}" for _ in range(11)]
    assert find_loop(unit * 8) is None
    assert find_loop(unit[:10] * 4) == Loop(0, 10, 4)
    assert find_loop(["对"] * 19) is None
    assert find_loop(["对"] * 20) == Loop(0, 1, 20)
    assert find_loop(["对"] * 20 + unit + unit) is None  # less than half of the text


@pytest.mark.parametrize(
    ("text", "looping"),
    [
        ("对" * 8, False),  # packs to 1.71, and to 3.43 when twice as long
        ("对" * 16, True),
        ("谢谢观看" * 4, False),
        ("嗯" * 10, False),
        ("thank you " * 5, False),
        ("thank you " * 20, True),
        ("我今天 want to book 一个 meeting room 然后 go for lunch", False),
        ("", False),
    ],
)
def test_the_known_cases(text, looping):
    assert is_looping(text, tokenize(text)) is looping


def test_the_compression_ratios_are_whispers():
    assert round(compression_ratio("对" * 8), 2) == 1.71
    assert round(compression_ratio("对" * 16), 2) == 3.43
    assert round(compression_ratio("谢谢观看" * 4), 2) == 2.18


def test_ordinary_text_is_never_a_loop():
    rng = random.Random(7)
    vocabulary = [chr(0x4E00 + n) for n in range(400)] + [f"word{n}" for n in range(400)]
    for _ in range(300):
        tokens = rng.choices(vocabulary, k=rng.randint(1, 120))
        assert not is_looping(" ".join(tokens), tokens)


@given(
    st.lists(st.sampled_from(["我们", "go", "好", "meeting", "呢"]), min_size=1, max_size=12),
    st.integers(1, 12),
)
@settings(max_examples=200, deadline=None)
def test_packing_only_what_repeats_changes_nothing(unit, repeats):
    tokens = [token for word in unit * repeats for token in tokenize(word)]
    text = "".join(unit * repeats)
    assert packs_too_well(text, tokens) == (compression_ratio(text) > 2.4)
