"""Texts split at once have the tokens that splitting one by one gives."""

from hypothesis import given
from hypothesis import strategies as st

from earmark.text import tokenize
from earmark.text.codeswitching import language_codes
from earmark.text.normalize.plain_texts import split_plain

PLAIN = st.text("aZé'’ ,。？我的後著\n\t-5%コ𠀀\ud800\uffff", max_size=12)
MOSTLY_PLAIN = st.text("abZ'  ,.!?。，我们的", max_size=20)


@given(st.lists(PLAIN | MOSTLY_PLAIN, max_size=8))
def test_texts_split_at_once_have_the_tokens_of_each(texts):
    for text, split in zip(texts, split_plain(texts), strict=True):
        if split is not None:
            assert split.tokens == tokenize(text)
            assert split.codes == language_codes(split.tokens)


@given(st.lists(MOSTLY_PLAIN, max_size=8))
def test_plain_texts_are_all_split(texts):
    assert None not in split_plain(texts)


def test_what_must_be_folded_is_left_alone():
    texts = ["後来", "50%", "a\nb", "café", "ｗｅ", "我 don't"]
    assert [split is None for split in split_plain(texts)] == [True] * 5 + [False]
