"""Check a model or adapter folder without loading it: no torch, no code from the folder."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from earmark.cli.checks.findings import Findings, some

PARTS = {
    "a processor": ("processor_config.json", "preprocessor_config.json"),
    "a tokenizer": ("tokenizer.json", "tokenizer_config.json"),
}


def is_model(folder: Path) -> bool:
    """Say whether a folder is meant to be a model or an adapter."""
    names = ("config.json", "adapter_config.json", "*.safetensors", "*.bin")
    return any(True for name in names for _ in folder.glob(name))


def check_model(findings: Findings) -> None:
    """Check that a folder has all parts of a model, and weights that are safe and whole."""
    folder = findings.path
    is_adapter = (folder / "adapter_config.json").is_file() and not (
        folder / "config.json"
    ).is_file()
    findings.kind = "adapter" if is_adapter else "model"
    config_path = folder / ("adapter_config.json" if is_adapter else "config.json")
    config = _read_config(config_path, findings)
    if not is_adapter:
        if config is not None and not isinstance(config.get("model_type"), str):
            findings.error(str(config_path), "no model_type: the model's class is unknown")
        for what, names in PARTS.items():
            if not any((folder / name).is_file() for name in names):
                findings.error(
                    str(folder),
                    f"{what} is missing; expected {' or '.join(names)} beside the weights. "
                    "Save model and processor to one folder with save_pretrained",
                )
    if config and "auto_map" in config:
        findings.warn(
            str(config_path),
            "the model brings Python code of its own; it is not run unless you ask for it with "
            "--trust-remote-code",
        )
    _check_weights(folder, findings)


def _read_config(path: Path, findings: Findings) -> dict[str, Any] | None:
    """Read a JSON object, noting what is wrong with it."""
    if not path.is_file():
        findings.error(str(path.parent), f"{path.name} is missing: this is not a whole model")
        return None
    try:
        data = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        findings.error(str(path), f"not JSON in UTF-8: {error}; copy the file again")
        return None
    if not isinstance(data, dict):
        findings.error(str(path), f"expected a JSON object, found {type(data).__name__}")
        return None
    return data


def _check_weights(folder: Path, findings: Findings) -> None:
    """Check that the weights are safetensors, that none is missing, and that each is whole."""
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        pickled = sorted(p.name for pattern in ("*.bin", "*.pt") for p in folder.glob(pattern))
        found = (
            f"found {pickled[0]}, a pickle, which can run code when it is read"
            if pickled
            else "found none"
        )
        findings.error(
            str(folder),
            f"expected weights as *.safetensors, {found}. "
            "Save the model again with safe_serialization=True",
        )
    for name in _missing_shards(folder, findings):
        findings.error(str(folder), f"{name} is missing, but the index of the weights names it")
    for path in weights:
        problem = safetensors_problem(path)
        if problem:
            findings.error(str(path), f"{problem}; copy the file again")
    size = sum(path.stat().st_size for path in weights)
    findings.facts.append(f"weights: {some(len(weights), 'file')}, {size / 1e6:.1f} MB")


def _missing_shards(folder: Path, findings: Findings) -> Iterator[str]:
    """Yield the files that an index of the weights names and the folder lacks."""
    for index in sorted(folder.glob("*.safetensors.index.json")):
        data = _read_config(index, findings) or {}
        for name in sorted(set(data.get("weight_map", {}).values())):
            if not (folder / name).is_file():
                yield name


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
