"""What a model folder must hold before anything is loaded from it: no torch, no foreign code."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from earmark.errors import InputError
from earmark.policies.checkpoint.adapter_folder import SETTINGS, adapter_problems, problems_of_part
from earmark.policies.checkpoint.config_values import tokenizer_problems, value_problems
from earmark.policies.checkpoint.json_object import read_object
from earmark.policies.checkpoint.odd_files import OBJECTS, odd_files
from earmark.policies.checkpoint.stored_tensors import check_index, stored_tensors, weight_problems
from earmark.policies.checkpoint.weight_files import ADAPTER_WEIGHTS, weight_files
from earmark.prompting.families import FACTS

PARTS = {
    "a configuration": ("config.json",),
    "a processor": ("processor_config.json", "preprocessor_config.json"),
    "a tokenizer": ("tokenizer.json", "tokenizer_config.json", "tekken.json"),
}
CHECKED = {
    "generation_config.json",
    "processor_config.json",
    "preprocessor_config.json",
    "tokenizer_config.json",
}
ENCODER_SETTINGS = {"is_encoder_decoder", "encoder_no_repeat_ngram_size"}


def is_model(folder: Path) -> bool:
    """Return whether a folder is meant to be a model or an adapter."""
    names = ("config.json", SETTINGS, "*.safetensors", "*.bin")
    return any(True for name in names for _ in folder.glob(name))


def is_adapter(folder: Path) -> bool:
    """Return whether a folder holds an adapter and no model of its own."""
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


def check_adapter_dir(folder: Path) -> None:
    """Refuse a folder that is not a whole, safe adapter.

    Raises:
        InputError: no adapter there, or the first problem that `problems` finds.
    """
    whole = all((folder / name).is_file() for name in (SETTINGS, ADAPTER_WEIGHTS))
    if not whole and not (folder.is_dir() and any(odd_files(folder))):
        raise InputError(
            f"{folder}: no adapter here; expected {SETTINGS} and {ADAPTER_WEIGHTS}, which "
            "`earmark train --lora-rank N` writes. A run with --lora-rank 0 is a whole model: give "
            "it as --model"
        )
    for problem in adapter_problems(folder):
        raise InputError(problem)


def problems(folder: Path) -> Iterator[str]:
    """Yield what keeps a model or adapter folder from being loaded, one message each.

    All that can be known without the model's class is checked. What is left,
    `policies/checks/complete.py` compares with the class.
    """
    if is_adapter(folder):
        yield from adapter_problems(folder)
        return
    yield from odd_files(folder)
    settings = folder / "config.json"
    if (folder / SETTINGS).is_file():
        yield (
            f"{folder}: config.json and {SETTINGS} are both here, so it is not clear what it is: "
            "the library would put the adapter on the model unasked. Keep a model and its adapters "
            "in folders of their own"
        )
    config: dict[str, Any] = {}
    if settings.is_file():
        config, problem = read_object(settings)
        if problem:
            yield problem
        elif not isinstance(config.get("model_type"), str):
            yield f"{settings}: no model_type: the model's class is unknown"
    yield from _missing_parts(folder)
    yield from _odd_values(folder)
    try:
        files = weight_files(folder)
        tensors = stored_tensors(files)
        check_index(folder, tensors)
    except InputError as error:
        yield str(error)
        return
    yield from value_problems(settings, config, len(tensors))
    yield from weight_problems(tensors)
    facts = FACTS.get(str(config.get("model_type")))
    if facts and facts.speech_lora and (folder / facts.speech_lora).is_dir():
        yield from problems_of_part(folder / facts.speech_lora, folder)


def _missing_parts(folder: Path) -> Iterator[str]:
    settings = folder / "config.json"
    for what, names in PARTS.items():
        if what == "a processor" and settings.is_file() and _reads_text_alone(settings):
            continue
        if not any((folder / name).is_file() for name in names):
            yield (
                f"{folder}: {what} is missing; expected {' or '.join(names)} beside the "
                "weights. Save model and processor to one folder with save_pretrained"
            )


def _odd_values(folder: Path) -> Iterator[str]:
    """Yield what is wrong with the JSON files beside the configuration."""
    for name in OBJECTS:
        if name != "config.json" and (folder / name).is_file():
            data, problem = read_object(folder / name)
            if problem:
                yield problem
            elif name == "tokenizer.json":
                yield from tokenizer_problems(folder / name, data)
            elif name in CHECKED:
                yield from value_problems(folder / name, data)


def runs_own_code(folder: Path) -> bool:
    """Return whether the model names Python code of its own."""
    settings = folder / "config.json"
    return settings.is_file() and "auto_map" in read_object(settings)[0]


def _reads_text_alone(settings: Path) -> bool:
    """Return whether a configuration names nothing that hears, so that a tokenizer is enough."""
    data = read_object(settings)[0]
    if data.get("is_encoder_decoder"):
        return False
    # Every configuration may have these; they are settings, not parts.
    names = [key for key in data if key not in ENCODER_SETTINGS]
    names += [str(data.get("model_type")), str(data.get("architectures"))]
    words = ("audio", "speech", "encoder", "thinker", "auto_map")
    return not any(word in " ".join(names).lower() for word in words)
