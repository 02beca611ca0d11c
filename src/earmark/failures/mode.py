"""What a failure mode is: how to detect it, how to imitate it, and when it can be imitated."""

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from earmark.failures.evidence import Evidence
from earmark.failures.surface import Surface
from earmark.translators.translator import Translator


class Tools(NamedTuple):
    """What imitation may draw on: a translator, and how many tokens a loop or tail may add."""

    translator: Translator | None = None
    longest: int = 40


class Mode(NamedTuple):
    """A failure mode.

    `label` and `detail` are what the cascade calls it; `needs` says which truths it can be
    imitated on, in words that follow "needs". What `imitate` makes, `detect` finds; the
    truth itself is never detected.
    """

    label: str
    detail: str
    needs: str
    detect: Callable[[Evidence], bool]
    imitate: Callable[[Surface, Random, Tools], str | None]
