"""The engine of a server: any that has the OpenAI protocol's /v1/audio/speech.

Requests are concurrent and patient, as everywhere (`earmark.endpoint`); the key is read from the
environment. A server may draw, so that the same request need not give the same sound: what was
spoken is kept, and a stopped run is resumed from it.
"""

import json
import struct
from random import Random
from typing import Any, ClassVar, Literal

import numpy as np
import soxr

from earmark.endpoint import Again, BodyError, Endpoint, EndpointError, object_of
from earmark.errors import InputError, KnobError, shortened
from earmark.storage.open_sound import open_sound_bytes
from earmark.voices.engine import SAMPLE_RATE_HZ, Engine, Said, Source, check_speed

ROUTE = "/audio/speech"
# What a server that does not know the length yet writes into the header of a WAV file.
UNKNOWN_SIZES = (0, 0x7FFFFFFF, 0xFFFFFFFF, 0x7FFFFFFF + 36, 0xFFFFFFFF - 36)


class EndpointEngine(Engine):
    """A server; it knows its voices itself."""

    parallel: ClassVar[Literal["processes", "threads"]] = "threads"

    def __init__(self, source: Source) -> None:
        """Take the server and the model's name there, and look whether it answers.

        Raises:
            KnobError: no URL or no name is given, or one that cannot be.
            UnreachableError: nobody answers.
        """
        if not source.endpoint or not source.model:
            raise KnobError(
                "the engine endpoint needs a server: give its base URL by --endpoint, such as "
                "http://localhost:8000/v1, and the model's name there by --model"
            )
        self._endpoint = Endpoint(source.endpoint, source.model)
        self._endpoint.check_reachable()

    @property
    def made_by(self) -> dict[str, Any]:
        """Return the model's name and the URL, without what may be a password in it."""
        model, url = self._endpoint.model, self._endpoint.url
        return {"engine": "endpoint", "model": model, "endpoint": url}

    def voices(self) -> tuple[str, ...]:
        """Return nothing: the protocol has no list of voices."""
        return ()

    def check(self, text: str, voice: str) -> None:
        """Refuse a text without words; what else can be read, the server knows."""
        if not any(char.isalnum() for char in text):
            raise InputError(f"there is nothing to speak in {shortened(text)!r}; expected words")

    def stop(self) -> None:
        """Let requests that wait to be sent again give up."""
        self._endpoint.stop.set()

    def say(self, text: str, voice: str, rng: Random, *, speed: float = 1.0) -> Said:
        """Request a WAV file of the text.

        Raises:
            EndpointError: no usable answer after all retries, or the request was refused.
        """
        check_speed(speed)
        body = {
            "model": self._endpoint.model,
            "input": text,
            "voice": voice,
            "response_format": "wav",
            "speed": speed,
        }
        content = json.dumps(body).encode()
        return Said(
            self._endpoint.post(ROUTE, content, "application/json", self._sound, f"{voice}{text}")
        )

    def _sound(self, answer: bytes) -> np.ndarray:
        """Return the samples of an answer.

        Raises:
            Again: the sound is damaged.
            EndpointError: the answer is no sound.
        """
        try:
            object_of(answer)
        except BodyError:
            pass
        else:
            raise EndpointError(
                f"{self._endpoint.url}{ROUTE}: expected sound, found JSON; does this server "
                f"speak? It said: {self._endpoint.shown(answer)}"
            )
        try:
            with open_sound_bytes(with_true_sizes(answer), "the answer") as file:
                samples = file.read(dtype="float32", always_2d=True).mean(axis=1)
                rate_hz = file.samplerate
        except (InputError, RuntimeError) as error:
            raise Again(f"no usable sound: {shortened(str(error))}") from error
        if not len(samples) or not np.isfinite(samples).all():
            raise Again("a sound without samples, or with NaN or infinity among them")
        return np.asarray(soxr.resample(samples, rate_hz, SAMPLE_RATE_HZ), np.float32)


def with_true_sizes(wav: bytes) -> bytes:
    r"""Return a WAV file with the sizes that it has, where its header leaves them open.

    A server that streams writes the header before it knows them. Sizes that are given are kept,
    so that a file that was cut off is still found.

    >>> with_true_sizes(b"RIFF\xff\xff\xff\xffWAVEdata\xff\xff\xff\xff1234")
    b'RIFF\x10\x00\x00\x00WAVEdata\x04\x00\x00\x001234'
    """
    if wav[:4] != b"RIFF" or wav[8:12] != b"WAVE":
        return wav
    place = 12
    while place + 8 <= len(wav):
        name = wav[place : place + 4]
        (size,) = struct.unpack_from("<I", wav, place + 4)
        if name == b"data":
            left = len(wav) - place - 8
            if size not in UNKNOWN_SIZES or left <= 0:
                return wav
            riff, data = struct.pack("<I", len(wav) - 8), struct.pack("<I", left)
            return b"RIFF" + riff + wav[8 : place + 4] + data + wav[place + 8 :]
        place += 8 + size + size % 2
    return wav
