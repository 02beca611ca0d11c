import pytest

from earmark.errors import KnobError
from earmark.prompting.families import FACTS
from earmark.prompting.marks import ALL, MARKS, find_marks, strip_marks
from earmark.records import Hypothesis

TEXT = "我们去 hiking 吧"
WRITTEN = [
    ("qwen3_asr", "language Chinese<asr_text>{}"),
    ("sensevoice", "<|zh|><|NEUTRAL|><|Speech|><|withitn|>{}"),
    ("whisper", "<|0.00|>{}<|2.00|>"),
    ("special-tokens", "{}</s>"),
    ("whisper", "[00:00.000 --> 00:02.000] {}"),
    ("whisper", "[00:01:00.000 --> 00:01:02.500]   {}"),
    ("whisper", "[laughter] {}"),
    ("meralion2", "<Speaker1>: {} (um)"),
    ("audioflamingo3", "The spoken content of the audio is '{}'."),
]


@pytest.mark.parametrize(("family", "form"), WRITTEN)
@pytest.mark.parametrize("all_families", [False, True])
def test_marks_of_a_family_are_stripped_and_words_stay(family, form, all_families):
    written = Hypothesis("a", form.format(TEXT))
    (found,) = strip_marks([written], [ALL if all_families else family])
    assert found.text == TEXT
    assert found.raw_text == written.text
    assert [each.id for each in find_marks([written])] == ["a"]
    assert find_marks([found]) == []
    assert strip_marks([found], [family])[0] == found


def test_nothing_is_stripped_that_was_not_named():
    written = [Hypothesis("a", "[laughter] 好"), Hypothesis("b", "好")]
    assert strip_marks(written, []) is written
    assert strip_marks(written, ["qwen3_asr"]) == written
    stripped = strip_marks([Hypothesis("a", "[laughter] 好", raw_text="raw")], ["whisper"])
    assert stripped == [Hypothesis("a", "好", raw_text="raw")]


def test_ordinary_texts_hold_no_mark():
    texts = ["The meeting 在 3 点", "a < b", "(我觉得)", "language models", "他说 [一二三] 吧", ""]
    assert find_marks([Hypothesis(str(n), text) for n, text in enumerate(texts)]) == []


def test_every_family_whose_facts_name_marks_is_there():
    assert {name for name, facts in FACTS.items() if facts.marks} <= MARKS.keys()


def test_an_unknown_family_is_refused_with_the_nearest():
    with pytest.raises(KnobError, match="no family of marks is called 'wisper'; did you mean 'wh"):
        strip_marks([], ["wisper"])
