"""The prompt of a pair: a clip, and a request to transcribe it drawn from a pool; its form."""

import os
from importlib.resources import files
from pathlib import Path
from random import Random
from typing import Any

from earmark.errors import InputError, shortened
from earmark.formats.files.lines import decode_line, numbered_lines
from earmark.formats.files.moving import seen_from
from earmark.records import Utterance
from earmark.speech.audio_path import audio_path


def load_prompts(path: str | Path | None = None) -> list[str]:
    """Read a pool of transcription prompts, one a line; without a path, the one that ships.

    The shipped pool has 20 English and 20 Chinese prompts, as many as in arXiv 2605.23975;
    none names a language. Departure: the paper's wording is not published, so it is ours.

    Raises:
        InputError: the file cannot be read or has no prompt.
    """
    source = path or Path(str(files("earmark").joinpath("assets/prompts.txt")))
    lines = [decode_line(raw, f"{source}:{number}") for number, raw in numbered_lines(source)]
    if not lines:
        raise InputError(f"{source}: no prompt; expected transcription prompts, one a line")
    return [line.strip() for line in lines]


class Prompter:
    """Makes the prompts of the pairs in one file: clips as seen from there, requests drawn.

    `folder` is where the audio paths of the utterances start; `out` is the pairs file, relative to
    whose folder they are written when that is possible.
    """

    def __init__(self, pool: list[str], folder: str | Path, out: str | Path) -> None:
        self._pool = pool
        self._manifest = Path(folder).absolute()
        self._out = Path(out).absolute().parent

    def prompt(self, utterance: Utterance, rng: Random) -> list[dict[str, Any]]:
        """Return the chat messages that ask for a transcript of an utterance."""
        clip: dict[str, Any] = {"type": "audio", "audio": self.clip(utterance)}
        if utterance.start_s is not None:
            clip["start_s"] = utterance.start_s
        if utterance.end_s is not None:
            clip["end_s"] = utterance.end_s
        request = {"type": "text", "text": rng.choice(self._pool)}
        return [{"role": "user", "content": [clip, request]}]

    def clip(self, utterance: Utterance) -> str:
        """Return an utterance's audio path as seen from the pairs file."""
        return seen_from(utterance.audio or "", self._manifest, self._out)

    def check(self, utterance: Utterance, where: str) -> None:
        """Refuse an utterance that no pair can be made of.

        Raises:
            InputError: no transcript, no audio, or an audio file that is not there or no path.
        """
        if not (utterance.text or "").strip():
            raise InputError(f"{where}: the transcript is empty; a pair needs what was said")
        if not utterance.audio:
            raise InputError(f"{where}: field 'audio' is missing; a pair needs the clip")
        try:
            path = audio_path(self._manifest, utterance.audio)
        except InputError as error:
            raise InputError(f"{where}: {error}") from error
        if not os.path.isfile(path):
            raise InputError(
                f"{where}: audio file not found: {shortened(str(path))}; paths count from the "
                "manifest's folder"
            )
