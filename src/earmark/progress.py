"""What is written to the terminal: results to standard output, all else to standard error.

Names, ids, answers of servers and what libraries quote may hold escape sequences that clear the
screen or move the cursor, and characters that reverse what is read. They are written visibly, by
`visible`, wherever text reaches a terminal through this module. Of several processes that a
launcher started, the first one speaks for all.
"""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from time import monotonic
from typing import Any, TypeVar

from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.segment import Segment
from rich.text import Text

from earmark.display import ACTING, visible
from earmark.errors import InputError

Item = TypeVar("Item")
LINE_EVERY_S = 30.0


class TextConsole(Console):
    """A console on which text is text: no markup, no emoji codes, no control characters."""

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, highlight=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """Make the text of a cell or a title, safe to print, before its width is measured."""
        return super().render_str(visible(text), **options)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Render; text that came in another way than as a string is made safe too."""
        for segment in super().render(renderable, options):
            if segment.control or not ACTING.search(segment.text):
                yield segment
            else:
                yield Segment(visible(segment.text), segment.style)

    def print(self, *objects: Any, **options: Any) -> None:
        """Print.

        Raises:
            InputError: standard output cannot be written, such as on a full device.
        """
        try:
            super().print(*objects, **options)
        except OSError as error:
            # Where standard error cannot be written, there is nowhere to say so.
            if not self.stderr:
                raise unwritable(error) from error


console = TextConsole(stderr=True, quiet=os.environ.get("RANK", "0") != "0")
output = TextConsole()


def unwritable(error: OSError) -> InputError:
    """Give up standard output and return the error that says so."""
    # Else the interpreter tries once more when it ends, and fails with a traceback.
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return InputError(
        f"standard output: cannot be written: {error.strerror or error}; free some space or "
        "send the output elsewhere"
    )


def write_output(text: str) -> None:
    """Write a text to standard output as it is; only for what holds no text of others unescaped.

    Raises:
        InputError: standard output cannot be written.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        output.on_broken_pipe()
    except OSError as error:
        raise unwritable(error) from error


def progress_bar() -> Progress:
    """Make the one kind of progress bar that Earmark shows; use it as a context manager."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )


def track(items: Iterable[Item], description: str, total: int | None = None) -> Iterator[Item]:
    """Yield the items of an iterable while a bar shows how far it has come.

    Where standard error is no terminal, a line says so every half minute instead.
    """
    if not console.is_terminal:
        yield from _with_lines(items, description, total)
        return
    with progress_bar() as bar:
        yield from bar.track(items, total=total, description=description)


def _with_lines(items: Iterable[Item], description: str, total: int | None) -> Iterator[Item]:
    said_at = monotonic()
    for done, item in enumerate(items):
        if monotonic() - said_at >= LINE_EVERY_S:
            said_at = monotonic()
            note(f"{description}: {done}{'' if total is None else f' of {total}'}")
        yield item


def note(message: str) -> None:
    """Print one message for the user on standard error."""
    console.print(message, soft_wrap=True)


def complain(message: str) -> None:
    """Print what ends this process on standard error; of several processes, each says its own."""
    rank = os.environ.get("RANK", "0")
    if rank == "0":
        note(f"error: {message}")
    else:
        TextConsole(stderr=True).print(f"error in process {rank}: {message}", soft_wrap=True)
