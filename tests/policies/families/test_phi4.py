"""Phi-4-multimodal hears each clip alone, and its speech LoRA belongs to its reference."""

import numpy as np
import pytest
import torch

from earmark.errors import InputError
from earmark.export.merge import export
from earmark.policies.load import load_policy
from earmark.policies.lora.adapt import add_lora
from earmark.policies.lora.merge import merge_lora
from earmark.policies.lora.speech_lora import merge_speech_lora
from earmark.policies.plain_decoding import GREEDY
from earmark.policies.policy import SharedBatch
from earmark.policies.rows.shared_row import Answers, answer_logps, lay_out
from earmark.prompting.messages import ask
from earmark.train.preflight.proofs import plain_logps
from family_models import build_policy
from phi4_model import build_phi4
from tiny_world import messages, noise, trainable

NAME = "phi4_multimodal"
TEXTS = ["share the shop", "我 想"]


def clip_of(duration_s=1.0):
    return noise(np.random.default_rng(0), duration_s)


def logps(policy):
    return plain_logps(policy, messages(), [clip_of()], TEXTS).detach()


def perturb(model, seed):
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.2, generator=generator)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Save a model whose speech LoRA lies beside it, as in the checkpoint."""
    folder = tmp_path_factory.mktemp("phi4")
    policy = build_policy(NAME)
    policy.network.save_pretrained(folder)
    policy.processor.save_pretrained(folder)
    add_lora(policy, rank=2, alpha=4, targets=r"model\.layers\.\d+\..*(qkv|o)_proj")
    perturb(policy.model, seed=2)
    policy.model.save_pretrained(folder / "speech-lora")
    return folder


def test_the_speech_lora_is_part_of_the_model_and_of_its_reference(folder):
    bare = logps(build_policy(NAME))
    policy = load_policy(str(folder))
    with_speech = logps(policy)
    assert (with_speech - bare).abs().max() > 0.1
    assert not any("lora" in name for name in policy.network.state_dict())

    add_lora(policy, rank=2, alpha=4)
    torch.testing.assert_close(logps(policy), with_speech)
    perturb(policy.model, seed=3)
    assert (logps(policy) - with_speech).abs().max() > 0.1
    with policy.model.disable_adapter():
        torch.testing.assert_close(logps(policy), with_speech)
        assert (logps(policy) - bare).abs().max() > 0.1


def test_what_is_trained_on_top_is_saved_loaded_and_exported(folder, tmp_path, capsys):
    policy = load_policy(str(folder))
    add_lora(policy, rank=2, alpha=4)
    perturb(policy.model, seed=3)
    trained = logps(policy)
    policy.model.save_pretrained(tmp_path / "adapter")
    loaded = load_policy(str(folder), str(tmp_path / "adapter"))
    torch.testing.assert_close(logps(loaded), trained)

    merge_lora(policy)
    torch.testing.assert_close(logps(policy), trained, rtol=1e-5, atol=1e-4)
    out = export(tmp_path / "adapter", tmp_path / "whole", model=str(folder))
    assert not (out / "speech-lora").exists(), "it is part of the weights now"
    assert "its LoRA for speech becomes part of the weights" in capsys.readouterr().err
    torch.testing.assert_close(logps(load_policy(str(out))), trained, rtol=1e-5, atol=1e-4)


def test_a_speech_lora_that_cannot_be_merged(folder, tmp_path, capsys):
    network, _ = build_phi4()
    (tmp_path / "speech-lora").mkdir()
    with pytest.raises(
        InputError, match=r"safetensors, found none.*It should be the model's speech LoRA"
    ):
        merge_speech_lora(network, tmp_path, "speech-lora")
    (tmp_path / "speech-lora").rmdir()
    merge_speech_lora(network, tmp_path, "speech-lora")
    assert "taken to be merged already" in capsys.readouterr().err


@torch.no_grad()
def test_a_clip_is_heard_alone_not_as_the_library_hears_it_in_a_batch():
    policy = build_policy(NAME)
    prompt = ask(policy.facts)
    clips = [clip_of(0.7), clip_of(2.4)]
    alone = [policy.transcribe([prompt], [clip], 8)[0] for clip in clips]
    assert policy.transcribe([prompt] * 2, clips, 8) == alone

    text = policy.render(messages())
    together = policy.process([text] * 2, clips)
    single = policy.process([text], clips[:1])
    answer = policy.answer_ids(messages(), TEXTS[0])
    logits = []
    for inputs in (single, together):
        ids = inputs["input_ids"][:1]
        rows = torch.cat([ids, torch.tensor([answer])], dim=1).expand(len(inputs["input_ids"]), -1)
        if len(rows) > 1:
            other = torch.cat([inputs["input_ids"][1:], torch.tensor([answer])], dim=1)
            rows = torch.cat([rows[:1], other])
        mask = torch.cat([inputs["attention_mask"], torch.ones(len(rows), len(answer))], dim=1)
        fed = {**inputs, "input_ids": rows, "attention_mask": mask.long()}
        logits.append(policy.network(**fed).logits[0, -len(answer) - 1 : -1])
    sums = [answer_logps(rows, torch.tensor(answer)).sum() for rows in logits]
    assert abs(sums[0] - sums[1]) > 0.01, "the library has mended its mask: hear in batches"


@torch.no_grad()
@pytest.mark.parametrize("side", ["left", "right"])
def test_the_library_agrees_however_it_pads_clips_of_one_length(side):
    policy, clips = build_policy(NAME), [clip_of(), clip_of()]
    prompts = [messages(), messages(text="Write it down. Write it down.")]
    rows, heard = [], []
    for prompt, clip in zip(prompts, clips, strict=True):
        states = policy.encode(policy.features(clip))
        ids = policy.prompt_ids(prompt, [len(states)])
        rows.append(Answers(ids, [policy.answer_ids(prompt, TEXTS[0])]))
        heard.append(states)
    found = policy.model(shared=SharedBatch(lay_out(rows, policy.pad_id), heard))
    made = policy.process([policy.render(prompt) for prompt in prompts], clips)
    whole = [torch.tensor(row.prompt + row.candidates[0]) for row in rows]
    pad = torch.nn.utils.rnn.pad_sequence
    made["input_ids"] = pad(whole, True, policy.pad_id, padding_side=side)
    made["attention_mask"] = pad([torch.ones_like(x) for x in whole], True, 0, padding_side=side)
    logits = policy.network(**made).logits
    for k, (row, expected) in enumerate(zip(rows, found, strict=True)):
        answer = row.candidates[0]
        end = logits.shape[1] if side == "left" else len(whole[k])
        own = answer_logps(logits[k, end - len(answer) - 1 : end - 1], torch.tensor(answer))
        torch.testing.assert_close(own.sum(), expected, rtol=1e-5, atol=1e-4)


def test_bad_input_is_refused():
    policy = build_policy(NAME)
    with pytest.raises(InputError, match="no less than one frame of 400"):
        policy.features(clip_of(0.02))
    with pytest.raises(InputError, match="hears 300 s at most"):
        policy.features(np.zeros(16_000 * 301, dtype=np.float32))
    long = torch.arange(1025)[None]
    with pytest.raises(InputError, match="has 1025 tokens; beyond 1024 this model turns"):
        policy.decode(torch.zeros(1, 1025, 32), torch.ones(1, 1, 1025, 1025).bool().tril(), long)


def test_lora_leaves_ears_and_eyes_alone():
    policy = build_policy(NAME)
    add_lora(policy, rank=2, alpha=4)
    assert all(".model.layers." in name for name in trainable(policy))
    assert GREEDY["repetition_penalty"] == 1.0


def test_several_clips_in_one_prompt_are_refused():
    policy = build_policy(NAME)
    clips = [len(policy.encode(policy.features(clip_of(seconds)))) for seconds in (0.7, 2.4)]
    several = [{"role": "user", "content": [{"type": "audio", "audio": "a.wav"}] * 2}]
    with pytest.raises(InputError, match=r"holds 2 clips.*a prompt of its own"):
        policy.prompt_ids(several, clips)
