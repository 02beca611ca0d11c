import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.text import tokenize
from earmark.text.loops import (
    LONGEST_UNIT,
    compression_ratio,
    is_loop,
    packs_too_well,
    repetition,
)

WORDS = st.sampled_from(["我", "要", "去", "the", "go", "ok", "book", "会", "了", "is"])


@given(
    st.lists(WORDS, max_size=6),
    st.lists(WORDS, min_size=1, max_size=10),
    st.integers(5, 30),
    st.lists(WORDS, max_size=6),
)
@settings(max_examples=200, deadline=None)
def test_a_made_loop_is_found_and_its_unit_repeats_as_often_as_it_says(head, unit, copies, tail):
    tokens = head + unit * max(copies, -(-9 // len(unit)) + 1) + tail
    assert is_loop(" ".join(tokens), tokens)
    assert not is_loop(" ".join(tokens), tokens, " ".join(tokens), tokens)
    found = repetition(tokens)
    assert found.surplus >= 5
    starts = [
        start
        for start in range(len(tokens))
        if tokens[start : start + found.unit_tokens * found.repeats]
        == tokens[start : start + found.unit_tokens] * found.repeats
    ]
    assert starts


def test_units_longer_than_forty_tokens_pass():
    unit = [f"w{n}" for n in range(LONGEST_UNIT + 1)]
    assert repetition(unit * 3).surplus == 0
    assert repetition(unit[1:] * 3) == (LONGEST_UNIT, 3, 2 * LONGEST_UNIT)


@pytest.mark.parametrize(
    ("truth", "hyp", "looping"),
    [
        ("我们先吃饭", "我们先吃饭谢谢观看，谢谢观看，谢谢观看", True),
        ("我们先吃饭", "我们先吃饭谢谢观看谢谢观看", False),
        ("好", "对对对对对", False),
        ("好", "对对对对对对", True),
        ("对对对", "对对对对对对", False),
        ("对" * 30, "对" * 29, False),
        ("对" * 19, "对" * 22, False),
        ("哈", "ha" * 40, True),
        ("我今天 want to book", "我今天 want to book 一个 meeting room 然后 go", False),
        ("嗯", "", False),
    ],
)
def test_the_known_cases(truth, hyp, looping):
    assert is_loop(hyp, tokenize(hyp), truth, tokenize(truth)) is looping


def test_the_compression_ratios_are_whispers():
    assert round(compression_ratio("对" * 8), 2) == 1.71
    assert round(compression_ratio("对" * 16), 2) == 3.43
    assert round(compression_ratio("谢谢观看" * 4), 2) == 2.18


def test_ordinary_text_is_never_a_loop():
    rng = random.Random(7)
    vocabulary = [chr(0x4E00 + n) for n in range(400)] + [f"word{n}" for n in range(400)]
    for _ in range(300):
        tokens = rng.choices(vocabulary, k=rng.randint(1, 120))
        assert not is_loop(" ".join(tokens), tokens)


@given(
    st.lists(st.sampled_from(["我们", "go", "好", "meeting", "呢"]), min_size=1, max_size=12),
    st.integers(1, 12),
)
@settings(max_examples=200, deadline=None)
def test_packing_only_what_repeats_changes_nothing(unit, repeats):
    tokens = [token for word in unit * repeats for token in tokenize(word)]
    text = "".join(unit * repeats)
    assert packs_too_well(text, tokens) == (compression_ratio(text) > 2.4)
