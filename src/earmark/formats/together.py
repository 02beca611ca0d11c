"""Truth and hypotheses read together: whether their lines begin with ids is seen from both."""

from collections.abc import Sequence, Set
from pathlib import Path
from typing import NamedTuple

from earmark.errors import InputError
from earmark.formats.files.line_ids import begin_with, first_fields, text_begins_with
from earmark.formats.files.source import Source
from earmark.formats.format import Format
from earmark.formats.kaldi import FORMAT as KALDI
from earmark.formats.plain import FORMAT as PLAIN
from earmark.formats.reading import OnError, claiming, load, open_source, recognise
from earmark.records import Hypothesis, Utterance

NAME_IT = "append @kaldi to the names of files whose lines begin with ids, @plain to the others"


class TestFiles(NamedTuple):
    """What was said, what each system wrote, and the folder where paths of the truth start."""

    truths: list[Utterance]
    hyps: list[list[Hypothesis]]
    folder: Path


def read_test(
    truth: str | Path,
    hyps: Sequence[str | Path],
    *,
    format: str | None = None,
    on_error: OnError = "stop",
    sounds: Path | None = None,
) -> TestFiles:
    """Read a truth and the hypotheses of one system or several.

    Args:
        truth: what was said, as FILE or FILE@FORMAT.
        hyps: what each system wrote.
        format: of all files whose name does not say theirs.
        on_error: stop at a bad row, or set it aside in `<file>.skipped.jsonl`.
        sounds: where sound is written that comes as bytes; None leaves it out.

    Raises:
        InputError: a file that cannot be read, a bad row, lines that may begin with ids or
            with words, or plain text that has not one line for each of the truth's.
    """
    opened = [open_source(path, format, sounds) for path in (truth, *hyps)]
    (first, truth_format), *others = opened
    texts = [source for source, found in opened if _are_lines(source, found)]
    alike = lines_alike(texts) if first in texts and len(texts) > 1 else None
    truth_format = truth_format or alike or recognise(first)
    truths = load(Utterance, first, out=first.named, on_error=on_error, format=truth_format)
    ids = set() if truth_format == PLAIN else {truth.id for truth in truths}
    read = []
    for source, named in others:
        found = named or (lines_with(ids, source) or alike if source in texts else None)
        found = found or recognise(source)
        rows = load(Hypothesis, source, out=source.named, on_error=on_error, format=found)
        if PLAIN in (truth_format, found):
            _check_as_many(source, len(rows), first, len(truths))
        read.append(rows)
    return TestFiles(truths, read, first.folder)


def _are_lines(source: Source, found: Format | None) -> bool:
    """Say whether a file of no known format has lines that begin with ids or with words."""
    return found is None and bool(text_begins_with(source)) and not claiming(source, (KALDI, PLAIN))


def _check_as_many(source: Source, rows: int, first: Source, truths: int) -> None:
    """Refuse plain text that has not one line for each of the truth's.

    Raises:
        InputError: says how many each has.
    """
    if rows != truths:
        raise InputError(
            f"{source} has {rows} rows and {first} has {truths}; the lines of plain text have no "
            "ids and are matched by their number, so both need as many. Give the lines ids, or "
            "write an empty line where a system wrote nothing"
        )


def lines_with(ids: Set[str], source: Source) -> Format | None:
    """Return Kaldi's format for text whose lines all begin with ids of the truth."""
    return KALDI if ids and ids >= set(first_fields(_lines(source))) else None


def lines_alike(sources: Sequence[Source]) -> Format:
    """Return the format of text files that belong together, the truth first.

    Where the first fields are ids in each file and the same in all, they are ids; where they are
    ids in none, they are words. Of a truth that is called `text` they are ids, and so they are in
    files that begin with some of them.

    Raises:
        InputError: they are ids in some, or differ; or they are the same and may be words.
    """
    texts = [_lines(source) for source in sources]
    begins = [
        "ids" if s.name == "text" else begin_with(t) for s, t in zip(sources, texts, strict=True)
    ]
    firsts = [set(first_fields(lines)) for lines in texts]
    same = all(fields == firsts[0] for fields in firsts)
    known = firsts[0] if sources[0].name == "text" else set()
    if (same and set(begins) == {"ids"}) or all(known.issuperset(fields) for fields in firsts):
        return KALDI
    if "ids" not in begins and not (same and set(begins) == {"either"}):
        return PLAIN
    names = ", ".join(map(str, sources))
    if "ids" in begins:
        other = next((i for i, f in enumerate(firsts) if f != firsts[0]), 0)
        differ = len(firsts[0] ^ firsts[other])
        raise InputError(
            f"{names}: the lines seem to begin with ids, but {differ} of them are in one file "
            f"only; if they are ids, {NAME_IT}"
        )
    raise InputError(
        f"{names}: the lines begin with the same words in each file, all different, which may be "
        f"ids or what was said; {NAME_IT}"
    )


def _lines(source: Source) -> list[str]:
    """Return the lines of a text that are not blank."""
    return [text if isinstance(text, str) else "" for _, _, text in source.texts()]
