"""A tiny test set with real clips, and two systems that fail in every way, hostile text too."""

import json
import wave
from pathlib import Path

import numpy as np

from earmark.records import Hypothesis, Utterance
from earmark.report.test_set import TestSet

NASTY = '<script>alert("x")</script><img src=http://evil.example/x onerror=alert(1)> & {{ 7*7 }}'

SAID = {
    "1": "我们明天去 office 开会",
    "2": "please 更新 the deadline",
    "3": "我觉得这个 project 很好",
    "4": "they like the 会议",
    "5": "今天没有人去 gym",
    "6": "the weather is good",
}
WRITTEN = {
    "base": {
        "1": "我们明天去开会",
        "2": "请更新截止日期",
        "3": "我觉得这个 project 很好" + " 对" * 60,
        "4": "they like the 会议",
        "5": NASTY,
        "6": "",
    },
    "dpo": {
        "1": "我们明天去 office 开会",
        "2": "please 更新 the deadline",
        "3": "我觉得这个 project 很好",
        "4": "they like the meeting",
        "5": "今天没有人去 jim",
    },
}


def write_tone(path: Path, hertz: float, duration_s: float = 0.3) -> None:
    time_s = np.arange(int(16_000 * duration_s)) / 16_000
    samples = (9_000 * np.sin(2 * np.pi * hertz * time_s)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(samples.tobytes())


def make_test_set(folder: Path) -> TestSet:
    """Make six utterances; clip 6 is missing, and so is the second system's text for it."""
    for number in range(1, 6):
        write_tone(folder / f"{number}.wav", 200.0 * number)
    truths = [Utterance(id_, text, audio=f"{id_}.wav") for id_, text in SAID.items()]
    hyps = {
        system: [
            Hypothesis(id_, text, made_by={"model": f"tiny {NASTY}", "decoding": {"beams": 1}})
            for id_, text in rows.items()
        ]
        for system, rows in WRITTEN.items()
    }
    return TestSet("codeswitch", truths, hyps, folder)


def make_written(name: str, truths: list[str], written: dict[str, list[str]]) -> TestSet:
    """Make a test set without sound from texts, one list of answers per system."""
    rows = {
        system: [Hypothesis(str(number), text) for number, text in enumerate(texts)]
        for system, texts in written.items()
    }
    return TestSet(name, [Utterance(str(i), text) for i, text in enumerate(truths)], rows)


def make_sides(name: str = "codeswitch") -> TestSet:
    """Make 40 utterances on which `dpo` is better than `base` and worse than `sft`."""
    right, omitted, wrong = "我们去 office 开会", "我们去开会", "我们去 offices 开会"
    answers = {
        "base": [omitted] * 40,
        "sft": [right] * 40,
        "dpo": [right] * 20 + [wrong] * 20,
        "dpo+sft": [right] * 39 + [wrong],
    }
    return make_written(name, [right] * 40, answers)


def make_plain(name: str = "english") -> TestSet:
    """Make 40 utterances in English; no system fails on one, all err on some."""
    right, wrong = "we go to the office now", "we go to the offices now"
    answers = {
        system: [wrong] * count + [right] * (40 - count)
        for system, count in {"base": 3, "sft": 2, "dpo": 3, "dpo+sft": 2}.items()
    }
    return make_written(name, [right] * 40, answers)


def make_run(folder: Path, objective: dict[str, object] | None = None, steps: int = 30) -> Path:
    """Write the log of a training run, and what it optimized."""
    folder.mkdir()
    if objective is not None:
        (folder / "run.json").write_text(json.dumps({"objective": objective}))
    rows = [
        {"step": step, "loss": 1 / step, "rewards/margins": 0.1 * step, "rewards/accuracies": 0.5}
        | {"logps/chosen_shift": 0.2 * step, "logps/rejected_shift": -0.4 * step}
        for step in range(1, steps + 1)
    ]
    (folder / "log.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return folder
