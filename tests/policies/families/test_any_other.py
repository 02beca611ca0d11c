"""Models that nothing is known of are trained by their key-value cache, own code included."""

import numpy as np
import pytest
import torch
import transformers.dynamic_module_utils

from earmark.errors import InputError
from earmark.export.merge import export
from earmark.objectives.contract.signature import contract
from earmark.objectives.dpo import dpo
from earmark.policies.checks.truncated_audio import check_end_is_heard
from earmark.policies.families.any_other import KeyValuePolicy
from earmark.policies.load import load_policy
from earmark.policies.lora.adapt import add_lora, freeze_hearing
from earmark.policies.plain_decoding import GREEDY
from earmark.policies.policy import SharedBatch, SharedRowPolicy
from earmark.policies.rows.shared_row import Answers, lay_out
from earmark.prompting.facts import Facts
from earmark.train.assemble import Plan, open_features
from earmark.train.data.examples import EncodedPairs
from earmark.train.distributed import Processes
from earmark.train.preflight.extreme_rows import check_prompt_ids
from earmark.train.preflight.proofs import plain_logps
from earmark.train.run import train
from earmark.train.settings import TrainSettings
from own_code_model import write_own_code_model
from padded import logps_in, pad_rows
from tiny_world import messages, noise, settings, trainable, write_pairs
from window_models import build_audio_flamingo, build_glm_asr

ANSWERS = [["我 想 去", "share the shop 我", "the"], ["a", "the library share the shop"]]
LONG = Facts(longest_clip_s=60.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return write_own_code_model(tmp_path_factory.mktemp("ears"))


@pytest.fixture(autouse=True)
def own_modules(tmp_path_factory, monkeypatch):
    """Keep the copy that transformers makes of a model's code out of the home folder."""
    cache = str(tmp_path_factory.getbasetemp() / "modules")
    monkeypatch.setattr(transformers.dynamic_module_utils, "HF_MODULES_CACHE", cache)


def clips_of(*durations):
    rng = np.random.default_rng(0)
    return [noise(rng, duration_s) for duration_s in durations or (0.7, 2.4)]


def batch_of(policy, clips):
    rows, states = [], []
    for texts, clip in zip(ANSWERS, clips, strict=True):
        heard = policy.encode(policy.features(clip))
        prompt = policy.prompt_ids(messages(), [len(heard)])
        rows.append(Answers(prompt, [policy.answer_ids(messages(), text) for text in texts]))
        states.append(heard)
    return SharedBatch(lay_out(rows, policy.pad_id), states)


def plain(policy, clips):
    both = zip(ANSWERS, clips, strict=True)
    return torch.cat([plain_logps(policy, messages(), [clip], texts) for texts, clip in both])


def gradients(policy, logps):
    policy.model.zero_grad()
    (logps * torch.linspace(-1, 1, len(logps)).exp()).sum().backward()
    return {n: p.grad.clone() for n, p in trainable(policy).items() if p.grad is not None}


def assert_equals_the_plain_forward(policy):
    clips = clips_of()
    for clip in clips:
        check_prompt_ids(policy, messages(), [clip])
    expected = plain(policy, clips)
    expected_gradients = gradients(policy, expected)
    found = policy.model(shared=batch_of(policy, clips))
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-4)
    found_gradients = gradients(policy, found)
    assert found_gradients.keys() == expected_gradients.keys()
    for name, gradient in expected_gradients.items():
        assert (found_gradients[name] - gradient).norm() <= 1e-5 * gradient.norm() + 1e-9, name


def test_own_code_is_refused_without_the_flag(folder):
    with pytest.raises(InputError, match=r"Python code of its own.*pass --trust-remote-code"):
        load_policy(str(folder))


@pytest.mark.parametrize("lora", [True, False], ids=["lora", "full"])
def test_own_code_is_trained_with_the_flag(folder, lora):
    policy = load_policy(str(folder), trust_remote_code=True)
    assert type(policy) is KeyValuePolicy
    assert type(policy.network).__module__.startswith("transformers_modules")
    freeze_hearing(policy)
    if lora:
        add_lora(policy, rank=2, alpha=4)
        assert not any("speech" in name for name in trainable(policy))
    assert_equals_the_plain_forward(policy)


@torch.no_grad()
def test_own_code_hears_and_writes(folder):
    policy = load_policy(str(folder), trust_remote_code=True)
    assert policy.tower is policy.network.speech
    assert policy.longest_clip_s == 3
    one, other = clips_of(1.0, 1.0)
    heard, swapped = (policy.model(shared=batch_of(policy, [clip, one])) for clip in (one, other))
    assert (heard - swapped)[:3].abs().max() > 1e-4
    torch.testing.assert_close(heard[3:], swapped[3:])

    written = policy.transcribe([messages()], [one], 5)[0]
    inputs = policy.plain_inputs(messages(), [one])
    ids = policy.network.generate(**inputs, **GREEDY, max_new_tokens=5)
    answer = ids[0, inputs["input_ids"].shape[1] :]
    assert written == policy.tokenizer.decode(answer, skip_special_tokens=True)


@pytest.mark.parametrize("build", [build_audio_flamingo, build_glm_asr])
def test_a_class_with_a_route_of_its_own_agrees_with_the_fallback(build):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network, processor = build()
    assert_equals_the_plain_forward(KeyValuePolicy(network.eval(), processor, LONG))


@torch.no_grad()
def test_own_code_that_writes_the_answer_alone(folder, monkeypatch):
    policy = load_policy(str(folder), trust_remote_code=True)
    (clip,) = clips_of(1.0)
    expected = policy.transcribe([messages()], [clip], 5)
    whole = type(policy.network).generate

    def short(self, *, input_ids, **options):
        return whole(self, input_ids=input_ids, **options)[:, input_ids.shape[1] :]

    monkeypatch.setattr(type(policy.network), "generate", short)
    assert policy.transcribe([messages()], [clip], 5) == expected != [""]


def test_clips_are_not_copied_into_a_cache(folder, tmp_path):
    """Nothing that the tower made of a clip is seen here, so keeping anything saves no time."""
    policy = load_policy(str(folder), trust_remote_code=True)
    settings = TrainSettings(cache_dir=str(tmp_path), cache_features=True)
    run = Plan(1, None, settings, Processes())
    assert open_features(policy, EncodedPairs([], tmp_path, contract(dpo)), run, 1) is None


def test_gradient_checkpointing_is_refused():
    network, processor = build_audio_flamingo()
    policy = KeyValuePolicy(network, processor, LONG)
    batch = batch_of(policy, clips_of())
    network.activation_checkpointing_enable({"use_reentrant": False})
    with pytest.raises(InputError, match="Set gradient_checkpointing to false"):
        policy.model(shared=batch)


def test_a_clip_is_kept_as_it_is():
    policy = KeyValuePolicy(*build_audio_flamingo(), LONG)
    (clip,) = clips_of(0.731)
    states = policy.encode(policy.features(clip))
    assert len(states) == int(policy.features(clip)["placeholders"])
    kept = policy._clips_of([policy.audio_id] * len(states), [states])
    assert len(kept) == 1
    assert np.array_equal(kept[0], clip)
    with pytest.raises(InputError, match="placeholders are left over"):
        policy._clips_of([policy.audio_id] * (len(states) + 1), [states])


def test_lora_stays_away_from_what_hears():
    policy = KeyValuePolicy(*build_glm_asr())
    add_lora(policy, rank=2, alpha=4)
    hearing = {id(p) for part in policy.frozen_by_default for p in part.parameters()}
    assert trainable(policy)
    assert not any(id(p) in hearing for p in trainable(policy).values())


def test_states_stay_inside_of_the_class():
    policy = KeyValuePolicy(*build_glm_asr())
    assert not isinstance(policy, SharedRowPolicy)
    assert not {"prompt_embeds", "decode", "head"} & {*dir(policy)}


def test_a_processor_of_its_own_that_cuts_is_found(folder, monkeypatch):
    """What this policy keeps of a clip is the clip, which tells nothing of what is heard of it."""
    policy = load_policy(str(folder), trust_remote_code=True)
    short, long = clips_of(1.4, 1.9)
    check_end_is_heard(policy, long)
    extractor = type(policy.extractor)
    whole = extractor.__call__
    monkeypatch.setattr(
        extractor, "__call__", lambda self, audio, **o: whole(self, [audio[0][:24_000]], **o)
    )
    check_end_is_heard(policy, short)
    with pytest.raises(InputError, match="cuts audio"):
        check_end_is_heard(policy, long)


def test_own_code_is_trained_loaded_and_exported_by_command(folder, tmp_path):
    """What MERaLiON-2's preset does, with a model of its own code."""
    pairs = write_pairs(tmp_path, 4)
    knobs = settings(tmp_path, max_steps=2, trust_remote_code=True)
    with pytest.raises(InputError, match="pass --trust-remote-code"):
        train(pairs, tmp_path, str(folder), tmp_path / "refused", settings=settings(tmp_path))
    run = train(pairs, tmp_path, str(folder), tmp_path / "run", settings=knobs)

    clips = clips_of()
    base = load_policy(str(folder), trust_remote_code=True)
    adapted = load_policy(str(folder), str(run), trust_remote_code=True)
    export(run, tmp_path / "whole", dtype="float32", trust_remote_code=True)
    whole = load_policy(str(tmp_path / "whole"), trust_remote_code=True)
    with torch.no_grad():
        before, after, merged = (plain(each, clips) for each in (base, adapted, whole))
    assert (before - after).abs().max() > 1e-3, "it was trained"
    torch.testing.assert_close(merged, after, rtol=1e-5, atol=1e-4)
    assert whole.transcribe([messages()], clips[:1], 5) == adapted.transcribe(
        [messages()], clips[:1], 5
    )


@torch.no_grad()
@pytest.mark.parametrize("side", ["left", "right"])
def test_own_code_agrees_however_it_pads(folder, side):
    policy = load_policy(str(folder), trust_remote_code=True)
    clips = clips_of(1.0, 1.0)
    found = policy.model(shared=batch_of(policy, clips))
    made = policy.process([policy.render(messages())] * 2, clips)
    rows = [
        (prompt, policy.answer_ids(messages(), texts[0]))
        for prompt, texts in zip(made["input_ids"].tolist(), ANSWERS, strict=True)
    ]
    ids, mask, ends = pad_rows(rows, policy.pad_id, side)
    logits = policy.network(**{**made, "input_ids": ids, "attention_mask": mask}).logits
    first_of_each = found[[0, len(ANSWERS[0])]]
    torch.testing.assert_close(logps_in(logits, rows, ends), first_of_each, rtol=1e-5, atol=1e-4)
