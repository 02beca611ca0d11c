import json
import math
from random import Random

import pytest

import earmark
from earmark.curate import CURATORS
from earmark.curate.gap_filter import draw, gap_filter
from earmark.curate.random_share import random_share
from earmark.curate.verdict import Drop, Keep
from earmark.errors import InputError, KnobError
from earmark.records import Pair

PROMPT = [{"role": "user", "content": "x"}]


def pairs_with(gaps):
    return [
        Pair(f"p{i}", PROMPT, "a", "b", scores={"reward": [gap, 0.0]}) for i, gap in enumerate(gaps)
    ]


def kept_ids(verdicts):
    return {verdict.pair.id for verdict in verdicts if isinstance(verdict, Keep)}


def test_pairs_far_from_the_mean_go_first_on_either_side():
    gaps = [1.0 + 0.01 * i for i in range(18)] + [60.0, -60.0]
    gone = [0, 0]
    for seed in range(40):
        dropped = {f"p{i}" for i in range(20)} - kept_ids(
            gap_filter(pairs_with(gaps), criterion="reward", keep_share=0.9, seed=seed)
        )
        gone[0] += "p18" in dropped
        gone[1] += "p19" in dropped
        assert len(dropped) == 2
    assert min(gone) > 25, "the wide pair and the reversed one alike"
    by_chance = [
        kept_ids(random_share(pairs_with(gaps), keep_share=0.9, seed=seed)) for seed in range(40)
    ]
    assert sum("p18" not in kept for kept in by_chance) < 15


def test_draws_follow_their_weights():
    weights = [math.log(0.607), 0.0, math.log(0.135)]
    counts = [0, 0, 0]
    for seed in range(3000):
        counts[next(iter(draw(weights, 0.1, Random(seed))))] += 1
    for count, share in zip(counts, (0.348, 0.574, 0.078), strict=True):
        assert count / 3000 == pytest.approx(share, abs=0.03)


def test_gaps_that_are_equal_but_for_rounding_are_drawn_alike():
    odd = Pair("odd", PROMPT, "a", "b", scores={"reward": [0.3, 0.2]})
    usual = [Pair(f"p{i}", PROMPT, "a", "b", scores={"reward": [0.2, 0.1]}) for i in range(19)]
    assert 0.3 - 0.2 != 0.2 - 0.1
    runs = (
        gap_filter([*usual, odd], criterion="reward", keep_share=0.5, seed=seed)
        for seed in range(60)
    )
    kept = sum("odd" in kept_ids(verdicts) for verdicts in runs)
    assert 15 < kept < 45


@pytest.mark.parametrize("score", [math.nan, math.inf, 3, [1.0, "2"]])
def test_scores_that_are_not_finite_are_refused(score):
    """One of them would make the mean of all gaps NaN, and the choice arbitrary."""
    odd = Pair("odd", PROMPT, "a", "b", scores={"reward": [score, 0.0]})
    if not isinstance(score, float):
        odd = Pair("odd", PROMPT, "a", "b", scores={"reward": score})
    with pytest.raises(InputError, match=r"1 of 4 pairs have no usable scores for 'reward' \(odd"):
        earmark.curate([*pairs_with([1.0] * 3), odd], "gap:criterion=reward")


def test_equal_gaps_are_drawn_alike_and_every_pair_gets_a_verdict():
    for name, knobs in (("gap", {"criterion": "reward"}), ("random", {})):
        verdicts = list(CURATORS[name](pairs_with([2.0] * 10), keep_share=0.5, seed=1, **knobs))
        assert [verdict.pair.id for verdict in verdicts] == [f"p{i}" for i in range(10)], name
        assert len(kept_ids(verdicts)) == 5
        assert all(verdict.why for verdict in verdicts if isinstance(verdict, Drop))


def test_the_draw_is_that_of_earlier_versions():
    """Files that were curated before are made again: the same seed keeps the same pairs."""
    gaps = [0.1, 0.9, 0.5, 0.45, 0.52, -1.0, 3.0, 0.48]
    assert kept_ids(gap_filter(pairs_with(gaps), criterion="reward", keep_share=0.5)) == KEPT
    assert kept_ids(random_share(pairs_with(gaps), keep_share=0.5)) == RANDOM


KEPT = {"p2", "p3", "p4", "p7"}
RANDOM = {"p2", "p3", "p5", "p7"}


def test_a_share_that_is_none_is_refused():
    with pytest.raises(KnobError, match="above 0 and at most 1"):
        gap_filter([], criterion="reward", keep_share=0)


def test_the_only_criterion_is_taken(capsys):
    kept = earmark.curate(pairs_with([1.0, 1.1, 0.9, 50.0, 1.0]), "gap")
    assert len(kept) == 4
    assert "criterion of gap: reward, the only one" in capsys.readouterr().err
    assert json.dumps(kept.to_dict())
