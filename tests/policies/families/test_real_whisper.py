"""Whisper base itself, where its folder is: EARMARK_WHISPER=FOLDER, see benchmarks/real_parts."""

import os
from functools import cache
from pathlib import Path
from random import Random

import pytest
import torch

from earmark.policies.load import load_policy
from earmark.policies.policy import SharedBatch
from earmark.policies.rows.shared_row import Answers, lay_out
from earmark.prompting.messages import ask
from earmark.train.preflight.proofs import plain_logps
from earmark.voices.engine import Source
from earmark.voices.engines.espeak import EspeakEngine

FOLDER = os.environ.get("EARMARK_WHISPER", "")
pytestmark = pytest.mark.skipif(
    not Path(FOLDER or "none").is_dir(),
    reason="EARMARK_WHISPER names no folder of Whisper base; `python -m "
    "benchmarks.real_parts.whisper_base --out FOLDER` makes one",
)
SAID = "Good morning. The weather is very nice today."


@cache
def policy():
    return load_policy(FOLDER, device="cpu", dtype="float32")


@cache
def clip():
    return EspeakEngine(Source()).speak(SAID, "plain", Random(0), speed=0.8)


def prompt(language):
    return ask(policy().facts, prefill=policy().opening(language))


def test_it_transcribes_and_finds_the_language():
    named, found = policy().answers([prompt("en"), prompt("auto")], [clip()] * 2, [40, 40])
    assert named.text.startswith(" Good morning")  # espeak's weather is hard to make out
    assert named.text.endswith("today.")
    assert found.text == f"<|en|><|transcribe|><|notimestamps|>{named.text}"
    assert not named.cut


@torch.no_grad()
def test_the_shared_row_is_its_plain_forward_pass():
    texts = ["The weather is nice", "今天 weather 很 nice", "Good morning"]
    expected = plain_logps(policy(), prompt("en"), [clip()], texts)
    states = policy().encode(policy().features(clip()))
    answers = [policy().answer_ids(prompt("en"), text) for text in texts]
    rows = lay_out([Answers(policy().prompt_ids(prompt("en"), [1]), answers)], policy().pad_id)
    found = policy().model(shared=SharedBatch(rows, [states]))
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-3)


@torch.no_grad()
def test_a_short_window_moves_it_by_no_more_than_padding_does():
    """Within 0.2 nat per token; other silence at the end of a short window moves it alike."""
    tokens, found = len(policy().answer_ids(prompt("en"), SAID)), {}
    for silence_s in (2.0, 4.0, 8.0, 30.0):
        policy().hear_silence(silence_s)
        found[silence_s] = plain_logps(policy(), prompt("en"), [clip()], [SAID])[0] / tokens
    policy().hear_silence(4.0)
    assert abs(found[4.0] - found[30.0]) < 0.2
    assert abs(found[8.0] - found[30.0]) < abs(found[2.0] - found[30.0]) + 0.05
    assert found[4.0] != found[30.0]
