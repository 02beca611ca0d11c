"""What a command may write over: nothing, or what the same command wrote before.

An output that is an input, by whatever name, is refused, and so is an output where there is
something else: another kind of file, a folder with other things in it. Every command with an
output calls `check_outputs` before it reads or writes anything.
"""

import json
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from earmark.errors import InputError
from earmark.progress import note
from earmark.storage.destination import is_special

MOST_BYTES = 1 << 24
NEAR_BYTES = 2000
_said: set[str] = set()


class Kind(NamedTuple):
    """A kind of file that Earmark writes, and how an existing one is recognised.

    A JSON file or the first row of a JSONL file has one of `keys` and none of `others`, which
    another kind with such a key has; where `torn`, an interrupted run may have left half of the
    first row. Another text begins with `start` and holds `mark` near its beginning.
    """

    name: str
    keys: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()
    torn: bool = False
    start: str = ""
    mark: str = ""


def _json(name: str, *keys: str, others: Iterable[str] = (), torn: bool = False) -> Kind:
    return Kind(name, frozenset(keys), frozenset(others), torn)


PAIRS = _json("pairs", "chosen")
# Pairs, candidates and spoken utterances too say what made them.
HYPOTHESES = _json(
    "hypotheses of `earmark transcribe`",
    *("made_by", "raw_text"),
    others=("chosen", "candidates", "audio"),
)
PARTIAL = _json("hypotheses of an interrupted `earmark transcribe`", "sound", torn=True)
CANDIDATES = _json("candidates of `earmark sample`", "candidates")
KEPT_CANDIDATES = _json("candidates of an interrupted `earmark sample`", "key", torn=True)
SET_ASIDE = _json("rows that were set aside", "reason")
DROPPED = _json("pairs that were dropped", "why")
JUDGED = _json("candidates or pairs", "candidates", "chosen")
KEPT_SCORES = _json("scores of an interrupted `earmark judge`", "judge", torn=True)
UNJUDGED = _json("scores that judges did not give", "judge")
JUDGES_CHECKED = _json("a check of judges", "separation")
TALLY = _json("a tally", "rejected", "curator", "judges", "annotator", others=("chosen",))
ANSWERS = _json("a chat model's answers", "answer", torn=True)
SENTENCES = _json(
    "sentences of `earmark sentences`", "code_mixing_index", others=("audio", "raw_text")
)
SCORE = _json("a score", "mixed_error_rate")
COMPARISON = _json("a comparison", "first_hyp")
SCORED_ROWS = _json("scored utterances", "counts")
RESULTS = _json("results of the demo", "base")
KEPT_RESULTS = _json("results of a comparison of objectives", "scale")
HTML = Kind("a report", start="<!DOCTYPE html>", mark='content="earmark ')
MARKDOWN_TABLE = Kind("a Markdown table", start="|")


class Output(NamedTuple):
    """A file that a command writes, and its kind."""

    path: Path
    kind: Kind


def check_outputs(outputs: Iterable[Output], inputs: Iterable[str | Path | None] = ()) -> None:
    """Refuse outputs that would destroy something.

    Files are compared by what they are and not by their names: a link, another spelling or
    another case of an input is the input.

    Args:
        outputs: the files that will be written, side files too.
        inputs: the files and folders that are read, as PATH or PATH@FORMAT; what is no path on
            disk is passed over.

    Raises:
        InputError: an output is an input, two outputs are one file, or something else is there.
    """
    read = {identity: path for path in inputs if path and (identity := _identity_of_input(path))}
    written: dict[object, Path] = {}
    for path, kind in outputs:
        if is_special(path):
            continue
        identity = _identity(path)
        _refuse_input(path, identity, read)
        place = identity or os.path.realpath(path)
        if place in written:
            raise InputError(
                f"{path}: the same file as the output {written[place]}; give each its own path"
            )
        written[place] = path
        if identity is not None:
            _refuse_other(path, kind)


def check_folder(folder: Path, ours: bool, what: str, inputs: Iterable[str | Path] = ()) -> None:
    """Refuse to write into a folder that is an input or holds something else.

    Hidden files are passed over.

    Args:
        folder: the folder that will be written to; it need not exist.
        ours: whether what is in it was written by the same command.
        what: what the command writes, as in "the run of another training".
        inputs: files and folders that are read.

    Raises:
        InputError: it is a file, an input, or neither empty nor ours.
    """
    identity = _identity(folder)
    _refuse_input(folder, identity, {i: path for path in inputs if (i := _identity(path))})
    if identity is not None and not folder.is_dir():
        raise InputError(f"{folder}: a file is there; expected a folder for {what}")
    found = visible(folder)
    if found and not ours:
        raise InputError(
            f"{folder}: expected a new or empty folder, or one with {what}; found "
            f"{shown(found)}, which could be overwritten. Choose another folder"
        )


def visible(folder: Path) -> list[str]:
    """Return the names in a folder that are not hidden, in order; none where there is no folder."""
    if not folder.is_dir():
        return []
    return sorted(name for name in os.listdir(folder) if not name.startswith("."))


def shown(names: list[str], most: int = 3) -> str:
    """List a few names.

    >>> shown(["a", "b", "c", "d", "e"])
    'a, b, c and 2 more'
    """
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest} more" if rest > 0 else "")


def beside(out: str | Path, ending: str) -> Path:
    """Return where a side file of an output is kept: `<out><ending>`.

    What is written to a device or a pipe has no side files; that is noted once.

    >>> beside("pairs.jsonl", ".tally.json").name
    'pairs.jsonl.tally.json'
    """
    if not is_special(out):
        return Path(f"{out}{ending}")
    if str(out) != os.devnull and f"{out}{ending}" not in _said:
        _said.add(f"{out}{ending}")
        note(f"{out}: not a file, so nothing is written beside it ({ending} is left out)")
    return Path(os.devnull)


def check_regular(out: Path, why: str) -> None:
    """Refuse a device or a pipe as an output.

    Raises:
        InputError: says why a file is needed.
    """
    if is_special(out):
        raise InputError(f"{out}: a device or a pipe; expected a file, since {why}")


def recognised(path: Path, kind: Kind) -> bool:
    """Return whether an existing file is empty or of a kind."""
    try:
        with open(path, "rb") as file:
            start = file.read(MOST_BYTES).lstrip(b"\xef\xbb\xbf \t\r\n")
    except OSError as error:
        raise InputError(
            f"{path}: something is there that cannot be read: {error.strerror or error}; "
            "choose another path"
        ) from error
    if not start:
        return True
    if kind.start:
        return start.startswith(kind.start.encode()) and kind.mark.encode() in start[:NEAR_BYTES]
    rows = list(_first_rows(start))
    if not rows and kind.torn:
        return start.startswith(b'{"') and b"\n" not in start
    return any(_is_of(row, kind) for row in rows)


def _is_of(row: Any, kind: Kind) -> bool:
    if not isinstance(row, dict) or row.keys() & kind.others:
        return False
    return bool(row.keys() & kind.keys)


def _first_rows(start: bytes) -> Iterator[Any]:
    """Yield the first value of a file, read as JSON lines and as one JSON text."""
    for text in (start.partition(b"\n")[0], start):
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            continue
        yield found[0] if isinstance(found, list) and found else found


def _identity_of_input(path: str | Path) -> tuple[int, int] | None:
    """Return what an input is; it may be named as FILE@FORMAT."""
    return _identity(path) or _identity(str(path).rpartition("@")[0])


def _identity(path: str | Path) -> tuple[int, int] | None:
    """Return what a file or folder is, whatever its name; None if there is none."""
    try:
        facts = os.stat(path)
    except (OSError, ValueError):
        return None
    regular = stat.S_ISREG(facts.st_mode) or stat.S_ISDIR(facts.st_mode)
    return (facts.st_dev, facts.st_ino) if regular else None


def _refuse_input(
    path: Path, identity: tuple[int, int] | None, read: dict[tuple[int, int], Any]
) -> None:
    if identity is not None and identity in read:
        named = read[identity]
        same = "" if str(named) == str(path) else f" (the same as {named})"
        raise InputError(
            f"{path}: this is an input{same}, and the output would destroy it; choose another path"
        )


def _refuse_other(path: Path, kind: Kind) -> None:
    if path.is_dir():
        raise InputError(f"{path}: a folder; expected the path of a file")
    if not recognised(path, kind):
        raise InputError(
            f"{path}: expected nothing here, or a file with {kind.name} to replace; found another "
            "file. Choose another path, or remove it if it is not needed"
        )
