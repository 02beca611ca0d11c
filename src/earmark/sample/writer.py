"""Keep candidates as they come, resume after a stop, and write the file in the order given.

Whatever samples, a model in this process or a server, comes through here.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

from earmark.errors import InputError
from earmark.formats.files.lines import parse_line, write_jsonl
from earmark.formats.files.moving import moved
from earmark.formats.files.set_aside import BadRow, skipped_path
from earmark.formats.reading import input_file
from earmark.formats.schema.fields import candidates_of, to_row
from earmark.progress import note, progress_bar
from earmark.records import Candidate, Candidates
from earmark.sample.check import Wrong, about, bad_row
from earmark.sample.given import Given, OnError, read_given
from earmark.sample.plan import Prompt
from earmark.storage.append import AppendFile, whole_rows
from earmark.storage.digests import of_values
from earmark.storage.lock import lock_beside, locked, refuse_locked
from earmark.storage.outputs import (
    CANDIDATES,
    KEPT_CANDIDATES,
    SET_ASIDE,
    Output,
    check_outputs,
    check_regular,
)

SAMPLING = "another `earmark sample`"
ADVICE = "choose another --out, and run the same command again: it continues where it was"


class Made(NamedTuple):
    """The candidates of one of the prompts, or why there are none."""

    place: int
    candidates: Sequence[Candidate]
    problem: InputError | None = None


Make = Callable[[Sequence[int]], Generator[Made]]


class Job(NamedTuple):
    """What is sampled into which file.

    `made_by` is recorded with each row, `folder` is where the paths in prompts start, `bad` are
    rows that were set aside before, `name` is what the rows came from.
    """

    prompts: Sequence[Prompt]
    out: Path
    made_by: dict[str, Any]
    folder: Path
    bad: Sequence[BadRow]
    name: str
    on_error: OnError


def partial_path(out: Path) -> Path:
    """Return where candidates are kept until the file is whole."""
    return out.with_name(out.name + ".partial")


def outputs_of(out: Path) -> list[Output]:
    """Return all files that sampling writes, with their kinds."""
    return [
        Output(out, CANDIDATES),
        Output(partial_path(out), KEPT_CANDIDATES),
        Output(skipped_path(out), SET_ASIDE),
    ]


def given_for(out: Path, prompts: Path, model: str, on_error: OnError) -> Given:
    """Refuse outputs that would destroy something, and read the prompts.

    Raises:
        InputError: names the output, or a bad row.
    """
    check_regular(out, "rows are kept in OUT.partial while the work is under way")
    check_outputs(outputs_of(out), (input_file(prompts), model))
    refuse_locked(lock_beside(out), SAMPLING)
    return read_given(prompts, on_error)


def sample_into(job: Job, make: Make) -> int:
    """Write the candidates of all prompts into a file; return the number of its rows.

    Rows are kept in `<out>.partial` as they come, in whatever order, so a run that was stopped
    resumes there. The file appears when all is done.

    Args:
        job: what is sampled into which file.
        make: yields the candidates of the prompts at some places, each once, in any order.

    Raises:
        InputError: a prompt with a problem where `on_error` is "stop", or no prompt without one.
    """
    if not job.prompts:
        raise InputError(f"{job.name}: not one prompt can be used{_first(job.bad)}")
    with locked(lock_beside(job.out), SAMPLING):
        kept = Kept(job)
        bad = [*job.bad, *_make_rest(job, kept, make)]
        if not kept.starts:
            raise InputError(f"{job.out}: not one prompt could be answered{_first(bad)}")
        _write_aside(bad, job)
        cut = Cut()
        write_jsonl(job.out, kept.rows(cut))
        kept.file.path.unlink(missing_ok=True)
    cut.say()
    return len(kept.starts)


def _make_rest(job: Job, kept: "Kept", make: Make) -> list[BadRow]:
    """Make what is not kept yet; return what could not be made.

    Raises:
        InputError: a problem, where `on_error` is "stop".
    """
    todo = [place for place in range(len(job.prompts)) if place not in kept.starts]
    bad = []
    with progress_bar() as bar, closing(make(todo)) as all_made:
        task = bar.add_task("sampling", total=len(job.prompts), completed=len(kept.starts))
        for made in all_made:
            bar.advance(task)
            prompt = job.prompts[made.place]
            if made.problem is None:
                kept.put(made)
                continue
            reason = about(prompt.row.id, made.problem)
            if job.on_error == "stop":
                raise InputError(reason) from made.problem
            bad.append(bad_row(Wrong(prompt.number, prompt.row, reason), job.name))
    return bad


class Kept:
    """The partial file, and where in it the row of each prompt begins.

    A row is used again only if prompt, sound and the way of sampling are those of now.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self.file = AppendFile(partial_path(job.out), ADVICE)
        self.way = {name: value for name, value in job.made_by.items() if name != "endpoint"}
        self.starts: dict[int, int] = {}
        self._find()
        self.file.append()

    def put(self, made: Made) -> None:
        """Keep the candidates of a prompt.

        Raises:
            InputError: the file cannot be written.
        """
        prompt = self.job.prompts[made.place]
        row = {
            "id": prompt.row.id,
            "key": self._key(prompt),
            "candidates": [to_row(each) for each in made.candidates],
        }
        self.starts[made.place] = self.file.append(row)[0]

    def rows(self, cut: "Cut") -> Iterator[Candidates]:
        """Yield the rows of all prompts that were answered, in their order."""
        old, new = self.job.folder.absolute(), self.job.out.absolute().parent
        for place in sorted(self.starts):
            row, made_by = self.job.prompts[place].row, self.job.made_by
            start = self.starts[place]
            raw = next(iter(whole_rows(self.file.path, start))).raw
            new_ones = parse_line(raw, f"{self.file.path}: byte {start}")["candidates"]
            found = candidates_of(new_ones, str(self.file.path), None)
            cut.count(found)
            if row.candidates and row.made_by:
                made_by = {**made_by, "added_to": row.made_by}
            whole = replace(row, candidates=[*row.candidates, *found], made_by=made_by)
            yield moved(whole, old, new)

    def _key(self, prompt: Prompt) -> str:
        """Hash what the candidates of a prompt depend on."""
        heard = [
            [hearing.messages, [sound.fingerprint() for sound in hearing.sounds]]
            for hearing in prompt.hearings
        ]
        return of_values(prompt.row.id, heard, self.way)

    def _find(self) -> None:
        """Find the rows of an interrupted run that can be used."""
        if not self.file.path.is_file():
            return
        self.file.repair()
        places = {prompt.row.id: place for place, prompt in enumerate(self.job.prompts)}
        otherwise = 0
        for start, raw in whole_rows(self.file.path):
            try:
                row = parse_line(raw, f"{self.file.path}: byte {start}")
                place = places.get(row["id"])
                candidates_of(row["candidates"], str(self.file.path), None)
                fits = place is not None and row["key"] == self._key(self.job.prompts[place])
            except (InputError, KeyError, TypeError):
                continue
            if place is not None and fits:
                self.starts[place] = start
            else:
                otherwise += place is not None
        if otherwise:
            note(
                f"{otherwise} rows of an interrupted run were sampled in another way, or from "
                "another prompt or sound; they are done again"
            )
        if self.starts:
            note(f"{len(self.starts)} prompts were answered before; resuming with the rest")


class Cut:
    """Counts candidates that met the token cap."""

    def __init__(self) -> None:
        self.cut = self.all = 0

    def count(self, candidates: Sequence[Candidate]) -> None:
        """Count some candidates."""
        self.all += len(candidates)
        self.cut += sum(each.extra.get("cut") is True for each in candidates)

    def say(self) -> None:
        """Note how many there are."""
        if self.cut:
            note(
                f"{self.cut} of {self.all} candidates met the token cap, so that their ends are "
                'missing or they loop; they say "cut": true. Raise the cap with --max-new-tokens'
            )


def _write_aside(bad: Sequence[BadRow], job: Job) -> None:
    aside = skipped_path(job.out)
    if bad:
        write_jsonl(aside, map(asdict, bad))
        note(f"{len(bad)} rows set aside in {aside}")
    else:
        aside.unlink(missing_ok=True)


def _first(bad: Sequence[BadRow]) -> str:
    return f"; the first: {bad[0].reason}" if bad else ""
