"""How the next token of an answer is chosen: the likeliest, or one that is drawn.

Each answer draws by a generator of its own, so that what is drawn for it depends on its seed and
its clip, and not on what else is in the batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor


@dataclass(frozen=True, kw_only=True)
class Choice:
    """How tokens are chosen.

    Attributes:
        temperature: logits are divided by it; 0 takes the likeliest token.
        top_p: tokens are drawn from the likeliest whose probabilities sum to this.
        top_k: ... and from no more than this many; 0 for all.
        suppressed: tokens that are never chosen.
        seeds: one for each answer, each a list of whole numbers; not used at temperature 0.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    suppressed: tuple[int, ...] = ()
    seeds: Sequence[Sequence[int]] = ()

    def alone(self, prompt: int, each: int = 1) -> "Choice":
        """Return the choice of one prompt's answers, which are then decoded by themselves."""
        return replace(self, seeds=self.seeds[prompt * each : (prompt + 1) * each])

    def generators(self, answers: int) -> list[np.random.Generator]:
        """Return a generator for each answer; none where nothing is drawn.

        Raises:
            ValueError: there are more or fewer seeds than answers.
        """
        if self.temperature == 0:
            return []
        if len(self.seeds) != answers:
            raise ValueError(f"{len(self.seeds)} seeds for {answers} answers")
        return [np.random.default_rng(list(seed)) for seed in self.seeds]


LIKELIEST = Choice()


def next_tokens(
    logits: Float[Tensor, "answer vocabulary"],
    choice: Choice,
    generators: Sequence[np.random.Generator],
) -> Int[Tensor, " answer"]:
    """Choose a token for each answer.

    Args:
        logits: of the place that comes next.
        choice: the rules.
        generators: one for each answer, which draws one number; none at temperature 0.
    """
    logits = logits.float()
    if choice.suppressed:
        logits = logits.clone()
        logits[:, list(choice.suppressed)] = -torch.inf
    if choice.temperature == 0:
        return logits.argmax(-1)
    shares = _likeliest((logits / choice.temperature).softmax(-1), choice)
    sums = shares.double().cumsum(-1)  # [answer, vocabulary]
    whole = sums[:, -1:].contiguous()
    drawn = torch.tensor([[g.random()] for g in generators], dtype=torch.float64)
    places = torch.searchsorted(sums, drawn.to(whole.device) * whole, right=True)
    # Rounding must not lead beyond the last token that may be drawn.
    return places.minimum(torch.searchsorted(sums, whole))[:, 0]


def _likeliest(
    shares: Float[Tensor, "answer vocabulary"], choice: Choice
) -> Float[Tensor, "answer vocabulary"]:
    """Return probabilities with 0 for the tokens that are not drawn."""
    if not choice.top_k and choice.top_p == 1:
        return shares
    ranked, order = torch.sort(shares, dim=-1, descending=True, stable=True)
    if choice.top_k:
        ranked[:, choice.top_k :] = 0
    # A token stays if those that are likelier do not reach top_p yet.
    before = ranked.cumsum(-1) - ranked
    ranked[:, 1:] = ranked[:, 1:].masked_fill(before[:, 1:] >= choice.top_p, 0)
    return torch.zeros_like(shares).scatter(1, order, ranked)
