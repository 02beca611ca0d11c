"""Curators: which pairs to train on. A pair is kept, or dropped with a reason.

To add one: write a function from pairs to verdicts in a file of its own and name it in CURATORS.
"""

from collections.abc import Callable

from earmark.curate.gap_filter import gap_filter, random_drop
from earmark.curate.sound_gate import sound_gate
from earmark.curate.verdict import Verdict

CURATORS: dict[str, Callable[..., list[Verdict]]] = {
    "gap": gap_filter,
    "random": random_drop,
    "sound": sound_gate,
}
