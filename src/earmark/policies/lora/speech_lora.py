"""Merge the LoRA that a checkpoint brings with it and needs for speech.

As a second adapter beside the one that is trained it would be dropped wherever "adapters off"
stands for the reference, and be missing from what is saved. Merged, it is part of the model: of
the policy, of its reference and of every checkpoint.
"""

from pathlib import Path
from typing import Any

from earmark.errors import InputError
from earmark.policies.checkpoint.weight_files import adapter_weights
from earmark.policies.lora.put_on import put_on
from earmark.progress import note


def merge_speech_lora(network: Any, model: Path, subfolder: str) -> None:
    """Merge a LoRA from a subfolder of a model into the model.

    Where a model folder has no such subfolder, its LoRA is taken to be merged already, with a
    note.

    Args:
        network: the loaded model, changed in place.
        model: its folder, or its snapshot in the hub's cache.
        subfolder: where the LoRA is.

    Raises:
        InputError: there are no safetensors weights in it, or they do not fit the model.
    """
    here = model / subfolder
    if not here.is_dir():
        note(f"{model}: no {subfolder}; its speech LoRA is taken to be merged already")
        return
    try:
        adapter_weights(here, model)
    except InputError as error:
        raise InputError(
            f"{error}. It should be the model's speech LoRA; download the whole folder again"
        ) from error
    put_on(network, here, base=str(model), name="speech").merge_and_unload()
