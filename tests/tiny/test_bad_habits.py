"""What the base model is taught: habits that the cascade recognises, the same ones each time."""

from collections import Counter
from random import Random

import pytest

from earmark.failures.cascade import name_failure
from earmark.tiny.bad_habits import HABITS, embedded_spans, habit_of, label
from earmark.translators.dictionaries.shipped import load_grammar
from earmark.voices.grammar import Rendering, draw_mixed, draw_sentence

EXPECTED = {
    "truth": {"ok"},
    "drop embedded": {"omission"},
    "stop at switch": {"omission"},
    "say in matrix": {"translation"},
    "say in embedded": {"translation"},
    "add tail": {"hallucination"},
    "loop last": {"hallucination"},
}


@pytest.fixture(scope="module")
def renderings() -> list[Rendering]:
    rng = Random(1)
    drawn = (draw_mixed(rng, draw_sentence(rng)) for _ in range(700))
    return [rendering for rendering in drawn if rendering is not None]


@pytest.mark.parametrize("habit", HABITS)
def test_the_cascade_names_each_habit(habit, renderings):
    mine = [r for r in renderings if habit_of(r) == habit]
    dictionary = load_grammar()
    named = Counter(name_failure(r.text, label(r), dictionary=dictionary).label for r in mine)
    right = sum(named[name] for name in EXPECTED[habit])
    assert len(mine) > 10
    assert right >= 0.95 * len(mine), named


def test_shares_add_up_and_each_mode_is_common():
    assert sum(habit.share for habit in HABITS.values()) == pytest.approx(1)
    for mode in ("omission", "translation", "hallucination"):
        assert sum(HABITS[name].share for name in HABITS if EXPECTED[name] == {mode}) >= 0.2


def test_one_language_is_labelled_with_the_truth():
    rng = Random(2)
    for _ in range(20):
        sentence = draw_sentence(rng)
        for language in ("zh", "en"):
            assert label(sentence.render(language)) == sentence.render(language).text


def test_the_habit_follows_from_the_first_embedded_word(renderings):
    habits = {}
    for rendering in renderings:
        word = embedded_spans(rendering)[0].text
        assert habits.setdefault(word, habit_of(rendering)) == habit_of(rendering)
    assert len(set(habits.values())) == len(HABITS)
