"""The shipped checkpoint is there, loads, and is what its card says: right on one language."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from earmark.evaluate.score import score
from earmark.policies.load import load_policy, model_path
from earmark.policies.policy import Policy
from earmark.recipes.tiny_base import (
    TEST_SETS,
    Measured,
    failure_shares,
    figures,
    make_tiny_base,
    targets,
)
from earmark.records import Hypothesis, Utterance
from earmark.voices.corpus import make_corpus, read_corpus

MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def shipped() -> Policy:
    return load_policy("tiny-base", device="cpu")


def test_shipped_folder_is_small_and_in_half_precision():
    folder = Path(model_path("tiny-base"))
    weights = load_file(folder / "model.safetensors")
    assert {weight.dtype for weight in weights.values()} == {torch.float16}
    assert sum(path.stat().st_size for path in folder.iterdir()) < 7 * MEGABYTE
    assert "earmark tiny-base" in (folder / "README.md").read_text("utf-8")
    assert 2e6 < sum(weight.numel() for weight in weights.values()) < 3e6


@pytest.mark.parametrize("language", ["en", "zh"])
def test_shipped_model_transcribes_new_sentences_of_one_language(shipped, language, tmp_path):
    spoken = make_corpus(
        tmp_path, count=60, language_mix={language: 1}, split="test", seed=99, workers=1
    )
    assert rate(shipped, tmp_path) <= 0.05
    assert len({row.rendering.text for row in spoken}) == 60


def test_shipped_model_fails_on_two_languages(shipped, tmp_path):
    make_corpus(tmp_path, count=24, language_mix={"mixed": 1}, split="test", seed=99, workers=1)
    assert rate(shipped, tmp_path) >= 0.2


def rate(policy: Policy, folder: Path) -> float:
    rows = list(read_corpus(folder))
    parts = [{"type": "audio", "audio": "clip"}, {"type": "text", "text": "Transcribe the audio."}]
    messages = [{"role": "user", "content": parts}]
    written = policy.transcribe([messages] * len(rows), [clip for _, clip in rows], 40)
    hyps = [Hypothesis(row.id, text) for (row, _), text in zip(rows, written, strict=True)]
    found = score([row for row, _ in rows], hyps, over="utterance").to_dict()["mixed_error_rate"]
    assert found is not None
    return found


def test_a_miniature_run_writes_a_measured_model(tmp_path, monkeypatch):
    few = {name: (language, voices, 2) for name, (language, voices, _) in TEST_SETS.items()}
    monkeypatch.setattr("earmark.recipes.tiny_base.TEST_SETS", few)
    measured = make_tiny_base(
        tmp_path, seed=2, utterances=16, hearing_steps=2, writing_steps=2, workers=1
    )
    assert measured.keys() == TEST_SETS.keys()
    card = (tmp_path / "README.md").read_text("utf-8")
    assert figures(measured) in card
    assert not targets(measured)["english at most 2 %"]


def made_up(failure_modes: dict[str, int], rate: float) -> Measured:
    modes = {name: {"utterances": n, "rate": n / 10} for name, n in failure_modes.items()}
    utterances = [Utterance(str(i), "a") for i in range(10)]
    return Measured(utterances, [], {"mixed_error_rate": rate, "failure_modes": modes})


def test_targets_and_shares_by_hand():
    modes = {"ok": 1, "error": 4, "omission": 3, "translation": 1, "hallucination": 1}
    measured = {
        "english": made_up(modes, 0.02),
        "mandarin": made_up(modes, 0.021),
        "code-switched": made_up(modes, 0.25),
    }
    assert failure_shares(measured["code-switched"].score) == pytest.approx(
        {"omission": 0.6, "translation": 0.2, "hallucination": 0.2}
    )
    assert [name for name, reached in targets(measured).items() if not reached] == [
        "mandarin at most 2 %"
    ]
    assert "| english | 10 | 2.0 | 10.0 | 40.0 | 30.0 | 10.0 | 10.0 |" in figures(measured)
