"""`earmark pairs` as it is called, chat endpoint and sudden death included."""

import os
import signal
import subprocess
import sys
import time

import pytest
from world import TEXTS, manifest, read_rows, tally_of

from chat_server import ChatServer, serving

EARMARK = [sys.executable, "-c", "from earmark.cli import main; main()"]
KEY = "sk-not-to-be-seen"
CHAT_ENV = {**os.environ, "OPENAI_API_KEY": KEY, "OMP_NUM_THREADS": "1"}


def earmark(*words):
    done = subprocess.run(
        [*EARMARK, *map(str, words)], capture_output=True, text=True, env=CHAT_ENV, timeout=120
    )
    assert KEY not in done.stdout + done.stderr
    return done


def imitate(folder, out, *words):
    source = folder / "utterances.jsonl"
    return earmark("pairs", "imitate", "--utterances", source, "--out", out, *words)


def test_both_builders_say_what_they_did(tmp_path):
    manifest(tmp_path)
    out = tmp_path / "p.jsonl"
    done = imitate(tmp_path, out, "--mix", "loop=2,run_on=1", "--seed", 5)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "scaled to sum to 1" in done.stderr
    assert "6 pairs of 6 utterances" in done.stderr
    assert tally_of(out)["pairs"] == len(read_rows(out)) == 6
    mined = tmp_path / "m.jsonl"
    hyps = tmp_path / "h.jsonl"
    hyps.write_text('{"id": "u0", "text": "我们明天讨论的预算"}\n', "utf-8")
    source = tmp_path / "utterances.jsonl"
    done = earmark("pairs", "mined", "--utterances", source, "--hyps", hyps, "--out", mined)
    assert done.returncode == 0, done.stderr
    assert [row["failure_modes"] for row in read_rows(mined)] == [["omit_embedded"]]


def test_a_mistake_is_one_message_and_no_file(tmp_path):
    manifest(tmp_path)
    out = tmp_path / "p.jsonl"
    done = imitate(tmp_path, out, "--mix", "lop=1")
    assert done.returncode == 1
    assert "error: mix: unknown failure mode 'lop'; did you mean 'loop'?" in done.stderr
    assert "Traceback" not in done.stderr
    assert not out.exists()


def chat_flags(url, *more):
    names = ("--translator", "chat", "--chat-url", url, "--chat-model", "qwen")
    return (*names, "--mix", "global_translation=1", *more)


def test_a_chat_model_translates_with_a_bounded_number_of_requests(tmp_path):
    manifest(tmp_path, [f"我们讨论第{n}个 plan" for n in range(30)])
    chat = ChatServer(lambda prompt: "we discuss this plan", delay_s=0.02)
    chat.script = [429, 500, b"not json"]
    out = tmp_path / "p.jsonl"
    with serving(chat) as url:
        done = imitate(tmp_path, out, *chat_flags(url, "--chat-requests", 3))
    assert done.returncode == 0, done.stderr
    assert 1 < chat.most_at_once <= 3
    rows = read_rows(out)
    assert [row["source"] for row in rows] == [f"u{n}" for n in range(30)]
    assert rows[0]["made_by"]["translator"] == "chat:qwen"
    assert KEY not in "".join(p.read_text("utf-8") for p in tmp_path.glob("*.json*"))


def in_the_language_asked_for(prompt):
    return "we discuss this plan" if "every word is in English" in prompt else "我们讨论计划"


def test_a_killed_run_continues_where_it_was(tmp_path):
    texts = [f"我们讨论第{n}个 plan" for n in range(40)]
    manifest(tmp_path, texts)
    chat = ChatServer(in_the_language_asked_for, delay_s=0.03)
    out, kept = tmp_path / "p.jsonl", tmp_path / "p.jsonl.chat.jsonl"
    with serving(chat) as url:
        flags = chat_flags(url, "--chat-requests", 2)
        source = tmp_path / "utterances.jsonl"
        words = ["pairs", "imitate", "--utterances", source, "--out", out, *flags]
        run = subprocess.Popen(
            [*EARMARK, *map(str, words)], env=CHAT_ENV, stderr=subprocess.DEVNULL
        )
        while len(chat.requests) < 12:
            time.sleep(0.01)
        run.send_signal(signal.SIGKILL)
        run.wait()
        answered = len(read_rows(kept))
        assert 0 < answered < 40
        assert not out.exists()
        before = len(chat.requests)
        assert imitate(tmp_path, out, *flags).returncode == 0
        assert len(chat.requests) - before == len(texts) - answered
        whole = tmp_path / "whole.jsonl"
        assert imitate(tmp_path, whole, *flags).returncode == 0
    assert out.read_bytes() == whole.read_bytes()


@pytest.mark.parametrize("on_error", ["stop", "skip"])
def test_a_failing_translation_stops_the_run_or_is_counted(tmp_path, on_error):
    manifest(tmp_path, TEXTS[:3])
    chat = ChatServer(lambda prompt: "we discuss it" if "预算" in prompt else " ")
    out = tmp_path / "p.jsonl"
    flags = ("--chat-retries", 0, "--chat-requests", 1, "--on-error", on_error)
    with serving(chat) as url:
        done = imitate(tmp_path, out, *chat_flags(url, *flags))
    if on_error == "stop":
        assert done.returncode == 1
        said = " ".join(done.stderr.split())
        assert "error: utterance 'u1': " in said
        assert "an empty answer" in said
        assert not out.exists()
    else:
        assert done.returncode == 0, done.stderr
        assert [row["source"] for row in read_rows(out)] == ["u0"]
        reasons = tally_of(out)["dropped"]["global_translation"]
        assert reasons == {"the translator gave no usable answer": 2}
