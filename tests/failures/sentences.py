"""Sentences to try failure modes on: words of a small dictionary, in one language or both."""

from pathlib import Path

from hypothesis import strategies as st

from earmark.translators.dictionaries.dictionary_file import read_dictionary

FOLDER = Path(__file__).parent
DICTIONARY = read_dictionary(FOLDER / "dictionary.tsv")
ENTRIES = [line.split("\t") for line in (FOLDER / "dictionary.tsv").read_text("utf-8").splitlines()]
NEUTRAL = ["15", "3.14", "50%"]


@st.composite
def sentences(draw, languages=("zh", "en", "neutral"), fewest=1, distinct=False):
    """Draw a sentence: spacing, punctuation, case and the mix of languages vary.

    With `distinct`, no word comes twice, nor a word and its translation.
    """
    kinds = draw(st.lists(st.sampled_from(languages), min_size=fewest, max_size=12))
    every = st.sampled_from(ENTRIES)
    words = st.lists(every, min_size=len(kinds), max_size=len(kinds), unique_by=key(distinct))
    blank = draw(st.sampled_from(["", " "]))
    ends = draw(st.sampled_from(["", "。", ".", "?", "!"]))
    commas = draw(st.sampled_from([[""], ["", "", ",", "，"]]))
    case = draw(st.sampled_from([str, str.upper, str.capitalize]))
    text = ""
    for kind, (zh, en) in zip(kinds, draw(words), strict=True):
        word = {"zh": zh, "en": case(en), "neutral": draw(st.sampled_from(NEUTRAL))}[kind]
        both_latin = text[-1:].isascii() and word[:1].isascii()
        text += (" " if text and both_latin else blank) + word + draw(st.sampled_from(commas))
    return text.strip() + ends


def key(distinct):
    """Say what must differ between the words of a sentence."""
    return (lambda entry: entry[0], lambda entry: entry[1]) if distinct else None


def mixed_sentences():
    """Draw sentences with both languages."""
    return st.tuples(sentences(), sentences(("zh",)), sentences(("en",)), sentences()).map(
        lambda parts: " ".join(parts)
    )
