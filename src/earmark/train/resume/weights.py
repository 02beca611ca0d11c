"""Load a checkpoint's weights into the model that is trained: every tensor, and no other.

`transformers.Trainer` loads a whole model without strictness and by the names of its modules,
while `save_pretrained` writes the names of the family's published checkpoints
(`audio_tower.*` for `model.audio_tower.*`, experts one by one): nothing matches, and the run
would resume from the base model with the optimizer of the trained one. Here the library's own
loader maps the names, and what is missing, unexpected or of another shape is refused.
"""

import warnings
from collections.abc import Iterable
from copy import deepcopy
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel, get_peft_model_state_dict, set_peft_model_state_dict
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.distributed.checkpoint import FileSystemReader

from earmark.errors import InputError

ADAPTER = "adapter_model.safetensors"
SPREAD = "pytorch_model_fsdp"
SHOWN = 5
WHAT_TO_DO = (
    "resuming from it would train other weights than were saved. Remove this checkpoint to resume "
    "from the one before, or start again with another --out"
)


def load_weights(model: nn.Module, checkpoint: Path) -> None:
    """Load the weights of a checkpoint folder, whose model is in one piece, in place.

    Args:
        model: the adapter on its base model, or the model that is trained as a whole.
        checkpoint: the folder; it holds an adapter, or a whole model, in safetensors.

    Raises:
        InputError: the file cannot be read, or its tensors are not exactly the model's; names
            what is missing, unexpected or of another shape.
    """
    if isinstance(model, PeftModel):
        _load_adapter(model, checkpoint)
    else:
        _load_whole(model, checkpoint)


def check_spread(model: nn.Module, checkpoint: Path) -> None:
    """Refuse a checkpoint that FSDP2 wrote, unless its tensors are exactly the model's.

    torch refuses a missing tensor by itself, in words of its own, and ignores unexpected ones.

    Raises:
        InputError: names what is missing, unexpected or of another shape.
    """
    whole_file = checkpoint / f"{SPREAD}.bin"
    path = whole_file if whole_file.is_file() else checkpoint / f"{SPREAD}_0"
    try:
        stored = _shapes_in(path)
    except Exception as error:
        # Both are pickles, read by torch: a damaged one raises anything.
        raise InputError(f"{path}: cannot be read: {error}; {WHAT_TO_DO}") from error
    own: dict[str, Any]
    if not isinstance(model, PeftModel):
        own = model.state_dict()
    elif path == whole_file:
        own = {name: value for name, value in model.named_parameters() if value.requires_grad}
    else:
        own = get_peft_model_state_dict(model)
    _refuse_differences(path, {name: tuple(value.shape) for name, value in own.items()}, stored)


def _shapes_in(path: Path) -> dict[str, tuple[int, ...]]:
    """Return the shapes of the tensors that FSDP2 wrote to one file or to a folder."""
    if path.is_file():
        state = torch.load(path, map_location="meta", weights_only=True, mmap=True)
        return {name: tuple(value.shape) for name, value in state.items()}
    stored: Any = FileSystemReader(path).read_metadata().state_dict_metadata
    return {name.removeprefix("model."): tuple(value.size) for name, value in stored.items()}


def _load_adapter(model: PeftModel, checkpoint: Path) -> None:
    path = checkpoint / ADAPTER
    try:
        stored: dict[str, Tensor] = load_file(path)
    except (OSError, SafetensorError) as error:
        raise InputError(f"{path}: cannot be read: {error}; {WHAT_TO_DO}") from error
    own = get_peft_model_state_dict(model)
    _refuse_differences(path, *({k: tuple(v.shape) for k, v in d.items()} for d in (own, stored)))
    report: Any = set_peft_model_state_dict(model, stored)
    if unused := report.unexpected_keys:
        raise InputError(f"{path}: no layer takes {_named(unused)}; {WHAT_TO_DO}")


def _load_whole(network: Any, checkpoint: Path) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # What it warns of is refused below.
            loaded, report = type(network).from_pretrained(
                checkpoint,
                config=deepcopy(network.config),
                dtype=network.dtype,
                use_safetensors=True,
                local_files_only=True,
                output_loading_info=True,
                ignore_mismatched_sizes=True,
            )
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        raise InputError(f"{checkpoint}: cannot be read: {error}; {WHAT_TO_DO}") from error
    _refuse(
        checkpoint,
        missing=report["missing_keys"],
        unexpected=report["unexpected_keys"],
        other_shape=[
            f"{name} {there} for {here}" for name, there, here in report["mismatched_keys"]
        ],
    )
    network.load_state_dict(loaded.state_dict(), strict=True)


def _refuse_differences(where: Path, own: dict[str, Any], stored: dict[str, Any]) -> None:
    _refuse(
        where,
        missing=own.keys() - stored.keys(),
        unexpected=stored.keys() - own.keys(),
        other_shape=[
            f"{name} {stored[name]} for {own[name]}"
            for name in own.keys() & stored.keys()
            if own[name] != stored[name]
        ],
    )


def _refuse(
    where: Path, *, missing: Iterable[str], unexpected: Iterable[str], other_shape: Iterable[str]
) -> None:
    kinds = {"missing": missing, "unexpected": unexpected, "of another shape": other_shape}
    found = [f"{kind}: {_named(names)}" for kind, names in kinds.items() if names]
    if found:
        raise InputError(
            f"{where}: its tensors are not those of the model that is trained "
            f"({'; '.join(found)}); {WHAT_TO_DO}"
        )


def _named(names: Iterable[str]) -> str:
    """Name the first few of some tensors, and say how many more there are.

    >>> _named(["b", "a"])
    'a, b'
    """
    first = sorted(names)
    more = f" and {len(first) - SHOWN} more" if len(first) > SHOWN else ""
    return ", ".join(first[:SHOWN]) + more
