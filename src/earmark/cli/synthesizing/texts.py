"""Speak the rows of a file, or sentences of the grammar, with an engine and voices by name."""

from collections.abc import Mapping
from pathlib import Path

from earmark.cli.synthesizing.checked import keep_understood
from earmark.cli.synthesizing.options import CheckOptions, EngineOptions
from earmark.errors import InputError
from earmark.formats.files.set_aside import BadRow
from earmark.formats.reading import input_file, open_source, read
from earmark.records import Utterance
from earmark.storage.outputs import check_folder
from earmark.voices.corpus import LanguageMode, Split, draw_renderings
from earmark.voices.engine import Source
from earmark.voices.spoken.make import Speaker, is_spoken, speak_texts
from earmark.voices.spoken.plan import Speaking, chosen_voices, plan

Sentences = tuple[int, Mapping[LanguageMode, float], Split]


def speak_given(
    out: Path,
    texts: Path | None,
    sentences: Sentences,
    engine: str,
    voices: str | None,
    options: EngineOptions,
    checking: CheckOptions,
    seed: int,
    workers: int | None,
) -> list[Utterance]:
    """Speak texts, or `sentences` (count, mix, split) of the grammar; return the rows.

    Raises:
        InputError: a text that cannot be spoken, or a folder that holds something else.
        KnobError: an engine, a voice or an option that does not exist.
    """
    inputs = [] if texts is None else [input_file(texts)]
    check_folder(out, is_spoken(out), "speech that was made here before", inputs)
    source = Source(
        model=options.model,
        endpoint=options.endpoint,
        words=options.words,
        english_words=options.english_words,
    )
    speaker = Speaker(engine, source)
    speaking = Speaking(
        voices=chosen_voices(voices, speaker.open()),
        per_text=options.voices_per_text,
        speed=options.speed,
        snr_db=options.snr,
        seed=seed,
    )
    bad: list[BadRow] = []
    if texts is None:
        rows = _of_grammar(sentences, seed)
    else:
        rows = _of_file(texts, bad if options.on_error == "skip" else None)
    spoken = speak_texts(
        out,
        rows,
        speaker,
        speaking,
        on_error=options.on_error,
        set_aside=bad,
        workers=workers,
    )
    if checking.check_with is not None:
        used = speaker.open()
        jobs = list(plan(rows, speaking, used.made_by))
        spoken = keep_understood(out, spoken, jobs, used, checking)
    return spoken.rows


def _of_file(path: Path, set_aside: list[BadRow] | None) -> list[Utterance]:
    """Read texts.

    Raises:
        InputError: a bad row, or not one good row.
    """
    source, chosen = open_source(path)
    rows = list(read(Utterance, source, set_aside=set_aside, format=chosen))
    if not rows:
        raise InputError(f"{source}: not one usable row; expected a text in each")
    return rows


def _of_grammar(sentences: Sentences, seed: int) -> list[Utterance]:
    """Draw sentences; their ids are those of a corpus of espeak's voices."""
    count, mix, split = sentences
    return [
        Utterance(f"{split}-{language}-{number:05d}", text, language=language, split=split)
        for number, (language, text) in enumerate(draw_renderings(count, mix, split, seed))
    ]
