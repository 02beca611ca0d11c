"""Prompts attend by themselves, and nothing changes; families are held to the plain forward pass.

`test_families.py` and `test_text.py` compare log-probabilities and gradients of every family.
"""

import pytest
import torch
import torch.nn.functional as F
from test_families import batch_of, clips_of
from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import checkpoint_wrapper
from transformers import AttentionInterface, GPT2Config, GPT2LMHeadModel

from earmark.policies.rows.prompt_attention import (
    NAME,
    attend_in_two_parts,
    prompt_width,
    prompts_attend_alone,
)
from earmark.policies.rows.shared_row import Answers, attention_mask, lay_out
from family_models import IN_ROWS, build_policy
from text_models import build_text

LONG, SHORT = [3, 4, 5, 6, 7, 8], [3, 4, 5]
ROWS = lay_out([Answers(LONG, [[8, 9, 2], [10, 2]]), Answers(SHORT, [[5, 6, 2]])], 0)
MASK = attention_mask(ROWS.segments)


@pytest.fixture
def asked(monkeypatch):
    """Keep how many tokens each attention was asked for, and whether it was given a mask."""
    calls = []
    attend = F.scaled_dot_product_attention

    def keep(query, *inputs, attn_mask=None, **options):
        calls.append((query.shape[2], attn_mask is not None))
        return attend(query, *inputs, attn_mask=attn_mask, **options)

    monkeypatch.setattr(F, "scaled_dot_product_attention", keep)
    return calls


def decoded(network, rows=ROWS, mask=MASK):
    return network.base_model(
        input_ids=rows.input_ids,
        attention_mask=mask,
        position_ids=rows.positions,
        use_cache=False,
    ).last_hidden_state


def test_what_is_read_is_the_same_to_the_last_layer():
    network, _ = build_text("llama")
    whole = decoded(network).flatten(0, 1)[ROWS.read_from]
    with prompts_attend_alone(network, ROWS.segments, MASK):
        parted = decoded(network)
    torch.testing.assert_close(parted.flatten(0, 1)[ROWS.read_from], whole)
    # That it did something at all: the last layer's prompt attended to nothing.
    assert not torch.allclose(parted[:, 0], decoded(network)[:, 0])


def test_the_prompt_takes_no_mask_and_does_not_attend_in_the_last_layer(asked):
    network, _ = build_text("llama")
    with prompts_attend_alone(network, ROWS.segments, MASK):
        decoded(network)
    shared, tokens = len(SHORT) - 1, ROWS.input_ids.shape[1]
    layers = network.config.num_hidden_layers
    assert asked == [(tokens - shared, True), (shared, False)] * (layers - 1) + [
        (tokens - shared, True)
    ]


def fail_within(network):
    with prompts_attend_alone(network, ROWS.segments, MASK):
        assert network.config._attn_implementation == NAME
        raise RuntimeError("stop")


def test_the_model_is_as_it_was(asked):
    network, _ = build_text("llama")
    with pytest.raises(RuntimeError, match="stop"):
        fail_within(network)
    decoded(network)
    assert network.config._attn_implementation == "sdpa"
    assert asked == [(ROWS.input_ids.shape[1], True)] * network.config.num_hidden_layers


def test_what_all_rows_have_in_common_is_the_shortest_prompt_but_its_last_token():
    assert prompt_width(ROWS.segments) == len(SHORT) - 1
    one = lay_out([Answers([3], [[4, 2]]), Answers(LONG, [[5, 2]])], 0)
    assert prompt_width(one.segments) == 0


@pytest.mark.parametrize("why", ["every layer", "some layers", "one token", "unknown layers"])
def test_where_it_cannot_be_all_take_the_mask(why, asked):
    network, _ = build_text("llama")
    if why == "unknown layers":
        network = GPT2LMHeadModel(GPT2Config(n_layer=2, n_head=2, n_embd=32, vocab_size=64))
    rows = lay_out([Answers([3], [[4, 2]])], 0) if why == "one token" else ROWS
    if steps := {"every layer": 1, "some layers": 2}.get(why):
        network.train()
        network.activation_checkpointing_enable({"use_reentrant": False}, every_n_layers=steps)
    mask = attention_mask(rows.segments)
    with prompts_attend_alone(network, rows.segments, mask):
        decoded(network, rows, mask)
    assert asked
    assert all(call == (rows.input_ids.shape[1], True) for call in asked)


@pytest.mark.parametrize("name", IN_ROWS)
def test_every_family_attends_in_two_parts(name, asked):
    policy = build_policy(name)
    batch = batch_of(policy, clips_of())
    shared, tokens = prompt_width(batch.rows.segments), batch.rows.input_ids.shape[1]
    asked.clear()
    with torch.no_grad():
        policy.shared_logps(batch)
    assert {(shared, False), (tokens - shared, True)} == set(asked)


def test_another_mask_is_taken_whole(asked):
    """Doge's layers put weights of their own into the mask."""
    network, _ = build_text("llama")
    with prompts_attend_alone(network, ROWS.segments, MASK):
        decoded(network, mask=MASK.clone())
    assert asked == [(ROWS.input_ids.shape[1], True)] * network.config.num_hidden_layers


def test_what_hears_goes_on_attending_as_it_did():
    network = build_policy("phi4_multimodal").network
    below = network.get_decoder().config.audio_config
    below._attn_implementation = "eager"
    with prompts_attend_alone(network, ROWS.segments, MASK):
        assert network.get_decoder().config._attn_implementation == NAME
        assert below._attn_implementation == "eager"
    assert below._attn_implementation == "eager"


def test_a_part_that_torch_computes_again_is_found():
    network, _ = build_text("llama")
    network.model.layers[0].self_attn = checkpoint_wrapper(network.model.layers[0].self_attn)
    with prompts_attend_alone(network, ROWS.segments, MASK):
        assert network.config._attn_implementation == "sdpa"


def test_classes_with_a_registry_of_their_own_find_it():
    assert AttentionInterface()[NAME] is attend_in_two_parts


def test_on_other_devices_the_mask_is_taken_whole():
    network, _ = build_text("llama")
    with prompts_attend_alone(network, ROWS.segments, MASK.to("meta")):
        assert network.config._attn_implementation == "sdpa"
