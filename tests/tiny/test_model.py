"""The tiny model is an ordinary Qwen2-Audio checkpoint: processor, template, shapes, round trip."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoProcessor, Qwen2AudioForConditionalGeneration

from earmark.tiny.model import ANSWER, AUDIO, END, MEL_FRAMES, build_tiny, sinusoids

TEXTS = ["Transcribe the audio.", "请转写这段语音。", "今天我可以去 library", "we share the 会议"]


@pytest.fixture(scope="module")
def tiny():
    return build_tiny(TEXTS, seed=1)


def noise(seconds: float) -> np.ndarray:
    return np.random.default_rng(0).normal(size=int(16000 * seconds)).astype(np.float32)


def messages(prompt: str) -> list[dict]:
    parts = [{"type": "text", "text": prompt}, {"type": "audio", "audio": "clip.wav"}]
    return [{"role": "user", "content": parts}]


def test_every_word_and_han_character_is_one_token(tiny):
    tokenizer = tiny[1].tokenizer
    assert len(tokenizer.tokenize("今天我可以去 library")) == 7
    assert len(tokenizer.tokenize("library去")) == 2
    assert len(tokenizer.tokenize("zebra")) > 1


@pytest.mark.parametrize("text", [*TEXTS, "library 去 , ok", "Zebra 🙂 𠮷", "  two  blanks "])
def test_tokens_decode_to_the_same_text(tiny, text):
    tokenizer = tiny[1].tokenizer
    assert tokenizer.decode(tokenizer(text).input_ids) == text


def test_template_puts_audio_first_and_ends_the_answer(tiny):
    processor = tiny[1]
    asked = processor.apply_chat_template(
        messages(TEXTS[0]), add_generation_prompt=True, tokenize=False
    )
    answered = processor.apply_chat_template(
        [*messages(TEXTS[0]), {"role": "assistant", "content": TEXTS[2]}], tokenize=False
    )
    assert asked == f"<|audio_bos|>{AUDIO}<|audio_eos|>{TEXTS[0]}{ANSWER}"
    assert answered == asked + TEXTS[2] + END


@pytest.mark.parametrize(("seconds", "tokens"), [(3, 37), (2, 25), (0.5, 6)])
def test_clip_becomes_one_token_each_80_ms(tiny, seconds, tokens):
    model, processor = tiny
    text = processor.apply_chat_template(
        messages(TEXTS[1]), add_generation_prompt=True, tokenize=False
    )
    batch = processor(text=[text], audio=[noise(seconds)], sampling_rate=16000, return_tensors="pt")
    assert batch["input_features"].shape == (1, 64, MEL_FRAMES)
    assert (batch["input_ids"] == model.config.audio_token_index).sum() == tokens
    assert model(**batch).logits.shape[1] == batch["input_ids"].shape[1]


def test_saved_directory_loads_as_any_checkpoint(tiny, tmp_path: Path):
    model, processor = tiny
    model.save_pretrained(tmp_path)
    processor.save_pretrained(tmp_path)
    again = Qwen2AudioForConditionalGeneration.from_pretrained(tmp_path)
    processor_again = AutoProcessor.from_pretrained(tmp_path)
    text = processor_again.apply_chat_template(
        messages(TEXTS[0]), add_generation_prompt=True, tokenize=False
    )
    batch = processor_again(text=[text], audio=[noise(2)], sampling_rate=16000, return_tensors="pt")
    with torch.no_grad():
        assert torch.equal(model(**batch).logits, again(**batch).logits)
    assert again.generation_config.do_sample is False
    assert again.generation_config.eos_token_id == processor_again.tokenizer.eos_token_id
    assert again.generation_config.pad_token_id != again.generation_config.eos_token_id


def test_seed_decides_the_weights_and_leaves_the_global_one_alone(tiny):
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    again, _ = build_tiny(TEXTS, seed=1)
    assert torch.equal(torch.rand(3), expected)
    other, _ = build_tiny(TEXTS, seed=2)
    head = tiny[0].lm_head.weight
    assert torch.equal(head, again.lm_head.weight)
    assert not torch.equal(head, other.lm_head.weight)


def test_positions_are_filled_by_hand_and_frozen(tiny):
    positions = tiny[0].model.audio_tower.embed_positions.weight
    torch.testing.assert_close(positions.data, 0.3 * sinusoids(*positions.shape))
    assert not positions.requires_grad
