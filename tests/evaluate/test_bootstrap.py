import numpy as np
import pytest

from earmark.evaluate.bootstrap import (
    Resampling,
    _distinct,
    percentile_interval,
    rate_interval,
    resampled_sums,
    sum_by,
)
from earmark.evaluate.compare import compare_records
from earmark.evaluate.score import score
from earmark.records import Hypothesis, Utterance


def made(rng, speakers=40, each=10, spread=0.5):
    """Draw utterances whose error rate differs from speaker to speaker around 0.2."""
    easy = np.repeat(rng.gamma(1 / spread, 0.2 * spread, size=speakers), each)
    tokens = rng.integers(5, 25, size=speakers * each)
    return rng.poisson(easy * tokens), tokens, np.repeat(np.arange(speakers), each).tolist()


def covered(rng, with_speakers, rounds=150):
    """Return how often the interval holds the true rate."""
    found = 0
    for seed in range(rounds):
        errors, tokens, speakers = made(rng)
        interval = rate_interval(
            np.stack([errors, tokens], axis=1),
            groups=speakers if with_speakers else None,
            resampling=Resampling(400, seed=seed),
        )
        found += interval.low <= 0.2 <= interval.high
    return found / rounds


def test_intervals_over_speakers_cover_and_those_over_utterances_are_too_narrow():
    rng = np.random.default_rng(3)
    assert 0.88 <= covered(rng, with_speakers=True) <= 0.99
    assert covered(rng, with_speakers=False) < 0.85  # the control: speakers do matter here


def test_drawing_counts_is_drawing_utterances():
    rng = np.random.default_rng(0)
    rows = np.array([rng.integers(0, 4, 300), rng.integers(5, 9, 300)]).T
    fast = resampled_sums(rows, Resampling(4000, seed=1))
    draws = rng.integers(0, len(rows), size=(4000, len(rows)))
    plain = rows[draws].sum(axis=1)
    for rates in (fast, plain):
        assert rates.shape == (4000, 2)
    one, two = (sums[:, 0] / sums[:, 1] for sums in (fast, plain))
    for quantile in (0.025, 0.5, 0.975):
        assert np.quantile(one, quantile) == pytest.approx(np.quantile(two, quantile), rel=0.02)


def test_the_same_seed_gives_the_same_interval_and_another_one_another():
    rows = np.array([[1, 0, 3, 2, 0, 5] * 5, [9, 8, 7, 6, 5, 4] * 5]).T
    first = rate_interval(rows, resampling=Resampling(seed=1))
    assert first == rate_interval(rows, resampling=Resampling(seed=1))
    assert first != rate_interval(rows, resampling=Resampling(seed=2))
    narrow = rate_interval(rows, resampling=Resampling(level=0.5, seed=1))
    assert first.low < narrow.low < narrow.high < first.high


def test_one_utterance_or_group_alone_has_no_interval():
    """All its resamples are alike: the width would be 0 and p at its floor."""
    rows = np.array([[1, 5], [0, 5], [2, 5]])
    assert rate_interval(rows[:1]) is None
    assert rate_interval(rows, groups=["a", "a", "a"]) is None
    assert rate_interval(rows, groups=["a", "a", "b"]) is not None
    truths = [Utterance("u1", "我们 go"), Utterance("u2", "好的")]
    first, second = ([Hypothesis("u1", text)] for text in ("我 go", "我们 go"))
    assert score(truths[:1], first).to_dict()["interval"] is None
    found = compare_records(truths, first, second).rates["mixed_error_rate"]
    assert (found.difference, found.interval, found.p) == (-1 / 3, None, None)
    assert "-33.33" in str(compare_records(truths, first, second))


def test_more_utterances_make_the_interval_narrower():
    rows = np.array([[1, 9], [0, 8], [3, 7]])
    wide, narrow = (rate_interval(np.tile(rows, (times, 1))) for times in (10, 1000))
    assert narrow.high - narrow.low < (wide.high - wide.low) / 5


def test_nothing_to_divide_by_is_no_interval():
    assert rate_interval(np.zeros((0, 2), dtype=np.int64)) is None
    assert rate_interval(np.array([[3, 0], [1, 0]])) is None
    some = rate_interval(np.array([[3, 0], [1, 5]]), resampling=Resampling(seed=0))
    assert some is not None
    assert np.isfinite(some).all()
    assert percentile_interval(np.array([]), 0.95) is None


def test_groups_are_summed_in_the_order_they_appear():
    rows = np.array([[1, 2], [3, 4], [5, 6]])
    assert sum_by(["x", "y", "x"], rows).tolist() == [[6, 8], [3, 4]]
    assert sum_by(None, rows) is rows


def test_sums_of_fractions_are_not_rounded():
    rows = np.array([[0.25, 1.0], [0.5, 1.0]])
    assert sum_by(["x", "x"], rows).tolist() == [[0.75, 2.0]]
    low, high = rate_interval(rows, resampling=Resampling(seed=0))
    assert (low, high) == (0.25, 0.5)


def test_with_rare_loops_only_the_capped_and_the_loop_free_interval_cover():
    """One utterance in a hundred loops and costs 256 errors; samples hold a hundred utterances."""
    rng = np.random.default_rng(5)
    tokens, loop_errors, loops = 12, 256, 0.01
    ordinary = 0.1 * tokens
    true = {
        "plain": ((1 - loops) * ordinary + loops * loop_errors) / tokens,
        "capped": ((1 - loops) * ordinary + loops * tokens) / tokens,
        "loop-free": 0.1,
    }
    covered = dict.fromkeys(true, 0)
    rounds = 150
    for seed in range(rounds):
        looping = rng.random(100) < loops
        errors = np.where(looping, loop_errors, rng.binomial(tokens, 0.1, size=100))
        said = np.full(100, tokens)
        rows = {
            "plain": (errors, said),
            "capped": (np.minimum(errors, said), said),
            "loop-free": (errors * ~looping, said * ~looping),
        }
        for name, columns in rows.items():
            interval = rate_interval(
                np.stack(columns, axis=1), resampling=Resampling(400, seed=seed)
            )
            covered[name] += interval.low <= true[name] <= interval.high
    assert covered["plain"] < 0.7 * rounds
    assert covered["capped"] > 0.8 * rounds
    assert covered["loop-free"] > 0.9 * rounds


@pytest.mark.parametrize("high", [3, 2**40])
def test_distinct_rows_are_those_of_numpy(high):
    rows = np.random.default_rng(0).integers(0, high, (500, 2))
    rows[100:200] = rows[:100]
    for mine, numpys in zip(
        _distinct(rows), np.unique(rows, axis=0, return_counts=True), strict=True
    ):
        assert mine.tolist() == numpys.tolist()


@pytest.mark.parametrize("rows", [np.array([[-1, 2], [1, 2]]), np.array([[0.5, 2.0], [0.5, 2.0]])])
def test_other_rows_are_left_to_numpy(rows):
    mine, counts = _distinct(rows)
    assert mine.tolist() == np.unique(rows, axis=0).tolist()
    assert counts.sum() == 2
