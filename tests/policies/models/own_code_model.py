"""Write a folder with a model that brings its own Python code."""

import json
import shutil
from pathlib import Path

from transformers import WhisperFeatureExtractor

from local_tokenizer import local_tokenizer
from own_code import ears

TEMPLATE = (
    "{%- for m in messages -%}<|{{ m['role'] }}|>"
    "{%- if m['content'] is string -%}{{ m['content'] }}{%- else -%}"
    "{%- for p in m['content'] -%}{%- if p['type'] == 'audio' -%}<|sound|>"
    "{%- else -%}{{ p['text'] }}{%- endif -%}{%- endfor -%}{%- endif -%}<|end|>{%- endfor -%}"
    "{%- if add_generation_prompt -%}<|assistant|>{%- endif -%}"
)
OFFERS = {
    "config.json": {
        "AutoConfig": "ears.EarsConfig",
        "AutoModelForCausalLM": "ears.EarsForCausalLM",
        "AutoProcessor": "ears.EarsProcessor",
    },
    "processor_config.json": {"AutoProcessor": "ears.EarsProcessor"},
}


def write_own_code_model(folder: Path) -> Path:
    """Write weights, processor and code; return the folder."""
    tokenizer = local_tokenizer(
        ["<|pad|>", "<|end|>", "<|user|>", "<|sound|>", "<|assistant|>"],
        pad_token="<|pad|>",
        eos_token="<|end|>",
    )
    text = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
    }
    config = ears.EarsConfig(
        text=text,
        audio_token_id=tokenizer.convert_tokens_to_ids("<|sound|>"),
        mel_bins=16,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    extractor = WhisperFeatureExtractor(feature_size=16, chunk_length=3)
    ears.EarsForCausalLM(config).save_pretrained(folder)
    ears.EarsProcessor(extractor, tokenizer, chat_template=TEMPLATE).save_pretrained(folder)
    for name, offered in OFFERS.items():
        path = folder / name
        path.write_text(json.dumps({**json.loads(path.read_text()), "auto_map": offered}))
    shutil.copy(ears.__file__, folder / "ears.py")
    return folder
