"""What a mode imitates, it detects; the truth itself is never detected; the rest stays as it is."""

from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import settings as configure
from hypothesis import strategies as st
from sentences import DICTIONARY, mixed_sentences, sentences

import earmark.failures
from earmark.failures import MODES, TRANSLATING
from earmark.failures.cascade import name_failure
from earmark.failures.evidence import Evidence
from earmark.failures.mode import Tools
from earmark.failures.surface import Surface
from earmark.text import tokenize

TOOLS = Tools(DICTIONARY)
NEED_TWO_LANGUAGES = ["omit_embedded", "omit_matrix", "truncate_at_switch"]
seeds = st.integers(0, 2**32)


def imitate(name, truth, seed, tools=TOOLS):
    return MODES[name].imitate(Surface(truth), Random(seed), tools)


@pytest.mark.parametrize("name", MODES)
@configure(max_examples=50, deadline=None)
@given(truth=st.one_of(sentences(), mixed_sentences()), seed=seeds)
def test_what_a_mode_imitates_it_detects(name, truth, seed):
    made = imitate(name, truth, seed)
    if made is not None:
        assert MODES[name].detect(Evidence(truth, made, dictionary=DICTIONARY)), made


@pytest.mark.parametrize("name", MODES)
@configure(max_examples=20, deadline=None)
@given(truth=st.one_of(st.just(""), sentences(), mixed_sentences()))
def test_the_truth_itself_is_never_detected(name, truth):
    assert not MODES[name].detect(Evidence(truth, truth, dictionary=DICTIONARY))
    assert not MODES[name].detect(Evidence(truth, truth))


@pytest.mark.parametrize("name", MODES)
@configure(max_examples=12, deadline=None)
@given(before=sentences(), zh=sentences(("zh",), fewest=3), en=sentences(("en",), fewest=3))
def test_a_sentence_with_some_of_both_languages_can_fail_in_every_way(name, before, zh, en):
    assert imitate(name, f"{before} {zh} {en}", len(before)) is not None


@pytest.mark.parametrize("name", MODES)
@configure(max_examples=15, deadline=None)
@given(truth=sentences(distinct=True, fewest=4), seed=seeds)
def test_the_cascade_gives_an_imitation_the_label_of_its_mode(name, truth, seed):
    # Leaving words out of a sentence that says them twice may make a loop, hence distinct words.
    made = imitate(name, truth, seed)
    if made is not None:
        assert name_failure(truth, made, dictionary=DICTIONARY).label == MODES[name].label, made


@pytest.mark.parametrize("name", MODES)
def test_the_same_seed_makes_the_same_text(name):
    truth = "我们明天下午讨论 project 的预算, then go shopping."
    assert imitate(name, truth, 3) == imitate(name, truth, 3)


@pytest.mark.parametrize("name", NEED_TWO_LANGUAGES)
@pytest.mark.parametrize("truth", ["我们明天讨论预算", "we discuss the budget", "15", ""])
def test_speech_in_one_language_has_no_language_to_omit(name, truth):
    assert imitate(name, truth, 0) is None


@pytest.mark.parametrize("name", sorted(TRANSLATING))
def test_translation_needs_a_translator_that_knows_the_words(name):
    assert imitate(name, "我们讨论 budget", 0, Tools()) is None
    assert imitate(name, "貔貅饕餮", 0) is None


def test_an_imitation_keeps_case_script_and_punctuation_of_what_stays():
    truth = "我覺得，這個 Design 太 Complicated 了，需要改！"
    assert imitate("omit_embedded", truth, 0) == "我覺得，這個太了，需要改！"
    assert imitate("omit_matrix", truth, 0) == "Design Complicated！"
    assert imitate("truncate_at_switch", truth, 0) == "我覺得，這個！"


@configure(max_examples=25, deadline=None)
@given(truth=mixed_sentences())
def test_omission_only_takes_away(truth):
    for name in NEED_TWO_LANGUAGES:
        letters = iter("".join(truth.split()))
        made = imitate(name, truth, 0)
        assert all(char in letters for char in "".join(made.split())), made


def test_added_words_are_dressed_like_the_truth():
    plain, cased = "we talked 预算 at noon", "We talked 预算 at noon."
    for seed in range(20):
        tail = imitate("run_on", plain, seed).removeprefix(plain)
        assert tail == tail.lower()
        assert not set(tail) & set(".,!?。，！？")
        assert imitate("run_on", cased, seed)[-1] == "."


def test_a_loop_is_no_longer_than_asked():
    for seed in range(50):
        made = imitate("loop", "我们明天讨论 budget", seed, Tools(longest=12))
        assert len(tokenize(made)) <= 7 + 12


def test_the_table_names_every_mode_file():
    folder = Path(earmark.failures.__file__).parent
    modes = {p.stem for p in folder.glob("*.py") if "\ndef imitate(" in p.read_text("utf-8")}
    assert modes == set(MODES)
