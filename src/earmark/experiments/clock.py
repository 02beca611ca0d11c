"""Count the runs of a comparison, say how far it is, and stop in time."""

import time
from dataclasses import dataclass, field

from earmark.experiments.cells import Cell
from earmark.progress import note


class OutOfTimeError(Exception):
    """The time that was given is used up; what is done is kept."""


@dataclass
class Clock:
    """Counts runs, tells what is left, and ends the work when its time is over."""

    total: int
    budget_s: float
    done: int = 0
    ran: int = 0
    spent_s: float = 0.0
    start: float = field(default_factory=time.monotonic)

    def check(self) -> None:
        """Stop before a run when the time is over.

        Raises:
            OutOfTimeError: it is.
        """
        if time.monotonic() - self.start > self.budget_s:
            raise OutOfTimeError

    def count(self, cell: Cell, seconds: float, ran: bool) -> None:
        """Count a run and, unless it was done before, say what is left at the pace so far."""
        self.done += 1
        if ran:
            self.ran += 1
            self.spent_s += seconds
            left = (self.total - self.done) * self.spent_s / self.ran / 3600
            note(f"{self.done}/{self.total} {cell.place}: {seconds:.0f} s; about {left:.1f} h left")
