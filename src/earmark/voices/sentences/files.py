"""Files of sentences: utterances without sound, from templates or from a chat model."""

from pathlib import Path
from typing import Literal

from earmark.endpoint import Endpoint
from earmark.errors import KnobError
from earmark.formats.files.answers import AnswerFile
from earmark.formats.files.lines import write_jsonl
from earmark.formats.files.set_aside import skipped_path
from earmark.progress import note, progress_bar
from earmark.records import Utterance
from earmark.storage.outputs import ANSWERS, SENTENCES, SET_ASIDE, Output, beside, check_outputs
from earmark.voices.sentences.check import SentenceLanguage
from earmark.voices.sentences.draw import (
    LANGUAGES,
    Sharing,
    SplitChoice,
    as_utterance,
    draw_sentences,
)
from earmark.voices.sentences.written_by_llm import Aside, Written, write_sentences

Languages = Literal["mixed", "zh", "en", "all"]


def numbers_of(language: Languages, count: int) -> dict[SentenceLanguage, int]:
    """Divide a count over the languages.

    Raises:
        KnobError: there are fewer sentences than languages.

    >>> numbers_of("all", 8)
    {'mixed': 3, 'zh': 3, 'en': 2}
    """
    if language != "all":
        return {language: count}
    if count < len(LANGUAGES):
        raise KnobError(f"count should be at least {len(LANGUAGES)} for all, found {count}")
    return {each: (count + 2 - i) // len(LANGUAGES) for i, each in enumerate(LANGUAGES)}


def write_from_templates(
    out: Path,
    count: int,
    language: Languages = "mixed",
    *,
    split: SplitChoice = "all",
    templates_of: Sharing = "held-out",
    seed: int = 0,
) -> list[Utterance]:
    """Fill templates, write the sentences as utterances without sound, and return them.

    The arguments are those of `draw_sentences`; `all` languages have a third of `count` each.

    Raises:
        KnobError: an argument makes no sense, or there are not so many sentences.
        InputError: something else is where the file should be.
    """
    check_outputs([Output(out, SENTENCES)])
    rows = [
        as_utterance(drawn)
        for each, number in numbers_of(language, count).items()
        for drawn in draw_sentences(number, each, split=split, templates_of=templates_of, seed=seed)
    ]
    write_jsonl(out, rows)
    return rows


def write_by_model(
    out: Path,
    count: int,
    language: Languages = "mixed",
    *,
    endpoint: Endpoint,
    split: SplitChoice = "all",
    seed: int = 0,
    workers: int = 8,
    answers: Path | None = None,
) -> list[Utterance]:
    """Let a chat model write the sentences; what is set aside is kept beside the file.

    Args:
        out: file to write.
        count: how many sentences to keep.
        language: as for `write_from_templates`.
        endpoint: the model.
        split: whose sentences to keep.
        seed: another seed makes other requests.
        workers: requests under way at once, at most.
        answers: file that keeps the answers; by default OUT.chat.jsonl.

    Raises:
        EndpointError: the model gave no usable answer.
        InputError: it writes nothing new, or something else is where a file should be.
        KnobError: an argument makes no sense.
    """
    kept, aside_path = answers or beside(out, ".chat.jsonl"), skipped_path(out)
    numbers = numbers_of(language, count)
    check_outputs([Output(out, SENTENCES), Output(kept, ANSWERS), Output(aside_path, SET_ASIDE)])
    file, rows, aside = AnswerFile(kept), list[Utterance](), list[Aside]()
    with progress_bar() as bar:
        task = bar.add_task("writing sentences", total=sum(numbers.values()))
        for each, number in numbers.items():
            written = write_sentences(
                endpoint,
                file,
                number,
                each,
                split=split,
                seed=seed,
                workers=workers,
                on_request=lambda new: bar.advance(task, new),
            )
            rows += written.kept
            aside += written.aside
            _report(each, written)
    write_jsonl(out, rows)
    write_jsonl(aside_path, [row._asdict() for row in aside])
    return rows


def _report(language: str, written: Written) -> None:
    """Note what became of the lines that the model wrote."""
    reasons = ", ".join(f"{reason} {count}" for reason, count in written.reasons().items())
    note(
        f"{language}: {len(written.kept)} sentences kept of {written.requests} requests; "
        f"{written.other_splits} of other splits; {len(written.aside)} set aside"
        + (f" ({reasons})" if reasons else "")
    )
