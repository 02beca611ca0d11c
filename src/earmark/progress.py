"""Progress bars, on standard error, so that standard output stays a clean result.

Of several processes that a launcher started, the first one speaks for all.
"""

import os
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

Item = TypeVar("Item")

console = Console(stderr=True, quiet=os.environ.get("RANK", "0") != "0")


def progress_bar() -> Progress:
    """Make the one kind of progress bar that Earmark shows; use it as a context manager."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )


def track(items: Iterable[Item], description: str, total: int | None = None) -> Iterator[Item]:
    """Yield the items of an iterable while a bar shows how far it has come."""
    with progress_bar() as bar:
        yield from bar.track(items, total=total, description=description)


def note(message: str) -> None:
    """Print one line for the user on standard error."""
    console.print(message, markup=False, highlight=False, soft_wrap=True)
