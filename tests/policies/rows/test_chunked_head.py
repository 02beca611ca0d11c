import pytest
import torch
from torch import nn

from earmark.policies.rows.chunked_head import head_logps
from earmark.policies.rows.shared_row import answer_logps

VOCABULARY, WIDTH, TOKENS = 50, 8, 23


class Counting(nn.Linear):
    """Keeps the largest number of rows it was asked for at once."""

    most = 0

    def forward(self, states):
        self.most = max(self.most, len(states))
        return super().forward(states)


@pytest.fixture
def case():
    generator = torch.Generator().manual_seed(0)
    head = Counting(WIDTH, VOCABULARY, bias=False)
    hidden = torch.randn(TOKENS, WIDTH, generator=generator, requires_grad=True)
    targets = torch.randint(VOCABULARY, (TOKENS,), generator=generator)
    weights = torch.randn(TOKENS, generator=generator)
    return head, hidden, targets, weights


def gradients(logps, head, hidden, weights):
    return torch.autograd.grad((logps * weights).sum(), [hidden, head.weight])


@pytest.mark.parametrize("rows", [1, 5, 22, 23, 100])
def test_chunks_give_the_same_numbers_and_gradients(case, rows):
    head, hidden, targets, weights = case
    expected = answer_logps(head(hidden), targets)
    wanted = gradients(expected, head, hidden, weights)
    head.most = 0
    found = head_logps(head, hidden, targets, VOCABULARY, chunk_bytes=rows * 4 * VOCABULARY)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(gradients(found, head, hidden, weights), wanted)
    assert head.most == min(rows, TOKENS)


def test_a_frozen_head_passes_gradients_on(case):
    head, hidden, targets, _ = case
    head.weight.requires_grad_(False)
    head_logps(head, hidden, targets, VOCABULARY, chunk_bytes=4 * VOCABULARY * 4).sum().backward()
    assert hidden.grad.abs().sum() > 0
