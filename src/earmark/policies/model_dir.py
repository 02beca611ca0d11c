"""What a model folder must hold before anything is loaded from it: no torch, no foreign code."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from earmark.errors import InputError

PARTS = {
    "a configuration": ("config.json",),
    "a processor": ("processor_config.json", "preprocessor_config.json"),
    "a tokenizer": ("tokenizer.json", "tokenizer_config.json", "tekken.json"),
}
SETTINGS = "adapter_config.json"
ENCODER_SETTINGS = {"is_encoder_decoder", "encoder_no_repeat_ngram_size"}


def is_model(folder: Path) -> bool:
    """Say whether a folder is meant to be a model or an adapter."""
    names = ("config.json", SETTINGS, "*.safetensors", "*.bin")
    return any(True for name in names for _ in folder.glob(name))


def is_adapter(folder: Path) -> bool:
    """Say whether a folder holds an adapter and no model of its own."""
    return (folder / SETTINGS).is_file() and not (folder / "config.json").is_file()


def check_model_dir(folder: Path) -> None:
    """Refuse a folder that is not a whole, safe model.

    Raises:
        InputError: an adapter, or the first problem that `problems` finds.
    """
    if is_adapter(folder):
        raise InputError(
            f"{folder}: an adapter, but --model is the model that it is put on; merge the two by "
            f"`earmark export --adapter {folder} --out MERGED` and give MERGED as --model. To use "
            "an adapter as it is (earmark transcribe), name it by --adapter"
        )
    for problem in problems(folder):
        raise InputError(problem)


def problems(folder: Path) -> Iterator[str]:
    """Yield what keeps a model or adapter folder from being loaded, one message each."""
    settings = folder / (SETTINGS if is_adapter(folder) else "config.json")
    if settings.is_file():
        data, problem = read_object(settings)
        if problem:
            yield problem
        elif not is_adapter(folder) and not isinstance(data.get("model_type"), str):
            yield f"{settings}: no model_type: the model's class is unknown"
    if not is_adapter(folder):
        for what, names in PARTS.items():
            if what == "a processor" and settings.is_file() and _reads_text_alone(settings):
                continue
            if not any((folder / name).is_file() for name in names):
                yield (
                    f"{folder}: {what} is missing; expected {' or '.join(names)} beside the "
                    "weights. Save model and processor to one folder with save_pretrained"
                )
    yield from _weight_problems(folder)


def runs_own_code(folder: Path) -> bool:
    """Say whether the model names Python code of its own."""
    settings = folder / "config.json"
    return settings.is_file() and "auto_map" in read_object(settings)[0]


def _reads_text_alone(settings: Path) -> bool:
    """Say whether a configuration names nothing that hears, so that a tokenizer is enough."""
    data = read_object(settings)[0]
    if data.get("is_encoder_decoder"):
        return False
    # Every configuration may have these; they are settings, not parts.
    names = [key for key in data if key not in ENCODER_SETTINGS]
    names += [str(data.get("model_type")), str(data.get("architectures"))]
    words = ("audio", "speech", "encoder", "thinker", "auto_map")
    return not any(word in " ".join(names).lower() for word in words)


def read_object(path: Path) -> tuple[dict[str, Any], str | None]:
    """Read a JSON object; return it, or an empty one with what is wrong."""
    try:
        data = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        return {}, f"{path}: not JSON in UTF-8: {error}; copy the file again"
    if not isinstance(data, dict):
        return {}, f"{path}: expected a JSON object, found {type(data).__name__}"
    return data, None


def _weight_problems(folder: Path) -> Iterator[str]:
    """Yield what is wrong with the weights: pickled, missing, cut off."""
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        pickled = sorted(p.name for pattern in ("*.bin", "*.pt") for p in folder.glob(pattern))
        found = (
            f"found {pickled[0]}, a pickle, which can run code when it is read"
            if pickled
            else "found none"
        )
        yield (
            f"{folder}: expected weights as *.safetensors, {found}. "
            "Save the model again with safe_serialization=True"
        )
    for index in sorted(folder.glob("*.safetensors.index.json")):
        data, problem = read_object(index)
        if problem:
            yield problem
        for name in sorted(set(data.get("weight_map", {}).values())):
            if not (folder / name).is_file():
                yield f"{folder}: {name} is missing, but the index of the weights names it"
    for path in weights:
        broken = safetensors_problem(path)
        if broken:
            yield f"{path}: {broken}; copy the file again"


def safetensors_problem(path: Path) -> str | None:
    """Say what is wrong with a safetensors file as far as its header tells, or None.

    The file is 8 bytes (the header's length, little-endian), the header in JSON, and the
    numbers, whose last byte the header names.
    """
    size = path.stat().st_size
    with open(path, "rb") as file:
        start = file.read(8)
        length = int.from_bytes(start, "little")
        if len(start) < 8 or length > size - 8:
            return f"not safetensors, or cut off ({size} bytes)"
        try:
            header = json.loads(file.read(length))
            ends = [v["data_offsets"][1] for k, v in header.items() if k != "__metadata__"]
        except (ValueError, KeyError, TypeError, AttributeError, IndexError):
            return "its header is not safetensors"
    expected = 8 + length + max(ends, default=0)
    return None if size == expected else f"cut off: expected {expected} bytes, found {size}"
