from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.text import tokenize
from earmark.text.surface import (
    PLAIN,
    _cut_between,
    _folded_spans,
    surface_tokens,
    token_spans,
)

MIXED = st.text(
    alphabet="我好吗的，。！“”《》 \t'’-.,:1230%$+#&abCdÉＡ①Ⅲア😂\u200b\u0301", max_size=30
)


@given(MIXED)
@settings(max_examples=300, deadline=None)
def test_pieces_join_to_the_text_and_hold_one_token_each(text):
    pieces = surface_tokens(text)
    assert "".join(pieces) == text
    assert all(len(tokenize(piece)) <= 1 for piece in pieces)
    assert [token for piece in pieces for token in tokenize(piece)] == tokenize(text)


def test_dropping_a_piece_leaves_the_others_as_written():
    pieces = surface_tokens("I like 咖啡, very much.")
    assert "".join(piece for piece in pieces if tokenize(piece) != ["啡"]) == "I like 咖very much."
    assert pieces == ["I ", "like ", "咖", "啡, ", "very ", "much."]


def test_a_text_without_tokens_is_one_piece_and_nothing_is_none():
    assert surface_tokens("……!") == ["……!"]
    assert surface_tokens("") == []


PLAIN_CHARACTERS = "我好abcZ ,.!?;:，。！？；：、"


@given(st.one_of(MIXED, st.text(alphabet=PLAIN_CHARACTERS, max_size=30)))
@settings(max_examples=300, deadline=None)
def test_plain_text_is_cut_like_any_other(text):
    assert token_spans(text) == _folded_spans(text)
    assert surface_tokens(text) == _cut_between(text, _folded_spans(text))


def test_plain_text_is_what_the_short_cut_takes():
    assert PLAIN.fullmatch(PLAIN_CHARACTERS)
    assert not any(PLAIN.fullmatch(char) for char in "'-%$&+#1éＡア\u0301\u200b\t")
