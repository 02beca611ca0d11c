import pytest
from evaluate_systems import corpus, noisy

from earmark.evaluate.score import score
from earmark.records import Hypothesis, Utterance

TRUTHS = [Utterance("a", "我们去 hiking 吧"), Utterance("b", "好的")]


def scored(*texts, truths=TRUTHS, **knobs):
    hyps = [Hypothesis(truth.id, text) for truth, text in zip(truths, texts, strict=True)]
    return score(truths, hyps, **knobs)


@pytest.mark.parametrize(
    ("mark", "family"),
    [
        ("language Chinese<asr_text>", "qwen3_asr"),
        ("<|zh|><|NEUTRAL|>", "special-tokens"),
        ("<|0.00|>", "special-tokens"),
        ("[00:00.000 --> 00:02.000]", "whisper"),
        ("[laughter]", "whisper"),
    ],
)
def test_marks_before_a_perfect_text_are_named_and_can_be_stripped(mark, family):
    written = (f"{mark}我们去 hiking 吧", f"{mark}好的")
    result = scored(*written)
    assert result.to_dict()["mixed_error_rate"] > 0
    (note,) = result.notes
    assert note.startswith("2 of 2 hypotheses hold marks that models write")
    assert f"--strip-marks {family}" in note
    stripped = scored(*written, strip_marks=[family])
    assert stripped.to_dict()["mixed_error_rate"] == 0
    assert stripped.notes == ()
    assert f"|stripped:{family}|" in stripped.signature
    assert "stripped" not in result.signature


def test_what_is_written_for_a_missing_value_is_named_and_can_be_taken_for_empty():
    result = scored("None", "nan")
    assert result.to_dict()["notes"] == [
        "2 of 2 hypotheses are nothing but None, nan or null (a, b), which programs write for a "
        "missing value; it counts as a word. Correct the file, or take such texts for empty: "
        "--profile default+null-text"
    ]
    assert result.to_dict()["counts"]["substitutions"] == 2
    empty = scored("None", "nan", profile="default+null-text")
    assert empty.notes == ()
    assert empty.to_dict()["counts"]["deletions"] == 7
    said = scored("null", "好的", truths=[Utterance("a", "null"), TRUTHS[1]])
    assert [note[:18] for note in said.notes] == ["1 of 2 truths are ", "1 of 2 hypotheses "]


def test_marks_of_noise_are_named_on_either_side_and_can_be_removed():
    truths = [Utterance("a", "<SPOKEN_NOISE> 好"), Utterance("b", "好的")]
    result = scored("好", "（音樂播放中）", truths=truths)
    assert [note.split(" (")[0] for note in result.notes] == [
        "1 of 2 hypotheses hold marks of what is not speech",
        "1 of 2 truths hold marks of what is not speech",
    ]
    removed = scored("好", "（音樂播放中）", truths=truths, profile="default+noise-marks")
    assert removed.notes == ()
    assert removed.to_dict()["counts"]["deletions"] == 2
    assert removed.to_dict()["counts"]["insertions"] == 0


def test_ordinary_texts_need_no_note():
    assert scored("我们去 hiking 吧", "好").notes == ()


def test_few_and_partly_known_speakers_are_named():
    few = corpus(40, speakers=4)
    (note,) = score(few, noisy(few, 0.3)).notes
    assert note.startswith("the intervals are over 4 speakers, too few")
    some = [*few[:30], *corpus(40)[30:]]
    (note,) = score(some, noisy(some, 0.3)).notes
    assert "over utterances: 10 of 40 utterances name no speaker" in note
