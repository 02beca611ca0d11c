"""Policies on tiny random models of every family's real class and real processor.

A family is added by one line in `BUILD`: its `model_type`, and a function that returns a network
and a processor. Every test of `test_families.py` is then run on it.
"""

from collections.abc import Callable
from typing import Any

import torch

import phi4_model
import qwen_models
import voxtral_model
import whisper_random
import window_models
from earmark.policies.families.table import FAMILIES
from earmark.policies.policy import Policy

BUILD: dict[str, Callable[[], tuple[Any, Any]]] = {
    "qwen2_audio": qwen_models.build_qwen2_audio,
    "qwen2_5_omni_thinker": qwen_models.build_qwen25_omni,
    "qwen3_omni_moe_thinker": qwen_models.build_qwen3_omni,
    "qwen3_asr": qwen_models.build_qwen3_asr,
    "voxtral": voxtral_model.build_voxtral,
    "audioflamingo3": window_models.build_audio_flamingo,
    "glmasr": window_models.build_glm_asr,
    "phi4_multimodal": phi4_model.build_phi4,
    "whisper": whisper_random.build_whisper,
}

# Families whose audio lies beside its row, and which take one clip for each prompt.
BESIDE_ROWS = {"whisper"}
IN_ROWS = [name for name in BUILD if name not in BESIDE_ROWS]

# Families that hear a short clip otherwise when a longer one stands beside it, and so are given
# one clip at a time.
HEARD_ALONE = {"phi4_multimodal"}


def build_policy(name: str, seed: int = 0) -> Policy:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network, processor = BUILD[name]()
    assert network.config.model_type == name
    network.eval()
    network.set_attn_implementation("sdpa")
    family = FAMILIES[name]
    policy = family.policy(network, processor, family.facts)
    if name in BESIDE_ROWS:
        policy.prefill = policy.opening("zh")
    return policy
