"""Hear each clip once: the frozen tower's output on disk, one file per clip."""

import os
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from earmark.errors import InputError
from earmark.policies.policy import Clip, Policy
from earmark.speech.audio import read_audio
from earmark.train import fingerprint


class ClipRef(NamedTuple):
    """Where a clip is and what its content hashes to."""

    path: str
    start_s: float | None
    end_s: float | None
    key: str

    def read(self) -> Clip:
        """Read the clip as float32 mono at 16 kHz."""
        return read_audio(self.path, self.start_s, self.end_s)


def clip_ref(path: str, start_s: float | None, end_s: float | None) -> ClipRef:
    """Name a clip by the content of its file and its span."""
    return ClipRef(
        path, start_s, end_s, fingerprint.of_values(fingerprint.of_file(path), start_s, end_s)
    )


class FeatureCache:
    """Tower states by clip, valid for one tower; a broken file is heard again."""

    def __init__(self, folder: Path, policy: Policy) -> None:
        self.folder = folder / "features" / fingerprint.of_hearing(policy)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.policy = policy

    def states(self, clip: ClipRef) -> Tensor:
        """Return the tower's states [audio_token, feature] of a clip, from disk if possible."""
        path = self.folder / clip.key[:2] / f"{clip.key}.safetensors"
        if path.is_file():
            try:
                return load_file(path)["states"]
            except (SafetensorError, KeyError):
                path.unlink()
        states = hear(self.policy, clip)
        self._write(path, states)
        return states

    def _write(self, path: Path, states: Tensor) -> None:
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        try:
            path.parent.mkdir(exist_ok=True)
            save_file({"states": states}, temporary)
            os.replace(temporary, path)
        except OSError as error:
            raise InputError(
                f"{path}: the feature cache cannot be written: {error.strerror or error}; free "
                "some space, choose another cache_dir, or set cache_features to false"
            ) from error
        finally:
            temporary.unlink(missing_ok=True)


@torch.no_grad()
def hear(policy: Policy, clip: ClipRef) -> Tensor:
    """Run the tower on a clip; returns states [audio_token, feature] on the CPU."""
    return policy.encode(policy.features(clip.read())).cpu().contiguous()
