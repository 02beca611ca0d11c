"""Judges of text: values worked by hand, and answers that they must not score."""

from math import log

import pytest

from earmark.errors import KnobError
from earmark.judges import JUDGES
from earmark.judges.choose import chosen_judges
from earmark.judges.judge import Answer, Failed
from judged import case, scores

MIXED = "我想 review 一下"  # five tokens: 我 想 review 一 下
NEED_NOTHING_INSTALLED = [
    name
    for name, make in JUDGES.items()
    if ".text." in f"{make.__module__}." and name not in ("bleu", "chrf")
]
NEED_NOTHING_INSTALLED.append("instruction_rules")


@pytest.mark.parametrize(
    ("answer", "score"),
    [
        (MIXED, 0.0),
        ("我想一下", -1 / 5),
        ("我想 revue 一个", -2 / 5),
        ("", -1.0),
        ("完全 不 是 那么 一回事 you know what i mean", -1.0),
    ],
)
def test_mixed_error_rate_is_negative_and_capped(answer, score):
    assert scores("mixed_error_rate", answer, truths=MIXED) == [pytest.approx(score)]


def test_the_cap_is_a_knob():
    # Ten insertions and five hits: a rate of 2.
    assert scores("mixed_error_rate:cap=3", MIXED + " a" * 10, truths=MIXED) == [-2.0]
    assert scores("mixed_error_rate:cap=1.5", MIXED + " a" * 10, truths=MIXED) == [-1.5]


def test_silence_is_right_where_nothing_was_said():
    assert scores("mixed_error_rate:cap=2", "", "…", "谢谢观看", truths="") == [0.0, 0.0, -2.0]
    assert str(scores("mixed_error_rate", "", truths="")[0]) == "0.0"


@pytest.mark.parametrize(
    ("answer", "score"),
    [
        ("我们明天去 hiking 吧", 0.0),
        ("我们后天去 hiking 吧", 0.0),  # an ordinary error, which the error rate counts
        ("我们明天去吧", -1.0),
        ("我们明天去徒步吧", -1.0),
        ("谢谢观看", -1.0),
        ("", -1.0),
    ],
)
def test_failure_takes_the_penalty_of_the_label(answer, score):
    assert scores("failure", answer, truths="我们明天去 hiking 吧") == [score]


def test_penalties_by_label():
    by = "failure:omission=.25:translation=.5:empty=3:error=.125"
    answers = ("我们明天去吧", "我们明天去徒步吧", "", "我们后天去 hiking 吧")
    found = scores(by, *answers, truths="我们明天去 hiking 吧")
    assert found == [-0.25, -0.5, -3.0, -0.125]


def test_script_is_the_total_variation_of_letters():
    # The truth has 4 Han characters and 6 Latin letters, "我想" two Han characters alone.
    assert scores("script", "我想", MIXED, "review", truths=MIXED) == [
        pytest.approx(-0.6),
        0.0,
        pytest.approx(-0.4),
    ]
    # A third script: shares .4 .6 against kana 1.
    assert scores("script", "コーヒー", "12!", truths=MIXED) == [-1.0, -1.0]


def test_language_kept_is_the_smallest_share():
    found = scores("language_kept", "我想", MIXED, "review", "我想 review", truths=MIXED)
    assert found == [0.0, 1.0, 0.0, 0.5]
    assert scores("language_kept", "hello there you", truths="hello there") == [1.0]


def test_loop():
    looping = MIXED + "一下" * 6
    assert scores("loop", looping, MIXED, truths=MIXED) == [-1.0, 0.0]
    assert scores("loop", looping, truths=looping) == [0.0]
    assert scores("loop", looping) == [-1.0]


def test_length():
    assert scores("length", "我想", MIXED, "", truths=MIXED) == [
        pytest.approx(-log(6 / 3)),
        0.0,
        pytest.approx(-log(6)),
    ]
    assert scores("length:tokens=2", "我想", MIXED) == [0.0, pytest.approx(-log(6 / 3))]


def test_spoken_answers_are_compared_in_one_form():
    truths = ("The Beatles", "Beatles")
    answers = ("beatles!", "THE BEATLES.", "It was the Beatles.", "The Beetles", "")
    assert scores("exact_match", *answers, truths=truths) == [1, 1, 0, 0, 0]
    assert scores("alias_match", *answers, truths=truths) == [1, 1, 1, 0, 0]
    assert scores("alias_match", "是李白写的", "是杜甫写的", truths="李白") == [1, 0]
    # Consecutive tokens, not letters: "art" is not in "party".
    assert scores("alias_match", "a big party", "modern art", truths="art") == [0, 1]


def test_bleu_and_chrf_by_hand():
    pytest.importorskip("sacrebleu", reason="sacrebleu is not installed (extra [judges])")
    # 5 of 6 words, 3 of 5 pairs, 2 of 4 triples, 1 of 3: the fourth root of their product.
    by_hand = (5 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** 0.25
    answer, truth = "the cat sat on a mat", "the cat sat on the mat"
    assert scores("bleu", answer, truth, truths=truth) == [pytest.approx(by_hand), 1.0]
    # Letters: 2 of 3, 1 of 2, 0 of 1; precision and recall alike; orders without n-grams left out.
    assert scores("chrf", "abc", truths="abd") == [pytest.approx((2 / 3 + 1 / 2 + 0) / 3)]
    (chosen,) = chosen_judges("bleu")
    assert "nrefs:var" in chosen.judge.signature
    assert "tok:zh" in chosen.judge.signature


@pytest.mark.parametrize("name", NEED_NOTHING_INSTALLED)
def test_no_number_is_invented(name):
    """Without a truth, and for an answer that is sound alone, each says that it cannot score."""
    needs_truth = [] if name == "loop" else scores(name, "我想", Answer(None))
    for found in (*needs_truth, *scores(name, Answer(None), truths=MIXED)):
        assert isinstance(found, Failed)
        assert found.why


@pytest.mark.parametrize("name", NEED_NOTHING_INSTALLED)
def test_the_truth_is_never_worse_than_an_empty_answer(name):
    """The negative control: a judge that preferred nothing to the truth would be upside down."""
    facts = {"instruction_id_list": ["keywords:existence"], "kwargs": [{"keywords": ["review"]}]}
    right, nothing = scores(name, MIXED, "", truths=MIXED, **facts)
    assert right > nothing if name != "loop" else right == nothing == 0


@pytest.mark.parametrize(
    ("by", "said"),
    [
        ("mixed_error_rate:cap=0", "above 0"),
        ("mixed_error_rate:cap=abc", "mixed_error_rate:cap should be a number, found 'abc'"),
        ("mixed_error_rate:profile=mine", "no profile is called 'mine'"),
        ("failure:omission=-1", "0 or more"),
        ("length:tokens=1.5", "a whole number"),
        ("length:tokens=-1", "0 or more"),
        ("instruction_rules:mode=any", "share or all"),
    ],
)
def test_knobs_that_make_no_sense(by, said):
    with pytest.raises(KnobError, match=said):
        chosen_judges(by)


def test_a_row_is_scored_answer_by_answer():
    found = scores("length", "我想", Answer(None), truths="我想")
    assert found[0] == 0.0
    assert isinstance(found[1], Failed)
    assert len(case("a", "b").answers) == 2
