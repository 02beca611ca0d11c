"""The frozen audio tower's output on disk, by clip: each clip is heard once.

Every process appends to shards of its own, so that several may fill the cache at once; what
is there is read through a memory map. A line of the index is written after the bytes that it
names, so a process that is killed leaves at most bytes that no line names. Bytes that do not
have the checksum of their line are heard again.
"""

import os
import zlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import numpy as np
import torch
from torch import Tensor

from earmark.errors import InputError
from earmark.policies.policy import Policy
from earmark.progress import note
from earmark.storage.append import AppendFile, whole_rows
from earmark.train.cache import fingerprint
from earmark.train.cache.checked_row import note_damaged, read_checked, with_checksum
from earmark.train.cache.fingerprint import check_owner

SHARD_BYTES = 1 << 30
INDEX, DATA = ".index.jsonl", ".bin"


class Place(NamedTuple):
    """Where a clip's states lie: the shard's name, the first byte, shape, type, checksum."""

    shard: str
    start: int
    shape: tuple[int, int]
    dtype: str
    checksum: int


class FeatureCache:
    """Tower states [audio_token, feature] by clip, valid for one tower."""

    def __init__(self, folder: Path, policy: Policy) -> None:
        self.folder = folder / "features" / fingerprint.of_hearing(policy)
        self.places: dict[str, Place] = {}
        self.maps: dict[str, np.memmap] = {}
        self.damaged: set[str] = set()
        self.own = new_shard()
        self.read()

    def read(self) -> None:
        """Read what all processes have written by now."""
        for index in sorted(self.folder.glob(f"*{INDEX}")):
            if index.name != f"{self.own}{INDEX}":
                self.places |= read_index(index, self.folder.name)
        self.maps.clear()

    def __contains__(self, key: str) -> bool:
        """Return whether a clip was heard."""
        return key in self.places

    def get(self, key: str) -> Tensor | None:
        """Return a clip's states, or None where they are not there or not whole."""
        place = self.places.get(key)
        if place is None:
            return None
        dtype: torch.dtype = getattr(torch, place.dtype)
        size = place.shape[0] * place.shape[1] * dtype.itemsize
        shard = self._map(place.shard)
        raw = b"" if shard is None else shard[place.start : place.start + size].tobytes()
        if len(raw) != size or zlib.crc32(raw) != place.checksum:
            del self.places[key]
            self._note_damage(place.shard)
            return None
        # A copy: the map is read-only, and torch warns of tensors that cannot be written to.
        return torch.frombuffer(bytearray(raw), dtype=dtype).view(place.shape)

    def add(self, key: str, states: Tensor) -> None:
        """Keep a clip's states.

        Raises:
            InputError: the disk is full or the folder cannot be written.
        """
        if key in self.places:
            return
        # As bytes, since numpy has no bfloat16.
        raw = states.detach().cpu().contiguous().view(torch.uint8).numpy().tobytes()
        kind = str(states.dtype).removeprefix("torch.")
        shape = (states.shape[0], states.shape[1])
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with open(self.folder / f"{self.own}{DATA}", "ab") as data:
                place = Place(self.own, data.tell(), shape, kind, zlib.crc32(raw))
                data.write(raw)
        except OSError as error:
            raise InputError(
                f"{self.folder}: the feature cache cannot be written: {error.strerror or error}; "
                "free some space, choose another cache_dir, or set cache_features to false"
            ) from error
        index = AppendFile(self.folder / f"{self.own}{INDEX}", "choose another --cache-dir")
        index.append(with_checksum({"of": self.folder.name, "key": key, **place._asdict()}))
        self.maps.pop(self.own, None)  # It ends before the new bytes.
        self.places[key] = place
        if place.start + len(raw) >= SHARD_BYTES:
            self.own = new_shard()

    def add_batch(self, keys: Iterable[str], clips: Iterable[Any]) -> None:
        """Keep the states of a batch's clips that the tower has heard; see `SharedBatch`."""
        for key, states in zip(keys, clips, strict=True):
            if isinstance(states, Tensor):
                self.add(key, states)

    def _note_damage(self, shard: str) -> None:
        """Say once for each shard that it is not what was written."""
        if shard not in self.damaged:
            self.damaged.add(shard)
            note(
                f"{self.folder / shard}{DATA}: damaged, cut off or gone; its clips are heard again"
            )

    def _map(self, shard: str) -> np.memmap | None:
        path = self.folder / f"{shard}{DATA}"
        if shard not in self.maps and path.is_file() and path.stat().st_size:
            self.maps[shard] = np.memmap(path, np.uint8, mode="r")
        return self.maps.get(shard)


def new_shard() -> str:
    """Return a name that no other process takes."""
    return f"{os.getpid()}-{uuid4().hex[:8]}"


def read_index(path: Path, tower: str) -> dict[str, Place]:
    """Read one shard's index; a torn last line is left out.

    Raises:
        InputError: it was copied here from the cache of another tower.
    """
    found, damaged = {}, 0
    for _, raw in whole_rows(path):
        row = read_checked(raw)
        if row is None:
            damaged += 1
            continue
        check_owner(path, row.pop("of"), tower)
        key, (rows, width) = row.pop("key"), row.pop("shape")
        found[key] = Place(**row, shape=(rows, width))
    note_damaged(path, damaged, "their clips are heard again")
    return found
