"""Keep what an objective remembers between batches beside the trainer's own checkpoint."""

from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save
from torch import Tensor

from earmark.errors import InputError

FILE = "objective_state.safetensors"


def save_state(folder: Path, state: dict[str, Tensor]) -> None:
    """Write the state into a checkpoint folder, which may not exist yet."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = folder / f".{FILE}.tmp"
    temporary.write_bytes(save({name: value.cpu().contiguous() for name, value in state.items()}))
    temporary.replace(folder / FILE)


def load_state(folder: Path) -> dict[str, Tensor]:
    """Read the state of a checkpoint.

    Raises:
        InputError: the checkpoint has none.
    """
    path = folder / FILE
    if not path.is_file():
        raise InputError(
            f"{path} is missing: without what the objective remembers, the run would not go on as "
            "it was. Remove this checkpoint, or start anew with another --out"
        )
    return load_file(path)


def flatten(prefix: str, state: Any) -> dict[str, Tensor]:
    """Name the tensors of a NamedTuple; none for None.

    >>> flatten("objective", None)
    {}
    """
    if state is None:
        return {}
    return {f"{prefix}.{name}": torch.as_tensor(value) for name, value in state._asdict().items()}


def restore(prefix: str, kind: type, saved: dict[str, Tensor]) -> Any:
    """Build a NamedTuple from its named tensors."""
    start = f"{prefix}."
    return kind(**{k.removeprefix(start): v for k, v in saved.items() if k.startswith(start)})
