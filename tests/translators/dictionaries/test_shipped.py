"""The lists that ship: their form, their size, and how fast they load."""

from collections import Counter
from importlib.resources import files

import pytest

from earmark.text import tokenize
from earmark.text.normalize.simplify import simplify
from earmark.text.script import is_han
from earmark.translators.dictionaries import DICTIONARIES
from earmark.translators.dictionaries.dictionary_file import read_dictionary
from earmark.translators.dictionaries.shipped import load_earmark, load_grammar

LISTS = {"earmark": "dictionary.tsv", "grammar": "grammar-dictionary.tsv"}


def rows(name):
    text = files("earmark").joinpath(f"assets/{LISTS[name]}").read_text("utf-8")
    assert text.endswith("\n")
    return [line.split("\t") for line in text.splitlines()]


@pytest.mark.parametrize("name", LISTS)
def test_each_row_is_simplified_mandarin_beside_english(name):
    for row in rows(name):
        assert len(row) == 2, row
        zh, en = row
        assert zh or en, row
        assert (zh.strip(), " ".join(en.split())) == (zh, en), row
        assert simplify(zh) == zh, row
        assert not zh or any(map(is_han, zh)), row
        assert not any(map(is_han, en)), row
        assert tokenize(zh) or tokenize(en), row


@pytest.mark.parametrize("name", LISTS)
def test_no_row_is_there_twice(name):
    assert [row for row, count in Counter(map(tuple, rows(name))).items() if count > 1] == []


def test_our_list_is_long_enough_and_begins_with_function_words():
    listed = rows("earmark")
    assert len(listed) >= 15000
    assert len({zh for zh, _ in listed}) >= 10000
    words = load_earmark()
    assert words.signature.startswith(f"earmark:{len(listed)}@")
    for zh in [
        "我",
        "你",
        "的",
        "不",
        "在",
        "和",
        "因为",
        "如果",
        "可以",
        "已经",
        "什么",
        "谁",
        "每天",
        "三",
        "以前",
    ]:
        assert words.knows(" ".join(zh), "en"), zh
    for en in [
        "i",
        "you",
        "the",
        "not",
        "in",
        "and",
        "because",
        "if",
        "can",
        "already",
        "what",
        "who",
        "every",
        "three",
        "before",
    ]:
        assert words.knows(en, "zh"), en


@pytest.mark.parametrize(
    ("en", "zh"),
    [
        ("meeting", "会议"), ("teacher", "老师"), ("book", "书"), ("good", "好"), ("all", "都"),
        ("can", "可以"), ("why", "为什么"), ("never mind", "没关系"), ("what to do", "怎么办"),
        ("phone", "电话"), ("computer", "电脑"), ("tomorrow", "明天"), ("Singapore", "新加坡"),
    ],
)  # fmt: skip
def test_the_usual_word_is_written_first(en, zh):
    assert load_earmark().translate(en, "zh").text == zh


@pytest.mark.parametrize("name", LISTS)
def test_the_fast_reading_of_our_lists_is_that_of_any_file(name):
    path = str(files("earmark").joinpath(f"assets/{LISTS[name]}"))
    plain, fast = read_dictionary(path), DICTIONARIES[name]()
    for to in ("zh", "en"):
        assert plain.sources[0].tables[to] == fast.sources[0].tables[to]


def test_the_demo_keeps_its_own_words():
    assert load_grammar().signature == "grammar:231@4e3580a7"
