"""Scores that pairs are weighed by: two in order, gaps below 0, single rejected answers."""

from dataclasses import replace
from pathlib import Path

import pytest

from earmark.errors import InputError
from earmark.objectives.contract.signature import contract
from earmark.objectives.ddo_rm import ddo_rm
from earmark.objectives.s_dpo import s_dpo
from earmark.objectives.spa import spa
from earmark.records import Pair
from earmark.train.data.criterion import criterion_of, one_score_each
from earmark.train.preflight.pairs import survey
from tiny_world import write_pairs


def scored(first, second=(0.0, 1.0), name="p"):
    scores = {"right": list(first), "short": list(second)}
    prompt = [{"role": "user", "content": "Transcribe."}]
    return Pair(name, prompt, "yes", "no", scores=scores)


@pytest.mark.parametrize("scale", [1, 10, 100])
def test_the_first_criterion_decides_on_every_scale(scale):
    pairs = [scored([0.98 * scale, 0.76 * scale]), scored([0.1 * scale, 0.05 * scale], (0.2, 0.9))]
    chosen, rejected = one_score_each(pairs[0], criterion_of(pairs, "right,short"))
    assert chosen > rejected


def test_on_the_same_step_the_second_decides(capsys):
    pairs = [scored([0.9, 0.92]), scored([0.0, 1.0])]
    chosen, rejected = one_score_each(pairs[0], criterion_of(pairs, "right,short"))
    assert rejected == chosen + 1
    assert "'right' in steps of 0.05; on the same step 'short' decides" in capsys.readouterr().err
    chosen, rejected = one_score_each(pairs[0], criterion_of(pairs, "right,short", tie=0.01))
    assert rejected > chosen + 2
    equal = [scored([1.0, 1.0])]
    assert one_score_each(equal[0], criterion_of(equal, "right,short")) == [2, 3]


def gap_over(first, objective=spa):
    pairs = [scored(values, name=f"p{i}") for i, values in enumerate(first)]
    return survey(pairs, Path(), contract(objective), "right").mean_score_gap


def test_reversed_pairs_count_0_in_the_mean_gap():
    assert gap_over([(2.0, 1.0), (2.0, 1.0), (1.0, 4.0)]) == pytest.approx(2 / 3)


def test_scores_that_would_weigh_every_pair_0_are_refused():
    with pytest.raises(InputError, match=r"no chosen answer has a higher score .* 'right'"):
        gap_over([(1.0, 2.0), (1.0, 1.0)])
    assert gap_over([(1.0, 2.0), (1.0, 1.0)], ddo_rm) == 0


def test_pairs_with_one_rejected_are_named_where_several_are_compared(tmp_path, capsys):
    pairs = write_pairs(tmp_path, 3, losers=2)
    survey(pairs, tmp_path, contract(s_dpo))
    assert "one rejected answer" not in capsys.readouterr().err
    single = [replace(pair, rejected=pair.losers[0]) for pair in pairs[:2]]
    survey([*single, pairs[2]], tmp_path, contract(s_dpo))
    found = " ".join(capsys.readouterr().err.split())
    assert "2 of 3 pairs have one rejected answer, where this objective compares several: " in found
    assert f"'{pairs[0].id}', '{pairs[1].id}'. For them it is the loss of a pair" in found
