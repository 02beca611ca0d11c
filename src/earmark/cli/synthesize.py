"""`earmark synthesize`: make English-Mandarin speech with synthetic voices or recorded words."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from earmark.cli.startup.later import later
from earmark.cli.synthesizing.options import CheckOptions, EngineOptions
from earmark.errors import KnobError
from earmark.progress import note
from earmark.records import MANIFEST

duration_s = later("earmark.speech.audio:duration_s")
make_corpus = later("earmark.voices.corpus:make_corpus")
speak_given = later("earmark.cli.synthesizing.texts:speak_given")

MIXES: dict[str, dict[str, float]] = {
    "mixed": {"mixed": 1},
    "zh": {"zh": 1},
    "en": {"en": 1},
    "all": {"mixed": 1, "zh": 1, "en": 1},
}
GROUPS = ("train", "heldout")


def synthesize(
    *,
    out: Path = Path("speech"),
    texts: Path | None = None,
    engine: str = "espeak",
    voices: str | None = None,
    count: int | None = None,
    language: Literal["mixed", "zh", "en", "all"] | None = None,
    split: Literal["train", "dev", "test"] | None = None,
    seed: int = 0,
    workers: int | None = None,
    speaking: Annotated[
        EngineOptions | None, Parameter(name="*", group="With --texts or --voices by name")
    ] = None,
    checking: Annotated[
        CheckOptions | None, Parameter(name="*", group="Check by a recogniser")
    ] = None,
) -> None:
    """Make an English-Mandarin speech corpus with synthetic voices or recorded words.

    Without --texts, sentences of a small grammar are spoken, each of which belongs to one split
    for good; by espeak-ng (GPL-3.0-or-later, installed by 'earmark[speech]') and the voices
    `train` or `heldout` with their own noise, unless --engine and --voices name others.

    With --texts, each row of a file is spoken. Texts that cannot be spoken are refused before
    work begins. A run that was stopped is resumed by the same command.

    Args:
        out: folder for utterances.jsonl and the clips, audio/*.flac (16 kHz, mono).
        texts: what is spoken: a text file, a line each, or a manifest in any format that
            docs/formats.md has; FILE@FORMAT names it.
        engine: espeak; kokoro (neural voices, --model FOLDER); endpoint (a server's
            /v1/audio/speech); recorded (words joined); or module:name of your own.
        voices: names with commas, `z*` for all that begin with z; or, of the grammar and espeak,
            train (default) and heldout: other voices with other rates, pitches and more noise.
        count: how many sentences of the grammar; default: 1000.
        language: of the grammar: code-switched sentences (mixed, the default), Mandarin, English,
            or a third of each.
        split: of the grammar: sentences for training (default), development or test.
        seed: the same seed makes the same corpus.
        workers: processes to use, by default one per core; with endpoint requests under way at
            once, by default 8.
        speaking: what texts are spoken with.
        checking: how clips are checked.
    """
    if texts is not None and (count, language, split) != (None, None, None):
        raise KnobError("--count, --language and --split are of the grammar, not of --texts")
    mix = MIXES[language or "mixed"]
    if texts is None and engine == "espeak" and voices in (None, *GROUPS):
        if speaking is not None or checking is not None:
            raise KnobError(
                "the voices 'train' and 'heldout' have their own speed and noise; with other "
                "options name voices, as in --voices plain,f2"
            )
        rows = [
            spoken.utterance
            for spoken in make_corpus(
                out,
                count=1000 if count is None else count,
                language_mix=mix,
                voices=voices or "train",
                split=split or "train",
                seed=seed,
                workers=workers,
            )
        ]
    else:
        sentences = (1000 if count is None else count, mix, split or "train")
        rows = speak_given(
            out,
            texts,
            sentences,
            engine,
            voices,
            speaking or EngineOptions(),
            checking or CheckOptions(),
            seed,
            workers,
        )
    seconds = sum(duration_s(out / str(row.audio)) for row in rows)
    speakers = len({row.speaker for row in rows})
    length = f"{seconds / 60:.1f} minutes, {speakers} speakers"
    note(f"{len(rows)} utterances, {length}: {out / MANIFEST}")
