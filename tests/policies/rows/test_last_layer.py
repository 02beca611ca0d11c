"""What is left out of the last layer is what nobody reads; that nothing changes is shown elsewhere.

`test_families.py` and `test_text.py` hold log-probabilities and gradients of every family against
the plain forward pass.
"""

import torch

from earmark.policies.rows.last_layer import only_where_read, parts_on_their_own
from earmark.policies.rows.shared_row import Answers, lay_out
from text_models import build_text

ROWS = lay_out([Answers([3, 4, 5, 6, 7], [[8, 9, 2], [10, 2]]), Answers([3, 4], [[5, 2]])], 0)


def seen_by(network, part):
    """Run a decoder on ROWS and return which positions a part of it was given, and its output."""
    given = []
    handle = part.register_forward_hook(lambda _, inputs, output: given.append((inputs, output)))
    with only_where_read(network, ROWS.read_from):
        hidden = network.base_model(input_ids=ROWS.input_ids, use_cache=False).last_hidden_state
    handle.remove()
    ((_, output),) = given
    return hidden, output


def test_the_end_of_the_last_layer_is_computed_where_it_is_read():
    network, _ = build_text("llama")
    whole = network.base_model(input_ids=ROWS.input_ids, use_cache=False).last_hidden_state
    read = ROWS.read_from.unique()
    for part in parts_on_their_own(network):
        hidden, output = seen_by(network, part)
        made = output.flatten(0, 1).abs().sum(-1).nonzero().flatten()
        assert made.tolist() == read.tolist()
        assert 0 < len(read) < output.shape[:2].numel()
        torch.testing.assert_close(hidden.flatten(0, 1)[read], whole.flatten(0, 1)[read])
        assert "forward" not in vars(part), "the model is as it was"


def test_a_layer_that_is_computed_again_is_left_whole():
    network, _ = build_text("llama")
    assert len(parts_on_their_own(network)) == 3
    network.activation_checkpointing_enable({"use_reentrant": False})
    assert parts_on_their_own(network) == []


def test_a_decoder_whose_layers_nobody_knows_is_left_whole():
    network, _ = build_text("mamba2")
    assert parts_on_their_own(network) == []
