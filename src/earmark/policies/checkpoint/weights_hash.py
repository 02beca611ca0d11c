"""Whose weights they are: a hash of a checkpoint's files, and the check of an adapter's base.

The hash is of what is stored, so it is the same on every device and in every number type.
"""

import json
from pathlib import Path

from transformers.utils.hub import cached_file

from earmark.errors import InputError
from earmark.policies.checkpoint.folder import SETTINGS
from earmark.policies.checkpoint.hub_name import hub_name
from earmark.policies.checkpoint.json_object import read_object
from earmark.policies.checkpoint.run_description import RUN, read_description
from earmark.policies.checkpoint.weight_files import adapter_weights, weight_files
from earmark.progress import track
from earmark.prompting.families import FACTS
from earmark.storage.digests import of_bytes, of_file


def stored_folder(path: str) -> Path | None:
    """Return the folder of a model: itself, or where the hub's files are kept; None if nowhere.

    >>> stored_folder("nobody/no-such-model") is None
    True
    """
    if Path(path).is_dir():
        return Path(path)
    try:
        hub = hub_name(path)
        config = cached_file(hub.name, "config.json", local_files_only=True, **hub.where)
    except OSError:
        return None
    return Path(config).parent if config else None


def weights_hash(folder: Path) -> str:
    """Hash the files that a model's weights are loaded from, whatever their names are.

    Raises:
        InputError: they are missing, or may not be loaded.
    """
    files = [*weight_files(folder), *_speech_lora(folder)]
    digests = [of_file(path) for path in track(files, "hashing the weights")]
    return of_bytes("".join(sorted(digests)).encode())


def _speech_lora(folder: Path) -> list[Path]:
    """Return the file of the LoRA that is merged when the model is loaded, if it has one."""
    facts = FACTS.get(read_object(folder / "config.json")[0].get("model_type", ""))
    beside = folder / facts.speech_lora if facts and facts.speech_lora else None
    return [adapter_weights(beside, folder)] if beside and beside.is_dir() else []


def hash_of_model(path: str) -> str | None:
    """Hash a model's weight files; None if they are nowhere to be found."""
    folder = stored_folder(path)
    return weights_hash(folder) if folder else None


def adapter_hash(folder: Path) -> str:
    """Hash an adapter's weight file."""
    return of_file(adapter_weights(folder))


def check_base(adapter: Path, base: str) -> None:
    """Refuse an adapter that was trained on another model.

    The weights decide if the run recorded their hash, wherever the model lies now; else the
    model's name does.

    Raises:
        InputError: names both.
    """
    settings = json.loads((adapter / SETTINGS).read_text("utf-8"))
    trained_on = settings.get("base_model_name_or_path")
    recorded, here = _recorded(adapter), None
    if recorded is not None:
        here = hash_of_model(base)
    if here is not None:
        if here != recorded:
            raise InputError(
                f"{adapter}: this adapter was trained on {trained_on}, not on {base}: its "
                f"run.json has the hash {recorded} of that model's weight files, {base} has "
                f"{here}; load it on its own base model"
            )
    elif trained_on is not None and Path(trained_on).name != Path(hub_name(base).name).name:
        raise InputError(
            f"{adapter}: this adapter was trained on {trained_on}, not on {base}; "
            "load it on its own base model"
        )


def _recorded(adapter: Path) -> str | None:
    """Return the hash of the base's weights that the run recorded, also for its checkpoints."""
    folder = adapter.resolve()
    for run in (folder, folder.parent) if folder.name.startswith("checkpoint-") else (folder,):
        if (run / RUN).is_file():
            weights = read_description(run / RUN).get("model", {}).get("weights")
            return None if weights is None else str(weights)
    return None
