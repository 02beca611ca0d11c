"""A clip: where it is, and what its content hashes to."""

import os
from functools import lru_cache
from typing import NamedTuple

from earmark.policies.policy import Clip
from earmark.speech.audio import check_audio, read_audio
from earmark.storage.digests import of_values
from earmark.train.cache import fingerprint


class ClipRef(NamedTuple):
    """A file and a span in it, in seconds; without a span the whole file."""

    path: str
    start_s: float | None = None
    end_s: float | None = None

    def read(self) -> Clip:
        """Read the clip as float32 mono at 16 kHz."""
        return read_audio(self.path, self.start_s, self.end_s)

    def duration_s(self) -> float:
        """Return the length in seconds; the file is looked at as `check_audio` does.

        Raises:
            InputError: the file is no audio or was cut off, or the span does not lie in it.
        """
        return known_duration_s(self)

    def check_whole(self) -> None:
        """Read all of the clip once, to find damage before training begins.

        Raises:
            InputError: the sound cannot be used.
        """
        known_to_be_whole(self)

    def key(self) -> str:
        """Hash the content of the file and the span; the file is read for it."""
        facts = os.stat(self.path)
        content = fingerprint.of_unchanged_file(self.path, facts.st_size, facts.st_mtime_ns)
        return of_values(content, self.start_s, self.end_s)


@lru_cache(maxsize=100_000)
def known_duration_s(clip: ClipRef) -> float:
    """Return a clip's length in seconds; the clip of several pairs is looked at once."""
    return check_audio(*clip).duration_s


@lru_cache(maxsize=100_000)
def known_to_be_whole(clip: ClipRef) -> bool:
    """Read all of a clip; that of several pairs is read once."""
    check_audio(*clip, whole=True)
    return True
