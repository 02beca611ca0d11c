"""Agreement of judges and their separation of good and bad, by hand and against brute force."""

from random import Random

import numpy as np
import pytest

from earmark.errors import InputError
from earmark.evaluate.judging.check import check_judges, labels_of
from earmark.evaluate.judging.separation import (
    agreement,
    area,
    kendall_tau,
    pair_counts,
    separation,
)
from earmark.records import Candidate, Candidates, Pair


def test_pairs_are_counted_by_hand():
    # Pairs 12 13 23: alike; tied in one; otherwise.
    assert pair_counts([1, 2, 1], [1, 3, 2]) == [2, 0, 1, 0, 0]
    assert pair_counts([1, 1], [2, 2]) == [0, 0, 0, 0, 1]
    assert pair_counts([1], [1]) == [0, 0, 0, 0, 0]


def test_tau_b_with_ties_by_hand():
    # C 2, D 0, one pair tied in the first judge: 2 / sqrt(3 * 2).
    assert kendall_tau(np.array([2, 0, 1, 0, 0])) == pytest.approx(2 / 6**0.5)
    assert np.isnan(kendall_tau(np.array([0, 0, 3, 0, 0])))


def test_agreement_is_within_rows():
    """A judge that adds a number to all scores of a row orders its answers as before."""
    rows = [([0.0, 1.0, 2.0], [100 * n + 0.0, 100 * n + 1, 100 * n + 2]) for n in range(5)]
    found = agreement(rows)
    assert (found.pairs, found.equal_order.value, found.tau.value, found.tied) == (15, 1, 1, 0)
    opposite = agreement([(one, two[::-1]) for one, two in rows])
    assert (opposite.equal_order.value, opposite.tau.value) == (0, -1)


def test_a_judge_that_draws_lots_agrees_with_nobody():
    """The negative control: its interval holds one half, and the AUROC's too."""
    rng = Random(0)
    rows = [([rng.random(), rng.random()], [rng.random(), rng.random()]) for _ in range(400)]
    found = agreement(rows)
    assert found.equal_order.interval.low < 0.5 < found.equal_order.interval.high
    assert found.tau.interval.low < 0 < found.tau.interval.high
    lots = separation([(one, [True, False]) for one, _ in rows])
    assert lots.auroc.interval.low < 0.5 < lots.auroc.interval.high
    assert 0.44 < lots.within.value < 0.56


def test_nothing_to_compare():
    found = agreement([([1.0], [2.0]), ([], [])])
    assert (found.pairs, found.tied) == (0, None)
    assert (found.equal_order.value, found.tau.value) == (None, None)
    assert separation([]).auroc.value is None
    assert separation([([1.0], [True])]).auroc.value is None


def test_auroc_equals_counting_all_pairs():
    rng = Random(1)
    rows = [
        ([float(rng.randrange(5)) for _ in range(3)], [rng.random() < 0.5 for _ in range(3)])
        for _ in range(30)
    ]
    good = [s for scores, known in rows for s, k in zip(scores, known, strict=True) if k]
    bad = [s for scores, known in rows for s, k in zip(scores, known, strict=True) if not k]
    pairs = [(a > b) + (a == b) / 2 for a in good for b in bad]
    found = separation(rows)
    assert found.auroc.value == pytest.approx(sum(pairs) / len(pairs))
    assert (found.good, found.bad) == (len(good), len(bad))
    assert found.auroc.interval.low < found.auroc.value < found.auroc.interval.high
    # Weights are repetitions.
    bins, known = np.array([0, 1, 1, 2]), np.array([False, True, False, True])
    twice = [0, 1, 2, 3, 3]
    weights = np.array([1.0, 1, 1, 2])
    assert area(bins, known, weights) == area(bins[twice], known[twice], np.ones(5))


def test_within_rows_is_not_pooled():
    """Row 2 has higher scores as a whole: within rows the judge is always right."""
    found = separation([([1.0, 0.0], [True, False]), ([9.0, 8.0], [True, False])])
    assert found.within.value == 1.0
    assert found.auroc.value == 0.75


def pair(n, **scores):
    return Pair(f"p{n}", [], "好", ["坏", "差"], scores={k: list(v) for k, v in scores.items()})


def test_pairs_name_the_good_side_themselves():
    rows = [pair(n, right=(1, 0, 0), wrong=(0, 1, 1), half=(1, 1, 1)) for n in range(4)]
    found = check_judges(rows)
    assert list(found.separations) == ["right", "wrong", "half"]
    values = {name: each.auroc.value for name, each in found.separations.items()}
    assert values == {"right": 1.0, "wrong": 0.0, "half": 0.5}
    assert found.agreements["right", "wrong"].equal_order.value == 0.0
    assert found.agreements["right", "half"].tied == 1.0
    assert (found.separations["right"].good, found.separations["right"].bad) == (4, 8)
    assert "AUROC" in str(found)
    written = found.to_dict()
    assert written["agreement"][0]["judges"] == ["right", "wrong"]
    assert written["separation"]["right"]["auroc"] == {"value": 1.0, "interval": [1.0, 1.0]}


def candidates(*known, **scores):
    made = [
        Candidate("x", {k: v[n] for k, v in scores.items() if v[n] is not None}, extra=extra)
        for n, extra in enumerate(known)
    ]
    return Candidates("c", [], made)


def test_candidates_need_a_label():
    rows = [candidates({"good": True}, {"good": False}, {}, loop=(0.0, -1.0, 5.0))] * 2
    found = check_judges(rows)
    assert found.separations["loop"].auroc.value == 1.0
    assert (found.separations["loop"].good, found.separations["loop"].bad) == (2, 2)
    human = check_judges([candidates({}, {}, loop=(0, -1), human=(1, 0))], ["loop"], good="human")
    assert human.separations["loop"].within.value == 1.0
    assert check_judges([candidates({}, {}, loop=(0, -1))]).separations["loop"].auroc.value is None
    with pytest.raises(InputError, match=r"should be true or false \(1 or 0\), found 7"):
        labels_of(candidates({"good": 7}))


def test_answers_without_a_score_are_left_out():
    rows = [candidates({"good": 1}, {"good": 0}, {"good": 0}, a=(2.0, None, 1.0), b=(1, 2, 3))] * 2
    found = check_judges(rows)
    assert found.agreements["a", "b"].pairs == 2
    assert found.separations["a"].bad == 2
    with pytest.raises(InputError, match="no row has a score of 'c'"):
        check_judges(rows, ["a", "c"])
    with pytest.raises(InputError, match="judge them first"):
        check_judges([candidates({}, {})])
