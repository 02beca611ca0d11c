"""Teach the tower to hear: CTC against the token embeddings, helped at the start by a flat one.

Scores are products of projected audio with the token embeddings, so there is no throw-away
head: the tower learns to put a word's own embedding where the word is spoken, and the language
model later finds audio in the space of its text. CTC: Graves et al., ICML 2006. It begins with
a long plateau on which everything is blank; spreading each truth evenly over its clip (the
"flat start" of hidden Markov models) makes that shorter.
"""

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor
from transformers import Qwen2AudioForConditionalGeneration

from earmark.tiny.forward import Heard

HAN_LETTERS = 3


def said_letters(word: str) -> int:
    """Guess how long a word takes to say, in letters.

    >>> said_letters(" library"), said_letters("图")
    (8, 3)
    """
    word = word.strip()
    return len(word) + 1 if word.isascii() else HAN_LETTERS


def token_scores(
    model: Qwen2AudioForConditionalGeneration, heard: Heard
) -> Float[Tensor, "clip audio_token vocabulary"]:
    """Compare what was heard with every token's embedding."""
    embeddings: Any = model.get_input_embeddings().weight
    return heard.embeds @ embeddings.T


def ctc_loss(
    scores: Float[Tensor, "clip audio_token vocabulary"],
    heard: Heard,
    truths: Sequence[Sequence[int]],
    *,
    blank: int,
) -> Tensor:
    """Return the CTC loss in nats per token of the truths."""
    lengths = torch.tensor([len(truth) for truth in truths], device=scores.device)
    loss = F.ctc_loss(
        scores.log_softmax(-1).transpose(0, 1),
        torch.tensor([token for truth in truths for token in truth], device=scores.device),
        heard.tokens,
        lengths,
        blank=blank,
        reduction="sum",
        zero_infinity=True,
    )
    return loss / lengths.sum()


def flat_start_loss(
    scores: Float[Tensor, "clip audio_token vocabulary"],
    heard: Heard,
    truths: Sequence[Sequence[int]],
    *,
    letters: Sequence[int],
) -> Tensor:
    """Return the cross-entropy in nats per audio token, each truth spread evenly over its clip.

    `letters` holds, for each token of the vocabulary, how long it takes to say.
    """
    targets = torch.full(scores.shape[:2], -100)
    for row, count, truth in zip(targets, heard.tokens.tolist(), truths, strict=True):
        ends = torch.tensor([letters[token] for token in truth]).cumsum(0)
        middles = (torch.arange(count) + 0.5) * ends[-1] / count
        row[:count] = torch.tensor(truth)[torch.searchsorted(ends, middles)]
    return F.cross_entropy(scores.flatten(0, 1), targets.flatten())
