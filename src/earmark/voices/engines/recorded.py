"""The engine of recorded words: sound files named by their words, joined to sentences.

Every sound is a person's: `WORD.mp3` in one folder for Mandarin, in another for English. Words
are brought to one level and faded at both ends, so that nothing clicks, with short pauses
between them. The folders may be of two speakers, who then take turns.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from earmark.errors import InputError, KnobError, shortened
from earmark.speech.audio import read_audio
from earmark.storage.digests import of_file, of_values
from earmark.voices.engine import SAMPLE_RATE_HZ, Engine, Said, Source, SpokenSpan
from earmark.voices.language_spans import Language, TextSpan, check_characters, text_spans
from earmark.voices.levels import at_level, loud_part

VOICE = "recorded"
SUFFIXES = (".mp3", ".wav", ".flac", ".ogg")
WORD_GAP_S = (0.03, 0.08)
CLAUSE_GAP_S = (0.2, 0.35)
EDGE_S = 0.05
FADE_S = 0.008
MARGIN_S = 0.015
MOST_NAMED = 10
_CLAUSE_END = re.compile(r"[,.;:!?。，、；：！？…—]")
_TOKENS: dict[Language, re.Pattern[str]] = {
    "zh": re.compile(r"[^\W\d_]|\d+"),
    "en": re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d+"),
}
_JOINER: dict[Language, str] = {"zh": "", "en": " "}


class RecordedEngine(Engine):
    """Folders of recorded words, one for each language."""

    changes_speed = False

    def __init__(self, source: Source) -> None:
        """List the recordings.

        Raises:
            KnobError: no folder is given.
            InputError: a folder holds no recordings, or two of one word.
        """
        folders: dict[Language, Path | None] = {"zh": source.words, "en": source.english_words}
        if not any(folders.values()):
            raise KnobError(
                "the engine recorded needs recordings: give folders of files such as WORD.mp3 by "
                "--words (Mandarin) and --english-words"
            )
        self._files: dict[Language, dict[str, Path]] = {
            language: recordings(folder) if folder else {} for language, folder in folders.items()
        }
        self._loaded: dict[Path, np.ndarray] = {}

    @cached_property
    def made_by(self) -> dict[str, Any]:
        """Return the engine's name, and what tells these folders from others."""
        files = [
            (language, word, of_file(path))
            for language, words in self._files.items()
            for word, path in sorted(words.items())
        ]
        return {"engine": "recorded", "recordings": of_values(files)}

    def voices(self) -> tuple[str, ...]:
        """Return the one voice that folders are."""
        return (VOICE,)

    def check(self, text: str, voice: str) -> None:
        """Refuse a text with a word that was not recorded."""
        self.check_voice(voice)
        check_characters(text)
        spans = text_spans(text)
        missing = [word for span in spans for _, word in self._words(span) if word]
        if missing:
            unique = list(dict.fromkeys(missing))
            more = f" and {len(unique) - MOST_NAMED} more" if len(unique) > MOST_NAMED else ""
            named = ", ".join(f"'{word}'" for word in unique[:MOST_NAMED])
            raise InputError(f"no recording of {named}{more}, in {shortened(text)!r}")

    def say(self, text: str, voice: str, rng: Random, *, speed: float = 1.0) -> Said:
        """Join the words of a text; `rng` draws the pauses."""
        if speed != 1:
            raise KnobError("recorded words have the speed that they were spoken with")
        self.check(text, voice)
        pieces, spans, done = [_silence(EDGE_S)], [], EDGE_S
        for language, clauses in self._clauses(text):
            start_s = done
            for place, clause in enumerate(clauses):
                gaps = [rng.uniform(*(CLAUSE_GAP_S if place else WORD_GAP_S))]
                gaps += [rng.uniform(*WORD_GAP_S) for _ in clause[1:]]
                for gap_s, path in zip(gaps, clause, strict=True):
                    sound = self._sound(path)
                    pieces += [_silence(gap_s), sound]
                    start_s = done + gap_s if start_s == done else start_s
                    done += (len(pieces[-2]) + len(sound)) / SAMPLE_RATE_HZ
            spans.append(SpokenSpan(language, start_s, done))
        pieces.append(_silence(EDGE_S))
        return Said(at_level(np.concatenate(pieces)), tuple(spans))

    def _clauses(self, text: str) -> Iterator[tuple[Language, list[list[Path]]]]:
        """Yield the recordings of each span, clause by clause."""
        for span in text_spans(text):
            parts = (TextSpan(span.language, part) for part in _CLAUSE_END.split(span.text))
            clauses = [[path for path, _ in self._words(part) if path] for part in parts]
            if any(clauses):
                yield span.language, [clause for clause in clauses if clause]

    def _words(self, span: TextSpan) -> list[tuple[Path | None, str]]:
        """Return a recording for each word, or None and what lacks one."""
        files = self._files[span.language]
        tokens = [token.casefold() for token in _TOKENS[span.language].findall(span.text)]
        return fewest_words(tokens, files, _JOINER[span.language])

    def _sound(self, path: Path) -> np.ndarray:
        """Return a recording at the usual level, without silence, faded at both ends."""
        if path not in self._loaded:
            raw = read_audio(path)
            if not np.abs(raw).max() > 0:
                raise InputError(f"{path}: nothing but silence; record it again or remove it")
            first, last = loud_part(raw)
            margin = round(MARGIN_S * SAMPLE_RATE_HZ)
            sound = at_level(raw[max(0, first - margin) : last + margin])
            self._loaded[path] = faded(sound, round(FADE_S * SAMPLE_RATE_HZ))
        return self._loaded[path]


def recordings(folder: Path) -> dict[str, Path]:
    """Return the sound files of a folder by their words; `-` and `_` in a name are blanks.

    Raises:
        InputError: no such folder, no sound file in it, or two of one word.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: expected a folder of recorded words, found none")
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in SUFFIXES or path.name.startswith("."):
            continue
        plain = unicodedata.normalize("NFKC", path.stem).casefold()
        word = " ".join(re.split(r"[-_\s]+", plain)).strip()
        if word in found:
            raise InputError(f"{path}: '{word}' is already in {found[word].name}; keep one")
        found[word] = path
    if not found:
        raise InputError(
            f"{folder}: expected recorded words such as WORD.mp3 ({', '.join(SUFFIXES)}), found "
            "none"
        )
    return found


def fewest_words(
    tokens: Sequence[str], files: Mapping[str, Path], joiner: str
) -> list[tuple[Path | None, str]]:
    """Divide tokens into recorded words, as few and with as little missing as can be.

    Returns:
        (recording, "") for each word, and (None, token) for a token that none has.

    >>> fewest_words(["a", "b", "c"], {"a b": Path("ab.wav"), "a": Path("a.wav")}, " ")
    [(PosixPath('ab.wav'), ''), (None, 'c')]
    """
    longest = max((len(word.split()) if joiner else len(word) for word in files), default=1)
    # Of the tokens up to each place: (how many are missing, how many words), and the last word.
    best: list[tuple[tuple[int, int], int, Path | None]] = [((0, 0), 0, None)]
    for end in range(1, len(tokens) + 1):
        missing, count = best[end - 1][0]
        found: tuple[tuple[int, int], int, Path | None] = ((missing + 1, count), end - 1, None)
        for start in range(max(0, end - longest), end):
            path = files.get(joiner.join(tokens[start:end]))
            (missing, count), *_ = best[start]
            if path and (missing, count + 1) < found[0]:
                found = ((missing, count + 1), start, path)
        best.append(found)
    words: list[tuple[Path | None, str]] = []
    end = len(tokens)
    while end:
        _, start, path = best[end]
        words.append((path, "" if path else tokens[start]))
        end = start
    return words[::-1]


def faded(sound: np.ndarray, samples: int) -> np.ndarray:
    """Fade a sound in and out over a number of samples, by half a cosine.

    >>> [round(float(x), 2) for x in faded(np.ones(6), 2)]
    [0.15, 0.85, 1.0, 1.0, 0.85, 0.15]
    """
    count = min(samples, len(sound) // 2)
    rise = (1 - np.cos(np.pi * (np.arange(count) + 0.5) / max(count, 1))) / 2
    out = sound.copy()
    out[:count] *= rise
    out[len(out) - count :] *= rise[::-1]
    return out


def _silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * SAMPLE_RATE_HZ), np.float32)
