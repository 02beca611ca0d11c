"""Manifests to build pairs from: sentences of one's own, and files that stand for their audio."""

import json
from pathlib import Path

TEXTS = [
    "我们明天讨论 project 的预算",
    "请把 report 发给老师，谢谢。",
    "The 会议 is on Friday, 不要忘记.",
    "今天天气不错",
    "we met at the library",
    "这个 design 很复杂，需要 change 一下",
]


def write_rows(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    path.write_text("".join(lines), encoding="utf-8")
    return path


def read_rows(path):
    return [json.loads(line) for line in Path(path).read_text("utf-8").splitlines()]


def tally_of(path):
    return json.loads(Path(f"{path}.tally.json").read_text("utf-8"))


def manifest(folder, texts=TEXTS, start=0, **fields):
    """Write a manifest and the (empty) audio files it names; return its path."""
    rows = [
        {"id": f"u{n}", "audio": f"audio/u{n}.wav", "text": text, **fields}
        for n, text in enumerate(texts, start=start)
    ]
    for row in rows:
        clip = folder / row["audio"]
        clip.parent.mkdir(parents=True, exist_ok=True)
        clip.touch()
    return write_rows(folder / "utterances.jsonl", rows)
