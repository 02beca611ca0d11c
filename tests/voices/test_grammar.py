"""The grammar: enough of it, aligned, exact in both languages, and every span accounted for."""

import re
from collections import Counter
from importlib.resources import files
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.text import tokenize
from earmark.text.language import language_of
from earmark.text.normalize.simplify import simplify
from earmark.translators.dictionaries.shipped import load_grammar
from earmark.voices.grammar import (
    EMBEDDED_COUNTS,
    MAX_TOKENS,
    MIN_TOKENS,
    Sentence,
    draw_mixed,
    draw_sentence,
    grammar,
    join,
    tokens_of,
)

SEEDS = st.integers(0, 2**32)


def find(en: str) -> Sentence:
    """Draw until a sentence has this English rendering."""
    template = next(t for t in grammar().templates if t.en == ("S", "M", "V", "the", "N"))
    words = {w.en: w for words in grammar().concepts.values() for w in words}
    subject, modal, verb, _, thing = en.split()
    fillers = zip(("S", "M", "V", "N"), (subject, modal, verb, thing), strict=True)
    return Sentence(template, tuple((slot, words[word]) for slot, word in fillers))


def test_enough_templates_and_concepts():
    words = [w for ws in grammar().concepts.values() for w in ws]
    concepts = [w for w in words if not w.is_function]
    assert len(grammar().templates) >= 60
    assert len(set(grammar().templates)) == len(grammar().templates)
    assert len(concepts) >= 120
    assert len({w.zh for w in words}) == len({w.en for w in words}) == len(words)


def test_templates_are_aligned_and_need_no_agreement():
    for template in grammar().templates:
        english = Counter(piece for piece in template.en if piece[0].isupper())
        assert Counter(template.slots) == english, template
        assert {slot[0] for slot in template.slots} <= set(grammar().concepts)
        text = " ".join(template.en)
        assert not re.search(r"\ba [A-Z]", text), "the form of 'a' would depend on the word"
        # A person is never the subject of a plain verb, which would want an s.
        assert not re.search(r"\bB2? [VD]\b", text), template


def test_shipped_text_is_simplified_and_lower_case():
    text = files("earmark").joinpath("assets/grammar.yaml").read_text("utf-8")
    dictionary = files("earmark").joinpath("assets/grammar-dictionary.tsv").read_text("utf-8")
    assert simplify(text) == text
    assert simplify(dictionary) == dictionary
    assert dictionary == dictionary.lower()


def test_renderings_by_hand():
    sentence = find("we should copy the contract")
    assert sentence.content == "我们应该复制合同"
    assert sentence.render("en").text == "we should copy the contract"
    mixed = sentence.render("zh", {"V"})
    assert mixed.text == "我们应该 copy 合同"
    assert mixed.language == "mixed"
    assert [tuple(span) for span in mixed.spans] == [
        ("我们", "zh", "S", 0, 2),
        ("应该", "zh", "M", 2, 4),
        ("copy", "en", "V", 4, 5),
        ("合同", "zh", "N", 5, 7),
    ]
    assert mixed.without({"V"}) == "我们应该合同"
    assert sentence.render("en", {"N"}).text == "we should copy the 合同"
    assert set(sentence.concepts) == {"V", "N"}


@pytest.mark.parametrize("slot", ["M", "P"])
def test_what_is_no_concept_is_not_embedded(slot):
    with pytest.raises(KeyError):
        find("we should copy the contract").render("zh", {slot})


@settings(max_examples=150, deadline=None)
@given(SEEDS)
def test_every_rendering_is_exact(seed):
    rng = Random(seed)
    sentence = draw_sentence(rng)
    mixed = draw_mixed(rng, sentence)
    renderings = [sentence.render("zh"), sentence.render("en"), *([mixed] if mixed else [])]
    for rendering in renderings:
        tokens = tokenize(rendering.text)
        assert tokens == tokens_of(rendering.text)
        assert MIN_TOKENS <= len(tokens) <= MAX_TOKENS
        at = 0
        for span in rendering.spans:
            assert span.start == at
            assert tokens[span.start : span.end] == tokenize(span.text)
            assert {language_of(t) for t in tokens[span.start : span.end]} == {span.language}
            is_other = span.language != rendering.matrix
            assert is_other == (span.slot in rendering.embedded)
            at = span.end
        assert at == len(tokens)
        assert rendering.language == ("mixed" if rendering.embedded else rendering.matrix)


def test_drawn_as_designed():
    rng = Random(0)
    matrices, counts, lengths = Counter(), Counter(), []
    for _ in range(4000):
        sentence = draw_sentence(rng)
        mixed = draw_mixed(rng, sentence)
        if mixed:
            matrices[mixed.matrix] += 1
            if len(sentence.concepts) >= 3:
                counts[len(mixed.embedded)] += 1
            lengths += [r.spans[-1].end for r in (sentence.render("zh"), mixed)]
    assert matrices["zh"] / matrices.total() == pytest.approx(0.75, abs=0.03)
    for count, share in EMBEDDED_COUNTS.items():
        assert counts[count] / counts.total() == pytest.approx(share, abs=0.05)
    assert sum(lengths) / len(lengths) == pytest.approx(8.4, abs=0.5)
    assert draw_sentence(Random(5)) == draw_sentence(Random(5))
    assert draw_sentence(Random(5)) != draw_sentence(Random(6))


def test_the_lexicon_has_every_concept_and_translates_every_sentence():
    dictionary = load_grammar()
    for words in grammar().concepts.values():
        for word in words:
            if not word.is_function:
                assert dictionary.translate(word.zh, "en").text == word.en
                assert dictionary.translate(word.en, "zh").text == word.zh
    rng = Random(1)
    for _ in range(500):
        sentence = draw_sentence(rng)
        assert dictionary.translate(sentence.content, "en").unknown == ()
        assert dictionary.translate(sentence.render("en").text, "zh").unknown == ()
    assert dictionary.translate("the 会议 is quaint", "zh").unknown == ("quaint",)


def test_join_puts_a_blank_beside_latin_words_only():
    assert join(["我", "想", "go", "to", "银行"]) == "我想 go to 银行"
    assert join([]) == ""
