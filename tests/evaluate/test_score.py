import json
import math
from pathlib import Path

import jiwer
import pytest
from evaluate_systems import corpus, noisy
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.errors import InputError, KnobError
from earmark.evaluate.rows import row_dict
from earmark.evaluate.score import score
from earmark.failures import evidence
from earmark.formats.reading import read
from earmark.metrics import answer as answers
from earmark.records import Counts, Hypothesis, Utterance
from earmark.text import tokenize
from earmark.text.align import align, align_blocks
from earmark.text.codeswitching import (
    code_mixing_index,
    embedded_language,
    i_index,
    language_codes,
    m_index,
    mixture,
    near_switch,
)
from earmark.text.profiles import PROFILES
from earmark.translators.dictionaries.dictionary import Dictionary

TEXTS = st.lists(
    st.lists(st.sampled_from(["我", "们", "ok", "go", "the", "一", "7"]), max_size=9).map(" ".join),
    min_size=1,
    max_size=6,
)
PAIRS = st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=4).map(
    lambda pairs: [(t, h) for ts, hs in pairs for t, h in zip(ts, hs, strict=False)]
)


def scored(pairs, **knobs):
    truths = [Utterance(str(n), truth) for n, (truth, _) in enumerate(pairs)]
    hyps = [Hypothesis(str(n), hyp) for n, (_, hyp) in enumerate(pairs)]
    return score(truths, hyps, **knobs).to_dict()


def add(*counts):
    keys = ("hits", "substitutions", "deletions", "insertions", "truth_tokens")
    return {key: sum(one[key] for one in counts) for key in keys}


def test_by_hand():
    result = scored(
        [("我们去 hiking 吧", "我们去徒步吧"), ("see you", "see you too"), ("好", "好")],
        dictionary=Dictionary([("徒步", "hiking")]),
    )
    assert result["utterances"] == 3
    assert result["counts"] == {
        "hits": 7, "substitutions": 1, "deletions": 0, "insertions": 2, "truth_tokens": 8,
    }  # fmt: skip
    assert result["mixed_error_rate"] == 3 / 8
    assert result["by_language"]["en"]["counts"]["substitutions"] == 1  # hiking is the truth's
    assert result["by_language"]["zh"]["counts"]["insertions"] == 1  # 徒 or 步 is the hypothesis's
    assert result["by_language"]["en"]["counts"]["insertions"] == 1
    assert result["by_language"]["zh"]["rate"] == 1 / 5
    assert result["by_language"]["other"]["rate"] is None
    points = result["points_of_interest"]
    assert points["utterances"] == 1
    assert points["embedded"]["counts"]["truth_tokens"] == 1
    assert points["embedded"]["counts"]["substitutions"] == 1
    assert points["rest"]["counts"]["truth_tokens"] == 4
    assert points["near_switch"]["counts"]["truth_tokens"] == 3
    assert result["failure_modes"]["translation"] == {"utterances": 1, "rate": 1 / 3}
    assert result["failure_modes"]["ok"]["utterances"] == 1
    assert result["composition"]["truth"]["switches"] == 2
    assert result["composition"]["hyp"]["utterances"] == {"mixed": 0, "zh": 2, "en": 1, "other": 0}


@given(PAIRS)
@settings(max_examples=100, deadline=None)
def test_counts_are_those_of_jiwer_on_text_split_beforehand(pairs):
    result = scored(pairs)
    theirs = jiwer.process_words([t for t, _ in pairs], [h for _, h in pairs])
    counts = result["counts"]
    edits = ("substitutions", "deletions", "insertions")
    assert sum(counts[name] for name in edits) == sum(getattr(theirs, name) for name in edits)
    assert counts["truth_tokens"] == theirs.hits + theirs.substitutions + theirs.deletions
    # Of alignments with as few edits ours is one with the most hits; jiwer's is any of them.
    assert counts["hits"] >= theirs.hits
    if result["mixed_error_rate"] is not None:
        assert result["mixed_error_rate"] == pytest.approx(theirs.wer)


@given(PAIRS, PAIRS)
@settings(max_examples=60, deadline=None)
def test_counts_add_up_over_files_languages_and_points(one, two):
    whole, first, second = scored(one + two), scored(one), scored(two)
    assert whole["counts"] == add(first["counts"], second["counts"])
    assert whole["counts"] == add(*(part["counts"] for part in whole["by_language"].values()))
    modes = whole["failure_modes"].values()
    assert sum(mode["utterances"] for mode in modes) == whole["utterances"]
    mixed = [(t, h) for t, h in one + two if mixture(language_codes(tokenize(t))).is_mixed]
    if mixed:
        points = whole["points_of_interest"]
        parts = (points["embedded"]["counts"], points["rest"]["counts"])
        assert add(*parts) == scored(mixed)["counts"]


@given(PAIRS)
@settings(max_examples=60, deadline=None)
def test_swapping_truth_and_hypothesis_swaps_deletions_and_insertions(pairs):
    there, back = scored(pairs)["counts"], scored([(h, t) for t, h in pairs])["counts"]
    total = ("substitutions", "deletions", "insertions")
    assert sum(there[k] for k in total) == sum(back[k] for k in total)
    # Which of several best alignments is taken may differ, but not by how much lengths differ.
    assert there["deletions"] - there["insertions"] == back["insertions"] - back["deletions"]


def plain_points(truth, hyp):
    """Count points of interest token by token, in plain words."""
    truth_tokens, hyp_tokens = tokenize(truth), tokenize(hyp)
    codes = language_codes(truth_tokens)
    mix = mixture(codes)
    if not mix.is_mixed:
        return {}
    embedded = [code == embedded_language(mix) for code in codes]
    classes = {
        "embedded": embedded,
        "rest": [not point for point in embedded],
        "near_switch": near_switch(codes),
    }
    found = {name: Counts() for name in classes}
    following = 0
    for kind, at, _ in align(truth_tokens, hyp_tokens):
        owner = min(following, len(codes) - 1) if at is None else at
        following = following if at is None else at + 1
        edit = Counts(**{"hits" if kind == "hit" else kind + "s": 1})
        for name, member in classes.items():
            found[name] += edit if member[owner] else Counts()
    return found


@given(PAIRS)
@settings(max_examples=100, deadline=None)
def test_the_columns_agree_with_counting_token_by_token(pairs):
    result = scored(pairs)
    expected = {name: Counts() for name in ("embedded", "rest", "near_switch")}
    for truth, hyp in pairs:
        for name, counts in plain_points(truth, hyp).items():
            expected[name] += counts
    for name, counts in expected.items():
        found = result["points_of_interest"][name]
        assert found["counts"]["hits"] == counts.hits
        assert found["counts"]["insertions"] == counts.insertions
        assert found["rate"] == counts.rate
    for side, texts in (("truth", [t for t, _ in pairs]), ("hyp", [h for _, h in pairs])):
        mixtures = [mixture(language_codes(tokenize(text))) for text in texts]
        whole = mixture("".join(language_codes(tokenize(text)) for text in texts))
        composed = result["composition"][side]
        assert composed["tokens"] == {"zh": whole.zh, "en": whole.en, "other": whole.other}
        assert composed["switches"] == sum(mix.switches for mix in mixtures)
        assert composed["i_index"] == i_index(mixtures)
        assert composed["m_index"] == (m_index(whole))
        mean = sum(map(code_mixing_index, mixtures)) / len(mixtures)
        assert composed["code_mixing_index"] == pytest.approx(mean)


def test_nothing_said_counts_insertions_and_divides_by_nothing():
    result = scored([("", "谢谢观看"), ("……", "")])
    assert result["counts"]["insertions"] == 4
    assert result["mixed_error_rate"] is None
    assert result["interval"] is None
    assert result["capped_mixed_error_rate"] is None
    assert result["empty_truths"] == 2
    json.dumps(result, allow_nan=False)
    with_speech = scored([("", "谢谢观看"), ("好的", "好的")])
    assert with_speech["mixed_error_rate"] == 4 / 2
    assert with_speech["capped_mixed_error_rate"] == 0


def test_a_missing_hypothesis_is_all_deletions():
    truths = [Utterance("a", "我要 tea"), Utterance("b", "好")]
    result = score(truths, [Hypothesis("b", "好")])
    assert result.to_dict()["missing"] == 1
    assert result.to_dict()["counts"]["deletions"] == 3
    assert row_dict(result.rows[0])["missing"] is True
    assert result.rows[0].failure.label == "missing"
    none = score(truths, [])
    assert none.to_dict()["mixed_error_rate"] == 1.0


def test_a_hypothesis_without_a_truth_is_refused_or_counted():
    truths, hyps = [Utterance("a", "好")], [Hypothesis("a", "好"), Hypothesis("z", "坏")]
    with pytest.raises(InputError, match=r"1 of 2 hypotheses have no truth \(z\)"):
        score(truths, hyps)
    result = score(truths, hyps, unmatched="skip").to_dict()
    assert result["unmatched"] == 1
    assert result["mixed_error_rate"] == 0


def test_bad_records_are_refused():
    with pytest.raises(InputError, match="'a' has no text"):
        score([Utterance("a")], [])
    with pytest.raises(InputError, match="no truths"):
        score([], [])
    with pytest.raises(InputError, match="truth have the id 'a'"):
        score([Utterance("a", "好"), Utterance("a", "好")], [])
    with pytest.raises(InputError, match="hypothesis have the id 'a'"):
        score([Utterance("a", "好")], [Hypothesis("a", "好"), Hypothesis("a", "坏")])
    with pytest.raises(KnobError, match="did you mean 'ascend'"):
        score([Utterance("a", "好")], [], profile="ascent")


def test_one_loop_moves_the_rate_but_not_the_capped_rate_nor_the_rate_without_loops():
    fine = [("我们明天 go hiking", "我们明天 go hiking")] * 9
    loop = ("好的 thank you", "thank you " * 200)
    result = scored([*fine, loop])
    assert result["mixed_error_rate"] > 5
    assert result["capped_mixed_error_rate"] == pytest.approx(4 / 58)
    assert result["looping_utterances"] == 1
    assert result["mixed_error_rate_without_loops"] == 0
    # A truth that repeats itself may be written so.
    said = scored([("对" * 30, "对" * 29)])
    assert said["looping_utterances"] == 0


def test_labels_and_the_loop_free_rate_have_one_definition_of_a_loop():
    """The loop of the README's example is one in the table of failures and in the rates."""
    examples = Path(__file__).parents[2] / "examples"
    truths = list(read(Utterance, examples / "truth.jsonl"))
    texts = {"base": 1, "aligned": 0}
    for name, loops in texts.items():
        result = score(truths, list(read(Hypothesis, examples / f"{name}.jsonl")))
        assert [row.failure.detail for row in result.rows].count("loop") == loops
        assert result.to_dict()["looping_utterances"] == loops


def test_profiles_and_options_reach_both_sides():
    pair = [("um 我 ok 啦", "我 okay lah")]
    assert scored(pair)["mixed_error_rate"] == 3 / 4
    folded = scored(pair, profile="default+drop-fillers+ok-okay+fold-particles")
    assert folded["mixed_error_rate"] == 0
    assert scored([("後來", "后来")])["mixed_error_rate"] == 0
    assert scored([("後來", "后来")], profile="espnet-seame")["mixed_error_rate"] == 1


def test_rows_are_strict_json_and_add_up():
    truths = corpus(80)
    result = score(truths, noisy(truths, 0.4)[5:], features=True)
    rows = [json.loads(json.dumps(row_dict(row), allow_nan=False)) for row in result.rows]
    assert add(*(row["counts"] for row in rows)) == result.to_dict()["counts"]
    for row in rows:
        assert {"id", "counts", "failure", "detail", "features"} <= row.keys()
        assert row["failure"] in result.to_dict()["failure_modes"]
        if row["failure"] == "missing":
            assert row["features"] == {}
            continue
        assert row["features"]["truth_tokens"] == row["counts"]["truth_tokens"]
        assert not any(isinstance(v, float) and math.isnan(v) for v in row["features"].values())


@given(st.text(max_size=40), st.text(max_size=40), st.sampled_from(sorted(PROFILES)))
@settings(max_examples=150, deadline=None)
def test_any_text_is_scored_and_the_result_is_strict_json(truth, hyp, profile):
    result = score(
        [Utterance("a", truth)], [Hypothesis("a", hyp, hyp + "\n")], profile=profile, features=True
    )
    json.dumps([result.to_dict(), row_dict(result.rows[0])], allow_nan=False)
    same = score([Utterance("a", truth)], [Hypothesis("a", truth)], profile=profile)
    assert same.to_dict()["counts"]["hits"] == same.to_dict()["counts"]["truth_tokens"]


def test_each_utterance_is_split_and_aligned_once_and_not_where_all_is_right(monkeypatch):
    calls = {"align": 0}

    def counted(*sides):
        calls["align"] += 1
        return align_blocks(*sides)

    def never(*_):
        raise AssertionError("the cascade should use the tokens and the alignment it is given")

    monkeypatch.setattr(answers, "align_blocks", counted)
    monkeypatch.setattr(evidence, "align_blocks", never)
    monkeypatch.setattr(evidence, "tokenize", never)
    # Texts that differ in spelling are aligned again once spelled alike.
    monkeypatch.setattr(evidence.Evidence, "as_said", property(lambda self: self))
    truths = corpus(30)
    result = score(truths, noisy(truths, 0.5))
    assert calls["align"] == sum(row.counts.errors > 0 for row in result.rows) > 15


def test_the_interval_is_over_speakers_when_every_truth_names_one():
    truths = corpus(40, speakers=4)
    hyps = noisy(truths, 0.3)
    assert score(truths, hyps).to_dict()["interval_over"] == "speaker"
    assert score(truths, hyps, over="utterance").to_dict()["interval_over"] == "utterance"
    assert score(corpus(40), noisy(corpus(40), 0.3)).to_dict()["interval_over"] == "utterance"
    alone = corpus(40, speakers=1)
    assert score(alone, noisy(alone, 0.3)).to_dict()["interval_over"] == "utterance"


def test_intervals_over_speakers_need_the_speaker_of_every_utterance():
    """Rows without a speaker are not of one speaker, and one speaker alone has no spread."""
    nobody, alone, some = corpus(6), corpus(6, speakers=1), corpus(6, speakers=3)
    some[2:4] = nobody[2:4]
    for truths, says in (
        (nobody, r"6 of 6 utterances name no speaker \(u0, u1, u2, u3, u4, \.\.\.\)"),
        (some, r"2 of 6 utterances name no speaker \(u2, u3\)"),
        (alone, "all 6 utterances are of the speaker 's0'"),
    ):
        with pytest.raises(InputError, match=says):
            score(truths, noisy(truths, 0.3), over="speaker")


def test_the_capped_and_the_loop_free_rate_have_intervals_that_a_loop_does_not_widen():
    truths = corpus(100)
    hyps = noisy(truths, 0.1)
    hyps[7] = Hypothesis("u7", "thank you " * 300)
    result = score(truths, hyps).to_dict()
    rates = ("mixed_error_rate", "capped_mixed_error_rate", "mixed_error_rate_without_loops")
    widths = []
    for name in rates:
        low, high = result["intervals"][name]
        assert low < result[name] < high
        widths.append(high - low)
    assert result["interval"] == result["intervals"]["mixed_error_rate"]
    assert widths[0] > 10 * max(widths[1:])


def test_the_utterance_with_the_most_errors_is_named_with_its_share():
    pairs = [("我们", "我们"), ("好的", "好的 " + "thank you " * 4), ("对吗", "对啊")]
    result = scored(pairs)
    assert result["heaviest_utterance"] == {"id": "1", "errors": 8, "share": 8 / 9}
    assert scored([("好", "好")])["heaviest_utterance"] is None
