"""What a curator says of a pair."""

from typing import NamedTuple

from earmark.records import Pair


class Keep(NamedTuple):
    """A pair to train on."""

    pair: Pair


class Drop(NamedTuple):
    """A pair to leave out, and why."""

    pair: Pair
    why: str


Verdict = Keep | Drop
