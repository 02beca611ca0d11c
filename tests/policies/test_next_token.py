import pytest
import torch

from earmark.policies.generation.library import OnlyChosen
from earmark.policies.next_token import Choice, next_tokens

LOGITS = torch.tensor([0.5, 0.3, 0.15, 0.05]).log()


def drawn(choice, times=4000):
    rows = LOGITS.expand(times, -1)
    choice = Choice(**choice, seeds=[[number] for number in range(times)])
    tokens = next_tokens(rows, choice, choice.generators(times))
    return (torch.bincount(tokens, minlength=4) / times).tolist()


def test_without_a_temperature_the_likeliest_is_taken():
    assert next_tokens(LOGITS[None], Choice(), []).tolist() == [0]
    assert next_tokens(LOGITS[None], Choice(suppressed=(0, 1)), []).tolist() == [2]


def test_tokens_are_drawn_by_their_probabilities():
    assert drawn({"temperature": 1.0}) == pytest.approx([0.5, 0.3, 0.15, 0.05], abs=0.03)
    # At temperature 0.5 probabilities are squared: .25, .09, .0225, .0025 of .365.
    assert drawn({"temperature": 0.5}) == pytest.approx([0.685, 0.247, 0.062, 0.007], abs=0.03)


def test_top_k_and_top_p_leave_the_likeliest():
    assert drawn({"temperature": 1.0, "top_k": 2}) == pytest.approx([0.625, 0.375, 0, 0], abs=0.03)
    assert drawn({"temperature": 1.0, "top_p": 0.7}) == pytest.approx(
        [0.625, 0.375, 0, 0], abs=0.03
    )
    assert drawn({"temperature": 1.0, "top_p": 0.4}) == [1, 0, 0, 0]
    assert drawn({"temperature": 1.0, "suppressed": (0,)})[0] == 0


def test_each_answer_has_a_generator_of_its_own():
    choice = Choice(temperature=1.0, seeds=[[1], [2]])
    two = [g.random() for g in choice.generators(2)]
    (second,) = choice.alone(1).generators(1)
    assert second.random() == two[1]
    with pytest.raises(ValueError, match="2 seeds for 3 answers"):
        choice.generators(3)


def test_the_librarys_search_is_left_one_token():
    choice = Choice(temperature=1.0, seeds=[[5], [6]])
    expected = next_tokens(LOGITS.expand(2, -1), choice, choice.generators(2))
    scores = OnlyChosen(choice, 2)(torch.zeros(2, 3, dtype=torch.long), LOGITS.repeat(2, 1))
    assert scores.argmax(-1).tolist() == expected.tolist()
    assert torch.isinf(scores).sum(-1).tolist() == [3, 3]
