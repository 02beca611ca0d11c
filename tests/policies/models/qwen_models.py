"""Tiny random models of the Qwen classes that hear: Qwen2-Audio, both Omni thinkers, Qwen3-ASR.

Real classes and real processors, nothing downloaded. Widths are tiny; what the classes decide
by themselves (chunks of 1 s and 2 s in the towers, mrope sections, experts) is theirs.
"""

from typing import Any

from transformers import (
    Qwen2_5OmniProcessor,
    Qwen2_5OmniThinkerConfig,
    Qwen2_5OmniThinkerForConditionalGeneration,
    Qwen2AudioConfig,
    Qwen2AudioForConditionalGeneration,
    Qwen2AudioProcessor,
    Qwen3ASRConfig,
    Qwen3ASRFeatureExtractor,
    Qwen3ASRForConditionalGeneration,
    Qwen3ASRProcessor,
    Qwen3OmniMoeProcessor,
    Qwen3OmniMoeThinkerConfig,
    Qwen3OmniMoeThinkerForConditionalGeneration,
    WhisperFeatureExtractor,
)

from local_tokenizer import local_tokenizer

MEL_BINS = 16
TEXT: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "max_position_embeddings": 512,
    "initializer_range": 0.1,
}
TOWER: dict[str, Any] = {
    "num_mel_bins": MEL_BINS,
    "d_model": 32,
    "encoder_layers": 2,
    "encoder_attention_heads": 2,
    "encoder_ffn_dim": 64,
    "initializer_range": 0.1,
}
ROTARY: dict[str, Any] = {"rope_theta": 10000.0, "mrope_section": [4, 2, 2]}
ENDS = {"pad_token": "<|endoftext|>", "eos_token": "<|im_end|>"}

TEMPLATE = (
    "{%- for m in messages -%}{{- '<|im_start|>' + m['role'] + '\n' -}}"
    "{%- if m['content'] is string -%}{{- m['content'] -}}{%- else -%}"
    "{%- for p in m['content'] -%}"
    "{%- if p['type'] == 'audio' -%}{{- 'BEGIN' + 'AUDIO' + 'STOP' -}}"
    "{%- else -%}{{- p['text'] -}}{%- endif -%}"
    "{%- endfor -%}{%- endif -%}{{- '<|im_end|>\n' -}}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\n' -}}{%- endif -%}"
)

# As that of Qwen3-ASR: context in the system turn, no place for the user's text.
ASR_TEMPLATE = (
    "{{- '<|im_start|>system\n' -}}"
    "{%- for m in messages if m['role'] == 'system' -%}{{- m['content'] -}}{%- endfor -%}"
    "{{- '<|im_end|>\n<|im_start|>user\n' -}}"
    "{%- for m in messages if m['content'] is not string -%}"
    "{%- for p in m['content'] if p['type'] == 'audio' -%}"
    "{{- '<|audio_start|><|audio_pad|><|audio_end|>' -}}"
    "{%- endfor -%}{%- endfor -%}{{- '<|im_end|>\n' -}}"
    "{%- for m in messages if m['role'] == 'assistant' -%}"
    "{{- '<|im_start|>assistant\n' + m['content'] + '<|im_end|>\n' -}}{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\n' -}}{%- endif -%}"
)


def build_qwen2_audio() -> tuple[Any, Any]:
    special = ["<|audio_bos|>", "<|AUDIO|>", "<|audio_eos|>"]
    tokenizer = local_tokenizer(["<|endoftext|>", "<|im_start|>", "<|im_end|>", *special], **ENDS)
    extractor = WhisperFeatureExtractor(feature_size=MEL_BINS, chunk_length=3)
    processor = Qwen2AudioProcessor(extractor, tokenizer, chat_template=template(*special))
    config = Qwen2AudioConfig(
        audio_config={**TOWER, "model_type": "qwen2_audio_encoder", "max_source_positions": 150},
        text_config={"model_type": "qwen2", **TEXT, "vocab_size": len(tokenizer), **ids(tokenizer)},
        audio_token_index=tokenizer.convert_tokens_to_ids("<|AUDIO|>"),
    )
    return Qwen2AudioForConditionalGeneration(config), processor


def build_qwen25_omni() -> tuple[Any, Any]:
    tokenizer, names = omni_tokenizer("<|audio_bos|>", "<|AUDIO|>", "<|audio_eos|>")
    extractor = WhisperFeatureExtractor(feature_size=MEL_BINS, chunk_length=6)
    processor = without_eyes(Qwen2_5OmniProcessor)(
        None, None, extractor, tokenizer, chat_template=names
    )
    config = Qwen2_5OmniThinkerConfig(
        audio_config={**TOWER, "output_dim": 32, "max_source_positions": 300},
        vision_config=sight(num_heads=2, fullatt_block_indexes=[0]),
        text_config={
            **TEXT,
            "vocab_size": len(tokenizer),
            "rope_parameters": {"rope_type": "default", **ROTARY},
            **ids(tokenizer),
        },
        **omni_ids(tokenizer, "audio_token_index", "image_token_index", "video_token_index"),
    )
    return Qwen2_5OmniThinkerForConditionalGeneration(config), processor


def build_qwen3_omni() -> tuple[Any, Any]:
    tokenizer, names = omni_tokenizer("<|audio_start|>", "<|audio_pad|>", "<|audio_end|>")
    extractor = WhisperFeatureExtractor(feature_size=MEL_BINS)
    processor = without_eyes(Qwen3OmniMoeProcessor)(
        None, None, extractor, tokenizer, chat_template=names
    )
    config = Qwen3OmniMoeThinkerConfig(
        audio_config={**TOWER, "output_dim": 32, "downsample_hidden_size": 8},
        vision_config=sight(num_heads=2, deepstack_visual_indexes=[0]),
        text_config={
            **TEXT,
            "vocab_size": len(tokenizer),
            "num_experts": 4,
            "num_experts_per_tok": 2,
            "moe_intermediate_size": 32,
            "rope_parameters": {"rope_type": "default", "mrope_interleaved": True, **ROTARY},
            **ids(tokenizer),
        },
        **omni_ids(tokenizer, "audio_token_id", "image_token_id", "video_token_id"),
    )
    return Qwen3OmniMoeThinkerForConditionalGeneration(config), processor


def build_qwen3_asr() -> tuple[Any, Any]:
    special = ["<|audio_start|>", "<|audio_pad|>", "<|audio_end|>", "<asr_text>"]
    tokenizer = local_tokenizer(
        ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *special],
        **ENDS,
        audio_token="<|audio_pad|>",
        audio_bos_token="<|audio_start|>",
        audio_eos_token="<|audio_end|>",
    )
    extractor = Qwen3ASRFeatureExtractor(feature_size=MEL_BINS)
    processor = Qwen3ASRProcessor(extractor, tokenizer, chat_template=ASR_TEMPLATE)
    config = Qwen3ASRConfig(
        audio_config={
            "model_type": "qwen3_asr_encoder",
            **TOWER,
            "output_dim": 32,
            "downsample_hidden_size": 8,
        },
        text_config={"model_type": "qwen3", **TEXT, "head_dim": 16, "vocab_size": len(tokenizer)},
        audio_token_id=tokenizer.convert_tokens_to_ids("<|audio_pad|>"),
        **ids(tokenizer),
    )
    return Qwen3ASRForConditionalGeneration(config), processor


def omni_tokenizer(begin: str, audio: str, stop: str) -> tuple[Any, str]:
    """Return a tokenizer with the tokens that an Omni processor asks for, and a template."""
    roles = {
        "audio_token": audio,
        "audio_bos_token": begin,
        "audio_eos_token": stop,
        "image_token": "<|image_pad|>",
        "video_token": "<|video_pad|>",
        "vision_bos_token": "<|vision_start|>",
        "vision_eos_token": "<|vision_end|>",
    }
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", *roles.values()]
    return local_tokenizer(special, **ENDS, **roles), template(begin, audio, stop)


def template(begin: str, audio: str, stop: str) -> str:
    return TEMPLATE.replace("BEGIN", begin).replace("AUDIO", audio).replace("STOP", stop)


def without_eyes(processor: Any) -> Any:
    """Return an Omni processor's class that takes nothing in the place of its eyes.

    The parts for pictures and films need torchvision, which nothing that hears needs.
    """
    name = "check_argument_for_proper_class"
    return type(processor.__name__, (processor,), {name: lambda *_: None})


def sight(**more: Any) -> dict[str, Any]:
    """Return a vision encoder that is never used, as small as the class allows."""
    return {"depth": 1, "hidden_size": 16, "intermediate_size": 16, "out_hidden_size": 32, **more}


def ids(tokenizer: Any) -> dict[str, int]:
    return {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id}


def omni_ids(tokenizer: Any, audio: str, image: str, video: str) -> dict[str, int]:
    return {
        audio: tokenizer.convert_tokens_to_ids(tokenizer.audio_token),
        image: tokenizer.convert_tokens_to_ids(tokenizer.image_token),
        video: tokenizer.convert_tokens_to_ids(tokenizer.video_token),
        "vision_start_token_id": tokenizer.convert_tokens_to_ids(tokenizer.vision_bos_token),
        "audio_start_token_id": tokenizer.convert_tokens_to_ids(tokenizer.audio_bos_token),
    }
