"""Keep one pair of those with the same prompt, or with the same prompt and answers."""

import json
from array import array
from collections.abc import Callable, Iterator
from typing import Any, Literal

import numpy as np

from earmark.curate.best_of_equals import rank_of, verdicts, winners
from earmark.curate.fields import Missing, check_one_of
from earmark.curate.verdict import Stream, Verdict
from earmark.records import Pair
from earmark.storage.digests import short_hash

Of = Literal["prompt", "pair", "chosen"]


def duplicates(
    pairs: Stream, *, of: Of = "prompt", criterion: str | None = None, missing: Missing = "stop"
) -> Iterator[Verdict]:
    """Keep one of the pairs with the same prompt: the highest chosen score, else the first.

    Texts are compared without regard to case and white space; clips by path and span. UltraMix
    (arXiv 2511.10985) de-duplicates by prompt and keeps the copy with the highest reward.

    Args:
        pairs: the pairs.
        of: what is compared: the prompt, the prompt with all answers (pair), or the chosen answer.
        criterion: scores by which the copy to keep is chosen; without, the first is kept.
        missing: whether a pair without scores stops the work or is dropped.

    Raises:
        KnobError: something else is to be compared.

    >>> pairs = [Pair("p", [], "a", "b"), Pair("q", [], "a", "c")]
    >>> [type(verdict).__name__ for verdict in duplicates(pairs)]
    ['Keep', 'Drop']
    """
    check_one_of([of], KEYS, "of")
    return _verdicts(pairs, of, criterion, missing)


def _verdicts(pairs: Stream, of: Of, criterion: str | None, missing: Missing) -> Iterator[Verdict]:
    keys, ranks = array("q"), array("d")
    for pair in pairs:
        rank = rank_of(pair, criterion, missing)
        keys.append(short_hash(KEYS[of](pair)))
        ranks.append(-np.inf if rank is None else rank)
    best = winners(np.asarray(keys, np.int64), np.asarray(ranks))
    same = {"prompt": "the same prompt", "pair": "the same prompt and answers"}
    yield from verdicts(pairs, best, criterion, missing, same.get(of, "the same chosen answer"))


def plain(text: str) -> str:
    r"""Return a text without regard to case and white space.

    >>> plain("  Write\n it down ")
    'write it down'
    """
    return " ".join(text.casefold().split())


def prompt_key(prompt: Any) -> str:
    """Return what a prompt says, as one text: equal for prompts that are the same.

    >>> prompt_key([{"role": "user", "content": "Hi  there"}])
    '[{"content": "hi there", "role": "user"}]'
    """
    return json.dumps(_plain_parts(prompt), ensure_ascii=False, sort_keys=True)


def _plain_parts(value: Any, key: str = "") -> Any:
    if isinstance(value, str):
        return value if key == "audio" else plain(value)
    if isinstance(value, list):
        return [_plain_parts(each) for each in value]
    if isinstance(value, dict):
        return {name: _plain_parts(each, name) for name, each in value.items()}
    return value


def _pair_key(pair: Pair) -> str:
    answers = [pair.chosen, *pair.losers]
    return prompt_key([*pair.prompt, {"rejected_prompt": pair.rejected_prompt}, answers])


KEYS: dict[Of, Callable[[Pair], str]] = {
    "prompt": lambda pair: prompt_key(pair.prompt),
    "pair": _pair_key,
    "chosen": lambda pair: prompt_key(pair.chosen),
}
