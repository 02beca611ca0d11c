"""Merge the LoRA that a checkpoint brings with it and needs for speech.

As a second adapter beside the one that is trained it would be dropped wherever "adapters off"
stands for the reference, and be missing from what is saved. Merged, it is part of the model: of
the policy, of its reference and of every checkpoint.
"""

import warnings
from pathlib import Path
from typing import Any

from peft import PeftModel

from earmark.errors import InputError
from earmark.policies.hub_name import hub_name
from earmark.progress import note

WEIGHTS = "adapter_model.safetensors"


def merge_speech_lora(network: Any, model: str, folder: str) -> None:
    """Merge a LoRA from a subfolder of a model into the model.

    Where a model folder has no such subfolder, its LoRA is taken to be merged already, and this
    is said.

    Args:
        network: the loaded model, changed in place.
        model: its folder or hub id, NAME or NAME@REVISION.
        folder: the subfolder.

    Raises:
        InputError: there are no safetensors weights in it, or they do not fit the model.
    """
    hub, here = hub_name(model), Path(model) / folder
    if Path(model).is_dir():
        if not here.is_dir():
            note(f"{model}: no {folder}; its speech LoRA is taken to be merged already")
            return
        if not (here / WEIGHTS).is_file():
            raise InputError(
                f"{here}: expected the model's speech LoRA as {WEIGHTS}, found none; "
                "download the whole folder again"
            )
    try:
        with warnings.catch_warnings():
            # peft 0.21 asks for a property by the name that transformers 5.23 gave up.
            warnings.filterwarnings("ignore", ".is_gradient_checkpointing. is deprecated")
            adapted = PeftModel.from_pretrained(
                network,
                hub.name,
                subfolder=folder,
                adapter_name="speech",
                use_safetensors=True,
                **hub.where,
            )
    except (OSError, ValueError, RuntimeError) as error:
        raise InputError(f"{here}: this speech LoRA does not fit the model: {error}") from error
    adapted.merge_and_unload()
