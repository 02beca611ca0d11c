"""Words written by sound in the other script: what is made sounds like what it was made of."""

from itertools import product
from random import Random

import pytest

from earmark.text.pronunciation import alike, most_alike, sound_of, sounds_alike
from earmark.text.pronunciation import han_by_sound as han
from earmark.text.pronunciation import latin_by_sound as latin
from earmark.text.pronunciation.classes import VOWELS, classes_of_pinyin
from earmark.text.pronunciation.tables import pinyin_of, syllables

ENGLISH = """
please budget computer meeting deadline project hotel water school family holiday church queen
language orange vision music email tomorrow really quick beautiful important singing interesting
happy birthday internet weekend manager three strength house office shampoo customer presentation
schedule laptop vegetable photograph airport hospital refrigerator
"""
MANDARIN = """
早上 我们 明天 讨论 项目 预算 谢谢 老师 餐厅 报告 没有 学校 机场 火锅 重要 漂亮 晚上 喜欢
"""


def test_each_character_is_read_as_the_syllable_that_it_is_listed_under():
    for syllable, characters in han.WRITTEN.items():
        assert [pinyin_of(c) for c in characters] == [syllable] * len(characters)


def test_each_spelling_sounds_like_its_syllable():
    assert set(latin.WRITTEN) <= syllables()
    for syllable, spelling in latin.WRITTEN.items():
        assert alike(classes_of_pinyin(syllable), sound_of([spelling])) >= 0.6, syllable


def test_any_phones_become_syllables_that_have_characters():
    for consonant, vowel, after in product(han.INITIALS, ["", *VOWELS], ["", "n", "G", "mp", "na"]):
        for seed in range(4):
            made = han.mandarin_syllables(consonant + vowel + after, Random(seed))
            assert set(made) <= set(han.WRITTEN), consonant + vowel + after
            assert made or not consonant + vowel + after


def test_english_in_han_sounds_like_english():
    rng = Random(0)
    drawn = [(word, han.han_by_sound(word, rng)) for word in ENGLISH.split() for _ in range(10)]
    good = [sounds_alike(sound_of([word]), sound_of(list(text))) for word, text in drawn]
    assert sum(good) / len(good) >= 0.95
    assert {pinyin_of(character) is None for _, text in drawn for character in text} == {False}


def test_mandarin_in_latin_sounds_like_mandarin():
    rng = Random(0)
    for word, _ in product(MANDARIN.split(), range(10)):
        text = latin.latin_by_sound(word, rng)
        assert text.isascii()
        assert most_alike(list(word), text.split()) >= 0.6, text


@pytest.mark.parametrize("make", [han.han_by_sound, latin.latin_by_sound])
def test_what_has_no_sound_has_no_spelling(make):
    assert make("", Random(0)) == ""
    assert make("コ", Random(0)) == ""


def test_the_same_seed_writes_the_same_text():
    assert han.han_by_sound("strength", Random(5)) == han.han_by_sound("strength", Random(5))
    assert len({han.han_by_sound("strength", Random(seed)) for seed in range(30)}) > 3
