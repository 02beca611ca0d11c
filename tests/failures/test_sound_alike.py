"""Words of one language written by sound in the other's script: detected without any dictionary."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import settings as configure
from hypothesis import strategies as st
from sentences import mixed_sentences

from earmark.failures.cascade import name_failure
from earmark.failures.evidence import Evidence
from earmark.failures.mode import Tools
from earmark.failures.sound_alike import detect, imitate
from earmark.failures.surface import Surface
from earmark.text import tokenize
from earmark.text.language import language_of
from earmark.text.pronunciation import sound_agrees
from earmark.translators.dictionaries.dictionary import Dictionary


def made(truth, seed=0, tools=None):
    return imitate(Surface(truth), Random(seed), tools or Tools())


@pytest.mark.parametrize(
    ("truth", "hyp"),
    [
        ("这个 computer 坏了", "这个康皮特坏了"),
        ("我在 Boston 读书", "我在波士顿读书"),
        ("下周去看 marathon", "下周去看马拉松"),
        ("他很喜欢 chocolate", "他很喜欢巧克力"),
        ("你好 my friend", "knee how my friend"),
        ("我们在外滩吃饭", "我们在 waitan 吃饭"),
        ("我们在外滩吃饭", "我闷在 waitan 吃饭"),
        ("see you tomorrow 老师", "西油特猫肉老师"),
        ("我有 15 dollars", "我有 15 刀乐斯"),
        ("麻烦打开 PPT", "麻烦打开皮皮提"),
    ],
)
def test_what_is_written_by_sound_is_found(truth, hyp):
    assert detect(Evidence(truth, hyp))
    assert name_failure(truth, hyp)[:2] == ("error", "phonetic")


@pytest.mark.parametrize(
    ("truth", "hyp"),
    [
        ("这个 computer 坏了", "这个电脑坏了"),
        ("我们去 hiking", "我们去徒步"),
        ("下周去看 marathon", "下周去看"),
        ("see you tomorrow 老师", "明天见老师"),
        ("你好 my friend", "hello my friend"),
        ("我们在外滩吃饭", "我们在江边吃饭"),
        ("我们明天吃饭", "我们名天吃饭"),
        ("what is this", "这是什么"),
        ("是的", "yes"),
        ("请 please 坐", "请坐"),
    ],
)
def test_what_is_translated_misheard_or_missing_is_not(truth, hyp):
    assert not detect(Evidence(truth, hyp))


def test_misheard_neighbours_do_not_hide_a_sound():
    assert sound_agrees(["computer"], list("者个康皮特"))
    assert not sound_agrees(["computer"], list("者个电脑"))


def test_numbers_agree_in_either_language():
    assert sound_agrees(["25", "minutes"], list("二十五米牛特斯"))
    assert sound_agrees(["zhang", "wei"], list("张伟"))


def test_short_sounds_are_no_evidence():
    assert not sound_agrees(["is"], ["是"])
    assert not sound_agrees(["the"], ["的"])
    assert not sound_agrees([], ["的"])


def test_the_embedded_language_is_written_by_sound_and_the_rest_stays():
    truth = "我们明天下午讨论 Project 的预算！"
    for seed in range(20):
        text = made(truth, seed)
        assert text.startswith("我们明天下午讨论")
        assert text.endswith("的预算！")
        assert {language_of(token) for token in tokenize(text)} == {"zh"}


def test_mandarin_among_english_becomes_latin():
    spelled = {made("Can you buy some 火锅, please?", seed) for seed in range(20)}
    assert "Can you buy some huoguo, please?" in spelled
    assert len(spelled) > 1
    for text in spelled:
        assert text.isascii()
        assert text.endswith(", please?")


def test_one_language_alone_can_be_misheard_so_too():
    assert made("we should discuss the budget") is not None
    assert made("我们讨论预算") is not None


def test_traditional_truths_get_traditional_characters():
    written = "".join(made("我覺得這個 mall 很大", seed) for seed in range(10))
    assert "爾" in written
    assert "尔" not in written


@pytest.mark.parametrize("truth", ["", "15", "I", "的", "привет", "😀"])
def test_nothing_is_made_where_no_sound_is_long_enough(truth):
    assert made(truth) is None


def test_loanwords_that_sound_like_their_translation_are_left_alone():
    tools = Tools(Dictionary([("咖啡", "coffee"), ("披萨", "pizza")], "words"))
    for truth in ("我要 coffee", "coffee", "咖啡"):
        for seed in range(20):
            text = made(truth, seed, tools)
            named = text and name_failure(truth, text, dictionary=tools.translator)
            assert named is None or named[:2] == ("error", "phonetic"), text


@configure(max_examples=40, deadline=None)
@given(mixed_sentences(), st.integers(0, 1000))
def test_an_imitation_is_called_phonetic(truth, seed):
    text = made(truth, seed)
    if text is not None:
        assert detect(Evidence(truth, text))
        assert not detect(Evidence(truth, truth))
