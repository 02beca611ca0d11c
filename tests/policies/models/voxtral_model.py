"""A tiny random Voxtral of the real class, its processor, and a tekken tokenizer made here."""

import base64
import json
from pathlib import Path
from tempfile import TemporaryDirectory

from transformers import VoxtralConfig, VoxtralForConditionalGeneration, VoxtralProcessor
from transformers.models.whisper import WhisperFeatureExtractor
from transformers.tokenization_mistral_common import MistralCommonBackend

MEL_BINS = 16
SPECIAL = 40
# The tokenizer is copied from its file whenever it is saved, so the file has to stay.
FOLDER = TemporaryDirectory()
NAMED = {
    **{0: "<unk>", 1: "<s>", 2: "</s>", 3: "[INST]", 4: "[/INST]", 5: "[AVAILABLE_TOOLS]"},
    **{6: "[/AVAILABLE_TOOLS]", 7: "[TOOL_RESULTS]", 8: "[/TOOL_RESULTS]", 9: "[TOOL_CALLS]"},
    **{10: "[IMG]", 11: "<pad>", 12: "[IMG_BREAK]", 13: "[IMG_END]", 14: "[PREFIX]"},
    **{15: "[MIDDLE]", 16: "[SUFFIX]", 17: "[SYSTEM_PROMPT]", 18: "[/SYSTEM_PROMPT]"},
    **{19: "[TOOL_CONTENT]", 24: "[AUDIO]", 25: "[BEGIN_AUDIO]", 34: "[TRANSCRIBE]"},
}
PATTERN = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
WORDS = (" the", " library", "share", "我", "想", "去")


def write_tekken(path: Path) -> int:
    """Write a tokenizer of single bytes and a few words; return its size."""
    pieces = [bytes([byte]) for byte in range(256)]
    for word in WORDS:
        spelt = word.encode()
        prefixes = [spelt[:end] for end in range(2, len(spelt) + 1)]
        pieces += [prefix for prefix in prefixes if prefix not in pieces]
    vocab = [
        {"rank": rank, "token_bytes": base64.b64encode(piece).decode(), "token_str": None}
        for rank, piece in enumerate(pieces)
    ]
    special = [
        {"rank": i, "token_str": NAMED.get(i, f"<SPECIAL_{i}>"), "is_control": True}
        for i in range(SPECIAL)
    ]
    config = {
        "pattern": PATTERN,
        "num_vocab_tokens": len(vocab),
        "default_vocab_size": len(vocab) + SPECIAL,
        "default_num_special_tokens": SPECIAL,
        "version": "v7",
    }
    audio = {
        "sampling_rate": 16_000,
        "frame_rate": 12.5,
        "audio_encoding_config": {"num_mel_bins": MEL_BINS, "hop_length": 160, "window_size": 400},
        "chunk_length_s": 30.0,
    }
    file = {"vocab": vocab, "special_tokens": special, "config": config, "audio": audio}
    path.write_text(json.dumps({**file, "version": 1, "type": "Tekken"}))
    return len(vocab) + SPECIAL


def build_voxtral() -> tuple[VoxtralForConditionalGeneration, VoxtralProcessor]:
    folder = Path(FOLDER.name)
    size = write_tekken(folder / "tekken.json")
    tokenizer = MistralCommonBackend(folder / "tekken.json")
    processor = VoxtralProcessor(WhisperFeatureExtractor(feature_size=MEL_BINS), tokenizer)
    audio = {
        "model_type": "voxtral_encoder",
        "vocab_size": size,
        "hidden_size": 32,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_mel_bins": MEL_BINS,
        "max_source_positions": 1500,
        "initializer_range": 0.1,
    }
    text = {
        "model_type": "llama",
        "vocab_size": size,
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": 16,
        "max_position_embeddings": 2048,
        "initializer_range": 0.1,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }
    config = VoxtralConfig(audio_config=audio, text_config=text, audio_token_id=24)
    network = VoxtralForConditionalGeneration(config)
    # Otherwise a random model writes little but control tokens, of which nothing is left to see.
    network.lm_head.weight.data[:SPECIAL] = 0
    return network, processor
