"""A tiny random Whisper of the real class, with a window of 8 s, and its processor."""

from typing import Any

from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import (
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperProcessor,
    WhisperTokenizer,
)

from local_tokenizer import TEXTS

END, START = "<|endoftext|>", "<|startoftranscript|>"
LANGUAGES = ["<|en|>", "<|zh|>", "<|yue|>"]
TASKS = ["<|translate|>", "<|transcribe|>", "<|startofprev|>", "<|notimestamps|>"]
TIMES = [f"<|{number / 50:.2f}|>" for number in range(51)]
WINDOW_S = 8


def build_whisper(**changed: Any) -> tuple[Any, Any]:
    """Return a network and a processor; `changed` are fields of the configuration."""
    tokenizer = whisper_tokenizer()
    number = tokenizer.convert_tokens_to_ids
    config = WhisperConfig(
        **{
            "vocab_size": len(tokenizer),
            "num_mel_bins": 16,
            "encoder_layers": 2,
            "decoder_layers": 2,
            "encoder_attention_heads": 2,
            "decoder_attention_heads": 2,
            "encoder_ffn_dim": 48,
            "decoder_ffn_dim": 48,
            "d_model": 32,
            "max_source_positions": 50 * WINDOW_S,
            "max_target_positions": 64,
            "init_std": 0.3,
            "pad_token_id": number(END),
            "bos_token_id": number(END),
            "eos_token_id": number(END),
            "decoder_start_token_id": number(START),
            "begin_suppress_tokens": None,
            **changed,
        }
    )
    network = WhisperForConditionalGeneration(config)
    network.generation_config.is_multilingual = True
    extractor = WhisperFeatureExtractor(feature_size=16, chunk_length=WINDOW_S)
    return network, WhisperProcessor(extractor, tokenizer)


def whisper_tokenizer() -> WhisperTokenizer:
    """Train a tokenizer, and give it the tokens of Whisper."""
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trained.train_from_iterator(
        TEXTS, trainers.BpeTrainer(initial_alphabet=alphabet, vocab_size=320, show_progress=False)
    )
    tokenizer = WhisperTokenizer(vocab=trained.get_vocab(), merges=[], pad_token=END)
    tokenizer.add_special_tokens({"extra_special_tokens": [START, *LANGUAGES, *TASKS]})
    tokenizer.add_tokens(TIMES)
    return tokenizer
