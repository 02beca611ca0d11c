"""Keep transcripts as they come, resume after a stop, and write whole files in the order given.

Whatever writes the transcripts down, a model in this process or a server, comes through here.
"""

import json
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from earmark.errors import InputError
from earmark.formats.files.lines import write_jsonl
from earmark.formats.files.set_aside import BadRow, skipped_path
from earmark.formats.schema.fields import to_row
from earmark.progress import note, progress_bar, track
from earmark.prompting.answer import Answer
from earmark.prompting.clean import clean
from earmark.records import Hypothesis, Utterance, carried
from earmark.speech.audio import SAMPLE_RATE_HZ, check_audio, read_audio
from earmark.speech.audio_path import audio_path
from earmark.storage.append import AppendFile
from earmark.storage.lock import lock_beside, locked
from earmark.storage.outputs import check_outputs
from earmark.transcribe.resume import (
    TRANSCRIBING,
    Output,
    fingerprint,
    finished,
    hypothesis_outputs,
    kept_row,
)

OnError = Literal["stop", "skip"]
MOST_NAMED = 20
# The file's name in rows of utterances that could not be transcribed.
UTTERANCES = "utterances"
ADVICE = "choose another --out, and run the same command again: it continues where it was"


class Heard(NamedTuple):
    """What was written for an utterance, or why nothing was.

    `written` has, for each output, the answers to the parts of the clip, in order.
    """

    utterance: Utterance
    written: Sequence[Sequence[Answer]]
    problem: InputError | None = None


class Checked(NamedTuple):
    """Utterances whose clips can be used, how long they are, what was set aside, the folder.

    `row` is the number of each utterance in the manifest, from 1, by id; `utterances` are all, in
    their order.
    """

    usable: list[Utterance]
    duration_s: dict[str, float]
    row: dict[str, int]
    bad: list[BadRow]
    folder: Path
    utterances: Sequence[Utterance]


Listen = Callable[[Sequence[Utterance]], Generator[Heard]]


def check_clips(
    utterances: Sequence[Utterance],
    folder: Path,
    on_error: OnError,
    set_aside: Sequence[BadRow] = (),
) -> Checked:
    """Look at every clip before work begins: its header, its length, its last sample.

    The sound itself is read once, when its turn comes; damage in the middle is found then.

    Args:
        utterances: what is to be transcribed.
        folder: where relative audio paths start.
        on_error: stop where clips cannot be used, or set them aside.
        set_aside: rows that were set aside before.

    Raises:
        InputError: names all utterances without audio or with a clip that cannot be used.
    """
    checked, bad = Checked([], {}, {}, list(set_aside), folder, utterances), []
    for number, utterance in enumerate(track(utterances, "checking audio"), start=1):
        checked.row[utterance.id] = number
        try:
            facts = check_audio(path_of(utterance, folder), utterance.start_s, utterance.end_s)
        except InputError as error:
            bad.append(_bad_row(utterance, number, f"utterance '{utterance.id}': {error}"))
            continue
        checked.usable.append(utterance)
        checked.duration_s[utterance.id] = facts.duration_s
    return _set_aside(checked, bad, on_error)


def check_lengths(checked: Checked, longest_s: float | None, on_error: OnError) -> Checked:
    """Leave out clips that are longer than what can be heard.

    Args:
        checked: clips that can be used.
        longest_s: the longest clip that can be heard, in seconds; None if clips are split.
        on_error: stop where there are longer ones, or set them aside.

    Raises:
        InputError: names all that are too long.
    """
    if longest_s is None:
        return checked
    usable, bad = [], []
    for utterance in checked.usable:
        if checked.duration_s[utterance.id] <= longest_s:
            usable.append(utterance)
            continue
        reason = (
            f"utterance '{utterance.id}': {path_of(utterance, checked.folder)}: "
            f"{checked.duration_s[utterance.id]:.2f} s of audio, but at most {longest_s:g} s can "
            "be heard; split it into shorter utterances with start_s and end_s, or say "
            "--long-audio split"
        )
        bad.append(_bad_row(utterance, checked.row[utterance.id], reason))
    return _set_aside(checked._replace(usable=usable), bad, on_error)


def _set_aside(checked: Checked, bad: Sequence[BadRow], on_error: OnError) -> Checked:
    """Add bad rows to those that are set aside, or refuse all of them by name."""
    if not bad or on_error == "skip":
        return checked._replace(bad=[*checked.bad, *bad])
    reasons = [row.reason for row in bad]
    if len(reasons) == 1:
        raise InputError(reasons[0])
    more = [f"and {len(reasons) - MOST_NAMED} more"] if len(reasons) > MOST_NAMED else []
    raise InputError(
        f"{len(reasons)} of {len(checked.row)} clips cannot be used; --on-error skip leaves them "
        "out:\n  " + "\n  ".join([*reasons[:MOST_NAMED], *more])
    )


def path_of(utterance: Utterance, folder: Path) -> Path:
    """Return where an utterance's sound is.

    Raises:
        InputError: it has none, or what it names is no path.
    """
    if utterance.audio is None:
        raise InputError("it has no audio; expected a path in 'audio'")
    return audio_path(folder, utterance.audio)


def read_parts(utterance: Utterance, folder: Path, split_s: float | None) -> list[np.ndarray]:
    """Read an utterance's sound (float32, mono, 16 kHz), in parts of at most `split_s` seconds.

    Raises:
        InputError: the sound cannot be read.
    """
    try:
        clip = read_audio(path_of(utterance, folder), utterance.start_s, utterance.end_s)
    except InputError as error:
        raise InputError(f"utterance '{utterance.id}': {error}") from error
    return [clip] if split_s is None else split_at_quiet(clip, int(split_s * SAMPLE_RATE_HZ))


def keep(
    checked: Checked,
    listen: Listen,
    outputs: Sequence[Output],
    out: Path,
    *,
    on_error: OnError,
    tidy: Callable[[str], str] = clean,
) -> list[list[Hypothesis]]:
    """Write down what `listen` hears: one file per output, in the order of the utterances.

    Rows are kept in `<out>.partial` as they come, in whatever order, so a run that was stopped
    resumes there. The files appear when all is done.

    Args:
        checked: what can be transcribed.
        listen: yields what was heard, each utterance once, in any order.
        outputs: the files; `listen` yields answers for each.
        out: what the run is named by; what is set aside goes to `<out>.skipped.jsonl`.
        on_error: stop at an utterance with a problem, or set it aside.
        tidy: makes the transcript of a raw text, which is kept beside it; of each part its own,
            since a model writes its marks around each.

    Raises:
        InputError: a problem, or not one utterance without one; an output where something else
            is, or that another process writes.
    """
    check_outputs(hypothesis_outputs([output.path for output in outputs], out))
    with ExitStack() as stack:
        for output in outputs:
            stack.enter_context(locked(lock_beside(output.path), TRANSCRIBING))
        done = finished(outputs, checked.usable, checked.folder)
        bad = [*checked.bad, *_listen(checked, listen, outputs, done, on_error, tidy)]
        return _write(checked._replace(bad=bad), outputs, done, skipped_path(out))


def _listen(
    checked: Checked,
    listen: Listen,
    outputs: Sequence[Output],
    done: dict[str, list[Hypothesis]],
    on_error: OnError,
    tidy: Callable[[str], str],
) -> list[BadRow]:
    """Hear what is not done yet, and add it to `done` and to the partial files; return the rest.

    Raises:
        InputError: a problem, where `on_error` is "stop".
    """
    todo = [utterance for utterance in checked.usable if utterance.id not in done]
    files = [AppendFile(output.partial, ADVICE) for output in outputs]
    bad = []
    for file in files:
        file.append()
    with progress_bar() as bar, closing(listen(todo)) as all_heard:
        task = bar.add_task("transcribing", total=len(checked.usable), completed=len(done))
        for heard in all_heard:
            bar.advance(task)
            if heard.problem is None:
                done[heard.utterance.id] = _rows(heard, outputs, tidy)
                sound = fingerprint(heard.utterance, checked.folder)
                for file, row in zip(files, done[heard.utterance.id], strict=True):
                    file.append(kept_row(row, sound))
            elif on_error == "stop":
                raise heard.problem
            else:
                number = checked.row[heard.utterance.id]
                bad.append(_bad_row(heard.utterance, number, str(heard.problem)))
    return bad


def _rows(heard: Heard, outputs: Sequence[Output], tidy: Callable[[str], str]) -> list[Hypothesis]:
    return [
        Hypothesis(
            heard.utterance.id,
            " ".join(filter(None, (tidy(answer.text) for answer in answers))),
            raw_text=" ".join(answer.text for answer in answers),
            made_by=output.made_by,
            cut=any(answer.cut for answer in answers) or None,
        )
        for answers, output in zip(heard.written, outputs, strict=True)
    ]


def _write(
    checked: Checked,
    outputs: Sequence[Output],
    done: dict[str, list[Hypothesis]],
    aside: Path,
) -> list[list[Hypothesis]]:
    """Write whole files, with a row for each utterance; report what was set aside.

    An utterance that was set aside has a row that says why, so that scoring does not take it for
    an empty answer.
    """
    bad = checked.bad
    if bad:
        write_jsonl(aside, map(asdict, bad))
        note(f"{len(bad)} rows set aside in {aside}")
    else:
        aside.unlink(missing_ok=True)
    columns = [list(_column(checked, output, done, i)) for i, output in enumerate(outputs)]
    if not done:
        first = f"; the first: {bad[0].reason}" if bad else ""
        raise InputError(f"{outputs[0].path}: not one utterance could be transcribed{first}")
    for output, rows in zip(outputs, columns, strict=True):
        write_jsonl(output.path, rows)
    for output in outputs:
        output.partial.unlink(missing_ok=True)
    _say_cut([row for rows in columns for row in rows])
    return columns


def _column(
    checked: Checked, output: Output, done: dict[str, list[Hypothesis]], column: int
) -> Iterator[Hypothesis]:
    """Yield the rows of one file, each with what is kept of its utterance."""
    reasons = {row.line: row.reason for row in checked.bad if row.path == UTTERANCES}
    for utterance in checked.utterances:
        kept = carried(utterance, Hypothesis)
        if utterance.id in done:
            yield replace(done[utterance.id][column], extra=kept)
        else:
            why = reasons[checked.row[utterance.id]]
            yield Hypothesis(utterance.id, "", made_by=output.made_by, set_aside=why, extra=kept)


def _say_cut(rows: Sequence[Hypothesis]) -> None:
    cut = sum(row.cut is True for row in rows)
    if cut:
        note(
            f"{cut} of {len(rows)} answers met the token cap, so that their ends are missing or "
            'they loop; their rows say "cut": true. Raise the cap with --max-new-tokens'
        )


def _bad_row(utterance: Utterance, number: int, reason: str) -> BadRow:
    raw = json.dumps(to_row(utterance), ensure_ascii=False)
    return BadRow(UTTERANCES, number, raw, reason)


def split_at_quiet(
    clip: np.ndarray, longest: int, window: int = SAMPLE_RATE_HZ // 5
) -> list[np.ndarray]:
    """Cut a clip into parts of at most `longest` samples, at the quietest place near each end.

    >>> [len(part) for part in split_at_quiet(np.zeros(10, np.float32), longest=4, window=1)]
    [4, 4, 2]
    """
    parts = []
    while len(clip) > longest:
        half = clip[longest // 2 : longest]
        energy = np.convolve(half**2, np.ones(min(window, len(half))), mode="valid")
        latest_quietest = len(energy) - 1 - int(energy[::-1].argmin())
        cut = longest // 2 + latest_quietest + (len(half) - len(energy)) // 2 + 1
        parts.append(clip[:cut])
        clip = clip[cut:]
    return [*parts, clip]
