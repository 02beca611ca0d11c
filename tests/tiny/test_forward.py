"""Hearing and writing in steps equals one call of the class."""

import numpy as np
import pytest
import torch

from earmark.tiny.forward import hear, write
from earmark.tiny.model import AUDIO, build_tiny

PROMPT = f"<|audio_bos|>{AUDIO}<|audio_eos|>Write it down.<|answer|>"
ANSWERS = ["今天我可以去 library<|endoftext|>", "we share<|endoftext|>"]


@pytest.fixture(scope="module")
def tiny():
    return build_tiny([PROMPT, *ANSWERS], seed=3)


def in_steps(tiny, audio):
    model, processor = tiny
    mel = processor.feature_extractor(
        audio,
        sampling_rate=16000,
        return_tensors="pt",
        return_attention_mask=True,
        padding="max_length",
    )
    heard = hear(model, mel["input_features"], mel["attention_mask"].sum(-1))
    ids = processor.tokenizer
    return write(model, heard, [ids(PROMPT).input_ids] * 2, [ids(a).input_ids for a in ANSWERS])


def in_one_call(tiny, audio):
    model, processor = tiny
    answers = [processor.tokenizer(a).input_ids for a in ANSWERS]
    rows = []
    for clip, answer, text in zip(audio, answers, ANSWERS, strict=True):
        batch = processor(
            text=[PROMPT + text], audio=[clip], sampling_rate=16000, return_tensors="pt"
        )
        rows.append(model(**batch).logits[0, -len(answer) - 1 : -1])
    return torch.cat(rows)


@pytest.mark.parametrize("seconds", [(2.0, 2.0), (3.0, 1.1), (1.5, 0.4), (0.53, 0.55)])
def test_steps_equal_one_call(tiny, seconds):
    rng = np.random.default_rng(0)
    audio = [rng.normal(size=int(16000 * s)).astype(np.float32) for s in seconds]
    with torch.no_grad():
        written, expected = in_steps(tiny, audio), in_one_call(tiny, audio)
        other = in_steps(tiny, audio[::-1])
    torch.testing.assert_close(written.logits, expected, atol=1e-5, rtol=1e-5)
    assert tiny[1].tokenizer.decode(written.targets) == "".join(ANSWERS)
    assert (other.logits - expected).abs().max() > 1e-2
