"""The random Whisper that steps are timed on: the real class in the size of Whisper base."""

from dataclasses import dataclass

import torch
from tokenizers import pre_tokenizers
from transformers import (
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperProcessor,
    WhisperTokenizer,
)

from earmark.policies.families.whisper import WhisperPolicy
from earmark.policies.lora.adapt import disable_dropout, freeze_hearing
from earmark.prompting.families import FACTS
from training_steps.shapes import WORDS

END, START = "<|endoftext|>", "<|startoftranscript|>"
OTHERS = ["<|en|>", "<|zh|>", "<|transcribe|>", "<|startofprev|>", "<|notimestamps|>"]


@dataclass(frozen=True)
class WhisperShape:
    """Layers of each half, width, feed-forward width, heads, words, and the window in seconds."""

    layers: int
    width: int
    mlp: int
    heads: int
    vocabulary: int
    window_s: int = 30


WHISPER_SHAPES = {
    "whisper-base": WhisperShape(6, 512, 2048, 8, 51_865),
    "whisper-tiny-test": WhisperShape(2, 32, 64, 2, 1_000, window_s=8),
}


def build_policy(shape: WhisperShape, silence_s: float) -> WhisperPolicy:
    """Build the random model as `earmark train` loads and freezes it, prompted in Mandarin."""
    processor = build_processor(shape)
    number = processor.tokenizer.convert_tokens_to_ids
    torch.manual_seed(0)
    network = WhisperForConditionalGeneration(
        WhisperConfig(
            vocab_size=shape.vocabulary,
            encoder_layers=shape.layers,
            decoder_layers=shape.layers,
            d_model=shape.width,
            encoder_ffn_dim=shape.mlp,
            decoder_ffn_dim=shape.mlp,
            encoder_attention_heads=shape.heads,
            decoder_attention_heads=shape.heads,
            max_source_positions=50 * shape.window_s,
            pad_token_id=number(END),
            bos_token_id=number(END),
            eos_token_id=number(END),
            decoder_start_token_id=number(START),
            begin_suppress_tokens=None,
        )
    )
    network.generation_config.is_multilingual = True
    network.eval().set_attn_implementation("sdpa")
    policy = WhisperPolicy(network, processor, FACTS["whisper"])
    policy.prefill = policy.opening("zh")
    policy.hear_silence(silence_s)
    disable_dropout(network)
    freeze_hearing(policy)
    return policy


def build_processor(shape: WhisperShape) -> WhisperProcessor:
    """Make the processor; each of WORDS is one token."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    pieces = [END, *letters]
    tokenizer = WhisperTokenizer(vocab={p: i for i, p in enumerate(pieces)}, merges=[])
    tokenizer.add_special_tokens({"pad_token": END, "extra_special_tokens": [START, *OTHERS]})
    tokenizer.add_tokens(WORDS)
    extractor = WhisperFeatureExtractor(feature_size=80, chunk_length=shape.window_s)
    return WhisperProcessor(extractor, tokenizer)
