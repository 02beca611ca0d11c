"""Speak texts into a folder: clips as they come, a manifest when all are there.

Rows are kept in `utterances.jsonl.partial` while the work is under way. A clip is made again only
if its text, voice, speed, noise or seed changed, or what its engine speaks with.
"""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Literal, NamedTuple

import numpy as np

from earmark.endpoint import SettingsError, UnreachableError
from earmark.errors import InputError, KnobError
from earmark.formats.files.lines import numbered_lines, parse_line, write_jsonl
from earmark.formats.files.set_aside import BadRow, skipped_path, write_aside
from earmark.formats.schema.fields import parse_row, to_row
from earmark.progress import note, progress_bar, track
from earmark.records import MANIFEST, Utterance
from earmark.speech.audio import check_audio, write_audio
from earmark.storage.append import AppendFile
from earmark.storage.lock import lock_in, locked
from earmark.storage.outputs import check_folder, visible
from earmark.voices.corpus import add_noise, cores, processes
from earmark.voices.engine import Engine, Said, Source
from earmark.voices.engines import open_engine
from earmark.voices.levels import at_level
from earmark.voices.spoken.plan import Job, Speaking, check_job, plan

WHAT = "another synthesis"
THREADS = 8
FEWEST_FOR_PROCESSES = 8
MOST_NAMED = 20
ADVICE = "choose another --out, and run the same command again: it continues where it was"

OnError = Literal["stop", "skip"]


class Speaker(NamedTuple):
    """An engine by its name, as each process opens it, and what it speaks with."""

    engine: str
    source: Source = Source()

    def open(self) -> Engine:
        """Open the engine; once in each process.

        Raises:
            KnobError: no such engine.
            InputError: what it speaks with cannot be read.
        """
        return _opened(self)


@cache
def _opened(speaker: Speaker) -> Engine:
    return open_engine(*speaker)


class Spoken(NamedTuple):
    """The rows of a corpus in the order of the texts, and what was set aside."""

    rows: list[Utterance]
    set_aside: list[BadRow]


def speak_texts(
    out: Path,
    texts: Sequence[Utterance],
    speaker: Speaker,
    speaking: Speaking,
    *,
    on_error: OnError = "stop",
    set_aside: Sequence[BadRow] = (),
    workers: int | None = None,
) -> Spoken:
    """Write `audio/*.flac` (16 kHz, mono) and `utterances.jsonl` into a folder.

    The same arguments give the same files, whatever the number of `workers`. A run that was
    stopped is resumed by the same call.

    Args:
        out: the folder.
        texts: what is spoken, each a row with a text.
        speaker: the engine.
        speaking: the voices, and what is drawn.
        on_error: stop at a text that cannot be spoken, or set it aside.
        set_aside: rows that were set aside before.
        workers: processes, or threads where a server speaks; by default one per core, or THREADS.

    Raises:
        InputError: a text that cannot be spoken, or a folder that holds something else.
        KnobError: no such voice, or an engine of one speed is to change it.
    """
    check_folder(out, is_spoken(out), "speech that was made here before")
    engine = speaker.open()
    if not engine.changes_speed and speaking.speed != (1.0, 1.0):
        raise KnobError(f"engine '{speaker.engine}' speaks at one speed; leave --speed out")
    jobs = list(plan(texts, speaking, engine.made_by))
    out.mkdir(parents=True, exist_ok=True)
    with locked(lock_in(out), WHAT):
        usable, bad = _checked(jobs, engine, on_error)
        done = finished(out, usable)
        bad += _speak(out, usable, done, speaker, on_error, workers)
        return _write(out, usable, done, [*set_aside, *bad])


def is_spoken(folder: Path) -> bool:
    """Return whether a folder holds what `speak_texts` writes, or what an interrupted one left."""
    for name in (MANIFEST, f"{MANIFEST}.partial"):
        if (folder / name).is_file():
            return any(True for _ in _kept(folder / name))
    return visible(folder) == ["audio"] and not any((folder / "audio").iterdir())


def _checked(
    jobs: Sequence[Job], engine: Engine, on_error: OnError
) -> tuple[list[Job], list[BadRow]]:
    """Return the clips that can be made, and the others.

    Raises:
        InputError: names what cannot be spoken, where `on_error` is "stop".
    """
    usable, bad = [], []
    for job in track(jobs, "checking texts"):
        try:
            check_job(job, engine)
        except InputError as error:
            bad.append(_bad_row(job, str(error)))
        else:
            usable.append(job)
    if bad and on_error == "stop":
        more = [f"and {len(bad) - MOST_NAMED} more"] if len(bad) > MOST_NAMED else []
        named = "\n  ".join([*(row.reason for row in bad[:MOST_NAMED]), *more])
        raise InputError(
            f"{len(bad)} of {len(jobs)} clips cannot be spoken; --on-error skip leaves them out:"
            f"\n  {named}"
        )
    return usable, bad


def finished(out: Path, jobs: Sequence[Job]) -> dict[str, Utterance]:
    """Return the rows of an earlier run that are as they would be made now, and have their clip."""
    wanted = {job.utterance.id: job.utterance for job in jobs}
    found: dict[str, Utterance] = {}
    other = 0
    for path in (out / MANIFEST, out / f"{MANIFEST}.partial", skipped_path(out / MANIFEST)):
        for row in _kept(path):
            if row.id not in wanted or row.id in found:
                continue
            if _way(row) == _way(wanted[row.id]) and _is_whole(out / str(row.audio)):
                found[row.id] = row
            elif path != skipped_path(out / MANIFEST):
                other += 1
    if other:
        note(f"{other} clips of an earlier run were made in another way; they are made again")
    if found:
        note(f"{len(found)} clips were made before; resuming with the rest")
    return found


def _way(row: Utterance) -> Utterance:
    """Return a row without what does not count: what is known later, and where a server was."""
    made_by = {k: v for k, v in row.extra["made_by"].items() if k != "endpoint"}
    extra = {k: v for k, v in row.extra.items() if k != "spans"}
    return replace(row, extra=extra | {"made_by": made_by})


def _kept(path: Path) -> Iterator[Utterance]:
    """Yield the rows of a manifest that `speak_texts` wrote; torn or other lines are left out.

    Rows that were set aside are read as well: a check may have refused clips that are there.
    """
    for number, raw in numbered_lines(path) if path.is_file() else ():
        with suppress(InputError):
            where = f"{path}:{number}"
            data = parse_line(raw, where)
            if isinstance(data, dict) and "raw" in data:
                data = parse_line(str(data["raw"]).encode(), where)
            row = parse_row(Utterance, data, where)
            if isinstance(row.extra.get("made_by"), dict) and str(row.audio).startswith("audio/"):
                yield row


def _is_whole(path: Path) -> bool:
    with suppress(InputError, OSError):
        return check_audio(path).duration_s > 0
    return False


def _speak(
    out: Path,
    jobs: Sequence[Job],
    done: dict[str, Utterance],
    speaker: Speaker,
    on_error: OnError,
    workers: int | None,
) -> list[BadRow]:
    """Make the clips that are missing; add their rows to `done` and the partial file.

    Raises:
        InputError: a clip could not be made, where `on_error` is "stop".
    """
    todo = [job for job in jobs if job.utterance.id not in done]
    partial = AppendFile(out / f"{MANIFEST}.partial", ADVICE)
    if todo:
        # A finished manifest is replaced at the end; until then its rows are kept here as well.
        write_jsonl(partial.path, done.values())
    bad = []
    with progress_bar() as bar:
        task = bar.add_task(f"speaking {out.name}", total=len(jobs), completed=len(done))
        for job, made in _as_made(out, todo, speaker, workers):
            bar.advance(task)
            if isinstance(made, Utterance):
                done[made.id] = made
                partial.append(to_row(made))
            elif on_error == "stop":
                raise made
            else:
                bad.append(_bad_row(job, str(made)))
    return bad


def _as_made(
    out: Path, todo: Sequence[Job], speaker: Speaker, workers: int | None
) -> Iterator[tuple[Job, Utterance | InputError]]:
    """Yield clips as they are made, in any order."""
    threads = speaker.open().parallel == "threads"
    count = min(workers or (THREADS if threads else cores()), len(todo))
    if count <= 1 or (not threads and len(todo) < FEWEST_FOR_PROCESSES):
        for job in todo:
            yield job, make_clip(job, out, speaker)
        return
    waiting = iter(todo)
    with _pool(count, speaker.open()) as pool:
        under_way: dict[Future[Utterance | InputError], Job] = {}
        while True:
            for job in waiting:
                under_way[pool.submit(make_clip, job, out, speaker)] = job
                if len(under_way) >= 2 * count:
                    break
            if not under_way:
                return
            done = wait(under_way, return_when=FIRST_COMPLETED).done
            # What came out well is kept before a failure stops the run.
            for future in sorted(done, key=_failed):
                yield under_way.pop(future), future.result()


def _failed(future: Future[Utterance | InputError]) -> bool:
    return future.exception() is not None or not isinstance(future.result(), Utterance)


@contextmanager
def _pool(count: int, engine: Engine) -> Iterator[Executor]:
    if engine.parallel == "processes":
        with processes(count) as pool:
            yield pool
        return
    with ThreadPoolExecutor(count) as threads:
        try:
            yield threads
        except BaseException:
            # Those who wait to ask again give up; the run ends with the requests under way.
            engine.stop()
            threads.shutdown(cancel_futures=True)
            _opened.cache_clear()  # an engine that was stopped is not used again
            raise


def make_clip(job: Job, out: Path, speaker: Speaker) -> Utterance | InputError:
    """Make one clip; return its row, or why there is none.

    Raises:
        UnreachableError: a server is gone.
        SettingsError: its URL, key or model is wrong.
    """
    try:
        said = render(job, job.utterance.text or "", speaker.open())
        write_audio(out / str(job.utterance.audio), said.audio)
    except (UnreachableError, SettingsError):
        raise  # other clips would fare no better
    except InputError as error:
        text = f"'{job.utterance.id}'"
        return error if text in str(error) else InputError(f"{text}: {error}")
    if said.spans is None:
        return job.utterance
    spans = [[span.language, round(span.start_s, 3), round(span.end_s, 3)] for span in said.spans]
    return replace(job.utterance, extra=job.utterance.extra | {"spans": spans})


def render(job: Job, text: str, engine: Engine) -> Said:
    """Speak a text as a clip is spoken: its voice, its speed, its noise.

    Raises:
        InputError: the engine gave no sound.
    """
    said = engine.say(text, job.voice, Random(job.seed), speed=job.speed)
    if not len(said.audio) or not np.abs(said.audio).max() > 0:
        raise InputError(f"voice '{job.voice}' gave no sound for {text!r}")
    audio = at_level(said.audio)
    if job.snr_db is not None:
        audio = add_noise(audio, job.snr_db, np.random.default_rng(job.seed))
    return said._replace(audio=audio)


def _write(
    out: Path, jobs: Sequence[Job], done: dict[str, Utterance], bad: Sequence[BadRow]
) -> Spoken:
    """Write the manifest, and what was set aside.

    Raises:
        InputError: not one clip could be made.
    """
    manifest = out / MANIFEST
    rows = [done[job.utterance.id] for job in jobs if job.utterance.id in done]
    if not rows:
        first = f"; the first: {bad[0].reason}" if bad else ""
        raise InputError(f"{out}: not one text could be spoken{first}")
    if bad:
        write_aside(bad, manifest, "texts", len(rows))
    else:
        skipped_path(manifest).unlink(missing_ok=True)
    write_jsonl(manifest, rows)
    manifest.with_name(f"{MANIFEST}.partial").unlink(missing_ok=True)
    return Spoken(rows, list(bad))


def _bad_row(job: Job, reason: str) -> BadRow:
    raw = json.dumps(to_row(job.utterance), ensure_ascii=False)
    return BadRow("texts", job.line, raw, reason)
