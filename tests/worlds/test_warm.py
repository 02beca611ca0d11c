"""Processes of the tests end as those of a launcher do, and none is left."""

import ctypes
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from forking import TASKS, Started, answer, serve, threads
from warm import Warm

# Rank 1 raises; rank 0 waits for it, as in a reduction over both.
WAITS = """
import os, time
if os.environ["RANK"] == "1":
    raise RuntimeError("out of luck")
print("waiting", file=__import__("sys").stderr, flush=True)
time.sleep(600)
"""


@pytest.fixture
def quick():
    """A server that has imported nothing."""
    warm = Warm(Path(__file__))
    yield warm
    warm.close()


def script(folder: Path, text: str) -> Path:
    path = folder / "script.py"
    path.write_text(text)
    return path


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_rank_that_fails_ends_the_others_and_is_what_is_said(quick, tmp_path):
    began = time.monotonic()
    run = quick.start(tmp_path, [], script=script(tmp_path, WAITS), ranks=2)
    assert run.ended() == [-signal.SIGKILL, 1]
    assert time.monotonic() - began < 60
    assert run.said().startswith("waiting\n")
    assert run.said().endswith("RuntimeError: out of luck\n")
    with pytest.raises(AssertionError, match=r"exit codes \[-9, 1\](.|\n)*out of luck"):
        quick.run(tmp_path, [], script=script(tmp_path, WAITS), ranks=2)


def test_a_command_ends_with_its_code_and_may_be_killed_when_it_has_ended(quick, tmp_path):
    run = quick.start(tmp_path, ["3"], script=script(tmp_path, "import sys; sys.exit(3)"))
    assert run.ended() == [3]
    run.kill()
    assert run.ended() == [3]


def test_no_process_whose_code_was_taken_is_killed(monkeypatch):
    pid = os.fork()
    if not pid:
        os._exit(7)
    started = Started([pid])
    started.collect(0)
    assert started.codes == {0: 7}
    monkeypatch.setattr(os, "killpg", lambda *_: pytest.fail("its number may be another's"))
    started.kill()
    # Another process of that number is another command, whose code is not known.
    assert Started([pid]).codes == {}


def test_a_server_that_has_ended_is_named_and_can_be_closed(tmp_path):
    warm = Warm(Path(__file__))
    warm.process.kill()
    warm.process.wait(20)
    with pytest.raises(RuntimeError, match=r"test_warm\.py ended with -9"):
        warm.start(tmp_path, ["train"])
    warm.close()


def test_closing_leaves_neither_processes_nor_files(tmp_path):
    warm = Warm(Path(__file__))
    pid = tmp_path / "pid"
    text = f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(600)"
    warm.start(tmp_path, [], script=script(tmp_path, text))
    deadline = time.monotonic() + 60
    while not (pid.exists() and pid.read_text()) and time.monotonic() < deadline:
        time.sleep(0.01)
    folder = Path(warm.folder.name)
    assert folder.is_dir()
    warm.close()
    assert gone(int(pid.read_text()))
    assert not folder.exists()


@pytest.mark.skipif(not TASKS.is_dir(), reason="the system does not list threads")
def test_a_process_with_a_thread_of_a_library_is_not_forked():
    before = threads()
    library, thread = ctypes.CDLL(None), ctypes.c_ulong()
    library.pthread_create(ctypes.byref(thread), None, library.pause, None)
    try:
        assert threads() == before + 1
        with pytest.raises(AssertionError, match=f"it has {before + 1}"):
            answer({"ranks": 0}, [], sys.exit, sys.exit)
    finally:
        library.pthread_cancel(thread)
        library.pthread_join(thread, None)


if __name__ == "__main__":
    serve(lambda: sys.exit(0), lambda: None)
