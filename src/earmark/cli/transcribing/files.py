"""The files of `earmark transcribe`: what it reads, and what it may write over."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from earmark.cli.transcribing.options import Task
from earmark.errors import InputError
from earmark.formats.files.set_aside import BadRow
from earmark.formats.reading import input_file, open_source, read
from earmark.records import Utterance
from earmark.storage.lock import lock_beside, refuse_locked
from earmark.storage.outputs import check_outputs, check_regular
from earmark.transcribe.resume import TRANSCRIBING, hypothesis_outputs


def check_files(task: Task, paths: Sequence[Path], adapter: Path | None = None) -> None:
    """Refuse outputs that would destroy something.

    Args:
        task: what is transcribed.
        paths: the hypothesis files.
        adapter: the folder of the adapter.

    Raises:
        InputError: names the output; another process may be writing it.
    """
    for path in paths:
        check_regular(path, "rows are kept in OUT.partial while the work is under way")
    inputs = (input_file(task.utterances), task.model, adapter)
    check_outputs(hypothesis_outputs(paths, task.out), inputs)
    for path in paths:
        refuse_locked(lock_beside(path), TRANSCRIBING)


class Manifest(NamedTuple):
    """The utterances of a manifest, the rows that were set aside, and where paths start."""

    rows: list[Utterance]
    set_aside: list[BadRow]
    folder: Path


def read_manifest(task: Task) -> Manifest:
    """Read what is to be transcribed.

    Raises:
        InputError: a bad row when `on_error` is "stop", or not one good row.
    """
    bad: list[BadRow] = []
    aside = bad if task.on_error == "skip" else None
    source, chosen = open_source(task.utterances)
    rows = list(read(Utterance, source, set_aside=aside, format=chosen))
    if not rows:
        raise InputError(f"{source}: not one usable row; expected an utterance in each")
    return Manifest(rows, bad, source.folder.resolve())
