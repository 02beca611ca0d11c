"""Keep one pair of those whose texts are nearly the same."""

from array import array
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np

from earmark.curate.best_of_equals import rank_of, verdicts, winners
from earmark.curate.duplicates import plain
from earmark.curate.fields import Missing, check_one_of
from earmark.curate.minhash import Unit, clusters
from earmark.curate.verdict import Stream, Verdict
from earmark.errors import KnobError
from earmark.pairs.rules import audio_parts
from earmark.records import Pair

Of = Literal["auto", "prompt", "chosen"]


def near_duplicates(
    pairs: Stream,
    *,
    least: float = 0.8,
    unit: Unit = "characters",
    of: Of = "auto",
    criterion: str | None = None,
    missing: Missing = "stop",
) -> Iterator[Verdict]:
    """Keep one of the pairs with nearly the same text: the highest chosen score, else the first.

    Texts are near where the estimated Jaccard similarity of their runs of 5 characters, or of 3
    words, is at least `least` (MinHash). Nearness joins: of a and b, b and c, one is kept.
    Departure: UltraMix (arXiv 2511.10985) names n-grams and MinHash and not their settings.

    Args:
        pairs: the pairs.
        least: similarity from which texts are nearly the same, above 0 and at most 1.
        unit: characters or words (a Han character is a word).
        of: the text of the prompt, the chosen answer, or auto: the chosen answer where the prompt
            holds sound, since such prompts have few texts, else the prompt.
        criterion: scores by which the copy to keep is chosen; without, the first is kept.
        missing: whether a pair without scores stops the work or is dropped.

    Raises:
        KnobError: a similarity out of range, another unit or text.
    """
    if isinstance(least, bool) or not isinstance(least, int | float) or not 0 < least <= 1:
        raise KnobError(f"least should be a similarity above 0 and at most 1, found {least!r}")
    check_one_of([unit], ("characters", "words"), "unit")
    check_one_of([of], ("auto", "prompt", "chosen"), "of")
    return _verdicts(pairs, least, unit, of, criterion, missing)


def _verdicts(
    pairs: Stream, least: float, unit: Unit, of: Of, criterion: str | None, missing: Missing
) -> Iterator[Verdict]:
    ranks = array("d")

    def texts() -> Iterator[str]:
        for pair in pairs:
            rank = rank_of(pair, criterion, missing)
            ranks.append(-np.inf if rank is None else rank)
            yield plain(text_of(pair, of))

    best = winners(clusters(texts(), least, unit), np.asarray(ranks))
    yield from verdicts(pairs, best, criterion, missing, "nearly the same text")


def text_of(pair: Pair, of: Of = "auto") -> str:
    """Return the text by which a pair is compared.

    >>> text_of(Pair("p", [{"role": "user", "content": "Why?"}], "a", "b"))
    'Why?'
    """
    if of == "chosen" or (of == "auto" and next(audio_parts(pair.prompt), None) is not None):
        return pair.chosen
    return prompt_text(pair.prompt)


def prompt_text(prompt: list[dict[str, Any]]) -> str:
    r"""Return the texts of a prompt's messages.

    >>> prompt_text([{"role": "user", "content": [{"type": "text", "text": "Why?"}]}])
    'Why?'
    """
    texts: list[str] = []
    for message in prompt:
        content = message.get("content")
        parts = content if isinstance(content, list) else [{"text": content}]
        texts += [str(part["text"]) for part in parts if isinstance(part.get("text"), str)]
    return "\n".join(texts)
