"""The cascade on hand-labelled cases, on both languages, on silence, and without a truth."""

import json

import pytest
from hypothesis import given
from hypothesis import settings as configure
from hypothesis import strategies as st
from sentences import DICTIONARY, FOLDER, mixed_sentences, sentences

from earmark.failures import MODES
from earmark.failures.cascade import BLIND, CASCADE, LABELS, name_failure
from earmark.text import tokenize
from earmark.text.align import align_blocks
from earmark.translators.dictionaries.choose import load_dictionary
from earmark.translators.dictionaries.dictionary import Dictionary

SHIPPED = load_dictionary("earmark")


def cases(name):
    return [json.loads(line) for line in (FOLDER / name).read_text("utf-8").splitlines()]


CASES = cases("cases.jsonl")


def named(case, dictionary=SHIPPED):
    return name_failure(case["truth"], case["hyp"], dictionary=dictionary)


def test_the_cases_cover_every_label_and_detail_in_every_kind_of_speech():
    assert len(CASES) >= 150
    assert len({case["id"] for case in CASES}) == len(CASES)
    details = {(case["label"], case["detail"]) for case in CASES}
    assert {label for label, _ in details} == set(LABELS)
    in_cascade = {(label, detail) for label, detail, _ in CASCADE}
    assert details == in_cascade | {("ok", "exact"), ("error", "ordinary")}
    assert {(mode.label, mode.detail) for mode in MODES.values()} <= details


@pytest.mark.parametrize(
    ("name", "least"), [("cases.jsonl", 0.95), ("blind.jsonl", 0.95), ("analogues.jsonl", 0.95)]
)
def test_labels_agree_with_those_who_wrote_the_cases(name, least):
    rows = cases(name)
    right = sum(named(case).label == case["label"] for case in rows)
    assert right / len(rows) >= least


def test_every_confusable_border_is_mostly_right():
    rows = [case for case in cases("analogues.jsonl") if case["border"]]
    for border in {case["border"] for case in rows}:
        near = [case for case in rows if case["border"] == border]
        assert sum(named(case).label == case["label"] for case in near) / len(near) >= 0.85, border


@pytest.mark.parametrize("dictionary", [SHIPPED, None], ids=["earmark", "no dictionary"])
def test_what_is_no_transcript_is_told_from_speech_that_sounds_like_it(dictionary):
    rows = cases("format.jsonl")
    assert len(rows) >= 190
    found = [
        (case["label"] == "format", named(case, dictionary).label == "format") for case in rows
    ]
    right = found.count((True, True))
    assert right / sum(said for _, said in found) >= 0.95
    assert right / sum(expected for expected, _ in found) >= 0.82


def test_words_written_by_sound_need_no_dictionary():
    rows = [case for case in cases("analogues.jsonl") if case["detail"] == "phonetic"]
    right = sum(named(case, None).detail == "phonetic" for case in rows)
    assert right / len(rows) >= 0.75


def test_without_a_dictionary_nothing_is_a_translation():
    assert {named(case, None).label for case in CASES} == set(LABELS) - {"translation"}


@configure(max_examples=60, deadline=None)
@given(truth=st.one_of(sentences(), mixed_sentences()))
def test_the_truth_is_ok_however_it_is_cased(truth):
    failure = name_failure(truth, truth.lower())
    assert (failure.label, failure.detail) == ("ok", "exact")
    assert failure.features["hits"] == len(tokenize(truth))


@configure(max_examples=60, deadline=None)
@given(truth=st.text(max_size=40), hyp=st.text(max_size=40))
def test_any_two_texts_get_a_label(truth, hyp):
    failure = name_failure(truth, hyp, dictionary=DICTIONARY)
    assert failure.label in LABELS
    assert all(isinstance(value, float | int | str) for value in failure.features.values())
    json.dumps(failure.features, allow_nan=False)


@configure(max_examples=25, deadline=None)
@given(truth=mixed_sentences(), hyp=mixed_sentences())
def test_blocks_and_tokens_passed_in_change_nothing(truth, hyp):
    said, written = tokenize(truth), tokenize(hyp)
    blocks = align_blocks(said, written)
    passed = name_failure(truth, hyp, blocks=blocks, truth_tokens=said, hyp_tokens=written)
    assert passed == name_failure(truth, hyp)


def test_without_a_truth_the_only_label_is_suspect():
    seen = {}
    for case in CASES:
        failure = name_failure(None, case["hyp"])
        assert failure.label in ("suspect", "")
        assert bool(failure.label) == bool(failure.detail)
        seen.setdefault(failure.detail, []).append(case)
    assert set(seen) - {""} == set(BLIND)
    assert name_failure(None, "我们明天去 hiking 吧")[:2] == ("", "")


def test_features_tell_what_was_decided_from():
    truth, hyp = "我们明天去 hiking 买 printer 吧真的", "我们明天去徒步买品特吧"
    features = name_failure(truth, hyp, dictionary=DICTIONARY).features
    assert (features["truth_en"], features["hyp_en"]) == (2, 0)
    assert features["explained_by_meaning"] == 1
    assert features["explained_by_sound"] == 1
    assert features["nothing_there"] == 2
    assert (features["same_language"], features["unexplained"]) == (0, 0)
    assert name_failure(truth, hyp).features["explained_by_meaning"] == 0


def test_numbers_beside_few_characters_are_no_reason_for_omission():
    truth, hyp = "15改15 15 15截止日期", "15 change 15 15 15 deadline"
    failure = name_failure(truth, hyp, dictionary=SHIPPED)
    assert failure[:2] == ("translation", "global")
    assert failure.features["explained_by_meaning"] == 5
    dropped = name_failure(truth, "15 15 15 15", dictionary=SHIPPED)
    assert dropped.label == "omission"


def test_talk_that_was_cleaned_away_shows_in_a_feature_only():
    truth = "我们明天去 hiking 吧"
    failure = name_failure(truth, truth, raw=f"Here is the transcription: {truth}")
    assert (failure.label, failure.features["raw_format"]) == ("ok", "preamble")
    assert "raw_format" not in name_failure(truth, truth, raw=truth).features
    assert name_failure(truth, truth, raw=f"<|zh|>{truth}").features["raw_format"] == ""


def test_a_translation_that_speaks_of_speech_is_no_talk_about_a_recording():
    words = Dictionary([("语音", "speech"), ("会议", "meeting"), ("菜市场", "market")])
    failure = name_failure("speech meeting market下午", "语音会议菜市场下午", dictionary=words)
    assert failure.label == "translation"


def test_silence_is_ok_when_nothing_is_written():
    assert name_failure("", "")[:2] == ("ok", "exact")
    assert name_failure("", "谢谢观看")[:2] == ("hallucination", "stock phrase")
    assert name_failure("", "我们走吧")[:2] == ("hallucination", "on silence")


@pytest.mark.parametrize(
    ("truth", "hyp", "label"),
    [
        (
            "对对对对对对对对对对",
            "对对对对对对对对对对对",
            "error",
        ),  # the speaker loops, not the model
        ("谢谢观看我们的演示", "谢谢观看我们的演示吧", "error"),  # said in earnest
        ("我把录音发给你了", "我把录音发给他了", "error"),  # speech about recordings
        ("他说：“走吧”", "他说：“走了”", "error"),  # the truth quotes, too
        ("我听了那段录音", "I listened to that recording", "translation"),
        ("I can't go to the market", "我不能去市场", "translation"),
        ("привет 大家好", "привет 大家号", "error"),  # a third script that was said
    ],
)
def test_what_the_truth_does_itself_is_no_failure(truth, hyp, label):
    assert name_failure(truth, hyp, dictionary=SHIPPED).label == label
