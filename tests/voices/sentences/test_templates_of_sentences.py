"""Templates and concepts: there are enough, every one fills, and nothing strange is written."""

import re
from collections import Counter
from math import prod
from random import Random

import pytest

from earmark.errors import KnobError
from earmark.text.normalize.simplify import simplify
from earmark.voices.sentences.check import MAX_TOKENS, MIN_TOKENS, fault, measure
from earmark.voices.sentences.concepts import (
    FORMS,
    NO_TRANSLATION,
    Concept,
    article,
    concepts,
    english,
    has_form,
    of_class,
    participle,
    plural,
    progressive,
)
from earmark.voices.sentences.templates import (
    DOMAINS,
    fill,
    fitting,
    parse,
    spell,
    templates,
)

ALL = sorted({concept for members in concepts().values() for concept in members})
HAN = re.compile(r"[一-鿿]+")


def test_there_are_as_many_as_promised():
    mixed = [t for t in templates() if t.language == "mixed"]
    assert len(mixed) >= 400
    kinds = Counter((t.matrix, t.switch) for t in mixed)
    assert kinds.keys() == {(m, s) for m in ("zh", "en") for s in ("intrasentential", "tag")}
    assert min(kinds.values()) >= 50
    for language in ("zh", "en"):
        assert sum(t.language == language for t in templates()) >= 100
    translated = {(c.zh, c.en) for c in ALL if c.part not in NO_TRANSLATION}
    assert len(translated) >= 1500


def test_every_domain_has_every_kind():
    kinds = Counter((t.domain, t.language) for t in templates())
    assert kinds.keys() == {(d, language) for d in DOMAINS for language in ("mixed", "zh", "en")}
    assert min(kinds.values()) >= 14


def test_concepts_are_words_of_both_languages():
    for concept in ALL:
        assert HAN.fullmatch(concept.zh), concept
        assert re.fullmatch(r"[A-Za-z]+'?([ '-][A-Za-z]+'?)*", concept.en), concept
        assert simplify(concept.zh) == concept.zh
        article_first = re.match(r"(the|a|an) ", concept.en)
        assert not article_first or concept.part in ("time", "phrase"), "it comes from the slot"
        assert concept.form == "" or concept.part in ("noun", "verb"), concept


def test_a_class_has_no_concept_twice_and_one_part_of_speech():
    for kind, members in concepts().items():
        assert len({c.zh for c in members}) == len({c.en for c in members}) == len(members), kind
        assert len({c.part for c in members}) == 1, kind
        assert len(members) >= 3, kind


def test_every_class_is_used():
    used = {slot.kind for template in templates() for slot in template.slots}
    assert used == concepts().keys()


@pytest.mark.parametrize("template", templates(), ids=lambda t: t.id)
def test_every_template_fills(template):
    for slot in template.slots:
        assert len(fitting(template, slot.name)) >= 2, slot
    for seed in range(3):
        text = fill(template, Random(seed))
        assert fault(text, template.language) is None, text
        assert not re.search(r"[{}]|  | [,?!，？！]|[，？！] ", text), text
        if template.matrix == "en":
            assert not text[0].islower(), text


def test_longest_and_shortest_fillings_are_sentences():
    for template in templates():
        for pick in (min, max):
            chosen = {
                slot.name: pick(fitting(template, slot.name), key=lambda c: len(c.en))
                for slot in template.slots
            }
            text = "".join(
                piece
                if isinstance(piece, str)
                else chosen[piece.name].zh
                if piece.language == "zh"
                else english(chosen[piece.name], piece.form)
                for piece in template.pieces
            )
            tokens = measure(spell(text, template.matrix)).tokens
            assert tokens <= MAX_TOKENS, text
            assert tokens >= MIN_TOKENS, text


def test_there_are_tens_of_thousands_of_sentences_and_many_of_each_template():
    ways = Counter()
    for template in templates():
        sizes = {slot.name: len(fitting(template, slot.name)) for slot in template.slots}
        ways[template.language] += prod(sizes.values())
        assert prod(sizes.values()) >= 14, template.text
    assert ways["mixed"] >= 100_000
    assert min(ways.values()) >= 50_000


def test_templates_differ():
    assert len({t.text for t in templates() if t.language == "mixed"}) == sum(
        t.language == "mixed" for t in templates()
    )
    fixed = Counter(
        (t.language, re.sub(r"\{[^}]*\}|\W", "", t.text)) for t in templates() if t.slots
    )
    assert [key for key, count in fixed.items() if count > 1] == []


def test_a_concept_fills_one_slot_of_a_sentence():
    two = next(t for t in templates() if "{city2" in t.text)
    for seed in range(20):
        rng = Random(seed)
        text = fill(two, rng)
        names = [c.zh if c.zh in text else c.en for c in of_class("city") if c.zh in text]
        assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("concept", "form", "said"),
    [
        (Concept(("x",), "noun", "会议", "meeting"), "a", "a meeting"),
        (Concept(("x",), "noun", "发票", "invoice"), "a", "an invoice"),
        (Concept(("x",), "noun", "软件", "software", "-"), "a", "software"),
        (Concept(("x",), "noun", "鞋", "shoes", "="), "s", "shoes"),
        (Concept(("x",), "noun", "脚", "foot", "feet"), "s", "feet"),
        (Concept(("x",), "noun", "登机证", "boarding pass"), "s", "boarding passes"),
        (Concept(("x",), "verb", "寄", "send", "sent"), "pp", "sent"),
        (Concept(("x",), "verb", "提交", "submit"), "pp", "submitted"),
        (Concept(("x",), "verb", "做笔记", "take notes"), "ing", "taking notes"),
    ],
)
def test_english_forms(concept, form, said):
    assert english(concept, form) == said


def test_forms_belong_to_parts_of_speech():
    plural_only = Concept(("x",), "noun", "鞋", "shoes", "=")
    adjective = Concept(("x",), "adjective", "忙", "busy")
    assert [form for form in FORMS if has_form(plural_only, form)] == ["", "a", "s"]
    assert [form for form in FORMS if has_form(adjective, form)] == [""]
    assert (plural("baby"), plural("key"), participle("copy"), progressive("run")) == (
        "babies",
        "keys",
        "copied",
        "running",
    )
    assert [article(word) for word in ("hour", "uniform", "egg", "one-way ticket")] == [
        "an",
        "a",
        "an",
        "a",
    ]


def test_irregular_verbs_have_their_forms():
    regular = {c.en: participle(c.en) for c in of_class("docv") if not c.form}
    assert not set(regular) & {"send", "rewrite", "proofread", "read through", "find", "write"}


@pytest.mark.parametrize("text", ["a {b", "{Doc}", "{doc:plural}", "a } b"])
def test_a_bad_template_is_refused(text):
    with pytest.raises(ValueError, match=r"is not a slot|no form"):
        parse(text, "zh", "none")


def test_an_unknown_class_is_refused_by_name():
    with pytest.raises(KnobError, match="no class of concepts 'wroker'; did you mean 'worker'"):
        of_class("wroker")


@pytest.mark.parametrize(
    ("text", "matrix", "spelled"),
    [
        ("那份report你 submit了没有?", "zh", "那份 report 你 submit 了没有？"),
        ("okay,我先走", "zh", "okay, 我先走"),
        ("我 overslept,  sorry", "zh", "我 overslept, sorry"),
        ("他说, you know", "zh", "他说，you know"),
        ("i'm sorry,我迟到了", "en", "I'm sorry, 我迟到了"),
        ("明 天 见", "zh", "明天见"),
    ],
)
def test_spelling(text, matrix, spelled):
    assert spell(text, matrix) == spelled
