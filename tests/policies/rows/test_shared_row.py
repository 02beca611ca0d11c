"""The shared row equals one plain forward pass per answer: log-probabilities and gradients."""

import pytest
import torch

from earmark.policies import policy as policy_module
from earmark.policies.lora.adapt import add_lora, freeze_hearing
from earmark.policies.policy import SharedBatch
from earmark.policies.rows.shared_row import (
    Answers,
    attention_mask,
    continue_positions,
    lay_out,
)
from earmark.train.preflight.proofs import plain_logps
from tiny_world import messages, noise, tiny_policy, trainable

EQUAL = [["我 想 去", "share the shop", "the library share"]] * 3
RAGGED = [
    ["我", "share the shop the shop 我 想 去 library"],
    ["我 想 去 library"],
    ["a", "b c", "d e f"],
]


def build(policy, answers, rng, durations=(0.5, 2.9, 1.3)):
    clips = [noise(rng, duration) for duration in durations]
    rows, states = [], []
    for texts, clip in zip(answers, clips, strict=True):
        heard = policy.encode(policy.features(clip))
        prompt = policy.prompt_ids(messages(), [len(heard)])
        rows.append(Answers(prompt, [policy.answer_ids(messages(), text) for text in texts]))
        states.append(heard)
    return clips, SharedBatch(lay_out(rows, policy.pad_id), states)


def plain(policy, answers, clips):
    return torch.cat(
        [plain_logps(policy, messages(), [c], a) for a, c in zip(answers, clips, strict=True)]
    )


def weigh(logps):
    """Make a scalar whose gradient tells every candidate apart."""
    return (logps * torch.linspace(-1, 1, len(logps)).exp()).sum()


def gradients(policy, loss):
    policy.model.zero_grad()
    loss.backward()
    return {name: p.grad.clone() for name, p in trainable(policy).items() if p.grad is not None}


@pytest.mark.parametrize("answers", [EQUAL, RAGGED], ids=["equal", "ragged"])
@pytest.mark.parametrize("lora", [True, False], ids=["lora", "full"])
@pytest.mark.parametrize("checkpointing", [False, True], ids=["plain-memory", "checkpointing"])
def test_equals_the_plain_forward(answers, lora, checkpointing, rng):
    policy = tiny_policy()
    freeze_hearing(policy)
    if lora:
        add_lora(policy, rank=4, alpha=8)
        for name, parameter in policy.model.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(
                    parameter, std=0.05, generator=torch.Generator().manual_seed(1)
                )
    clips, batch = build(policy, answers, rng)
    expected = plain(policy, answers, clips)
    expected_gradients = gradients(policy, weigh(expected))
    if checkpointing:
        policy.network.activation_checkpointing_enable({"use_reentrant": False})
        policy.model.train()
    found = policy.model(shared=batch)
    found_gradients = gradients(policy, weigh(found))

    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-4)
    assert found_gradients.keys() == expected_gradients.keys()
    for name, expected_gradient in expected_gradients.items():
        worst = (found_gradients[name] - expected_gradient).norm() / expected_gradient.norm()
        assert worst < 1e-5, name


def test_a_leaking_mask_is_seen(rng, monkeypatch):
    policy = tiny_policy()
    clips, batch = build(policy, RAGGED, rng)
    expected = plain(policy, RAGGED, clips).detach()

    def leaking(segments):
        width = segments.shape[1]
        return torch.ones(width, width, dtype=torch.bool).tril().expand(len(segments), 1, -1, -1)

    monkeypatch.setattr(policy_module, "attention_mask", leaking)
    assert (policy.model(shared=batch) - expected).abs().max() > 1e-2


def test_positions_that_do_not_restart_are_seen(rng):
    policy = tiny_policy()
    clips, batch = build(policy, RAGGED, rng)
    expected = plain(policy, RAGGED, clips).detach()
    running = torch.arange(batch.rows.input_ids.shape[1]).expand_as(batch.rows.positions)
    wrong = batch._replace(rows=batch.rows._replace(positions=running))
    assert (policy.model(shared=wrong) - expected).abs().max() > 1e-3


def test_answers_go_on_from_the_largest_position_of_their_prompt_on_every_axis():
    rows = lay_out([Answers([5, 6, 7], [[1, 2, 9], [3, 4, 9]]), Answers([5], [[4, 9]])], pad_id=0)
    time, height = [0, 1, 2, 9, 9, 9, 9], [0, 5, 5, 9, 9, 9, 9]
    own = torch.tensor([[time, [3] + [9] * 6], [height, [1] + [9] * 6]])
    found = continue_positions(own, rows)
    assert found[0, 0].tolist() == [0, 1, 2, 6, 7, 6, 7]
    assert found[1, 0].tolist() == [0, 5, 5, 6, 7, 6, 7]
    assert found[:, 1, :2].tolist() == [[3, 4], [1, 4]]
    counted = continue_positions(torch.arange(7).expand(2, 7), rows)
    real = rows.segments >= 0
    assert torch.equal(counted[real], rows.positions[real])
    assert continue_positions(None, rows) is rows.positions


def test_mask_as_a_picture():
    rows = lay_out([Answers([5, 6], [[1, 2, 9], [3, 9]]), Answers([5], [[4, 9]])], pad_id=0)
    picture = ["".join(".x"[int(v)] for v in line) for line in attention_mask(rows.segments)[0, 0]]
    assert picture == ["x....", "xx...", "xxx..", "xxxx.", "xx..x"]
    assert rows.input_ids.tolist() == [[5, 6, 1, 2, 3], [5, 4, 0, 0, 0]]
    assert rows.positions.tolist() == [[0, 1, 2, 3, 2], [0, 1, 0, 0, 0]]
    assert rows.read_from.tolist() == [1, 2, 3, 1, 4, 5, 6]
    assert rows.targets.tolist() == [1, 2, 9, 3, 9, 4, 9]
    assert rows.lengths.tolist() == [3, 2, 2]


def test_swapped_audio_changes_the_logps(rng):
    policy = tiny_policy()
    _, batch = build(policy, EQUAL, rng, durations=(1.0, 1.0, 1.0))
    swapped = batch._replace(clips=[batch.audio[1], batch.audio[0], batch.audio[2]])
    moved = (policy.model(shared=batch) - policy.model(shared=swapped)).abs()
    assert moved[:6].min() > 1e-4
    assert moved[6:].max() < 1e-5


def test_lora_touches_the_language_model_only():
    policy = tiny_policy()
    add_lora(policy, rank=2, alpha=4)
    assert trainable(policy)
    assert all("language_model" in name for name in trainable(policy))
