"""A curator of your own: a function from pairs to verdicts, whose other parameters are its knobs.

In a file `choose.py` the same function is `earmark curate --by choose:short_answers --longest 20`.
"""

from collections.abc import Sequence

import earmark


def short_answers(
    pairs: Sequence[earmark.Pair], *, longest: int = 20
) -> list[earmark.Keep | earmark.Drop]:
    """Keep pairs whose chosen answer is short; every pair has a verdict, every drop a reason."""
    return [
        earmark.Keep(pair)
        if len(pair.chosen) <= longest
        else earmark.Drop(pair, f"more than {longest} characters")
        for pair in pairs
    ]


prompt = [{"role": "user", "content": [{"type": "text", "text": "Transcribe the audio."}]}]
texts = ["好的", "我今天想 review 那个 proposal，然后发给你。", "我们去图书馆"]
pairs = [earmark.Pair(f"p{i}", prompt, text, text[:2] + "呃") for i, text in enumerate(texts)]

result = earmark.curate(pairs, short_answers, longest=10)
print(result)
print([(drop.pair.id, drop.why) for drop in result.dropped])
