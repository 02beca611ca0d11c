"""What a model wrote for one prompt, and whether that is all that it had to write."""

from dataclasses import dataclass, field
from math import fsum


@dataclass(frozen=True, slots=True)
class Answer:
    """Raw text without cleaning; `cut` says that it met the token cap before it had ended.

    A model that is loaded here also tells its tokens, `ids`, the end token included, and their
    log-probabilities in nats, `logps`: those of the model's own distribution, at temperature 1
    and before tokens are left out. Two answers are equal if text and `cut` are.
    """

    text: str
    cut: bool = False
    ids: tuple[int, ...] = field(default=(), compare=False)
    logps: tuple[float, ...] = field(default=(), compare=False)

    @property
    def logprob(self) -> float | None:
        """Return the summed log-probability in nats; None where tokens are not known."""
        return fsum(self.logps) if self.logps else None

    @property
    def tokens(self) -> int | None:
        """Return the number of tokens, the end token included; None where it is not known."""
        return len(self.ids) or len(self.logps) or None
