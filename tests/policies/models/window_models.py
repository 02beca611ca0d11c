"""Tiny random models that hear in windows: Audio Flamingo 3, Music Flamingo, GLM-ASR.

Their windows are 2 s here, so that a short clip fills several.
"""

from typing import Any

from transformers import (
    AudioFlamingo3Config,
    AudioFlamingo3ForConditionalGeneration,
    AudioFlamingo3Processor,
    GlmAsrConfig,
    GlmAsrForConditionalGeneration,
    GlmAsrProcessor,
    WhisperFeatureExtractor,
)

from local_tokenizer import local_tokenizer

WINDOW_S = 2
MEL_BINS = 16
TEXT: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "max_position_embeddings": 2048,
    "initializer_range": 0.1,
}
AUDIO: dict[str, Any] = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_mel_bins": MEL_BINS,
    "initializer_range": 0.1,
}

CHATML = (
    "{%- for m in messages -%}<|im_start|>{{ m['role'] }}\n"
    "{%- if m['content'] is string -%}{{ m['content'] }}{%- else -%}"
    "{%- for p in m['content'] -%}"
    "{%- if p['type'] == 'audio' -%}<sound>{%- else -%}{{ p['text'] }}{%- endif -%}"
    "{%- endfor -%}{%- endif -%}<|im_end|>\n{%- endfor -%}"
    "{%- if add_generation_prompt -%}<|im_start|>assistant\n{%- endif -%}"
)
GLM = (
    "{%- for m in messages -%}<|{{ m['role'] }}|>\n"
    "{%- if m['content'] is string -%}{{ m['content'] }}{%- else -%}"
    "{%- for p in m['content'] -%}{%- if p['type'] == 'audio' -%}"
    "<|begin_of_audio|><|pad|><|end_of_audio|>{%- else -%}{{ p['text'] }}{%- endif -%}"
    "{%- endfor -%}{%- endif -%}"
    "{%- if m['role'] == 'assistant' -%}<|endoftext|>{%- endif -%}{%- endfor -%}"
    "{%- if add_generation_prompt -%}<|assistant|>\n{%- endif -%}"
)


def extractor() -> WhisperFeatureExtractor:
    return WhisperFeatureExtractor(feature_size=MEL_BINS, chunk_length=WINDOW_S)


def build_audio_flamingo() -> tuple[Any, Any]:
    tokenizer = local_tokenizer(
        ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<sound>"],
        pad_token="<|endoftext|>",
        eos_token="<|im_end|>",
    )
    processor = AudioFlamingo3Processor(extractor(), tokenizer, chat_template=CHATML)
    audio = {"intermediate_size": 64, "max_source_positions": 50 * WINDOW_S, **AUDIO}
    config = AudioFlamingo3Config(
        audio_config={"model_type": "audioflamingo3_encoder", **audio},
        text_config={"model_type": "qwen2", "vocab_size": len(tokenizer), **TEXT},
        audio_token_id=tokenizer.convert_tokens_to_ids("<sound>"),
    )
    return AudioFlamingo3ForConditionalGeneration(config), processor


def build_glm_asr() -> tuple[Any, Any]:
    turns = ["<|endoftext|>", "<|user|>", "<|assistant|>", "<|system|>"]
    tokenizer = local_tokenizer(
        [*turns, "<|begin_of_audio|>", "<|end_of_audio|>", "<|pad|>"],
        pad_token="<|endoftext|>",
        eos_token="<|endoftext|>",
    )
    processor = GlmAsrProcessor(extractor(), tokenizer, chat_template=GLM)
    audio = {"intermediate_size": 128, "max_position_embeddings": 50 * WINDOW_S, **AUDIO}
    ends = [tokenizer.eos_token_id, tokenizer.convert_tokens_to_ids("<|user|>")]
    config = GlmAsrConfig(
        audio_config={"model_type": "glmasr_encoder", **audio},
        text_config={
            "model_type": "llama",
            "vocab_size": len(tokenizer),
            "eos_token_id": ends,
            **TEXT,
        },
        audio_token_id=tokenizer.convert_tokens_to_ids("<|pad|>"),
    )
    return GlmAsrForConditionalGeneration(config), processor
