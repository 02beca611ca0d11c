"""Both losses of stage A reward the right tokens in the right places."""

import pytest
import torch

from earmark.tiny.ctc import ctc_loss, flat_start_loss, said_letters
from earmark.tiny.forward import Heard

LETTERS = [1, 3, 8, 3]


def heard(tokens: list[int]) -> Heard:
    return Heard(torch.zeros(len(tokens), max(tokens), 2), torch.tensor(tokens))


def one_hot(path: list[int], strength: float = 20.0) -> torch.Tensor:
    return strength * torch.eye(4)[path][None]


def test_a_right_path_costs_nothing_and_a_wrong_one_much():
    truth = [[1, 2, 2]]
    right = ctc_loss(one_hot([1, 0, 2, 0, 2]), heard([5]), truth, blank=0)
    merged = ctc_loss(one_hot([1, 2, 2, 2, 2]), heard([5]), truth, blank=0)
    assert right < 1e-3
    assert merged > 5


def test_ctc_is_a_mean_over_tokens_of_the_truths():
    scores = torch.randn(2, 6, 4, generator=torch.Generator().manual_seed(0))
    both = ctc_loss(scores, heard([6, 4]), [[1, 2], [3]], blank=0)
    first = ctc_loss(scores[:1], heard([6]), [[1, 2]], blank=0)
    second = ctc_loss(scores[1:, :4], heard([4]), [[3]], blank=0)
    torch.testing.assert_close(both, (2 * first + second) / 3)


def test_flat_start_gives_long_words_more_of_the_clip():
    loss = flat_start_loss(
        torch.cat([one_hot([1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2]), one_hot([3] * 11)]),
        heard([11, 5]),
        [[1, 2], [3]],
        letters=LETTERS,
    )
    assert loss < 1e-3
    even = one_hot([1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2])
    assert flat_start_loss(even, heard([11]), [[1, 2]], letters=LETTERS) > 1


@pytest.mark.parametrize(("word", "letters"), [(" the", 4), ("去", 3), (" 去", 3)])
def test_letters(word, letters):
    assert said_letters(word) == letters
