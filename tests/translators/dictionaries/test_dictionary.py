"""The word list: longest match, what it does not know, and its files."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import settings as configure
from hypothesis import strategies as st

from earmark.errors import InputError
from earmark.text import tokenize
from earmark.text.language import language_of
from earmark.translators.dictionaries.dictionary import Dictionary
from earmark.translators.dictionaries.dictionary_file import read_dictionary
from earmark.translators.dictionaries.shipped import load_earmark

WORDS = Dictionary(
    [
        ("信用", "credit"),
        ("信用卡", "credit card"),
        ("卡", "card"),
        ("会议", "meeting"),
        ("开会", "meeting"),
        ("了", ""),
        ("", "the"),
    ]
)


def test_the_longest_known_stretch_is_translated_as_one():
    assert WORDS.translate("my 信用卡", "en").text == "my credit card"
    assert WORDS.translate("我的 credit card", "zh").text == "我的信用卡"


def test_the_first_translation_is_written():
    assert WORDS.translate("meeting", "zh").text == "会议"


def test_an_empty_side_vanishes():
    assert WORDS.translate("the meeting", "zh").text == "会议"
    assert WORDS.translate("会议了。", "en").text == "meeting。"


def test_unknown_words_stay_and_are_named():
    translation = WORDS.translate("Bring the Credit-Card 给我！", "zh")
    assert translation.text == "Bring 信用卡给我！"
    assert translation.unknown == ("bring",)


def test_words_of_the_target_and_numbers_are_left_alone():
    assert WORDS.translate("三点 15% 会议 ok", "zh") == ("三点 15% 会议 ok", ("ok",))


def test_a_part_is_some_of_the_known_words_and_never_all_of_a_language():
    text = "会议 meeting 信用卡在 meeting"
    made = {
        WORDS.translate_part(
            text,
            "zh",
            Random(seed),
        ).text
        for seed in range(30)
    }
    assert made == {"会议会议信用卡在 meeting", "会议 meeting 信用卡在会议"}
    assert WORDS.translate_part("会议", "en", Random(0)) is None
    assert WORDS.translate_part("貔貅饕餮", "en", Random(0)) is None


@configure(max_examples=60, deadline=None)
@given(text=st.lists(st.sampled_from(["会议", "信用卡", " ", "，", "abc ", "15"])).map("".join))
def test_a_full_translation_leaves_only_what_is_unknown(text):
    translation = WORDS.translate(text, "en")
    left = [token for token in tokenize(translation.text) if language_of(token) == "zh"]
    assert left == list(translation.unknown) == []
    assert [c for c in text if c in "，"] == [c for c in translation.text if c in "，"]


def test_both_formats_say_the_same(tmp_path):
    tsv, yaml = tmp_path / "words.tsv", tmp_path / "words.yaml"
    tsv.write_text(
        "# a comment\n会议\tmeeting\n开会\tmeeting\n信用卡\tcredit card\n了\t\n", "utf-8"
    )
    yaml.write_text("会议: meeting\n开会: [meeting]\n信用卡: credit card\n了:\n", "utf-8")
    for text in ("会议了", "credit card meeting"):
        for to in ("zh", "en"):
            assert read_dictionary(tsv).translate(text, to) == read_dictionary(yaml).translate(
                text, to
            )
    assert read_dictionary(tsv).signature == read_dictionary(yaml).signature.replace("yaml", "tsv")


def test_the_lexicon_that_ships_can_be_read():
    assert load_earmark().translate("我的 report", "zh").text == "我的报告"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no entry"),
        ("会议 meeting\n".encode(), "words.tsv:1: expected Mandarin, a tab and English"),
        ("会议\tmeeting\tx\n".encode(), "words.tsv:1"),
        (b"\xff\tmeeting\n", "expected UTF-8"),
    ],
)
def test_a_bad_word_list_is_refused(tmp_path, content, message):
    path = tmp_path / "words.tsv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_dictionary(path)


@pytest.mark.parametrize("content", ["[1, 2]", "a: [", "{}"])
def test_a_bad_yaml_word_list_is_refused(tmp_path, content):
    path = tmp_path / "words.yaml"
    path.write_text(content, "utf-8")
    with pytest.raises(InputError):
        read_dictionary(path)


def test_words_of_a_yaml_word_list_are_texts(tmp_path):
    path = tmp_path / "words.yaml"
    path.write_text("不: no\n对: yes\n三: 3\n版本: [3.10, on]\n了:\n", "utf-8")
    dictionary = read_dictionary(path)
    assert dictionary.translate("不", to="en").text == "no"
    assert dictionary.translate("对", to="en").text == "yes"
    assert dictionary.translate("no", to="zh").text == "不"
    assert dictionary.translate("三版本了", to="en").text == "3 3.10"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("w.tsv", "会议\tmeeting\nreport\t报告\n", "w.tsv:2: expected Mandarin first and English"),
        (
            "w.yaml",
            "会议: meeting\nreport: 报告\n",
            "w.yaml:2: expected Mandarin first and English",
        ),
        ("w.YML", "no: [不, 没]\n", "w.YML:1: .*found 'no' and '不'; swap the columns"),
        ("w.tsv", "会议\t会議\n", "w.tsv:1: .* write its English, or leave the column empty"),
        ("w.tsv", "hello\tbonjour\n", "w.tsv:1: .*no entry has Mandarin in the first column"),
        ("w.tsv", "meeting\thui yi\n", "w.tsv:1: .*no entry has Mandarin in the first column"),
        ("w.tsv", "会议\t15\n", "w.tsv:1: .*no entry has English in the second column"),
        ("w.yaml", "会议: meeting\n会议: session\n", "w.yaml:2: the key '会议' is given twice"),
        ("w.yaml", "1: one\n", "w.yaml:1: expected a name as a key, found the number '1'"),
        ("w.yaml", "会议: {a: b}\n", "w.yaml:1: expected English, or a list of it, for '会议'"),
        ("w.yaml", "会议: [[a]]\n", "w.yaml:1: expected English, or a list of it, for '会议'"),
        ("w.yaml", "a: &a [x]\nb: *a\n", "w.yaml:2: .*aliases are not read"),
    ],
)
def test_what_could_not_be_meant_is_refused_by_line(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_text(content, "utf-8")
    with pytest.raises(InputError, match=message):
        read_dictionary(path)


def test_letters_on_both_sides_are_no_swapped_columns(tmp_path):
    path = tmp_path / "w.tsv"
    path.write_text("AA制\tgo dutch\nOK\tokay\n卡拉OK\tKTV\n的\t\n\tthe\n", "utf-8")
    assert read_dictionary(path).translate("OK 卡拉OK", to="en").text


def test_mandarin_is_cut_into_the_fewest_words():
    words = Dictionary(
        [("研究", "study"), ("研究生", "graduate"), ("生命", "life"), ("起源", "origin")], "words"
    )
    assert words.translate("研究生命起源", "en").text == "study life origin"
    assert words.translate("研究生起源", "en").text == "graduate origin"


def test_inflected_english_is_known_by_its_base_form():
    words = Dictionary([("城市", "city"), ("跑", "run")], "words")
    assert words.translate("cities ran 了", "zh").text == "城市跑了"


def test_into_traditional_texts_traditional_characters_are_written():
    words = Dictionary([("图书馆", "library"), ("项目", "project")], "words")
    assert words.translate("我們去 library 做 project", "zh").text == "我們去圖書館做項目"
    assert words.translate("我们去 library 做 project", "zh").text == "我们去图书馆做项目"
    part = words.translate_part("我們去 library 做 project", "zh", Random(1))
    assert part is not None
    assert {"圖書館", "項目"} & {part.text[3:6], part.text[-2:]}


def test_the_first_of_several_sources_is_written_and_all_are_recognised():
    ours, theirs = Dictionary([("书", "book")], "a"), Dictionary([("册", "book")], "b")
    both = Dictionary.of_sources([*ours.sources, *theirs.sources])
    assert both.translations("book", "zh") == ("书", "册")
    assert both.signature == f"{ours.signature}+{theirs.signature}"


def test_a_signature_follows_what_is_known():
    one, same = Dictionary([("书", "book")], "w"), Dictionary([("书", "book")], "w")
    other = Dictionary([("册", "book")], "w")
    assert one.signature == same.signature != other.signature
    assert Dictionary([("书", "book")], "a|b+c:d").signature.startswith("a_b_c_d:1@")
