"""What a pair builder asks of a translator, and what it gets."""

from random import Random
from typing import Literal, NamedTuple, Protocol

Target = Literal["zh", "en"]


class Translation(NamedTuple):
    """A translated text and the words that stayed as they were because nothing is known of them."""

    text: str
    unknown: tuple[str, ...] = ()


class Translator(Protocol):
    """What a pair builder asks of a translator.

    `name` goes into each pair's `made_by`. `workers` is how many translations may be under
    way at once: 1 for one that computes, more for one that waits for a server.
    """

    workers: int

    @property
    def name(self) -> str:
        """Return what made a translation."""
        ...

    def translate(self, text: str, to: Target) -> Translation:
        """Put the whole text into one language; what is in it already stays."""
        ...

    def translate_part(self, text: str, to: Target, rng: Random) -> Translation | None:
        """Put one or more short phrases into `to` and leave the rest exactly as it is.

        None when no phrase can be translated without translating all.
        """
        ...
