"""A curator of your own: a function from pairs to verdicts, whose other parameters are its knobs.

In a file `choose.py` the same function is
`earmark curate pairs.jsonl kept.jsonl --by choose:short_answers:longest=20`.
"""

from collections.abc import Iterable, Iterator

import earmark


def short_answers(
    pairs: Iterable[earmark.Pair], *, longest: int = 20
) -> Iterator[earmark.Keep | earmark.Drop]:
    """Keep pairs whose chosen answer is short; every pair has a verdict, every drop a reason."""
    for pair in pairs:
        if len(pair.chosen) <= longest:
            yield earmark.Keep(pair)
        else:
            yield earmark.Drop(pair, f"more than {longest} characters")


prompt = [{"role": "user", "content": [{"type": "text", "text": "Transcribe the audio."}]}]
texts = ["好的", "我今天想 review 那个 proposal，然后发给你。", "我们去图书馆"]
pairs = [earmark.Pair(f"p{i}", prompt, text, text[:2] + "呃") for i, text in enumerate(texts)]

result = earmark.curate(pairs, short_answers, longest=10)
print(result)
print([(drop.pair.id, drop.why) for drop in result.dropped])
