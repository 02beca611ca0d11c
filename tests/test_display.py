"""What is shown to people: no control character acts, no folder of a private machine is named."""

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from earmark.display import ACTING, visible, without_folders


@given(st.text(st.characters(codec=None)))
def test_no_control_character_is_left(text: str) -> None:
    shown = visible(text)
    shown.encode("utf-8")
    assert not [c for c in shown if ord(c) < 32 and c not in "\t\n"]
    assert not set(shown) & set("\x7f\x9b\u061c\u200e\u200f\u202a\u202e\u2066\u2069")
    assert visible(shown) == shown


def test_every_control_and_format_character_is_shown_except_joiners() -> None:
    left = {
        chr(code)
        for code in range(sys.maxunicode + 1)
        if unicodedata.category(chr(code)) in ("Cc", "Cf", "Cs", "Zl", "Zp")
        and not ACTING.match(chr(code))
    }
    assert {"\t", "\n", "\u200c", "\u200d"} <= left
    # Signs of Arabic, Syriac, Kaithi, hieroglyphs, shorthand and music, which move nothing.
    turning = {"LRE", "RLE", "PDF", "LRO", "RLO", "LRI", "RLI", "FSI", "PDI"}
    assert not {unicodedata.bidirectional(sign) for sign in left} & turning
    assert visible("one\ttwo\u3000👩\u200d💻") == "one\ttwo\u3000👩\u200d💻"


@given(st.text("abc 我们去 office,.-\n\t"))
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    assert visible(text) == text
    assert without_folders(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/home/me/runs/dpo", "…/dpo"),
        ("/data/my clips/a b.wav", "…/a b.wav"),
        ("~/work/run", "…/run"),
        (r"C:\Users\me\run", "…/run"),
        (r"see C:\Users\me\run now", "see …/run now"),
        ("'/data/x/1.wav': corrupt, and /data/y/2.wav too", "'…/1.wav': corrupt, and …/2.wav too"),
        ("file:///home/me/x", "…/x"),
        ('["--model", "/srv/lab/m"]', '["--model", "…/m"]'),
    ],
)
def test_folders_of_absolute_paths_are_cut_off(text: str, shown: str) -> None:
    assert without_folders(text) == shown


@pytest.mark.parametrize(
    "text",
    ["runs/dpo", "../x/y", "and/or", "1/3 and 5/6", "https://host:8000/v1/models", "/v1", "/"],
)
def test_what_is_no_absolute_path_stays(text: str) -> None:
    assert without_folders(text) == text
