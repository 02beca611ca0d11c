import pytest

from earmark.errors import InputError
from earmark.voices.language_spans import check_characters, text_spans


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("我想 copy, 好", [("zh", "我想"), ("en", "copy,"), ("zh", "好")]),
        ("下午 3 点 in room 12", [("zh", "下午 3 点"), ("en", "in room 12")]),
        ("call me at 5", [("en", "call me at 5")]),
        ("我有 2 个 meeting", [("zh", "我有 2 个"), ("en", "meeting")]),
        ("see you 2 点", [("en", "see you"), ("zh", "2 点")]),
        ("iPhone15 很贵", [("en", "iPhone15"), ("zh", "很贵")]),
        ("3.5 分", [("zh", "3.5 分")]),
        ("2024", [("en", "2024")]),
        ("ＡＰＰ 打不开", [("en", "APP"), ("zh", "打不开")]),
        ("《OK》，好", [("en", "《OK》,"), ("zh", "好")]),
    ],
)
def test_spans(text, expected):
    assert [tuple(span) for span in text_spans(text)] == expected


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("好 の", r"'の' \(U\+306E HIRAGANA LETTER NO\) cannot be read"),
        ("ok 👍", r"U\+1F44D THUMBS UP SIGN"),
        ("Привет", r"'П' .* and 1 more cannot be read"),
        ("٣ apples", "ARABIC-INDIC DIGIT THREE"),
        ("a\x07b", r"'\\x07' \(U\+0007 without a name\)"),
        ("?! ...", "there is nothing to speak"),
        ("", "there is nothing to speak"),
    ],
)
def test_what_no_voice_can_read_is_named(text, named):
    with pytest.raises(InputError, match=named):
        check_characters(text)


@pytest.mark.parametrize("text", ["café 50% + tax, 好吗？", "《OK》—— 3.5 元/斤", "don't"])
def test_punctuation_and_signs_are_fine(text):
    check_characters(text)
