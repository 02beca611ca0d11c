"""Put a clip into the page itself, as base64 FLAC, so that it plays with no network."""

from base64 import b64encode
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
import soundfile

from earmark.display import without_folders
from earmark.errors import InputError
from earmark.progress import note
from earmark.records import Utterance
from earmark.speech.audio import SAMPLE_RATE_HZ, read_audio
from earmark.speech.audio_path import audio_path, check_is_path, is_outside

LONGEST_S = 30.0
OUTSIDE = "the clip lies outside of the manifest's folder (--allow-outside puts it in)"

_noted: set[str] = set()


class Clip(NamedTuple):
    """A clip for the page: a data URI and its length, or the reason why there is no sound."""

    uri: str | None
    duration_s: float = 0.0
    silent_because: str = ""


def embed(
    utterance: Utterance,
    folder: Path,
    *,
    longest_s: float = LONGEST_S,
    allow_outside: bool = False,
) -> Clip:
    """Encode an utterance's clip as 16 kHz mono 16-bit FLAC; a longer one is never cut.

    `folder` is where a relative path starts. A clip that is not there, cannot be read or is
    longer than `longest_s` seconds leaves its reason in `silent_because`, for the page to say:
    a report on transcripts is made without sound too. So does a clip outside of `folder`, by its
    path or through a link, unless `allow_outside`: a page is passed on, and a manifest of others
    could name any recording of this machine.
    """
    if utterance.audio is None:
        return Clip(None, silent_because="the truth names no audio file")
    path = folder / utterance.audio
    try:
        check_is_path(utterance.audio)
        if not allow_outside and is_outside(folder, utterance.audio):
            _note_outside(path)
            return Clip(None, silent_because=OUTSIDE)
        path = audio_path(folder, utterance.audio)
        samples = read_audio(path, utterance.start_s, utterance.end_s, max_s=longest_s)
    except InputError as error:
        # A page is passed on: it names the clip, not the folders of this machine.
        reason = str(error).replace(str(path), without_folders(utterance.audio))
        return Clip(None, silent_because=without_folders(reason))
    data = b64encode(flac(samples)).decode("ascii")
    return Clip(f"data:audio/flac;base64,{data}", len(samples) / SAMPLE_RATE_HZ)


def _note_outside(path: Path) -> None:
    """Note the first clip that is left out."""
    if not _noted:
        note(
            f"{path}: outside of the manifest's folder, so its sound is not put into the page; "
            "--allow-outside puts in this and others"
        )
    _noted.add(str(path))


def flac(samples: np.ndarray) -> bytes:
    """Encode mono samples at 16 kHz (floats from -1 to 1) as a 16-bit FLAC file."""
    out = BytesIO()
    soundfile.write(out, samples, SAMPLE_RATE_HZ, format="FLAC", subtype="PCM_16")
    return out.getvalue()
