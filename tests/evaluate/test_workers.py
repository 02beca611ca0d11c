"""Several processes measure as one does."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from evaluate_systems import corpus, noisy

from earmark.errors import InputError, KnobError
from earmark.evaluate import workers
from earmark.evaluate.rows import row_dict
from earmark.evaluate.score import score
from earmark.evaluate.utterance import Measuring, Texts
from earmark.evaluate.workers import measure_all
from earmark.records import Hypothesis
from earmark.text.profiles import parse_profile
from earmark.translators.dictionaries.dictionary import Dictionary
from earmark.translators.dictionaries.shipped import load_earmark


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(workers, "CHUNK", 7)


def written(result):
    """Write all that a score is, as files have it."""
    return json.dumps([result.to_dict(), [row_dict(row) for row in result.rows]])


@pytest.fixture
def system():
    truths = corpus(60, speakers=5)
    hyps = noisy(truths, 0.3)
    hyps[5] = Hypothesis(hyps[5].id, "", set_aside="no sound")
    hyps[9] = Hypothesis(hyps[9].id, "好 好 " * 9, raw_text="**好**")
    return truths, [*hyps[:20], *hyps[21:]]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_the_result_is_the_same_to_the_byte(system, monkeypatch, method):
    monkeypatch.setattr(workers, "start_method", lambda: method)
    how = {"dictionary": load_earmark(), "features": True, "profile": "default+drop-fillers"}
    one = score(*system, set_aside="count", **how)
    two = score(*system, set_aside="count", workers=2, progress=True, **how)
    assert written(one) == written(two)
    assert one.rows == two.rows


def test_more_workers_than_chunks_are_not_started(monkeypatch):
    monkeypatch.setattr(workers, "ProcessPoolExecutor", None)
    rows = [Texts("好", "好")] * 7
    assert len([*measure_all(rows, Measuring(parse_profile("default")), 9)]) == 7


def test_fewer_than_one_worker_is_refused(system):
    with pytest.raises(KnobError, match="workers is 0; expected 1 or more"):
        score(*system, workers=0)


class Complaining(Dictionary):
    """A dictionary that complains."""

    def meanings(self, word):
        raise InputError(f"no meaning of {word}")


CROSSED = [Texts("我们明天去 meeting 好不好", "我们明天去猫好不好")] * 30


def test_errors_of_a_process_come_back_as_ours(monkeypatch):
    monkeypatch.setattr(workers, "start_method", lambda: "fork")
    words = Complaining([("会议", "meeting"), ("猫", "cat")])
    with pytest.raises(InputError, match="no meaning of"):
        list(measure_all(CROSSED, Measuring(parse_profile("default"), words), 2))


def test_a_process_that_ends_is_an_error(monkeypatch):
    monkeypatch.setattr(workers, "start_method", lambda: "fork")
    monkeypatch.setattr(workers, "measure", lambda *_: os._exit(3))
    with pytest.raises(InputError, match="ended before its work was done"):
        list(measure_all(CROSSED, Measuring(parse_profile("default")), 2))


def test_a_dictionary_that_cannot_be_sent_is_refused(monkeypatch):
    monkeypatch.setattr(workers, "start_method", lambda: "spawn")
    words = Dictionary([("猫", "cat")])
    words.own = lambda: None
    with pytest.raises(KnobError, match=r"dictionary:.*cannot be sent to another process"):
        list(measure_all(CROSSED, Measuring(parse_profile("default"), words), 2))


def test_failures_that_are_not_named_are_left_out(system):
    named, bare = score(*system), score(*system, failures=False)
    assert "failures:none" in bare.signature.split("|")
    one, two = named.to_dict(), bare.to_dict()
    assert (two.pop("failure_modes"), two.pop("signature")) == ({}, bare.signature)
    one.pop("failure_modes")
    one.pop("signature")
    assert one == two
    assert "omission" in str(named)
    assert "omission" not in str(bare)
    assert row_dict(bare.rows[0])["failure"] is None


SLOW = """
import sys, time
from earmark.evaluate import workers
from earmark.evaluate.score import score
from earmark.records import Hypothesis, Utterance

def slow(chunk, how, measure=workers.measure):
    print("at work", flush=True)
    time.sleep(0.5)
    return measure(chunk, how)

workers.CHUNK, workers.measure = 1, slow
said = [Utterance(str(n), "好") for n in range(60)]
score(said, [Hypothesis(each.id, "好") for each in said], dictionary=None, workers=2)
"""


def test_an_interruption_ends_all_processes(tmp_path):
    script = tmp_path / "slow.py"
    script.write_text(SLOW)
    with subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        # Both processes may write at once, so that their lines run together.
        assert process.stdout.read(7) == b"at work"
        started = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)
        errors = process.communicate(timeout=30)[1]
    # A chunk under way is finished; the other 56 would take 14 seconds more.
    assert time.monotonic() - started < 10
    assert process.returncode == -signal.SIGINT
    assert errors.rstrip().endswith(b"KeyboardInterrupt")
    assert errors.count(b"Traceback") == 1
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
