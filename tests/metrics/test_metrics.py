import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earmark.errors import InputError, KnobError
from earmark.evaluate.compare import difference, failure_share
from earmark.evaluate.score import score
from earmark.metrics import METRICS, metric_of_texts
from earmark.metrics.answer import align_texts, answer_of
from earmark.metrics.columns import Columns
from earmark.records import Hypothesis, Utterance
from earmark.text import tokenize

TEXTS = st.lists(st.sampled_from(["我", "们", "ok", "go", "7"]), max_size=7).map(" ".join)
PAIRS = st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5)


def columns(pairs):
    return Columns([answer_of(align_texts(truth, hyp, tokenize)) for truth, hyp in pairs])


@pytest.mark.parametrize("name", METRICS)
@given(PAIRS, PAIRS)
@settings(max_examples=25, deadline=None)
def test_rows_are_of_one_answer_each_so_that_they_add(name, one, two):
    metric = METRICS[name]
    apart = [metric.rows(columns([pair])) for pair in one + two]
    assert np.array_equal(metric.rows(columns(one + two)), np.concatenate(apart))


def values(pairs):
    return {name: metric.value(columns(pairs)) for name, metric in METRICS.items()}


def test_values_by_hand():
    found = values([("我们去 hiking", "我们去 go home now"), ("", "好"), ("好的", "好的")])
    assert found["mixed_error_rate"] == 4 / 6
    assert found["capped_mixed_error_rate"] == 3 / 6
    assert found["zh"] == 1 / 5
    assert found["en"] == 3 / 1
    assert found["code_mixing_index"] == 0.5 / 3
    assert found["mixed_error_rate_without_loops"] == found["mixed_error_rate"]


def test_a_loop_is_left_out_of_the_loop_free_rate():
    pairs = [("我们先吃饭", "我们先吃饭" + "谢谢观看" * 3), ("好的", "好吗")]
    assert values(pairs)["mixed_error_rate"] == 13 / 7
    assert values(pairs)["mixed_error_rate_without_loops"] == 1 / 2


def test_a_rate_without_anything_to_divide_by_is_none():
    assert values([("", "好")]) == dict.fromkeys(METRICS) | {"code_mixing_index": 0.0}


def test_a_share_of_failures_is_of_all_utterances():
    hyps = [Hypothesis("a", "好"), Hypothesis("b", "")]
    result = score([Utterance("a", "好"), Utterance("b", "好")], hyps)
    assert failure_share("empty").value(result.columns) == 1 / 2
    assert failure_share("ok").value(result.columns) == 1 / 2


def test_comparing_without_loops_leaves_an_utterance_out_on_both_sides():
    truths = [Utterance("a", "我们先吃饭"), Utterance("b", "好的")]
    loops = [Hypothesis("a", "我们先吃饭" + "谢谢观看" * 3), Hypothesis("b", "好吗")]
    errs = [Hypothesis("a", ""), Hypothesis("b", "好的")]
    first, second = score(truths, loops), score(truths, errs)
    found = difference(first, second, METRICS["mixed_error_rate_without_loops"])
    assert (found.first, found.second, found.difference) == (1 / 2, 0, -1 / 2)
    whole = difference(first, second, METRICS["mixed_error_rate"])
    assert (whole.first, whole.second) == (13 / 7, 5 / 7)


def test_a_metric_of_ones_own_has_a_value_and_a_paired_difference():
    def row(truth, answer):
        return abs(len(truth) - len(answer)), 1

    metric = metric_of_texts("length error", row, signature="characters-1")
    truths = [Utterance(str(n), "好" * n) for n in range(1, 9)]
    right = score(truths, [Hypothesis(t.id, t.text) for t in truths])
    short = score(truths, [Hypothesis(t.id, "") for t in truths])
    assert metric.value(short.columns) == 4.5
    assert short.interval(metric).low < 4.5 < short.interval(metric).high
    found = difference(right, short, metric)
    assert found.difference == 4.5
    assert found.interval.low > 0


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (lambda truth, answer: (1, float("nan")), "expected finite numbers"),
        (lambda truth, answer: (1,) * len(answer), r"rows have \[1, 2\] numbers"),
    ],
)
def test_rows_that_make_no_sense_are_refused(row, says):
    metric = metric_of_texts("mine", row)
    with pytest.raises(InputError, match=f"metric mine: .*{says}"):
        metric.value(columns([("好", "好"), ("好的", "好的")]))


def test_metrics_are_given_by_name_too():
    truths, hyps = [Utterance("a", "我 go")], [Hypothesis("a", "我 go")]
    result = score(truths, hyps, metrics=["code_mixing_index"]).to_dict()
    assert result["metrics"]["code_mixing_index"]["value"] == 0.5
    with pytest.raises(KnobError, match="no metric 'code_mixing'; did you mean 'code_m"):
        score(truths, hyps, metrics=["code_mixing"])
