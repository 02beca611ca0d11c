"""Every family does what a policy must do, on its real class and processor."""

import re
import sys

import numpy as np
import pytest
import torch

from earmark.errors import InputError
from earmark.policies import policy as policy_module
from earmark.policies.lora.adapt import add_lora, disable_dropout, freeze_hearing
from earmark.policies.lora.merge import merge_lora
from earmark.policies.lora.put_on import put_on
from earmark.policies.plain_decoding import GREEDY
from earmark.policies.policy import SharedBatch
from earmark.policies.rows.shared_row import Answers, lay_out
from earmark.prompting.messages import ask
from earmark.train.preflight.extreme_rows import check_prompt_ids
from earmark.train.preflight.proofs import plain_logps
from family_models import BESIDE_ROWS, BUILD, HEARD_ALONE, IN_ROWS, build_policy
from padded import logps_in, pad_rows
from tiny_world import messages, noise, trainable

ANSWERS = [["我 想 去", "share the shop 我", "the"], ["a", "the library share the shop"]]
SECONDS = (0.7, 2.4)
FAMILY = pytest.mark.parametrize("name", BUILD)
IN_ROW = pytest.mark.parametrize("name", IN_ROWS)


def clips_of(seed=0):
    rng = np.random.default_rng(seed)
    return [noise(rng, duration_s) for duration_s in SECONDS]


def batch_of(policy, clips, answers=ANSWERS):
    rows, states = [], []
    for texts, clip in zip(answers, clips, strict=True):
        heard = policy.encode(policy.features(clip))
        prompt = policy.prompt_ids(messages(), [len(heard)])
        rows.append(Answers(prompt, [policy.answer_ids(messages(), text) for text in texts]))
        states.append(heard)
    return SharedBatch(lay_out(rows, policy.pad_id), states)


def plain(policy, clips, answers=ANSWERS):
    both = zip(answers, clips, strict=True)
    return torch.cat([plain_logps(policy, messages(), [clip], texts) for texts, clip in both])


def with_lora(policy, seed=1):
    """Add a LoRA that is no longer at its start, where it would do nothing."""
    add_lora(policy, rank=2, alpha=4)
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in trainable(policy).items():
        if "lora_B" in name:
            torch.nn.init.normal_(parameter, std=0.1, generator=generator)
    return policy


def gradients(policy, logps):
    """Return gradients of a sum that tells every candidate apart."""
    policy.model.zero_grad()
    (logps * torch.linspace(-1, 1, len(logps)).exp().to(logps.device)).sum().backward()
    return {n: p.grad.clone() for n, p in trainable(policy).items() if p.grad is not None}


def assert_same(found, expected):
    assert found.keys() == expected.keys()
    for name, gradient in expected.items():
        assert (found[name] - gradient).norm() <= 1e-5 * gradient.norm() + 1e-9, name


@FAMILY
@pytest.mark.parametrize("lora", [True, False], ids=["lora", "full"])
def test_shared_row_equals_the_plain_forward(name, lora):
    policy, clips = build_policy(name), clips_of()
    disable_dropout(policy.network)
    freeze_hearing(policy)
    if lora:
        with_lora(policy)
    expected = plain(policy, clips)
    expected_gradients = gradients(policy, expected)
    batch = batch_of(policy, clips)
    found = policy.model(shared=batch._replace(clips=[x.detach() for x in batch.audio]))
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-4)
    assert len(expected_gradients) > 3
    assert_same(gradients(policy, found), expected_gradients)


@FAMILY
def test_gradient_checkpointing_is_exact(name):
    policy = with_lora(build_policy(name))
    batch = batch_of(policy, clips_of())
    expected = gradients(policy, policy.model(shared=batch))
    policy.network.activation_checkpointing_enable({"use_reentrant": False})
    policy.model.train()
    disable_dropout(policy.network)
    assert_same(gradients(policy, policy.model(shared=batch)), expected)


@FAMILY
@torch.no_grad()
def test_a_leaking_mask_and_running_positions_are_seen(name, monkeypatch):
    policy, clips = build_policy(name), clips_of()
    batch = batch_of(policy, clips)
    found = policy.model(shared=batch)

    def leaking(segments):
        width = segments.shape[1]
        return torch.ones(width, width, dtype=torch.bool).tril().expand(len(segments), 1, -1, -1)

    with monkeypatch.context() as patch:
        module = sys.modules[type(policy).shared_token_logps.__module__]
        patch.setattr(module, "attention_mask", leaking)
        assert (policy.model(shared=batch) - found).abs().max() > 1e-3

    def running(prompt, rows):
        there = rows.positions if prompt is None else prompt
        return torch.arange(there.shape[-1]).expand_as(there)

    monkeypatch.setattr(policy_module, "continue_positions", running)
    if name in BESIDE_ROWS:  # which count as the rows do
        batch = batch._replace(rows=batch.rows._replace(positions=running(None, batch.rows)))
    assert (policy.model(shared=batch) - found).abs().max() > 1e-3


@FAMILY
@torch.no_grad()
def test_the_audio_is_heard(name):
    policy = build_policy(name)
    one, other = (noise(np.random.default_rng(seed), 1.0) for seed in (1, 2))
    heard, swapped = (policy.model(shared=batch_of(policy, [clip, one])) for clip in (one, other))
    first = len(ANSWERS[0])
    assert (heard - swapped)[:first].abs().max() > 1e-4
    torch.testing.assert_close(heard[first:], swapped[first:], rtol=1e-5, atol=1e-4)


@IN_ROW
@torch.no_grad()
def test_a_prompt_without_audio_shares_its_row_too(name):
    policy = build_policy(name)
    prompt = [{"role": "user", "content": [{"type": "text", "text": "share the shop"}]}]
    texts = ["我 想", "the library"]
    answers = [policy.answer_ids(prompt, text) for text in texts]
    rows = lay_out([Answers(policy.prompt_ids(prompt, []), answers)], policy.pad_id)
    found = policy.model(shared=SharedBatch(rows, []))
    expected = plain_logps(policy, prompt, [], texts)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("name", [name for name in IN_ROWS if name not in HEARD_ALONE])
@pytest.mark.parametrize("side", ["left", "right"])
@torch.no_grad()
def test_the_library_agrees_however_it_pads(name, side):
    policy, clips = build_policy(name), clips_of()
    first_of_each = [[texts[0]] for texts in ANSWERS]
    found = policy.model(shared=batch_of(policy, clips, first_of_each))
    rows = [
        (
            policy.plain_inputs(messages(), [clip])["input_ids"][0].tolist(),
            policy.answer_ids(messages(), text),
        )
        for clip, (text,) in zip(clips, first_of_each, strict=True)
    ]
    ids, mask, ends = pad_rows(rows, policy.pad_id, side)
    together = policy.process([policy.render(messages(), policy.prefill)] * 2, clips)
    inputs = {**together, "input_ids": ids, "attention_mask": mask}
    logits = policy.network(**inputs, use_cache=False).logits
    torch.testing.assert_close(logps_in(logits, rows, ends), found, rtol=1e-5, atol=1e-4)


@IN_ROW
def test_prompt_ids_are_the_processors(name):
    policy = build_policy(name)
    for clip in clips_of():
        check_prompt_ids(policy, messages(), [clip])
        check_prompt_ids(policy, ask(policy.facts, prefill="我"), [clip])


@IN_ROW
def test_an_answer_ends_with_an_end_token(name):
    policy = build_policy(name)
    ids = policy.answer_ids(messages(), "the shop")
    assert policy.tokenizer.decode(ids[:-1]) == "the shop"
    assert ids[-1] in policy.end_ids
    with pytest.raises(InputError, match="holds the audio token"):
        policy.answer_ids(messages(), f"the {policy.audio_token}")


@IN_ROW
@torch.no_grad()
def test_greedy_transcription_is_the_librarys(name):
    policy, clips = build_policy(name), clips_of()
    prompt = ask(policy.facts)
    written = policy.transcribe([prompt] * 2, clips, 6)
    for clip, text in zip(clips, written, strict=True):
        inputs = policy.process([policy.render(prompt)], [clip])
        # What the checkpoint does not name as an end, its tokenizer may.
        ends = sorted(policy.end_ids)
        ids = policy.network.generate(**inputs, **GREEDY, max_new_tokens=6, eos_token_id=ends)
        answer = ids[0, inputs["input_ids"].shape[1] :]
        assert text == policy.tokenizer.decode(answer, skip_special_tokens=True)
    assert any(written)


BROUGHT_ALONG = (
    {"do_sample": True, "temperature": 0.7, "num_beams": 3},
    {"repetition_penalty": 5.0, "no_repeat_ngram_size": 1},
    {"suppress_tokens": list(range(6, 40))},
    {"begin_suppress_tokens": list(range(6, 40))},
    {"encoder_repetition_penalty": 5.0},
    {"exponential_decay_length_penalty": (1, 9.0)},
    {"guidance_scale": 3.0},
    {"forced_eos_token_id": 5},
    {"min_new_tokens": 8},
    {"num_return_sequences": 2},
    {"return_dict_in_generate": True},
    {"prompt_lookup_num_tokens": 2},
)


@pytest.mark.parametrize("own", BROUGHT_ALONG, ids=lambda own: next(iter(own)))
def test_a_checkpoints_own_decoding_does_not_matter(own):
    policy, clips = build_policy("qwen2_audio"), clips_of()
    prompts = [ask(policy.facts)] * 2
    before = policy.transcribe(prompts, clips, 8)
    config = policy.network.generation_config
    for name, value in own.items():
        setattr(config, name, value)
    assert policy.transcribe(prompts, clips, 8) == before
    assert policy.network.generation_config is config


@IN_ROW
def test_text_may_stand_on_both_sides_of_a_clip(name):
    policy, (clip, *_) = build_policy(name), clips_of()
    audio = {"type": "audio", "audio": "clip.wav"}
    before, after = ({"type": "text", "text": said} for said in ("Listen:", "Write it down."))
    prompt = [{"role": "user", "content": [before, audio, after]}]
    check_prompt_ids(policy, prompt, [clip])
    if policy.facts.takes_instruction:
        told = policy.tokenizer.decode(policy.prompt_ids(prompt, [1]))
        assert told.index("Listen:") < told.index("Write it down.")


@FAMILY
@torch.no_grad()
def test_bfloat16_stays_within_rounding(name):
    policy, clips = build_policy(name), clips_of()
    policy.network.to(torch.bfloat16)
    batch = batch_of(policy, clips)
    difference = (policy.model(shared=batch) - plain(policy, clips)).abs()
    assert (difference / batch.rows.lengths).max() < 0.05


@FAMILY
def test_lora_touches_the_language_model_only_unless_asked(name):
    policy = build_policy(name)
    add_lora(policy, rank=2, alpha=4)
    hearing = {id(p) for part in policy.hearing for p in part.parameters()}
    assert trainable(policy)
    assert not any(id(p) in hearing for p in trainable(policy).values())
    asked = build_policy(name)
    within = {id(module) for part in asked.hearing for module in part.modules()}
    layers = [
        layer
        for layer, module in asked.network.named_modules()
        if isinstance(module, torch.nn.Linear) and id(module) in within
    ]
    add_lora(asked, rank=2, alpha=4, targets=re.escape(layers[0]))
    assert len(trainable(asked)) == 2
    assert all(layers[0] in parameter for parameter in trainable(asked))
    with pytest.raises(InputError, match="matches no layer"):
        add_lora(build_policy(name), rank=2, alpha=4, targets="nothing")


@FAMILY
@torch.no_grad()
def test_adapter_is_saved_loaded_and_merged(name, tmp_path):
    policy, clips = build_policy(name), clips_of()
    untouched = policy.model(shared=batch_of(policy, clips))
    with_lora(policy)
    adapted = policy.model(shared=batch_of(policy, clips))
    assert (adapted - untouched).abs().max() > 1e-3
    policy.model.save_pretrained(tmp_path)
    loaded = build_policy(name)
    loaded.model = put_on(loaded.network, tmp_path, base=str(loaded.network.name_or_path))
    torch.testing.assert_close(loaded.model(shared=batch_of(loaded, clips)), adapted)
    merge_lora(policy)
    merged = policy.model(shared=batch_of(policy, clips))
    torch.testing.assert_close(merged, adapted, rtol=1e-5, atol=1e-4)
    assert policy.model is policy.network
    torch.testing.assert_close(plain(policy, clips), adapted, rtol=1e-5, atol=1e-4)
    assert not any("lora" in key for key in policy.network.state_dict())


@torch.no_grad()
def test_experts_are_adapted_when_asked(tmp_path):
    policy, clips = build_policy("qwen3_omni_moe_thinker"), clips_of()
    untouched = policy.model(shared=batch_of(policy, clips))
    experts = r".*language_model\..*\.experts\.(gate_up|down)_proj"
    add_lora(policy, rank=2, alpha=4, targets=experts)
    assert all("experts" in name for name in trainable(policy))
    for parameter in trainable(policy).values():
        torch.nn.init.normal_(parameter, std=0.3, generator=torch.Generator().manual_seed(2))
    adapted = policy.model(shared=batch_of(policy, clips))
    assert (adapted - untouched).abs().max() > 1e-3
    torch.testing.assert_close(plain(policy, clips), adapted, rtol=1e-5, atol=1e-4)
    policy.model.save_pretrained(tmp_path)
    loaded = build_policy("qwen3_omni_moe_thinker")
    loaded.model = put_on(loaded.network, tmp_path, base="")
    torch.testing.assert_close(loaded.model(shared=batch_of(loaded, clips)), adapted)
    merge_lora(policy)
    merged = policy.model(shared=batch_of(policy, clips))
    torch.testing.assert_close(merged, adapted, rtol=1e-5, atol=1e-4)
