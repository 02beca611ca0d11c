"""Pairs whose two sides have different prompts: the fast step is the plain one, on both clips."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from earmark.errors import InputError
from earmark.objectives.contract.signature import contract
from earmark.objectives.dpo import dpo
from earmark.objectives.kto import kto
from earmark.objectives.sft import sft
from earmark.policies.load import load_policy
from earmark.records import Pair
from earmark.speech.audio import write_audio
from earmark.train.cache.reference import row_key
from earmark.train.data.batch import Rows, collate, shared_batch
from earmark.train.data.examples import EncodedPairs, clips_of
from earmark.train.data.row_maker import RowMaker
from earmark.train.data.token_budget import lengths_within, row_lengths, to_be_asked
from earmark.train.objective_inputs import Computed, supply
from earmark.train.preflight.extreme_rows import form_of
from earmark.train.preflight.pairs import check_form, survey
from earmark.train.preflight.proofs import (
    CheckError,
    check_audio_is_heard,
    check_first_rows,
    check_sides_are_kept_apart,
    plain_logps,
)
from tiny_world import messages, noise, settings, tiny_policy, write_pairs


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Return a folder with clips, and pairs: the middle one has a prompt, the others two."""
    folder = tmp_path_factory.mktemp("two-prompts")
    rng = np.random.default_rng(1)
    pairs = write_pairs(folder, 3, losers=2)
    for number in (0, 2):
        write_audio(folder / f"other{number}.wav", noise(rng, 0.9 + number / 4))
    for number, text in ((0, "Write it down."), (2, "share it")):
        other = messages(f"other{number}.wav", text)
        pairs[number] = replace(pairs[number], rejected_prompt=other)
    return folder, pairs


def encoded_of(world, function=dpo):
    folder, pairs = world
    return EncodedPairs(pairs, folder, contract(function))


def made(policy, encoded):
    make = RowMaker(policy, encoded)
    return [make(number) for number in range(len(encoded))]


def plain(policy, pair, folder):
    """Return summed log-probabilities of a pair, one plain forward pass an answer, each side's own.

    Written from the record, and not from what training makes of it.
    """
    sides = [(pair.prompt, [pair.chosen]), (pair.rejected_prompt or pair.prompt, pair.losers)]
    return torch.cat(
        [
            plain_logps(policy, prompt, [c.read() for c in clips_of("p", prompt, folder)], answers)
            for prompt, answers in sides
        ]
    )


@pytest.mark.parametrize("model", ["random", "tiny-base"])
def test_losses_and_gradients_are_those_of_the_plain_computation(world, model):
    """Within 1e-5 in float32: DPO over a pair with one prompt and two with two."""
    folder, pairs = world
    policy = tiny_policy() if model == "random" else load_policy("tiny-base", device="cpu")
    rows = made(policy, encoded_of(world))
    assert [len(row.sides) for row in rows] == [2, 1, 2]
    batch = collate(rows, policy.pad_id)["batch"]
    assert len(batch.shared.rows.input_ids) == 5
    with torch.no_grad():
        reference = (policy.model(shared=batch.shared) + torch.linspace(0, 4, 9))[:, None]

    def loss_of(logps):
        given = supply(contract(dpo), Computed(logps[:, None], reference), batch)
        return dpo(**{name: given[name] for name in contract(dpo).tensors}).per_pair.mean()

    found = {}
    for name in ("fast", "plain"):
        policy.model.zero_grad()
        if name == "fast":
            logps = policy.model(shared=batch.shared)
        else:
            logps = torch.cat([plain(policy, pair, folder) for pair in pairs])
        loss = loss_of(logps)
        loss.backward()
        grads = {
            n: p.grad.clone() for n, p in policy.model.named_parameters() if p.grad is not None
        }
        found[name] = (logps.detach(), loss.detach(), grads)
    torch.testing.assert_close(found["fast"][0], found["plain"][0], rtol=1e-5, atol=1e-4)
    torch.testing.assert_close(found["fast"][1], found["plain"][1], rtol=1e-5, atol=1e-5)
    assert found["fast"][2].keys() == found["plain"][2].keys()
    for name, grad in found["fast"][2].items():
        torch.testing.assert_close(grad, found["plain"][2][name], rtol=1e-4, atol=1e-5)


def test_the_sides_are_proven_and_clips_that_are_swapped_change_the_result(world):
    encoded = encoded_of(world)
    policy = tiny_policy()
    rows = made(policy, encoded)
    assert check_first_rows(policy, list(encoded), rows) < 1e-4
    check_audio_is_heard(policy, encoded)
    assert check_sides_are_kept_apart(policy, encoded, Rows(3, RowMaker(policy, encoded)))
    one = EncodedPairs(world[1][1:2], world[0], contract(dpo))
    assert not check_sides_are_kept_apart(policy, one, Rows(1, RowMaker(policy, one)))


def test_a_step_that_gives_both_sides_one_clip_is_refused(world, monkeypatch):
    encoded = encoded_of(world)
    policy = tiny_policy()
    make = RowMaker(policy, encoded)

    def deaf(rows, pad_id):
        """Lay rows out whose second side has the prompt and the clip of the first."""
        (row,) = rows
        sides = sorted(row.sides, key=lambda side: len(side.prompt))
        clips = sorted(row.audio, key=lambda clip: clip["input_features"].sum().item())
        same = [side._replace(prompt=sides[0].prompt) for side in row.sides]
        return shared_batch([row._replace(sides=same, audio=[clips[0]] * 2)], pad_id)

    monkeypatch.setattr("earmark.train.preflight.proofs.shared_batch", deaf)
    with pytest.raises(CheckError, match="pair 'p0': its sides have different clips"):
        check_sides_are_kept_apart(policy, encoded, Rows(3, make))


def test_a_tower_that_hears_one_side_alone_is_refused(world, monkeypatch):
    encoded = encoded_of(world)
    policy = tiny_policy()
    heard = []

    def once(*given):
        heard.append(given)
        return torch.zeros(2) if len(heard) != 2 else torch.ones(2)

    monkeypatch.setattr("earmark.train.preflight.proofs.plain_logps", once)
    with pytest.raises(CheckError, match="the model does not hear"):
        check_audio_is_heard(policy, encoded)
    assert len(heard) == 4


def test_the_reference_key_of_a_pair_depends_on_both_clips(world):
    rows = made(tiny_policy(), encoded_of(world))
    assert len({row.key for row in rows}) == 3
    row = rows[0]
    assert row.key == row_key(row.sides, row.clip_keys)
    assert row.key != row_key(row.sides, row.clip_keys[::-1])
    assert row.key != row_key(row.sides[::-1], row.clip_keys)
    merged = [row.sides[0]._replace(candidates=row.candidates)]
    assert row.key != row_key(merged, row.clip_keys)


def test_a_row_that_is_kept_is_the_row_that_was_made(world):
    make = RowMaker(tiny_policy(), encoded_of(world))
    first, again = ([make(number) for number in range(3)] for _ in range(2))
    assert [(row.sides, row.key) for row in first] == [(row.sides, row.key) for row in again]


def test_a_side_without_an_answer_that_is_needed_is_left_out(world):
    folder, pairs = world
    assert [len(pair.sides) for pair in encoded_of(world, sft)] == [1, 1, 1]
    assert [clip.path for clip in encoded_of(world, sft)[0].clips] == [str(folder / "clip0.wav")]
    single = replace(pairs[0], chosen="")
    alone = EncodedPairs([single, *pairs[1:]], folder, contract(kto))[0]
    assert [clip.path for clip in alone.clips] == [str(folder / "other0.wav")]
    assert alone.wanted == [False, False]
    # The answer of another prompt is the last, after the prompt of the rejected answers.
    assert len(alone.answers) == 3


def test_batches_keep_to_the_budget_counting_both_prompts(world):
    encoded = encoded_of(world)
    policy = tiny_policy()
    lengths, prompts = row_lengths(policy, encoded, 3)
    assert prompts.tolist() == [2, 1, 2]
    rows = made(policy, encoded)
    widths = [
        max(len(s.prompt) + sum(len(ids) - 1 for ids in s.candidates) for s in row.sides)
        for row in rows
    ]
    assert all(0 <= known - width <= 3 for known, width in zip(lengths, widths, strict=True))
    budget = int((lengths * prompts).max())
    for batch in to_be_asked(policy, encoded, 3, settings(world[0], token_budget=budget)):
        laid = shared_batch([rows[number] for number in batch], policy.pad_id).rows.input_ids
        assert laid.numel() <= budget
    with pytest.raises(InputError, match=f"alone takes about {budget} tokens"):
        lengths_within(policy, encoded, 3, budget - 1)


def test_preflight_looks_at_both_prompts(world):
    folder, pairs = world
    found = survey(pairs, folder, contract(dpo))
    assert found.clips == 5
    forms = ("user", "audio", "text")
    assert set(found.telling.forms) == {forms, (*forms, "/", *forms)}
    assert form_of(pairs[1]) == forms
    gone = replace(pairs[0], rejected_prompt=messages("gone.wav"))
    text = replace(pairs[0], rejected_prompt=[{"role": "user", "content": "Answer."}])
    for pair, message in (
        (gone, r"audio file .*gone\.wav does not exist"),
        (text, "one of prompt and rejected_prompt has audio and the other has none"),
    ):
        with pytest.raises(InputError, match=message):
            survey([pair], folder, contract(dpo))
    odd = replace(pairs[0], rejected_prompt=[{"role": "robot", "content": "x"}])
    with pytest.raises(InputError, match="rejected_prompt: the role of a prompt message"):
        check_form(odd)
    equal = Pair("e", pairs[1].prompt, "a", "b", rejected_prompt=pairs[1].prompt)
    assert len(EncodedPairs([equal], folder, contract(dpo))[0].sides) == 1
