"""Write a folder with a tiny random Whisper, the class that transformers' own server hears with."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import (
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperProcessor,
    WhisperTokenizer,
)

TEXTS = ["we should share the 会 议 at the shop", "我 今 天 想 去 那 个 大 的 library"]
END, START = "<|endoftext|>", "<|startoftranscript|>"


def write_whisper(folder: Path, longest: int = 12) -> Path:
    """Write model and processor; answers have `longest` tokens at most."""
    tokenizer = _tokenizer()
    end, start = tokenizer.convert_tokens_to_ids([END, START])
    config = WhisperConfig(
        vocab_size=len(tokenizer),
        num_mel_bins=80,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=32,
        decoder_ffn_dim=32,
        d_model=16,
        init_std=1.0,
        pad_token_id=end,
        bos_token_id=end,
        eos_token_id=end,
        decoder_start_token_id=start,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = WhisperForConditionalGeneration(config)
    model.generation_config.max_length = longest
    model.save_pretrained(folder)
    WhisperProcessor(WhisperFeatureExtractor(), tokenizer).save_pretrained(folder)
    return folder


def _tokenizer() -> WhisperTokenizer:
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trained.train_from_iterator(
        TEXTS, trainers.BpeTrainer(initial_alphabet=alphabet, vocab_size=320, show_progress=False)
    )
    tokenizer = WhisperTokenizer(vocab=trained.get_vocab(), merges=[])
    tokenizer.add_special_tokens({"extra_special_tokens": [START]})
    return tokenizer
