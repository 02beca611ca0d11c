"""Check spoken clips by a recogniser: each language of a clip is heard, and scored, by itself.

A recogniser that fails where languages mix, as most do, would delete the mixed sentences if it
heard them whole. So what is spoken in one language is cut out of a clip (the engine knows where
it is), its stretches are joined, and the recogniser hears Mandarin alone and English alone. Where
an engine does not know the places, it speaks each language of the text once more, by the same
voice at the same speed. A word that is cut out is hard to understand too, so the mixed clip is
also heard whole: a token is wrong only where neither hearing has it. Clips in one language are
heard whole, once.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from earmark.errors import InputError
from earmark.formats.files.lines import write_jsonl
from earmark.progress import track
from earmark.records import Utterance
from earmark.speech.audio import SAMPLE_RATE_HZ, check_audio, read_audio, write_audio
from earmark.text import tokenize
from earmark.text.align import align
from earmark.text.language import language_of
from earmark.voices.engine import Engine
from earmark.voices.language_spans import Language, text_spans
from earmark.voices.spoken.make import render
from earmark.voices.spoken.plan import Job

LANGUAGES: tuple[Language, ...] = ("zh", "en")
PAUSE_S = 0.15
EDGE_S = 0.2
FADE_S = 0.005
MOST_QUOTED = 60
# Ends the id of a row in which a mixed clip is heard whole.
WHOLE = " (whole)"


class Part(NamedTuple):
    """What one language of a clip says, and where it is heard: a row for a recogniser."""

    language: Language
    row: Utterance


class Verdict(NamedTuple):
    """The errors of one language of a clip: counts, and what was heard."""

    id: str
    language: Language
    errors: int
    tokens: int
    heard: str

    @property
    def rate(self) -> float:
        """Return errors / tokens."""
        return self.errors / self.tokens


def write_parts(
    out: Path, jobs: Sequence[Job], rows: Mapping[str, Utterance], engine: Engine
) -> dict[Language, Path]:
    """Write what is heard of each language: a manifest for each, sound beside it.

    Args:
        out: the folder of the corpus; the manifests are `check.zh.jsonl` and `check.en.jsonl`
            there, and what is cut out lies in `check/`.
        jobs: how the clips were made.
        rows: their rows, by id.
        engine: speaks a language again where the places in a clip are not known.

    Returns:
        the manifests of the languages that are spoken.

    Raises:
        InputError: a clip cannot be read.
    """
    found: dict[Language, list[Utterance]] = {language: [] for language in LANGUAGES}
    for job in track(jobs, "cutting clips by language"):
        for part in _parts(out, rows[job.utterance.id], job, engine):
            found[part.language].append(part.row)
    manifests = {}
    for language, parts in found.items():
        if parts:
            manifests[language] = out / f"check.{language}.jsonl"
            write_jsonl(manifests[language], parts)
    return manifests


def _parts(out: Path, row: Utterance, job: Job, engine: Engine) -> Iterator[Part]:
    """Yield each language of a clip."""
    texts = texts_by_language(row.text or "")
    for language, text in texts.items():
        if len(texts) == 1:
            yield Part(language, _row(row, str(row.audio), text))
            continue
        name = f"check/{Path(str(row.audio)).stem}.{language}.flac"
        if not _is_newer(out / name, out / str(row.audio)):
            write_audio(out / name, _sound(out, row, job, language, text, engine))
        yield Part(language, _row(row, name, text))
        whole = replace(_row(row, str(row.audio), text), id=f"{row.id}{WHOLE}")
        yield Part(language, whole)


def _row(row: Utterance, audio: str, text: str) -> Utterance:
    return replace(row, audio=audio, text=text, language=None, extra={})


def _is_newer(path: Path, than: Path) -> bool:
    try:
        check_audio(path)
    except InputError:
        return False
    return path.stat().st_mtime_ns >= than.stat().st_mtime_ns


def _sound(
    out: Path, row: Utterance, job: Job, language: Language, text: str, engine: Engine
) -> np.ndarray:
    """Return how one language of a clip sounds."""
    spans = row.extra.get("spans")
    if not spans:
        return render(job, text, engine).audio
    clip = read_audio(out / str(row.audio))
    return joined(clip, [(start, end) for found, start, end in spans if found == language])


def texts_by_language(text: str) -> dict[Language, str]:
    """Return what a text says in each language.

    >>> texts_by_language("我先 copy 一下, ok?")
    {'zh': '我先 一下,', 'en': 'copy ok?'}
    """
    found: dict[Language, list[str]] = {}
    for language, part in text_spans(text):
        found.setdefault(language, []).append(part)
    return {language: " ".join(parts) for language, parts in found.items()}


def joined(clip: np.ndarray, places: Iterable[tuple[float, float]]) -> np.ndarray:
    """Join stretches of a clip, given in seconds, faded at their ends, with pauses between."""
    pieces = [np.zeros(round(EDGE_S * SAMPLE_RATE_HZ), np.float32)]
    pause = np.zeros(round(PAUSE_S * SAMPLE_RATE_HZ), np.float32)
    for start_s, end_s in places:
        piece = clip[round(start_s * SAMPLE_RATE_HZ) : round(end_s * SAMPLE_RATE_HZ)].copy()
        count = min(round(FADE_S * SAMPLE_RATE_HZ), len(piece) // 2)
        rise = np.linspace(0, 1, count, dtype=np.float32)
        piece[:count] *= rise
        piece[len(piece) - count :] *= rise[::-1]
        pieces += [piece, pause]
    return np.concatenate([*pieces, pieces[0]])


def judge(
    part: Utterance, language: Language, heard: str, whole: str | None = None
) -> Verdict | None:
    """Count the errors of one language of a clip; None where its text has no token.

    Errors are the tokens that no hearing has, and the insertions of the hearing with fewer. Words
    of the other language are errors where this one is heard alone: a recogniser that translates
    did not hear what was spoken.

    Args:
        part: what the clip says in this language.
        language: the language.
        heard: what was written where it was heard alone.
        whole: what was written where a mixed clip was heard whole; of it, only tokens of this
            language count.

    >>> judge(Utterance("u", "我想 会议"), "zh", "我想 开业", "我 xiang 会议").errors
    0
    """
    truth = tokenize(part.text or "")
    if not truth:
        return None
    hearings = [tokenize(heard)]
    if whole is not None:
        hearings.append([t for t in tokenize(whole) if language_of(t) in (language, "other")])
    found: set[int] = set()
    inserted = []
    for tokens in hearings:
        edits = align(truth, tokens)
        found |= {e.truth for e in edits if e.kind == "hit" and e.truth is not None}
        inserted.append(sum(edit.kind == "insertion" for edit in edits))
    errors = len(truth) - len(found) + min(inserted)
    return Verdict(part.id, language, errors, len(truth), heard)


def reason(verdict: Verdict, most_errors: float) -> str | None:
    """Say why a clip is set aside; None where it is kept."""
    if verdict.rate <= most_errors:
        return None
    heard = verdict.heard[:MOST_QUOTED] or "nothing"
    return (
        f"its {verdict.language} is written down with {verdict.errors} errors in "
        f"{verdict.tokens} tokens, {verdict.rate:.2f}, more than {most_errors:g}; alone: {heard}"
    )
