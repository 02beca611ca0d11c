"""The key-value route equals one plain forward per answer, and is refused where it would not."""

import pytest
import torch
from transformers import DynamicCache

from earmark.errors import InputError
from earmark.policies.rows.forked_cache import (
    FORKS,
    forked_token_logps,
    refuse_recurrent,
    unlay,
    why_no_shared_row,
)
from earmark.policies.rows.shared_row import Answers, answer_logps, lay_out
from text_models import build_text

ANSWERS = [list(range(20, 45)), [40, 41, 42], [50]]
SIZES = [len(answer) for answer in ANSWERS]
ATTENDING = ["qwen2", "llama", "mistral", "gemma2", "granite"]
WRONG = ["bamba", "jamba", "qwen3_next", "mamba2"]


def network_of(family, seed=0):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network, _ = build_text(family)
    return network.eval()


def prompt_of(length=30):
    ids = torch.randint(10, 99, (1, length), generator=torch.Generator().manual_seed(0))
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}


def plain(network, prompt):
    logps = []
    for answer in ANSWERS:
        ids = torch.cat([prompt["input_ids"], torch.tensor([answer])], dim=1)
        logits = network(input_ids=ids, attention_mask=torch.ones_like(ids), use_cache=False).logits
        start = prompt["input_ids"].shape[1]
        logps.append(answer_logps(logits[0, start - 1 : -1], torch.tensor(answer)))
    return torch.cat(logps)


def gradients(network, logps):
    network.zero_grad()
    (logps * torch.linspace(-1, 1, len(logps)).exp()).sum().backward()
    return {n: p.grad.clone() for n, p in network.named_parameters() if p.grad is not None}


def worst(found, expected):
    """Return the largest relative difference of gradients that are not next to nothing."""
    floor = 1e-6 * max(g.norm() for g in expected.values())
    return max(float((found[n] - g).norm() / (g.norm() + floor)) for n, g in expected.items())


@pytest.mark.parametrize("family", [*ATTENDING, *sorted(FORKS)])
def test_equals_the_plain_forward(family):
    network, prompt = network_of(family), prompt_of()
    refuse_recurrent(network)
    expected = plain(network, prompt)
    expected_gradients = gradients(network, expected)
    found = forked_token_logps(network, prompt, ANSWERS)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    found_gradients = gradients(network, found)
    assert found_gradients.keys() == expected_gradients.keys()
    assert worst(found_gradients, expected_gradients) < 1e-5


@torch.no_grad()
def test_answers_of_one_token_need_no_cache():
    network, prompt = network_of("qwen2"), prompt_of()
    logits = network(**prompt).logits[0, -1].log_softmax(-1)
    found = forked_token_logps(network, prompt, [[7], [8]])
    torch.testing.assert_close(found, logits[[7, 8]])


@pytest.mark.parametrize("family", WRONG)
def test_decoders_whose_state_loses_gradients_are_refused_by_name(family):
    network = network_of(family)
    with pytest.raises(InputError, match=f"'{family}' has layers of linear_attention, whose"):
        refuse_recurrent(network)


def test_what_the_refusal_saves_from():
    network, prompt = network_of("bamba"), prompt_of()
    expected = gradients(network, plain(network, prompt))
    found = gradients(network, forked_token_logps(network, prompt, ANSWERS))
    assert worst(found, expected) > 0.05


def checkpointed(network):
    network.activation_checkpointing_enable({"use_reentrant": False})
    return network.train()


def test_gradient_checkpointing_is_refused():
    with pytest.raises(InputError, match="checkpointing drops: the numbers would be wrong"):
        forked_token_logps(checkpointed(network_of("qwen2")), prompt_of(), ANSWERS)


def test_what_refusing_checkpointing_saves_from():
    prompt, answer = prompt_of(), ANSWERS[0]
    expected = plain(network_of("qwen2"), prompt)[1 : len(answer)]
    for net, right in ((network_of("qwen2"), True), (checkpointed(network_of("qwen2")), False)):
        cache = DynamicCache(config=net.config)
        net(**prompt, past_key_values=cache, use_cache=True)
        going_on = torch.tensor([answer[:-1]])
        logits = net(input_ids=going_on, past_key_values=cache, use_cache=True).logits[0]
        difference = (answer_logps(logits, torch.tensor(answer[1:])) - expected).abs().max()
        assert (difference < 1e-4) == right


def test_a_model_without_a_cache_is_refused():
    network, prompt = network_of("qwen2"), prompt_of()
    forward = network.forward

    def forgetful(**kwargs):
        read = forward(**kwargs)
        read["past_key_values"] = None
        return read

    network.forward = forgetful
    with pytest.raises(InputError, match="returns no key-value cache that can be copied"):
        forked_token_logps(network, prompt, ANSWERS)


@pytest.mark.parametrize(
    ("family", "reason"),
    [
        ("qwen2", None),
        ("llama", None),
        ("mistral", "sees 4 tokens at most"),
        ("gemma2", "layers of sliding_attention"),
        ("granite", "changed by logits_scaling"),
        ("lfm2", "layers of conv"),
    ],
)
def test_what_keeps_a_decoder_from_the_shared_row(family, reason):
    found = why_no_shared_row(network_of(family))
    assert found == reason if reason is None else reason in found


def test_attention_that_takes_no_mask():
    network = network_of("qwen2")
    network.set_attn_implementation("eager")
    assert "takes no mask" in why_no_shared_row(network)


def test_rows_are_taken_apart_as_they_were_laid_out():
    batch = [Answers([5, 6], [[1, 2, 9], [3, 9]]), Answers([5], [[4]]), Answers([7] * 5, [[8, 9]])]
    assert unlay(lay_out(batch, pad_id=0)) == batch
