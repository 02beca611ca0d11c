"""Check the values of a model's `config.json`, as far as they tell without its class; no torch.

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
SCALES = {"rope_theta", "rms_norm_eps", "layer_norm_eps"}
TOKENS = ("_token_id", "_token_index")
LARGEST_SIZE = 2**31 - 1


def config_problems(path: Path, config: dict[str, Any], stored: int | None) -> Iterator[str]:
    """Yield what is wrong with the values of a configuration, one message each.

    Args:
        path: the file, for messages.
        config: what it holds.
        stored: how many tensors the weights have, if that is known: a layer has at least one.
    """
    for place, key, value in _values(config):
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


def _values(config: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """Yield the place, the name and the value of all that a configuration holds."""
    left: list[tuple[str, str, Any]] = [("", "", config)]
    while left:
        place, key, value = left.pop()
        if place:
            yield place, key, value
        if isinstance(value, dict):
            parts = [(f"{place}.{k}" if place else str(k), str(k), v) for k, v in value.items()]
            left += reversed(parts)
        elif isinstance(value, list):
            left += [(place, key, v) for v in value if isinstance(v, (dict, list, float))]


def _expected(key: str, value: Any, stored: int | None) -> str | None:
    """Say what a value should be, or return None if it may be what it is."""
    if isinstance(value, float) and _is_no_value(key, value):
        return "a finite number"
    if key in SCALES and value is not None and not (_is_number(value) and value > 0):
        return "a number above 0"
    if key.endswith(TOKENS):
        several = value if isinstance(value, list) else [value]
        if any(item is not None and type(item) is not int for item in several):
            return "the number of a token"
    if key in SIZES and value is not None:
        several = value if isinstance(value, list) else [value]
        most = LARGEST_SIZE if stored is None or key not in LAYERS else stored
        if any(type(item) is not int or not 1 <= item <= most for item in several):
            at_most = f", at most {most}, since that many tensors are stored" * (most == stored)
            return "a whole number above 0" + at_most
    return None


def _is_no_value(key: str, value: float) -> bool:
    # Mamba's time_step_limit ends at infinity.
    return math.isnan(value) or (math.isinf(value) and not key.startswith("time_step"))


def _is_number(value: Any) -> bool:
    return type(value) in (int, float)
