"""The base model can be made again: a few steps lower both losses, the whole fits together."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from earmark.errors import InputError
from earmark.policies.load import load_policy
from earmark.tiny.checkpoint import save_tiny_base
from earmark.tiny.model import AUDIO
from earmark.tiny.optimize import Stage, learn, rate_at, shuffled
from earmark.tiny.train import TinyBase, prompt_ids, train_tiny_base


@pytest.fixture(scope="module")
def made() -> TinyBase:
    return train_tiny_base(
        seed=5,
        utterances=24,
        hearing=Stage("hearing", steps=20, clips=8, learning_rate=4e-3),
        writing=Stage("writing", steps=20, clips=8, learning_rate=4e-3),
        workers=1,
    )


def test_a_few_steps_lower_both_losses(made: TinyBase):
    for losses, steps in ((made.hearing_losses, 20), (made.writing_losses, 20)):
        assert len(losses) == steps
        assert np.isfinite(losses).all()
        assert np.mean(losses[-2:]) < 0.8 * np.mean(losses[:2])


def test_saved_folder_is_an_ordinary_model_in_half_precision(made: TinyBase, tmp_path: Path):
    save_tiny_base(made, tmp_path, seed=5, utterances=24)
    weights = load_file(tmp_path / "model.safetensors")
    assert {weight.dtype for weight in weights.values()} == {torch.float16}
    assert made.model.dtype == torch.float32, "saving must not change the model at hand"
    policy = load_policy(str(tmp_path))
    assert policy.network.dtype == torch.float32
    clip = np.random.default_rng(0).normal(0, 0.1, 20_000).astype(np.float32)
    parts = [{"type": "audio", "audio": "clip"}, {"type": "text", "text": "Transcribe the audio."}]
    (text,) = policy.transcribe([[{"role": "user", "content": parts}]], [clip], 4)
    assert isinstance(text, str)
    card = (tmp_path / "README.md").read_text("utf-8")
    assert "--seed 5" in card
    assert "fails on code-switching on purpose" in card
    assert json.loads((tmp_path / "generation_config.json").read_text())["do_sample"] is False


def test_a_folder_that_cannot_be_written_is_said(made: TinyBase, tmp_path: Path):
    taken = tmp_path / "file"
    taken.write_text("")
    with pytest.raises(InputError, match="cannot be saved"):
        save_tiny_base(made, taken, seed=5, utterances=24)


def test_prompt_has_one_place_for_audio(made: TinyBase):
    ids = prompt_ids(made.processor, "Transcribe the audio.")
    assert ids.count(made.processor.tokenizer.get_vocab()[AUDIO]) == 1
    assert made.processor.tokenizer.decode(ids).endswith("Transcribe the audio.<|answer|>")


def test_rate_rises_then_falls():
    stage = Stage("A", 200, 8, 1.0)
    rates = [rate_at(step, stage) for step in range(1, 201)]
    assert rates.index(max(rates)) == 49
    assert rates[0] < 0.05
    assert rates[-1] == pytest.approx(0.05)


def test_batches_cover_an_epoch_and_follow_the_seed():
    def draw(seed: int) -> list[list[int]]:
        batches = shuffled(range(12), 4, torch.Generator().manual_seed(seed))
        return [next(batches) for _ in range(6)]

    assert sorted(i for batch in draw(0)[:3] for i in batch) == list(range(12))
    assert draw(0) == draw(0)
    assert draw(0) != draw(1)
    assert draw(0)[:3] != draw(0)[3:]


def test_clips_of_like_length_travel_together():
    rng = np.random.default_rng(0)
    lengths = rng.integers(20, 150, 1000).tolist()
    batches = shuffled(lengths, 10, torch.Generator().manual_seed(0))
    spreads = [np.ptp([lengths[i] for i in next(batches)]) for _ in range(100)]
    assert np.mean(spreads) < 30
    assert len(set(spreads)) > 5


def test_learn_leaves_frozen_parameters_alone():
    free, frozen = torch.ones(3, requires_grad=True), torch.ones(3)
    stage = Stage("fit", 30, 2, 0.1)
    losses = learn(
        [free, frozen],
        stage,
        lambda batch, progress: (free * frozen).square().sum(),
        lengths=[1, 2, 3, 4],
        generator=torch.Generator().manual_seed(0),
    )
    assert losses[-1] < losses[0] / 2
    assert torch.equal(frozen, torch.ones(3))
