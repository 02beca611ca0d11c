"""What is refused before or while training: audio, steps, references, settings."""

import numpy as np
import pytest
import torch

from earmark.errors import InputError, KnobError
from earmark.formats.files.lines import write_jsonl
from earmark.objectives.contract.signature import contract
from earmark.objectives.dpo import dpo
from earmark.policies.families.qwen2_audio import Qwen2AudioPolicy
from earmark.records import Pair
from earmark.speech.audio import write_audio
from earmark.train.cache.checked_row import read_checked, with_checksum
from earmark.train.data.examples import EncodedPairs
from earmark.train.preflight.proofs import CheckError, check_audio_is_heard, compare, is_rounding
from earmark.train.run import train
from earmark.train.settings import TrainSettings
from tiny_world import messages, noise, settings, tiny_policy


def test_a_pair_without_audio_is_refused(world, pairs, tmp_path):
    text_only = [Pair("t", [{"role": "user", "content": "Write it down."}], "a", "b")]
    with pytest.raises(InputError, match="its prompt has no audio"):
        train(text_only, world, str(world / "model"), tmp_path / "run")
    missing = [Pair("m", messages("nowhere.wav"), "a", "b")]
    with pytest.raises(InputError, match=r"nowhere\.wav does not exist"):
        train(missing, world, str(world / "model"), tmp_path / "run")
    no_rejected = [Pair("n", pairs[0].prompt, "a", [])]
    with pytest.raises(InputError, match="no rejected answer"):
        train(no_rejected, world, str(world / "model"), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_tower_that_makes_other_tokens_than_the_processor(world, pairs, tmp_path, monkeypatch):
    whole = Qwen2AudioPolicy.encode
    monkeypatch.setattr(Qwen2AudioPolicy, "encode", lambda *given: whole(*given)[:-1])
    with pytest.raises(InputError, match=r"does not belong to this model: take all processor"):
        train(pairs, world, str(world / "model"), tmp_path / "run", settings=settings(world))
    assert not (tmp_path / "run").exists()


def test_audio_that_cannot_be_heard_is_refused_before_training(world, pairs, tmp_path):
    for name, seconds in (("long", 3.5), ("whole", 3.0)):
        write_audio(tmp_path / f"{name}.wav", noise(np.random.default_rng(0), seconds))
    (tmp_path / "text.wav").write_text("not sound")
    chosen, rejected = pairs[0].chosen, pairs[0].losers
    bad = {
        "long.wav": r"pair 'b': 3\.50 s of audio, but this model hears 3 s at most",
        "text.wav": r"text\.wav",
    }
    for path, said in bad.items():
        several = [*pairs, Pair("b", messages(str(tmp_path / path)), chosen, rejected)]
        with pytest.raises(InputError, match=said):
            train(several, world, str(world / "model"), tmp_path / "run", settings=settings(world))
    write_audio(tmp_path / "short.wav", noise(np.random.default_rng(0), 0.0005))
    short = [*pairs, Pair("b", messages(str(tmp_path / "short.wav")), chosen, rejected)]
    with pytest.raises(InputError, match=r"pair 'b': .*short\.wav: .*too short"):
        train(short, world, str(world / "model"), tmp_path / "run", settings=settings(world))
    outside = messages(str(tmp_path / "whole.wav"))
    outside[0]["content"][0] |= {"start_s": 2.0, "end_s": 9.0}
    with pytest.raises(InputError, match="does not lie in the clip"):
        train([*pairs, Pair("b", outside, chosen, rejected)], world, "tiny-base", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_deaf_model_is_refused(world, pairs):
    policy = tiny_policy()
    with torch.no_grad():
        for parameter in policy.parts.multi_modal_projector.parameters():
            parameter.zero_()
    encoded = EncodedPairs(pairs[:2], world, contract(dpo))
    with pytest.raises(CheckError, match="does not hear"):
        check_audio_is_heard(policy, encoded)
    check_audio_is_heard(tiny_policy(), encoded)


def test_audio_that_never_arrives_is_refused(world, pairs, tmp_path, monkeypatch):
    """A processor that drops the clip leaves a model that trains on text without a word."""
    plain = Qwen2AudioPolicy.plain_inputs

    def dropping(self, *args):
        return {"input_ids": plain(self, *args)["input_ids"]}

    monkeypatch.setattr(Qwen2AudioPolicy, "plain_inputs", dropping)
    with pytest.raises(CheckError, match="no clip reached the audio tower"):
        train(pairs, world, str(world / "model"), tmp_path / "run", settings=settings(world))


def test_a_wrong_step_stops_training(world, pairs, tmp_path, monkeypatch):
    def leaking(segments):
        width = segments.shape[1]
        return torch.ones(width, width, dtype=torch.bool).tril().expand(len(segments), 1, -1, -1)

    monkeypatch.setattr("earmark.policies.policy.attention_mask", leaking)
    with pytest.raises(CheckError, match="differs from the plain forward pass"):
        train(pairs, world, str(world / "model"), tmp_path / "run", settings=settings(world))
    assert not list((tmp_path / "run").glob("checkpoint-*"))


def test_a_nan_is_not_within_tolerance():
    nan, one = torch.tensor([float("nan")]), torch.ones(1)
    with pytest.raises(CheckError):
        compare(nan, one, one, torch.float32)


def test_rounding_is_told_from_a_wrong_step():
    """In bfloat16 a logit of 25 is rounded by up to 0.06, whatever the length of the answer."""
    short, long = torch.tensor([2.0]), torch.tensor([40.0])
    for length, found, dtype, fine in (
        (short, 0.3, torch.bfloat16, True),
        (short, 1.0, torch.bfloat16, False),
        (long, 2.0, torch.bfloat16, True),
        (long, 4.0, torch.bfloat16, False),
        (short, 1e-3, torch.float32, False),
    ):
        assert is_rounding(torch.tensor([found]), length, dtype) == fine


def test_a_stale_reference_is_refused(world, pairs, tmp_path):
    cache = tmp_path / "cache"
    knobs = settings(world, cache_dir=str(cache), max_steps=1, reference_logps="cached")
    train(pairs, world, str(world / "model"), tmp_path / "one", settings=knobs)
    (kept,) = (cache / "reference").glob("*/*.jsonl")
    rows = map(read_checked, kept.read_bytes().splitlines())
    changed = ({**row, "logps": [x - 5 for x in row["logps"]]} for row in rows)
    write_jsonl(kept, map(with_checksum, changed))
    with pytest.raises(CheckError, match="belongs to other weights: remove the reference"):
        train(pairs, world, str(world / "model"), tmp_path / "two", settings=knobs)


def test_settings_are_checked():
    with pytest.raises(KnobError, match="multiple of logging_steps"):
        TrainSettings(save_steps=15, logging_steps=10)
    with pytest.raises(KnobError, match="learning_rate should lie"):
        TrainSettings(learning_rate=0)
    with pytest.raises(KnobError, match="lora_rank should be at least 0"):
        TrainSettings(lora_rank=-1)
