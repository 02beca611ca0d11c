"""Tiny random language models without ears, of the real classes, and their tokenizer."""

from typing import Any

from transformers import AutoConfig, AutoModelForCausalLM

from local_tokenizer import local_tokenizer

TEMPLATE = (
    "{{ bos_token }}{%- for m in messages -%}<|{{ m['role'] }}|>"
    "{%- if m['content'] is string -%}{{ m['content'] }}{%- else -%}"
    "{%- for p in m['content'] -%}{{ p['text'] }}{%- endfor -%}{%- endif -%}"
    "{%- if m['role'] == 'assistant' -%}<|end|>{%- endif -%}{%- endfor -%}"
    "{%- if add_generation_prompt -%}<|assistant|>{%- endif -%}"
)
SIZE: dict[str, Any] = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "max_position_embeddings": 256,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}

EXPERTS = {"num_experts": 2, "num_experts_per_tok": 1}
# What each family needs beside its size.
OWN: dict[str, dict[str, Any]] = {
    "qwen2": {},
    "llama": {},
    "mistral": {"sliding_window": 4},
    "phi": {},
    "doge": {"head_dim": 16},
    "deepseek_v3": {
        **{"q_lora_rank": 8, "kv_lora_rank": 8, "qk_rope_head_dim": 8, "qk_nope_head_dim": 8},
        **{"v_head_dim": 16, "num_key_value_heads": 2, "n_routed_experts": 4, "n_group": 1},
        **{"topk_group": 1, "num_experts_per_tok": 2, "moe_intermediate_size": 16},
        **{"first_k_dense_replace": 1},
    },
    "phimoe": {"num_local_experts": 4, "num_experts_per_tok": 2},
    "gemma2": {"head_dim": 16},
    "gemma3_text": {
        **{"head_dim": 16, "sliding_window": 64, "query_pre_attn_scalar": 16},
        "layer_types": ["sliding_attention", "full_attention"],
    },
    "granite": {"logits_scaling": 4.0},
    "lfm2": {"layer_types": ["conv", "full_attention"]},
    "falcon_h1": {
        **{"mamba_n_heads": 4, "mamba_d_state": 8, "mamba_n_groups": 1},
        **{"mamba_d_ssm": 32, "mamba_d_head": 8, "head_dim": 16},
    },
    "bamba": {
        **{"mamba_n_heads": 4, "mamba_d_state": 8, "mamba_n_groups": 1},
        **{"attn_layer_indices": [1], "mamba_d_head": 16},
    },
    "jamba": {
        **EXPERTS,
        **{"attn_layer_period": 2, "attn_layer_offset": 1, "use_mamba_kernels": False},
        **{"expert_layer_period": 2, "expert_layer_offset": 1, "mamba_d_state": 4},
    },
    "qwen3_next": {
        **EXPERTS,
        **{"num_hidden_layers": 4, "head_dim": 16, "moe_intermediate_size": 16},
        **{"linear_num_value_heads": 2, "linear_num_key_heads": 2, "linear_key_head_dim": 8},
        **{"linear_value_head_dim": 8, "shared_expert_intermediate_size": 16},
    },
    "mamba2": {"num_heads": 4, "head_dim": 16, "state_size": 8, "n_groups": 1, "expand": 2},
}


def build_text(family: str = "qwen2") -> tuple[Any, Any]:
    special = ["<|pad|>", "<|bos|>", "<|end|>", "<|user|>", "<|assistant|>", "<|system|>"]
    tokenizer = local_tokenizer(
        special, pad_token="<|pad|>", bos_token="<|bos|>", eos_token="<|end|>"
    )
    tokenizer.chat_template = TEMPLATE
    config = AutoConfig.for_model(family, vocab_size=len(tokenizer), **{**SIZE, **OWN[family]})
    return AutoModelForCausalLM.from_config(config), tokenizer
