"""What is looked at before a search never says no where the search finds something."""

from random import Random

import pytest

from earmark.text import tokenize
from earmark.translators.dictionaries.crossing import may_cross
from earmark.translators.dictionaries.dictionary import Dictionary
from earmark.translators.dictionaries.matching import _English, _Search
from earmark.translators.dictionaries.shipped import load_earmark

OWN = Dictionary(
    [("会议", "meeting"), ("周末", "weekend"), ("参加", "take part"), ("水", "Water")],
    "own",
)
ENGLISH = ["the", "meetings", "of", "week", "end", "15", "fifty", "percent", "Water", "take"]
ENGLISH += ["my", "part", "e-mail", "third", "OK", "café"]
HAN = [*"会议周末水的参加三百第五五十會週下点", "320", "50%", "コ"]


def found(han, english, dictionary):
    return _Search(han, _English(english), dictionary).pairs()


def drawn(rng, words, dictionary):
    """Draw stretches: of a dictionary's own words, and of what is written in other ways."""
    every = list(dictionary.sources[0].tables["en"].words.items())
    han, english = [], []
    for _ in range(rng.randint(1, 3)):
        pairs = rng.choices(every, k=rng.randint(0, 2))
        said = [token for zh, _ in pairs for token in zh.split()]
        meant = [token for _, en in pairs if rng.random() < 0.3 for token in tokenize(en)]
        han.append(said + rng.choices(words[0], k=rng.randint(0, 3)))
        english.append(meant + rng.choices(words[1], k=rng.randint(0, 3)))
    rng.shuffle(english)
    return han, english


@pytest.mark.parametrize("dictionary", [OWN, load_earmark()], ids=["own", "earmark"])
def test_no_finding_is_missed(dictionary):
    rng = Random(5)
    said_no = said_yes = 0
    for _ in range(1500):
        han, english = drawn(rng, (HAN, ENGLISH), dictionary)
        if may_cross(han, english, dictionary):
            said_yes += bool(found(han, english, dictionary))
        else:
            assert not found(han, english, dictionary), (han, english)
            said_no += 1
    assert said_no > 100
    assert said_yes > 100


def test_a_single_character_counts_where_it_is():
    assert may_cross([["水"]], [["water"]], OWN)
    assert not may_cross([["水"], []], [[], ["water"]], OWN)
    assert may_cross([["会", "议"], []], [[], ["meetings"]], OWN)


def test_words_across_a_gap_are_no_word():
    assert not may_cross([["会", "320", "议"]], [["meeting"]], OWN)
