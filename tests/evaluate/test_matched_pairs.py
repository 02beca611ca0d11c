import math
from pathlib import Path

import numpy as np
import pytest

from earmark.evaluate.compare import compare
from earmark.evaluate.matched_pairs import MatchedPairs, matched_pairs
from earmark.evaluate.score import score
from earmark.evaluate.student_t import two_sided_p
from earmark.formats.reading import read
from earmark.records import Hypothesis, Utterance

EXAMPLES = Path(__file__).parent.parent.parent / "examples"

# Two-sided 5 % and 1 % points from printed tables of Student's t.
TABLE = [
    (1, 12.7062, 63.6567),
    (2, 4.3027, 9.9248),
    (5, 2.5706, 4.0321),
    (10, 2.2281, 3.1693),
    (30, 2.0423, 2.7500),
    (120, 1.9799, 2.6174),
]


@pytest.mark.parametrize(("freedom", "five", "one"), TABLE)
def test_students_t_is_that_of_printed_tables(freedom, five, one):
    assert two_sided_p(five, freedom) == pytest.approx(0.05, abs=1e-5)
    assert two_sided_p(-one, freedom) == pytest.approx(0.01, abs=1e-5)


@pytest.mark.parametrize("t", [0.001, 0.3, 1.0, 2.2, 7.0, 400.0, 1e8])
def test_students_t_is_the_closed_form_where_there_is_one(t):
    assert two_sided_p(t, 1) == pytest.approx(2 * math.atan(1 / t) / math.pi, rel=1e-9)
    assert two_sided_p(t, 2) == pytest.approx(1 - t / math.sqrt(2 + t * t), rel=1e-7, abs=1e-15)


def test_with_many_degrees_of_freedom_it_is_the_normal_distribution():
    for t in (0.1, 1.96, 4.0):
        assert two_sided_p(t, 10**7) == pytest.approx(math.erfc(t / math.sqrt(2)), rel=1e-5)


def test_t_is_the_mean_change_over_its_standard_error():
    changes = np.random.default_rng(1).integers(-3, 3, size=500)
    t = changes.mean() / (changes.std(ddof=1) / math.sqrt(500))
    found = matched_pairs(changes.tolist())
    assert found.t == pytest.approx(t)
    assert found.p == pytest.approx(two_sided_p(t, 499))


def test_the_six_utterances_of_the_readme_are_few():
    """The normal distribution says 0.030."""
    truths = list(read(Utterance, EXAMPLES / "truth.jsonl"))
    base, aligned = (
        score(truths, list(read(Hypothesis, EXAMPLES / f"{name}.jsonl")))
        for name in ("base", "aligned")
    )
    found = compare(base, aligned).matched_pairs
    assert found.segments == 6
    assert found.t == pytest.approx(-2.17, abs=0.005)
    assert found.p == pytest.approx(0.08, abs=0.005)


def test_at_five_utterances_a_true_null_is_rejected_one_time_in_twenty():
    rng = np.random.default_rng(0)
    rounds = 2000
    rejected = sum(
        matched_pairs(np.rint(rng.normal(0, 8, size=5)).astype(int).tolist()).p < 0.05
        for _ in range(rounds)
    )
    assert 0.035 < rejected / rounds < 0.065


def test_equal_changes_are_no_chance_and_no_change_is():
    assert matched_pairs([1] * 50) == MatchedPairs(math.inf, 0.0, 50)
    assert matched_pairs([-2, -2, -2]).p < 1e-6
    assert matched_pairs([-2, -2, -2]).to_dict()["t"] is None
    assert matched_pairs([0, 0, 0]) == MatchedPairs(0.0, 1.0, 3)
    assert matched_pairs([2]) == MatchedPairs(None, None, 1)
    assert matched_pairs([]).to_dict()["p"] is None
