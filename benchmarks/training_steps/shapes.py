"""The random models that steps are timed on: the real Qwen2-Audio class at several sizes.

As in the real checkpoint, the processor pads every clip to the tower's full length (30 s, 1500
positions), except in `tiny`, which is for tests.
"""

from dataclasses import dataclass

import torch
from transformers import (
    Qwen2AudioConfig,
    Qwen2AudioEncoderConfig,
    Qwen2AudioForConditionalGeneration,
    Qwen2AudioProcessor,
    Qwen2Config,
    WhisperFeatureExtractor,
)

from earmark.tiny.model import AUDIO, CHAT_TEMPLATE, train_tokenizer

SYLLABLES = [c + v for c in "bdfgklmnprst" for v in "aeiou"]
# Letters alone: the tokenizer splits digits off, and each word must be one token.
WORDS = [first + second for first in SYLLABLES[:20] for second in SYLLABLES[:20]]
AUDIO_TOKENS_PER_S = 25


@dataclass(frozen=True)
class Shape:
    """Widths of the tower and of the language model; `text` is (layers, width, mlp, heads)."""

    name: str
    tower: tuple[int, int, int, int]
    text: tuple[int, int, int, int]
    vocabulary: int
    clip_s: int = 30
    mel_bins: int = 128
    note: str = ""


SHAPES = {
    shape.name: shape
    for shape in (
        Shape(
            "prototype",
            (4, 256, 1024, 4),
            (8, 512, 1408, 8),
            32_000,
            note="its head is 64 % of a token's trunk, against 10 % in the 7B model, so what a "
            "trainer saves on the head weighs too much here",
        ),
        Shape(
            "matched",
            (2, 256, 1024, 4),
            (12, 512, 1408, 8),
            7_800,
            note="head to trunk as in the 7B model",
        ),
        Shape("tiny", (1, 32, 64, 2), (2, 64, 128, 4), 2_000, clip_s=4, mel_bins=32),
        Shape("qwen2-audio-7b", (32, 1280, 5120, 20), (32, 4096, 11008, 32), 156_032),
    )
}


def longest_audio(shape: Shape) -> int:
    """Return how many audio tokens a clip has at most."""
    return shape.clip_s * AUDIO_TOKENS_PER_S


def build_processor(shape: Shape) -> Qwen2AudioProcessor:
    """Make the processor; each of WORDS is one token."""
    features = WhisperFeatureExtractor(feature_size=shape.mel_bins, chunk_length=shape.clip_s)
    return Qwen2AudioProcessor(
        feature_extractor=features,
        tokenizer=train_tokenizer([" ".join(WORDS)]),
        chat_template=CHAT_TEMPLATE,
    )


def config_of(shape: Shape, processor: Qwen2AudioProcessor) -> Qwen2AudioConfig:
    """Return the model's configuration."""
    audio, text = shape.tower, shape.text
    tokenizer = processor.tokenizer
    return Qwen2AudioConfig(
        audio_config=Qwen2AudioEncoderConfig(
            num_mel_bins=shape.mel_bins,
            encoder_layers=audio[0],
            d_model=audio[1],
            encoder_ffn_dim=audio[2],
            encoder_attention_heads=audio[3],
            max_source_positions=shape.clip_s * 50,
        ),
        text_config=Qwen2Config(
            vocab_size=shape.vocabulary,
            num_hidden_layers=text[0],
            hidden_size=text[1],
            intermediate_size=text[2],
            num_attention_heads=text[3],
            num_key_value_heads=text[3],
            tie_word_embeddings=False,
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
            bos_token_id=None,
        ),
        audio_token_index=tokenizer.convert_tokens_to_ids(AUDIO),
    )


def build_network(
    shape: Shape, processor: Qwen2AudioProcessor, device: str = "cpu"
) -> Qwen2AudioForConditionalGeneration:
    """Build the random model; bfloat16 on a GPU, float32 on a CPU."""
    torch.manual_seed(0)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32 if device == "cpu" else torch.bfloat16)
    try:
        with torch.device(device):
            network = Qwen2AudioForConditionalGeneration(config_of(shape, processor))
    finally:
        torch.set_default_dtype(before)
    network.set_attn_implementation("sdpa")
    return network.eval()
