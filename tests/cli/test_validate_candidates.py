"""`earmark validate` of a file of candidates, and of pairs whose sides have different prompts."""

import json

import numpy as np
import pytest

from earmark.cli.validate import check_path
from earmark.speech.audio import write_audio


@pytest.fixture
def folder(tmp_path):
    tone = (0.3 * np.sin(np.arange(16000) / 5)).astype(np.float32)
    write_audio(tmp_path / "good.wav", tone)
    return tmp_path


def heard(path="good.wav"):
    return [{"role": "user", "content": [{"type": "audio", "audio": path}]}]


def found(folder, *rows):
    path = folder / "c.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return [line.replace(f"{folder}/", "") for line in check_path(path, "auto", 50, None).lines()]


def test_a_good_file_has_no_problems_and_a_profile(folder):
    answers = [{"content": "好", "scores": {"bleu": 1, "loop": 0}}, {"content": "坏"}]
    answers[1]["scores"] = {"bleu": 0.5, "loop": 0.0}
    assert found(folder, {"id": "a", "prompt": heard(), "candidates": answers}) == [
        "c.jsonl: candidates; 0 errors, 0 warnings",
        "  1 prompt, 2 candidates, 1 clip",
        "  scored by: bleu 2 of 2, loop 2 of 2",
    ]


def test_all_problems_are_listed_with_their_line(folder):
    one, two = {"content": "好"}, {"content": "坏"}
    assert found(
        folder,
        {"id": "a", "prompt": heard(), "candidates": []},
        {"id": "b", "prompt": heard(), "candidates": [one]},
        {"id": "c", "prompt": heard(), "candidates": [one, {**two, "scores": {"x": float("nan")}}]},
        {"id": "d", "prompt": heard(), "candidates": [one, {**two, "audio": "gone.wav"}]},
        {"id": "e", "prompt": heard(), "candidates": [one, one]},
        {"id": "f", "prompt": heard(), "candidates": [one, {"content": [{"type": "video"}]}]},
        {"id": "g", "prompt": [{"role": "robot", "content": "x"}], "candidates": [one, two]},
    ) == [
        "error: c.jsonl:1: there is no candidate; give at least two",
        "warning: c.jsonl:2: one candidate only; most relations need two (draft_vs_truth needs one "
        "and the truth)",
        "error: c.jsonl:3: candidate 2: its score for 'x' should be a finite number, found nan; "
        "leave the criterion out where a judge failed",
        "warning: c.jsonl:3: 1 of 2 candidates have no score for 'x'",
        "error: c.jsonl:4: row 'd': gone.wav: no such audio file; check the path, "
        "relative to the manifest",
        "warning: c.jsonl:5: two candidates are equal, which are never paired",
        'error: c.jsonl:6: candidate 2: a content part should be {"type": "audio", "audio": PATH} '
        'or {"type": "text", "text": ...}, found {\'type\': \'video\'}',
        "error: c.jsonl:7: the role of a prompt message should be system, user or assistant, found "
        "'robot'",
        "c.jsonl: candidates; 5 errors, 3 warnings",
        "  7 prompts, 11 candidates, 2 clips",
    ]


def test_the_prompt_of_the_rejected_side_is_checked_too(folder):
    pair = {"id": "p", "prompt": heard(), "chosen": "好", "rejected": "坏"}
    text = [{"role": "user", "content": "Transcribe."}]
    assert found(
        folder,
        {**pair, "id": "1", "rejected_prompt": heard("gone.wav")},
        {**pair, "id": "2", "rejected_prompt": text},
        {**pair, "id": "3", "rejected_prompt": heard()},
        {**pair, "id": "4", "rejected_prompt": [{"role": "robot", "content": "x"}]},
    ) == [
        "error: c.jsonl:1: pair '1': gone.wav: no such audio file; check the path, "
        "relative to the manifest",
        'error: c.jsonl:2: rejected_prompt: it has no audio; it needs a content part {"type": '
        '"audio", "audio": PATH}, or the model would be trained on text alone',
        "warning: c.jsonl:3: rejected_prompt equals prompt; leave it out",
        "error: c.jsonl:4: rejected_prompt: the role of a prompt message should be system, user or "
        "assistant, found 'robot'",
        'error: c.jsonl:4: rejected_prompt: it has no audio; it needs a content part {"type": '
        '"audio", "audio": PATH}, or the model would be trained on text alone',
        "c.jsonl: pairs; 4 errors, 1 warning",
        "  4 pairs, 4 rejected answers, 2 clips",
    ]
