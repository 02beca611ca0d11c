"""What the folder of an adapter must hold before anything is loaded from it; no torch."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from earmark.errors import InputError
from earmark.policies.checkpoint.json_object import read_object
from earmark.policies.checkpoint.odd_files import odd_files
from earmark.policies.checkpoint.run_description import RUN, read_description
from earmark.policies.checkpoint.safetensors_file import EXPONENT
from earmark.policies.checkpoint.stored_tensors import stored_tensors, weight_problems
from earmark.policies.checkpoint.weight_files import adapter_weights

SETTINGS = "adapter_config.json"


def adapter_problems(folder: Path) -> Iterator[str]:
    """Yield what keeps an adapter and the description of its run from being loaded."""
    yield from odd_files(folder)
    yield from problems_of_part(folder)
    try:
        if (folder / RUN).is_file():
            read_description(folder / RUN)
    except InputError as error:
        yield str(error)


def problems_of_part(folder: Path, model: Path | None = None) -> Iterator[str]:
    """Yield what keeps an adapter from being loaded, one message each.

    Args:
        folder: the adapter's.
        model: the folder of the model that it is a part of, if it is.
    """
    path = folder / SETTINGS
    if not path.is_file():
        yield f"{folder}: {SETTINGS} is missing; copy the whole folder again"
        return
    settings, problem = read_object(path)
    if problem:
        yield problem
    else:
        yield from (f"{path}: {wrong}" for wrong in _wrong_settings(settings))
    try:
        tensors = stored_tensors([adapter_weights(folder, model)])
    except InputError as error:
        yield str(error)
        return
    yield from weight_problems(tensors)
    for weights, tensor in tensors.values():
        if tensor.dtype not in EXPONENT:
            yield (
                f"{weights}: {tensor.name} should be of the number type {' or '.join(EXPONENT)}, "
                f"found {tensor.dtype}; copy the file again"
            )


def _wrong_settings(settings: dict[str, Any]) -> Iterator[str]:
    """Yield the settings of an adapter that make no sense."""
    kind, base = settings.get("peft_type"), settings.get("base_model_name_or_path")
    if not isinstance(kind, str):
        yield f"peft_type should be the kind of adapter, such as LORA, found {kind!r:.80}"
    if base is not None and not isinstance(base, str):
        yield f"base_model_name_or_path should be a model's name, found {base!r:.80}"
    elif kind != "LORA":
        yield f"peft_type should be LORA, the adapters that Earmark loads, found {kind!r:.80}"
        return
    if settings.get("alora_invocation_tokens"):
        yield "an aLoRA acts after its alora_invocation_tokens alone, which no prompt here holds"
    ranks = {"r": settings.get("r", 8), **_patterns(settings, "rank_pattern")}
    for name, rank in ranks.items():
        if type(rank) is not int or rank < 1:
            yield f"{name} should be a rank, a whole number above 0, found {rank!r:.80}"
    alphas = {"lora_alpha": settings.get("lora_alpha", 8), **_patterns(settings, "alpha_pattern")}
    for name, alpha in alphas.items():
        if type(alpha) not in (int, float) or not math.isfinite(alpha) or alpha == 0:
            yield f"{name} should be a number other than 0, found {alpha!r:.80}"
    targets = settings.get("target_modules")
    several = targets if isinstance(targets, list) else [targets]
    if targets is None:
        return
    if not targets and not settings.get("target_parameters"):
        yield "target_modules names no layer, so the adapter changes nothing"
    elif not all(isinstance(name, str) for name in several):
        yield f"target_modules should be names of layers, found {targets!r:.80}"


def _patterns(settings: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the values that differ by layer, named for messages."""
    patterns = settings.get(name) or {}
    if not isinstance(patterns, dict):
        return {name: [patterns]}
    return {f"{name} of {layer}": value for layer, value in patterns.items()}
