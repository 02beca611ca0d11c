"""One process at a time: a lock names its owner, and is stale when the process is gone."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from earmark.errors import InputError
from earmark.storage import lock as module
from earmark.storage.leftovers import host
from earmark.storage.lock import lock_beside, lock_in, locked, refuse_locked

HOLD = """
import sys, time
from pathlib import Path
from earmark.storage.lock import locked
with locked(Path(sys.argv[1]), "a test"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holder(tmp_path):
    """Start another process that holds the lock of a folder."""
    command = [sys.executable, "-c", HOLD, str(lock_in(tmp_path))]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.communicate()


def owner(path: Path, **changed) -> None:
    """Write the lock of a process that never was, or was elsewhere."""
    with locked(path, "a test"):
        written = json.loads(path.read_text())
    path.write_text(json.dumps({**written, **changed}))


def test_another_process_is_named_and_its_end_frees_the_lock(tmp_path, holder):
    lock = lock_in(tmp_path)
    named = rf"{tmp_path}: a training is writing here already \(process {holder.pid} on .*, since "
    with pytest.raises(InputError, match=named), locked(lock, "a training"):
        pass
    with pytest.raises(InputError, match=named):
        refuse_locked(lock, "a training")
    holder.send_signal(signal.SIGKILL)
    os.waitid(os.P_PID, holder.pid, os.WEXITED | os.WNOWAIT)  # It has ended; nobody waited yet.
    refuse_locked(lock, "a training")
    with locked(lock, "a training"):
        assert json.loads(lock.read_text())["pid"] == os.getpid()
    assert list(tmp_path.iterdir()) == []


def test_it_is_released_at_the_end_and_after_an_error(tmp_path):
    lock = lock_beside(tmp_path / "hyps.jsonl")
    with pytest.raises(ValueError, match="x"), locked(lock, "a test"):
        raise ValueError("x")
    with locked(lock, "a test"):
        assert lock.name == ".hyps.jsonl.lock"
        with pytest.raises(InputError, match=r"hyps\.jsonl: a test is writing"):
            refuse_locked(lock, "a test")
    assert list(tmp_path.iterdir()) == []


def test_a_number_that_was_given_to_another_process_is_stale(tmp_path):
    owner(lock_in(tmp_path), begun="1")
    with locked(lock_in(tmp_path), "a test"):
        pass


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"pid": 1}', "\x00" * 10_000])
def test_a_lock_that_no_process_wrote_is_stale(tmp_path, text, monkeypatch):
    monkeypatch.setattr(module.time, "sleep", lambda _: None)
    lock_in(tmp_path).write_text(text)
    with locked(lock_in(tmp_path), "a test"):
        pass


def test_a_lock_that_may_not_be_read_is_left(tmp_path, monkeypatch):
    """It is another user's, whose process may well be writing."""
    lock = lock_in(tmp_path)
    owner(lock, begun="1")

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    said = r"\.lock: cannot be read: Permission denied; another user's process may be writing here"
    with pytest.raises(InputError, match=said), locked(lock, "a test"):
        pass
    with pytest.raises(InputError, match=said):
        refuse_locked(lock, "a test")
    assert lock.exists()


def test_a_process_elsewhere_is_respected_until_its_lock_is_removed(tmp_path):
    """Nobody here can know whether it runs."""
    lock = lock_in(tmp_path)
    owner(lock, host="00000000", machine="elsewhere")
    told = rf"on elsewhere, .* If that process is gone, remove {lock}\."
    with pytest.raises(InputError, match=told), locked(lock, "a test"):
        pass
    lock.unlink()
    with locked(lock, "a test"):
        pass


def test_of_many_that_take_over_a_stale_lock_one_holds_it_at_a_time(tmp_path):
    lock = lock_in(tmp_path)
    owner(lock, begun="1")
    inside, most, refused = [], [], []

    def work():
        try:
            with locked(lock, "a test"):
                inside.append(1)
                most.append(len(inside))
                inside.pop()
        except InputError:
            refused.append(1)

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(most) == 1
    assert len(most) + len(refused) == 8


def test_a_file_system_without_hard_links_will_do(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", refuse)
    lock = lock_in(tmp_path)
    with locked(lock, "a test"):
        assert json.loads(lock.read_text())["host"] == host()
        with pytest.raises(InputError, match="is writing here"), locked(lock, "a test"):
            pass
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_named(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", refuse)
    told = r"\.lock: cannot be written: No space left on device"
    with pytest.raises(InputError, match=told), locked(lock_in(tmp_path), "a test"):
        pass
