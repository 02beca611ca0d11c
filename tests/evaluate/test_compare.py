import json

import numpy as np
import pytest
from evaluate_systems import corpus, noisy

from earmark.errors import InputError, KnobError
from earmark.evaluate.bootstrap import Resampling
from earmark.evaluate.compare import compare
from earmark.evaluate.matched_pairs import MATCHED_PAIRS
from earmark.evaluate.score import score
from earmark.metrics import metric_of_texts
from earmark.records import Hypothesis

TRUTHS = corpus(200)


def scored(rate, seed=1, **knobs):
    return score(TRUTHS, noisy(TRUTHS, rate, seed), **knobs)


def test_a_better_system_is_found_better():
    result = compare(scored(0.4), scored(0.1, seed=2)).to_dict()
    change = result["mixed_error_rate"]
    assert change["difference"] == pytest.approx(change["second"] - change["first"])
    assert change["difference"] < -0.2
    assert change["interval"][0] < change["difference"] < change["interval"][1] < 0
    assert change["p"] < 0.01
    assert result["matched_pairs"]["test"] == MATCHED_PAIRS
    assert result["matched_pairs"]["p"] < 0.001
    assert result["failure_modes"]["ok"]["difference"] > 0
    json.dumps(result, allow_nan=False)


def test_a_system_does_not_differ_from_itself():
    one = scored(0.3)
    change = compare(one, one).rates["mixed_error_rate"]
    assert change.difference == 0
    assert change.interval == (0, 0)
    assert change.p == 1
    assert compare(one, one).matched_pairs.p == 1


def test_swapping_the_systems_turns_the_sign():
    one, two = scored(0.3), scored(0.2, seed=5)
    there, back = compare(one, two), compare(two, one)
    for name, change in there.rates.items():
        assert back.rates[name].difference == pytest.approx(-change.difference)
    assert back.matched_pairs.t == pytest.approx(-there.matched_pairs.t)
    assert back.matched_pairs.p == pytest.approx(there.matched_pairs.p)


def test_equally_good_systems_are_rarely_called_different():
    called = [
        compare(scored(0.3, seed), scored(0.3, seed + 100)).rates["mixed_error_rate"].p < 0.05
        for seed in range(24)
    ]
    assert sum(called) <= 5


def test_pairing_makes_the_interval_narrower_than_two_of_its_own():
    rng = np.random.default_rng(0)
    spoiled = [
        Hypothesis(hyp.id, hyp.text if rng.random() < 0.95 else "") for hyp in noisy(TRUTHS, 0.5)
    ]
    one, two = scored(0.5), score(TRUTHS, spoiled)
    paired = compare(one, two).rates["mixed_error_rate"].interval
    alone = one.interval()
    assert paired.high - paired.low < alone.high - alone.low


def test_different_signatures_refuse_to_compare():
    with pytest.raises(InputError, match=r"has norm:default-2, the second norm:default-2\+ok"):
        compare(scored(0.1), scored(0.1, profile="default+ok-okay"))
    capped = [
        Hypothesis(h.id, h.text, made_by={"decoding": {"max_new_tokens": 64}})
        for h in noisy(TRUTHS, 0.1)
    ]
    with pytest.raises(InputError, match="second cap:64"):
        compare(scored(0.1), score(TRUTHS, capped))
    other = score(TRUTHS[:50], noisy(TRUTHS[:50], 0.1))
    with pytest.raises(InputError, match="different utterances"):
        compare(scored(0.1), other)


def test_over_speakers_the_interval_resamples_speakers():
    truths = corpus(200, speakers=5)
    one, two = (score(truths, noisy(truths, rate, 3)) for rate in (0.4, 0.3))
    assert compare(one, two).over == "speaker"


def test_nothing_said_is_nothing_to_compare():
    silent = [truth for truth in TRUTHS if not truth.text]
    written = [Hypothesis(truth.id, "") for truth in silent]
    one = score(silent, written, resampling=Resampling(50))
    change = compare(one, one).to_dict()["mixed_error_rate"]
    assert change == dict.fromkeys(("first", "second", "difference", "interval", "p"))


def test_metrics_of_ones_own_compare_only_if_their_signatures_match():
    def row(truth, answer):
        return truth == answer, 1

    one, two = (
        scored(0.1, metrics=[metric_of_texts("exact", row, signature=version)])
        for version in ("1", "2")
    )
    with pytest.raises(InputError, match="first has exact:1, the second exact:2"):
        compare(one, two)
    with pytest.raises(InputError, match="second exact:2"):
        compare(scored(0.1), two)
    with pytest.raises(KnobError, match="two metrics are called 'exact'"):
        scored(0.1, metrics=[metric_of_texts("exact", row)] * 2)
