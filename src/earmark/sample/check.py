"""Find what cannot be answered before work begins: all by name, or set aside with its reason."""

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from earmark.errors import InputError
from earmark.formats.files.set_aside import BadRow
from earmark.formats.schema.fields import to_row
from earmark.progress import track
from earmark.sample.given import Given, OnError, Row
from earmark.sample.plan import Prompt, sounds_of

MOST_NAMED = 20


class Wrong(NamedTuple):
    """A row that cannot be used: its number in what was given, its record, and why."""

    number: int
    record: Any
    reason: str


def check_sounds(given: Given, on_error: OnError) -> Given:
    """Look at every clip: its header, its length, its last sample.

    Raises:
        InputError: names all rows whose clips cannot be used, where `on_error` is "stop".
    """

    def look(row: Row) -> None:
        for sound in sounds_of(row, given.folder):
            assert sound.duration_s >= 0

    usable, wrong = _sorted_out(given.rows, look, "checking prompts")
    bad = set_aside(wrong, given.bad, given.name, len(given.rows), on_error)
    return given._replace(rows=usable, bad=bad)


def check_prompts(
    prompts: Sequence[Prompt],
    check: Callable[[Prompt], None],
    given: Given,
    on_error: OnError,
) -> tuple[list[Prompt], list[BadRow]]:
    """Return the prompts that pass a check, and all rows that were set aside.

    Raises:
        InputError: names all that do not, where `on_error` is "stop".
    """
    usable, wrong = _sorted_out(prompts, check, "checking prompts")
    return usable, set_aside(wrong, given.bad, given.name, len(prompts), on_error)


def check_longest(longest_s: float) -> Callable[[Prompt], None]:
    """Return what refuses prompts with a clip that is longer than what is heard."""

    def check(prompt: Prompt) -> None:
        for sound in (sound for hearing in prompt.hearings for sound in hearing.sounds):
            if sound.duration_s > longest_s:
                raise InputError(
                    f"{sound.path}: {sound.duration_s:.2f} s of audio, but at most {longest_s:g} s "
                    "can be heard; cut it into shorter clips, or take a part with start_s and end_s"
                )

    return check


def set_aside(
    wrong: Sequence[Wrong], bad: list[BadRow], name: str, rows: int, on_error: OnError
) -> list[BadRow]:
    """Add rows to those that are set aside, or refuse all of them by name.

    Raises:
        InputError: there are some, and `on_error` is "stop".
    """
    if not wrong or on_error == "skip":
        return [*bad, *(bad_row(one, name) for one in wrong)]
    if len(wrong) == 1:
        raise InputError(wrong[0].reason)
    reasons = [one.reason for one in wrong[:MOST_NAMED]]
    more = [f"and {len(wrong) - MOST_NAMED} more"] if len(wrong) > MOST_NAMED else []
    raise InputError(
        f"{len(wrong)} of {rows} rows cannot be used; --on-error skip leaves them out:\n  "
        + "\n  ".join([*reasons, *more])
    )


def bad_row(wrong: Wrong, name: str) -> BadRow:
    """Return a row as it is written where it was set aside."""
    raw = json.dumps(to_row(wrong.record), ensure_ascii=False)
    return BadRow(name, wrong.number, raw, wrong.reason)


def about(id_: str, error: InputError) -> str:
    """Return a reason that names the row."""
    named = f"'{id_}'"
    return str(error) if named in str(error) else f"{named}: {error}"


def _sorted_out(
    items: Sequence[Any], check: Callable[[Any], None], what: str
) -> tuple[list[Any], list[Wrong]]:
    """Return the items that pass a check, and what is wrong with the others."""
    usable, wrong = [], []
    for item in track(items, what):
        record = item.row if isinstance(item, Prompt) else item.record
        try:
            check(item)
        except InputError as error:
            wrong.append(Wrong(item.number, record, about(record.id, error)))
            continue
        usable.append(item)
    return usable, wrong
