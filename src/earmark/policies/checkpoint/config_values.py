"""Check the values in a model's JSON files, as far as they tell without its class; no torch.

Sizes that make no sense would be built before anything compares them with the weights: a billion
layers never end, a vocabulary of -1 is a traceback.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LAYERS = {"num_hidden_layers", "encoder_layers", "decoder_layers", "num_blocks", "depth"}
SIZES = LAYERS | {
    "hidden_size",
    "vocab_size",
    "d_model",
    "num_attention_heads",
    "encoder_attention_heads",
    "num_mel_bins",
    "max_position_embeddings",
    "max_source_positions",
}
LARGEST_SIZE = 2**31 - 1
# Of feature extractors: beyond these a filter bank or a window would fill the memory.
LARGEST = {
    "feature_size": 4096,
    "n_fft": 2**20,
    "hop_length": 2**20,
    "sampling_rate": 10**6,
    "chunk_length": 10**5,
    "n_samples": 10**9,
}
POSITIVE = {"rope_theta", "rms_norm_eps", "layer_norm_eps", "model_max_length"}
SHARES = ("dropout", "layerdrop")
TOKENS = ("_token_id", "_token_index")
# Mamba's limit of its time steps ends at infinity.
MAY_BE_INFINITE = ("time_step",)


def value_problems(path: Path, data: dict[str, Any], stored: int | None = None) -> Iterator[str]:
    """Yield what is wrong with the values in a JSON file of a model, one message each.

    Args:
        path: the file, for messages.
        data: what it holds.
        stored: how many tensors the weights have, if that is known: a layer has at least one.
    """
    for place, key, value in _values(data):
        expected = _expected(key, value, stored)
        if expected is not None:
            yield (
                f"{path}: {place} should be {expected}, found {value!r:.80}; take the file from "
                "the folder that the weights came from"
            )
        if key == "quantization_config" and value:
            method = value.get("quant_method", "unknown") if isinstance(value, dict) else value
            yield (
                f"{path}: the weights are quantised ({place}: {method!s:.80}), and what is trained "
                "or merged would not be what is loaded; take the model's form in bfloat16, "
                "float16 or float32"
            )


def tokenizer_problems(path: Path, data: dict[str, Any]) -> Iterator[str]:
    """Yield what in a tokenizer.json would end the process instead of raising an error.

    The library cuts a prefix off the second half of each merge without looking at it.
    """
    model = data.get("model")
    prefix = model.get("continuing_subword_prefix") if isinstance(model, dict) else None
    merges = model.get("merges") if isinstance(model, dict) else None
    if not isinstance(prefix, str) or not prefix or not isinstance(merges, list):
        return
    for merge in merges:
        halves = merge.split(" ") if isinstance(merge, str) else merge
        second = halves[1] if isinstance(halves, list) and len(halves) == 2 else ""
        if not isinstance(second, str) or not second.startswith(prefix):
            yield (
                f"{path}: the merge {merge!r:.80} should continue a word with the prefix "
                f"{prefix!r:.80}; take the file from the folder that the weights came from"
            )
            return


def _values(data: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Yield the place, the name and the value of all that an object holds, at any depth."""
    left: list[tuple[str, str, Any]] = [("", "", data)]
    while left:
        place, key, value = left.pop()
        if place:
            yield place, key, value
        if isinstance(value, dict):
            parts = [(f"{place}.{k}" if place else str(k), str(k), v) for k, v in value.items()]
            left += reversed(parts)
        elif isinstance(value, list):
            left += [(place, "", v) for v in value if isinstance(v, (dict, list))]


def _expected(key: str, value: Any, stored: int | None) -> str | None:
    """Say what a value should be, or return None if it may be what it is."""
    several = value if isinstance(value, list) else [value]
    if any(isinstance(item, float) and not _may_be(key, item) for item in several):
        return "a finite number"
    if value is None:
        return None
    if key.endswith(TOKENS):
        whole = all(item is None or type(item) is int for item in several)
        return None if whole else "the number of a token"
    if key in POSITIVE:
        return None if _is_number(value) and value > 0 else "a number above 0"
    if key in LARGEST:
        whole = _is_number(value) and 0 < value <= LARGEST[key]
        return None if whole else f"a number above 0, at most {LARGEST[key]}"
    if key.endswith(SHARES):
        return None if _is_number(value) and 0 <= value <= 1 else "a number from 0 to 1"
    if key in SIZES:
        most = LARGEST_SIZE if stored is None or key not in LAYERS else stored
        at_most = f", at most {most}, since that many tensors are stored" * (most == stored)
        whole = all(type(item) is int and 1 <= item <= most for item in several)
        return None if whole else "a whole number above 0" + at_most
    return None


def _may_be(key: str, value: float) -> bool:
    return math.isfinite(value) or (math.isinf(value) and key.startswith(MAY_BE_INFINITE))


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)
