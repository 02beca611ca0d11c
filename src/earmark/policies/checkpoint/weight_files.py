"""Which files a model's weights are loaded from: safetensors alone, inside of the model's folder.

The choice follows transformers 5.23, so that what is checked and hashed is what is loaded. That
library takes the names in an index as they are: it would unpickle `x.bin` and read `../x`.
No torch, no foreign code.
"""

import re
from pathlib import Path

from earmark.errors import InputError
from earmark.policies.checkpoint.json_object import read_object

WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
ADAPTER_WEIGHTS = "adapter_model.safetensors"
SUFFIX, INDEX_SUFFIX = ".safetensors", ".safetensors.index.json"
PICKLES = ("*.bin", "*.pt", "*.pth")
# The library prefers files of this form to all others, and reads every one of them.
RANK_SHARD = re.compile(r"shard-\d{5}-model-\d{5}-of-\d{5}\.safetensors")


def weight_files(folder: Path) -> list[Path]:
    """Return the files that a model's weights are loaded from.

    Raises:
        InputError: there is none, or one is missing, is not safetensors or lies elsewhere.
    """
    main = _main_file(folder)
    if not main.name.endswith(INDEX_SUFFIX):
        return [inside(main, folder)]
    names = shard_names(inside(main, folder), folder)
    for name in names:
        if not (folder / name).is_file():
            raise InputError(
                f"{folder}: {name} is missing, but the index of the weights names it; copy the "
                "whole folder again"
            )
    return [folder / name for name in names]


def adapter_weights(folder: Path, model: Path | None = None) -> Path:
    """Return the file that an adapter's weights are loaded from.

    Args:
        folder: the adapter's.
        model: the folder of the model that it is a part of, if it is.

    Raises:
        InputError: it is missing, or lies elsewhere.
    """
    path = folder / ADAPTER_WEIGHTS
    if not path.is_file():
        raise InputError(_nothing_there(folder, ADAPTER_WEIGHTS))
    return inside(path, model or folder)


def named_in_config(folder: Path) -> str | None:
    """Return the weight file that `config.json` names in place of the usual one, or None.

    Raises:
        InputError: what it names is not safetensors, or lies outside of the folder.
    """
    settings = folder / "config.json"
    data = read_object(settings)[0] if settings.is_file() else {}
    name = data.get("transformers_weights")
    if name is None:
        return None
    if not isinstance(name, str) or not name.endswith((SUFFIX, INDEX_SUFFIX)):
        raise InputError(
            f"{settings}: transformers_weights should name a safetensors file, found {name!r}; "
            "save the model again with save_pretrained"
        )
    inside(folder / name, folder)
    return name


def shard_names(index: Path, folder: Path) -> list[str]:
    """Return the names of the files in an index of weights, each once, sorted.

    Raises:
        InputError: not an index, or a name that is not safetensors or leads out of the folder.
    """
    data, problem = read_object(index)
    if problem:
        raise InputError(problem)
    places = data.get("weight_map")
    if not isinstance(places, dict) or not places or not isinstance(data.get("metadata"), dict):
        raise InputError(
            f"{index}: expected a weight_map of tensor names to files and metadata, found "
            f"{', '.join(data) or 'neither'}; copy the file again"
        )
    for tensor, name in places.items():
        if not isinstance(name, str) or not name.endswith(SUFFIX):
            raise InputError(
                f"{index}: {tensor} should be in a file named *.safetensors, found {name!r}; other "
                "files can run code when they are read. Save the model again with save_pretrained"
            )
        inside(folder / name, folder)
    return sorted(set(places.values()))


def inside(path: Path, folder: Path) -> Path:
    """Return a path if it lies in a folder after links are followed.

    A snapshot in the hub's cache links to the blobs of its own repository, which is allowed.

    Raises:
        InputError: it leads out of the folder.
    """
    root, real = folder.resolve(), path.resolve()
    of_cache = root.parent.name == "snapshots" and real.parent == root.parent.parent / "blobs"
    if of_cache or real.is_relative_to(root):
        return path
    raise InputError(
        f"{path}: leads out of its folder, to {real}; expected a file inside of {folder}. Copy the "
        "file there, or link to the folder as a whole"
    )


def _main_file(folder: Path) -> Path:
    """Return the file, or the index of files, that the library would choose."""
    ranks = sorted(path.name for path in folder.glob(f"*{SUFFIX}") if RANK_SHARD.match(path.name))
    if ranks:
        raise InputError(
            f"{folder}: {ranks[0]} is a part of a distributed checkpoint, which cannot be checked; "
            "save the model as a whole with save_pretrained"
        )
    named = named_in_config(folder)
    if named is not None:
        if not (folder / named).is_file():
            raise InputError(f"{folder}: {named} is missing, but config.json names it")
        return folder / named
    there = [folder / name for name in (WEIGHTS, INDEX) if (folder / name).is_file()]
    if not there:
        raise InputError(_nothing_there(folder, f"{WEIGHTS} or {INDEX}"))
    if len(there) == 2 and set(shard_names(there[1], folder)) != {WEIGHTS}:
        raise InputError(
            f"{folder}: the weights are there twice, in {WEIGHTS} and in the files that {INDEX} "
            "names; remove those that are out of date"
        )
    return there[0]


def _nothing_there(folder: Path, expected: str) -> str:
    others = sorted(path.name for path in folder.glob(f"*{SUFFIX}"))
    if others:
        return (
            f"{folder}: expected weights as {expected}, found {', '.join(others[:3])}, which are "
            "not loaded under that name; rename the file, or copy the index as well"
        )
    pickled = next((path.name for kind in PICKLES for path in sorted(folder.glob(kind))), None)
    found = f"{pickled}, a pickle, which can run code when it is read" if pickled else "none"
    return (
        f"{folder}: expected weights as *.safetensors, found {found}. "
        "Save the model again with safe_serialization=True"
    )
