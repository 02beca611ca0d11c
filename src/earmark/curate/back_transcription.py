"""Keep the pairs whose clips a recogniser writes down as the chosen answer says."""

from collections.abc import Callable, Iterator
from pathlib import Path

from earmark.curate.verdict import Drop, Keep, Stream, Verdict
from earmark.errors import InputError, KnobError
from earmark.formats.reading import read
from earmark.records import Hypothesis, Pair, Utterance
from earmark.text import tokenize
from earmark.text.align import align
from earmark.voices.spoken.check import LANGUAGES, WHOLE, judge, texts_by_language

# What `earmark synthesize --check-with` writes beside the manifest, for each language.
CHECKED = "check.{language}.hyps.jsonl"
# Returns the worst error rate of a pair and what was heard; None where nothing was.
Heard = Callable[[Pair], tuple[float, str] | None]


def back_transcription(
    pairs: Stream, *, heard: str, most: float = 0.3, unheard: str = "drop"
) -> Iterator[Verdict]:
    """Keep pairs whose clips were written down with few errors by a recogniser.

    It runs no recogniser. `heard` is a file of transcripts (`earmark transcribe`) of the same
    utterances, found by `source`, else by the id of the pair; or the folder of a corpus that
    `earmark synthesize --check-with` has checked, where each language was heard by itself.

    Args:
        pairs: their chosen answers are what the clips say.
        heard: a file of transcripts, or the folder of a corpus.
        most: mixed error rate above which a pair is dropped, as a fraction.
        unheard: drop or keep pairs whose clip has no transcript.

    Raises:
        InputError: the transcripts cannot be read, or the folder has none.
        KnobError: a rate below 0, or something else to do with the others.
    """
    if isinstance(most, bool) or not isinstance(most, int | float) or not most >= 0:
        raise KnobError(f"most should be an error rate from 0, found {most!r}")
    if unheard not in ("drop", "keep"):
        raise KnobError(f"unheard should be drop or keep, found '{unheard}'")
    rate = _by_language(Path(heard)) if Path(heard).is_dir() else _whole(heard)
    return (_judge(pair, rate, most, unheard) for pair in pairs)


def _judge(pair: Pair, rate: Heard, most: float, unheard: str) -> Verdict:
    found = rate(pair)
    if found is None:
        return Keep(pair) if unheard == "keep" else Drop(pair, "its clip has no transcript")
    errors, text = found
    if errors > most:
        return Drop(
            pair, f"heard with an error rate of {errors:.2f}, more than {most:g}: '{text[:60]}'"
        )
    return Keep(pair)


def _whole(path: str) -> Heard:
    """Compare whole clips with their transcripts."""
    texts = {hyp.id: hyp.text for hyp in read(Hypothesis, path, sounds=None)}

    def rate(pair: Pair) -> tuple[float, str] | None:
        text = texts.get(pair.source or pair.id, texts.get(pair.id))
        truth = tokenize(pair.chosen)
        if text is None or not truth:
            return None
        errors = sum(edit.kind != "hit" for edit in align(truth, tokenize(text)))
        return errors / len(truth), text

    return rate


def _by_language(folder: Path) -> Heard:
    """Compare each language of a clip with what was heard of it, and return the worst.

    Raises:
        InputError: the folder has no transcripts.
    """
    files = {language: folder / CHECKED.format(language=language) for language in LANGUAGES}
    there = {language: file for language, file in files.items() if file.exists()}
    if not there:
        raise InputError(
            f"{folder}: expected {' or '.join(file.name for file in files.values())}, which "
            "`earmark synthesize --check-with` writes; found neither. Name a file of transcripts"
        )
    heard = {
        language: {hyp.id: hyp.text for hyp in read(Hypothesis, file, sounds=None)}
        for language, file in there.items()
    }

    def rate(pair: Pair) -> tuple[float, str] | None:
        id_ = pair.source or pair.id
        found = []
        for language, text in texts_by_language(pair.chosen).items():
            hyps = heard.get(language, {})
            if id_ in hyps:
                part = Utterance(id_, text)
                verdict = judge(part, language, hyps[id_], hyps.get(f"{id_}{WHOLE}"))
                found += [(verdict.rate, verdict.heard)] if verdict else []
        return max(found, default=None)

    return rate
