"""What a curator decides about a pair."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from earmark.records import Pair


class Keep(NamedTuple):
    """A pair to train on, as it is.

    `record` is what the step wants to find again if it meets this pair a second time, such as the
    threshold that the pair passed. It is written to `made_by["curated"]`; see `settled`.
    """

    pair: Pair
    record: Mapping[str, Any] | None = None


class Drop(NamedTuple):
    """A pair to leave out, and why; where `final`, no later step returns it."""

    pair: Pair
    why: str
    final: bool = False


class Change(NamedTuple):
    """A pair to train on in another form: the new pair, whose id is the old one, and why."""

    pair: Pair
    why: str


Verdict = Keep | Drop | Change


class Stream(Protocol):
    """The pairs that a step is given: iterated as often as needed, one in memory at a time.

    Relative audio paths of the pairs start at `folder`.
    """

    @property
    def folder(self) -> Path:
        """Return where relative audio paths start."""
        ...

    def __len__(self) -> int:
        """Return how many pairs there are."""
        ...

    def __iter__(self) -> Iterator[Pair]:
        """Yield all pairs, in order, from the first one."""
        ...
