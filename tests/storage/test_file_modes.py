"""Files that a library wrote for its owner alone get the mode that new files get."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from earmark.storage.atomic import atomic_folder, follow_umask


def mode(path: Path) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


@pytest.fixture(params=[0o022, 0o002, 0o077])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def test_weights_follow_the_umask(tmp_path: Path, umask: int) -> None:
    save_file({"a": torch.zeros(1)}, tmp_path / "model.safetensors")
    assert mode(tmp_path / "model.safetensors") == 0o600  # what makes this needed
    follow_umask(tmp_path, "*.safetensors")
    assert mode(tmp_path / "model.safetensors") == 0o666 & ~umask
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]


def test_files_of_others_and_targets_of_links_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    for name in ("secret", "run/notes.txt"):
        (tmp_path / name).touch(mode=0o600)
    (tmp_path / "run/model.safetensors").symlink_to(tmp_path / "secret")
    (tmp_path / "run/open.safetensors").touch()
    (tmp_path / "run/open.safetensors").chmod(0o777)
    follow_umask(tmp_path / "run", "*.safetensors")
    assert mode(tmp_path / "secret") == 0o600
    assert mode(tmp_path / "run/notes.txt") == 0o600
    assert mode(tmp_path / "run/open.safetensors") == 0o777


def test_a_whole_folder_follows_the_umask(tmp_path: Path, umask: int) -> None:
    with atomic_folder(tmp_path / "model") as folder:
        (folder / "part").mkdir()
        for name in ("model.safetensors", "part/model.safetensors"):
            save_file({"a": torch.zeros(1)}, folder / name)
    for path in (tmp_path / "model").rglob("*.safetensors"):
        assert mode(path) == 0o666 & ~umask
