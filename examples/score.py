"""Score what a system wrote: lists of texts, or files, with a metric of your own beside ours."""

from pathlib import Path

import earmark

HERE = Path(__file__).parent


def exact(truth: str, answer: str) -> tuple[float, float]:
    """Count transcripts that are right to the letter, of all."""
    return float(truth == answer), 1.0


two_texts = earmark.score(["我想 review 一下", "今天去 KTV"], ["我想一下", "今天去 KTV"])
print([(row.id, row.failure.label) for row in two_texts.rows])

result = earmark.score(HERE / "truth.jsonl", HERE / "base.jsonl", metrics=[exact])
print(result)
print({name: found["value"] for name, found in result.to_dict()["metrics"].items()})
