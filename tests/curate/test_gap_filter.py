import json
import math
from random import Random

import pytest

from earmark.cli.curate import curate
from earmark.curate import CURATORS
from earmark.curate.gap_filter import draw, gap_filter, random_drop
from earmark.curate.verdict import Drop, Keep
from earmark.errors import InputError, KnobError
from earmark.formats.files.lines import write_jsonl
from earmark.formats.reading import read
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
            gap_filter(pairs_with(gaps), "reward", keep_share=0.9, seed=seed)
        )
        gone[0] += "p18" in dropped
        gone[1] += "p19" in dropped
        assert len(dropped) == 2
    assert min(gone) > 25, "the wide pair and the reversed one alike"
    by_chance = [
        kept_ids(random_drop(pairs_with(gaps), keep_share=0.9, seed=seed)) for seed in range(40)
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
    runs = (gap_filter([*usual, odd], "reward", keep_share=0.5, seed=seed) for seed in range(60))
    kept = sum("odd" in kept_ids(verdicts) for verdicts in runs)
    assert 15 < kept < 45


@pytest.mark.parametrize("score", [math.nan, math.inf, 3, [1.0, "2"]])
def test_scores_that_are_no_finite_numbers_are_refused(score):
    """One of them would make the mean of all gaps no number, and the choice arbitrary."""
    odd = Pair("odd", PROMPT, "a", "b", scores={"reward": [score, 0.0]})
    if not isinstance(score, float):
        odd = Pair("odd", PROMPT, "a", "b", scores={"reward": score})
    with pytest.raises(InputError, match=r"1 of 4 pairs have scores for 'reward' .*\(odd\)"):
        gap_filter([*pairs_with([1.0] * 3), odd], "reward")


def test_equal_gaps_are_drawn_alike_and_every_pair_gets_a_verdict():
    for name in ("gap", "random"):
        curator = CURATORS[name]
        verdicts = curator(pairs_with([2.0] * 10), "reward", keep_share=0.5, seed=1)
        assert [verdict.pair.id for verdict in verdicts] == [f"p{i}" for i in range(10)], name
        assert len(kept_ids(verdicts)) == 5
        assert all(verdict.why for verdict in verdicts if isinstance(verdict, Drop))


def test_the_command_writes_what_it_dropped_and_why(tmp_path):
    write_jsonl(tmp_path / "pairs.jsonl", pairs_with([1.0, 1.1, 0.9, 50.0, 1.0]))
    out = tmp_path / "kept.jsonl"
    curate(pairs=tmp_path / "pairs.jsonl", out=out, criterion="reward", keep_share=0.8)
    kept = [pair.id for pair in read(Pair, out)]
    aside = (tmp_path / "kept.jsonl.dropped.jsonl").read_text()
    dropped = [json.loads(line) for line in aside.splitlines()]
    assert sorted(kept + [row["id"] for row in dropped]) == [f"p{i}" for i in range(5)]
    assert dropped[0]["why"].startswith("gap ")
    assert json.loads((tmp_path / "kept.jsonl.tally.json").read_text())["dropped"] == 1
    with pytest.raises(InputError, match=r"5 of 5 pairs have no scores for 'beauty'.*reward"):
        curate(pairs=tmp_path / "pairs.jsonl", out=out, criterion="beauty")
    with pytest.raises(KnobError, match="above 0 and at most 1"):
        curate(pairs=tmp_path / "pairs.jsonl", out=out, criterion="reward", keep_share=0)
