"""`earmark synthesize`: make a small English-Mandarin speech corpus with synthetic voices."""

from pathlib import Path
from typing import Literal

from earmark.cli.startup.later import later
from earmark.progress import note
from earmark.records import MANIFEST

duration_s = later("earmark.speech.audio:duration_s")
make_corpus = later("earmark.voices.corpus:make_corpus")

MIXES: dict[str, dict[str, float]] = {
    "mixed": {"mixed": 1},
    "zh": {"zh": 1},
    "en": {"en": 1},
    "all": {"mixed": 1, "zh": 1, "en": 1},
}


def synthesize(
    *,
    out: Path = Path("speech"),
    count: int = 1000,
    language: Literal["mixed", "zh", "en", "all"] = "mixed",
    voices: Literal["train", "heldout"] = "train",
    split: Literal["train", "dev", "test"] = "train",
    seed: int = 0,
    workers: int | None = None,
) -> None:
    """Make a small English-Mandarin speech corpus with synthetic voices.

    The speech comes from espeak-ng (GPL-3.0-or-later, installed by 'earmark[speech]'). A
    sentence belongs to one split for good, whatever the seed, voices and language.

    Args:
        out: folder for utterances.jsonl and the clips, audio/*.flac (16 kHz, mono).
        count: how many utterances to make.
        language: what is spoken: code-switched sentences, Mandarin, English, or a third of each.
        voices: those for training, or others with other rates, pitches and more noise.
        split: whose sentences: those for training, development or test.
        seed: the same seed makes the same corpus.
        workers: processes to use; by default one per core.
    """
    spoken = make_corpus(
        out,
        count=count,
        language_mix=MIXES[language],
        voices=voices,
        split=split,
        seed=seed,
        workers=workers,
    )
    seconds = sum(duration_s(out / str(row.utterance.audio)) for row in spoken)
    speakers = len({row.utterance.speaker for row in spoken})
    length = f"{seconds / 60:.1f} minutes, {speakers} speakers"
    note(f"{len(spoken)} utterances, {length}: {out / MANIFEST}")
