"""A tiny random Phi-4-multimodal of the real class, and its processor.

The checkpoint's image processor needs torchvision; one of another class stands for it, since no
image is ever prepared.
"""

from typing import Any

from transformers import (
    Phi4MultimodalConfig,
    Phi4MultimodalFeatureExtractor,
    Phi4MultimodalForCausalLM,
    Phi4MultimodalProcessor,
)
from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

from local_tokenizer import local_tokenizer

MEL_BINS = 16
TEMPLATE = (
    "{%- for m in messages -%}<|{{ m['role'] }}|>"
    "{%- if m['content'] is string -%}{{ m['content'] }}{%- else -%}"
    "{%- for p in m['content'] -%}{%- if p['type'] == 'audio' -%}<|audio|>"
    "{%- else -%}{{ p['text'] }}{%- endif -%}{%- endfor -%}{%- endif -%}<|end|>{%- endfor -%}"
    "{%- if add_generation_prompt -%}<|assistant|>{%- endif -%}"
)


def build_phi4() -> tuple[Any, Any]:
    special = ["<|endoftext|>", "<|end|>", "<|user|>", "<|assistant|>", "<|system|>"]
    tokenizer = local_tokenizer(
        [*special, "<|audio|>", "<|image|>"], pad_token="<|endoftext|>", eos_token="<|end|>"
    )
    tokenizer.init_kwargs |= {"audio_token": "<|audio|>", "image_token": "<|image|>"}
    for kind in ("audio", "image"):
        setattr(tokenizer, f"{kind}_token", f"<|{kind}|>")
        token_id = tokenizer.convert_tokens_to_ids(f"<|{kind}|>")
        setattr(tokenizer, f"{kind}_token_id", token_id)
    processor = Phi4MultimodalProcessor(
        SiglipImageProcessorPil(),
        Phi4MultimodalFeatureExtractor(feature_size=MEL_BINS),
        tokenizer,
        chat_template=TEMPLATE,
    )
    config = Phi4MultimodalConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=2048,
        original_max_position_embeddings=1024,
        initializer_range=0.1,
        bos_token_id=0,
        pad_token_id=0,
        eos_token_id=[0, 1],
        audio_config={
            "hidden_size": 32,
            "intermediate_size": 32,
            "num_blocks": 2,
            "num_attention_heads": 2,
            "ext_pw_out_channel": 32,
            "depthwise_separable_out_channel": 32,
            "input_size": MEL_BINS,
            "nemo_conv_channels": 8,
            "initializer_range": 0.1,
            "audio_token_id": tokenizer.audio_token_id,
        },
        vision_config={
            "hidden_size": 32,
            "intermediate_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "crop_size": 28,
            "image_size": 28,
            "image_token_id": tokenizer.image_token_id,
        },
    )
    return Phi4MultimodalForCausalLM(config), processor
