"""The tensors of a model's weight files: each there once, each number finite; no torch."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from earmark.errors import InputError
from earmark.policies.checkpoint.json_object import read_object
from earmark.policies.checkpoint.safetensors_file import EXPONENT, Stored, not_finite, read_header
from earmark.policies.checkpoint.weight_files import INDEX, WEIGHTS
from earmark.progress import track


def stored_tensors(files: Sequence[Path]) -> dict[str, tuple[Path, Stored]]:
    """Return the tensors of several files by name, with the file of each.

    Raises:
        InputError: a file is damaged, a tensor is in two of them, or there is none at all.
    """
    found: dict[str, tuple[Path, Stored]] = {}
    for path in files:
        for tensor in read_header(path):
            if tensor.name in found:
                raise InputError(
                    f"{path}: {tensor.name} is in {found[tensor.name][0].name} too; the library "
                    "would take one of the two. Copy the whole folder again"
                )
            found[tensor.name] = (path, tensor)
    if not found:
        raise InputError(f"{files[0]}: it holds no tensors; copy the file again")
    return found


def check_index(folder: Path, tensors: Mapping[str, tuple[Path, Stored]]) -> None:
    """Refuse weights that lack a tensor which their index names.

    Raises:
        InputError: names the first one.
    """
    index = folder / INDEX
    if not index.is_file() or (folder / WEIGHTS).is_file():
        return
    for name, file in read_object(index)[0].get("weight_map", {}).items():
        if name not in tensors:
            raise InputError(
                f"{folder / file}: {name} is missing, but the index of the weights names it; copy "
                "the whole folder again"
            )


def weight_problems(tensors: Mapping[str, tuple[Path, Stored]]) -> list[str]:
    """Return what is wrong with the numbers of the files: not finite, or of a packed type."""
    by_file: dict[Path, list[Stored]] = {}
    for path, tensor in tensors.values():
        by_file.setdefault(path, []).append(tensor)
    files = track(list(by_file.items()), "checking the weights")
    return [problem for path, here in files for problem in _problems_of_numbers(path, here)]


def _problems_of_numbers(path: Path, tensors: Sequence[Stored]) -> Iterator[str]:
    packed = next((t for t in tensors if t.dtype.startswith(("F8", "C"))), None)
    if packed is not None:
        yield (
            f"{path}: {packed.name} has the number type {packed.dtype}, which is quantised or "
            f"complex; expected {', '.join(EXPONENT)}. Take the model's form in bfloat16"
        )
    name = not_finite(path, tensors)
    if name is not None:
        yield (
            f"{path}: {name} holds numbers that are not finite (NaN or infinite): the file is "
            "damaged, or the run that wrote it has diverged; copy it again, or train again "
            "with a smaller learning rate"
        )
