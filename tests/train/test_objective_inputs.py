"""What the trainer hands to objectives, by hand and against the plain computation."""

import pytest
import torch

from earmark.objectives.contract.loss import Loss
from earmark.objectives.contract.signature import contract
from earmark.objectives.dpo import dpo
from earmark.objectives.kto import kto
from earmark.objectives.s_dpo import s_dpo
from earmark.objectives.wrappers.length_desensitised import with_length_desensitised
from earmark.policies.rows.shared_row import Answers, SharedRows
from earmark.train.data.batch import ABSENT, Row, collate, find_places
from earmark.train.objective_inputs import Computed, by_token, quantities, supply

# Two rows: one with two rejected answers, one with one. Log-probabilities of answer tokens.
TOKENS = [[-1.0, -2.0], [-1.0, -3.0, -4.0], [-2.0], [-5.0], [-1.0, -1.0]]


def two_rows(**known):
    def row(number, start, stop, wanted):
        candidates = [[7] * len(x) for x in TOKENS[start:stop]]
        return Row(f"p{number}", number, [Answers([1, 2], candidates)], [], wanted)

    return [row(0, 0, 3, [True, False, False])._replace(**known), row(1, 3, 5, [True, False])]


def in_one_batch(rows):
    return collate(rows, pad_id=0)["batch"]


def flat_tokens():
    return torch.tensor([x for tokens in TOKENS for x in tokens])


def test_a_row_with_two_rejected_is_two_pairs_or_one():
    batch = in_one_batch(two_rows())
    sums = torch.tensor([[sum(x)] for x in TOKENS])
    pairs = supply(contract(dpo), Computed(sums, sums / 2), batch)
    assert pairs["chosen"].tolist() == [-3, -3, -5]
    assert pairs["rejected"].tolist() == [-8, -2, -2]
    assert pairs["ref_rejected"].tolist() == [-4, -1, -1]
    assert pairs["rejected_tokens"].tolist() == [3, 1, 2]
    one = supply(contract(s_dpo), Computed(sums, sums / 2), batch)
    assert one["chosen"].tolist() == [-3, -5]
    assert one["losers"].tolist() == [[-8, -2], [-2, 0]]
    assert one["losers_mask"].tolist() == [[True, True], [True, False]]
    assert one["logps"].tolist() == [[-3, -8, -2], [-5, -2, 0]]
    assert one["candidate_tokens"].tolist() == [[2, 3, 1], [1, 2, 1]]


def test_single_answers_come_with_the_answer_of_another_prompt():
    rows = [
        Row("a", 0, [Answers([1], [[7], [7], [7]])], [], [True, False], has_mismatched=True),
        Row("b", 1, [Answers([1], [[7], [7]])], [], [False], has_mismatched=True),
    ]
    found = supply(
        contract(kto),
        Computed(torch.tensor([[-1.0], [-2.0], [-3.0], [-4.0], [-5.0]])),
        in_one_batch(rows),
    )
    assert found["answers"].tolist() == [-1, -2, -4]
    assert found["wanted"].tolist() == [True, False, False]
    assert found["mismatched"].tolist() == [-3, -3, -5]
    assert find_places(rows).candidates.tolist() == [[0, 1], [ABSENT, 3]]


def test_prefixes_are_sums_over_the_shared_length():
    batch = in_one_batch(two_rows())
    table = by_token(flat_tokens(), batch.shared.rows)
    assert table.tolist()[1] == [-1, -3, -4]
    found = supply(contract(with_length_desensitised(dpo)), Computed(table, table / 2), batch)
    assert found["chosen"].tolist() == [-3, -3, -5]
    assert found["chosen_prefix"].tolist() == [-3, -1, -5]
    assert found["rejected_prefix"].tolist() == [-4, -2, -1]
    assert found["ref_rejected_prefix"].tolist() == [-2, -1, -0.5]


def test_gradients_reach_every_token_once():
    tokens = flat_tokens().requires_grad_()
    lengths = torch.tensor([len(x) for x in TOKENS])
    owner = torch.repeat_interleave(torch.arange(len(TOKENS)), lengths)
    none = torch.empty(0, dtype=torch.long)
    rows = SharedRows(none, none, none, none, none, owner, lengths)
    by_token(tokens, rows).sum().backward()
    assert tokens.grad.tolist() == [1.0] * len(tokens)


def test_logged_quantities_by_hand():
    batch = in_one_batch(two_rows())
    sums = torch.tensor([[sum(x)] for x in TOKENS])
    computed = Computed(sums, sums / 2)
    found = supply(contract(dpo), computed, batch)
    names = ("chosen", "rejected", "ref_chosen", "ref_rejected")
    loss = dpo(*(found[n] for n in names), beta=0.5)._replace(logged={"beta": torch.tensor(0.5)})
    logged = quantities(loss, computed, batch.places, True, 0.5)
    found = {k: v.tolist() for k, v in logged.items()}
    assert found["logps/chosen_shift"] == [-1.5, -2.5]
    assert found["logps/rejected_shift"] == [-4, -1, -1]
    assert found["rewards/margins"] == pytest.approx([1.25, -0.25, -0.75])
    assert found["rewards/accuracies"] == [1, 0, 0]
    assert found["objective/beta"] == 0.5


def test_without_a_comparison_no_margin_is_logged():
    batch = in_one_batch(two_rows())
    sums = torch.tensor([[sum(x)] for x in TOKENS])
    one = torch.ones(2)
    logged = quantities(Loss(one, one), Computed(sums), batch.places, False, 1.0)
    assert set(logged) == {"logps/chosen", "logps/rejected"}
