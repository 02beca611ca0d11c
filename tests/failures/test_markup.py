"""Marks of form, and what only looks like them."""

import pytest

from earmark.failures.markup import adds_markup
from earmark.text import tokenize


@pytest.mark.parametrize(
    "hyp",
    [
        "[00:00.000 --> 00:02.000] 走吧",
        "(0:01) 走吧",
        "00:00:01,000 --> 00:00:02,500 走吧",
        "走吧 (laughs)",
        "走吧（笑）",
        "*sighs* 走吧",
        "Speaker A: 走吧",
        "说话人1：走吧",
        "女：走吧",
        "<|zh|>走吧<|endoftext|>",
        "<zh>走吧</zh>",
        '{"text": "走吧"}',
        "## 走吧",
        "- 走吧",
        "```走吧```",
        "1. 走吧",
        "> 走吧",
        "走吧 ♪",
        "說話人1：走吧",
    ],
)
def test_marks_that_nobody_said_are_found(hyp):
    assert adds_markup("走吧", hyp, tokenize("走吧"))
    assert not adds_markup(hyp, hyp, tokenize(hyp))


@pytest.mark.parametrize(
    ("truth", "hyp"),
    [
        ("we meet at 12:30", "we meet at 12:30"),
        ("他说 go home", "他说: go home"),
        ("走吧 okay", "走吧（okay）"),
        ("a minus b", "a - b"),
        ("five star", "five *"),
        ("two to three", "2-3"),
        ("one go home", "1. go home"),
        ("1.5 公里", "1.5 公里"),
    ],
)
def test_punctuation_and_what_was_said_in_brackets_are_no_marks(truth, hyp):
    assert not adds_markup(truth, hyp, tokenize(truth))
