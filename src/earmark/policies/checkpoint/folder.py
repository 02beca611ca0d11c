"""What a model folder must hold before anything is loaded from it: no torch, no foreign code."""

import json
from collections.abc import Iterator
from pathlib import Path

from earmark.errors import InputError
from earmark.policies.json_object import read_object
from earmark.policies.weight_files import adapter_weights, weight_files

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
    if not is_adapter(folder) and (folder / SETTINGS).is_file():
        yield (
            f"{folder}: config.json and {SETTINGS} are both here, so it is not clear what it is: "
            "the library would put the adapter on the model unasked. Keep a model and its adapters "
            "in folders of their own"
        )
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


def _weight_problems(folder: Path) -> Iterator[str]:
    """Yield what is wrong with the weights: missing, not safetensors, elsewhere, cut off."""
    try:
        weights = [adapter_weights(folder)] if is_adapter(folder) else weight_files(folder)
    except InputError as error:
        yield str(error)
        return
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
