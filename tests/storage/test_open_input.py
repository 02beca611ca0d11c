"""A pipe is read once and whole; one that nobody writes to is refused after a while."""

import os
import subprocess
import threading
import time

import pytest

from earmark.errors import InputError
from earmark.formats.files.lines import numbered_lines
from earmark.storage import pipes
from earmark.storage.pipes import open_input

CONTENT = b"".join(b"%d\n" % number for number in range(100_000))


@pytest.fixture
def pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


def read(path):
    with open_input(path) as file:
        return file.read()


def write_later(path, *parts, wait_s=0.0):
    """Open a pipe to write, and write each part after a pause."""

    def write():
        time.sleep(wait_s)
        with open(path, "wb") as file:
            for part in parts:
                time.sleep(wait_s)
                file.write(part)
                file.flush()

    threading.Thread(target=write, daemon=True).start()


@pytest.mark.timeout(20)
@pytest.mark.parametrize("wait_s", [0.0, 0.2])
def test_a_pipe_is_read_whole(pipe, wait_s):
    write_later(pipe, b"1", b"2", CONTENT, wait_s=wait_s)
    assert read(pipe) == b"12" + CONTENT


@pytest.mark.timeout(20)
def test_a_writer_that_is_there_is_waited_for_however_slow_it_is(pipe, monkeypatch):
    monkeypatch.setattr(pipes, "NOBODY_S", 0.2)

    def write():
        with open(pipe, "wb") as file:
            time.sleep(0.6)
            file.write(b"late")

    threading.Thread(target=write, daemon=True).start()
    assert read(pipe) == b"late"


@pytest.mark.timeout(20)
def test_a_pipe_without_a_writer_is_refused(pipe, monkeypatch):
    monkeypatch.setattr(pipes, "NOBODY_S", 0.2)
    for use in (read, lambda path: list(numbered_lines(path))):
        with pytest.raises(InputError, match=r"pipe: a pipe that nothing writes to \(waited 0.2 s"):
            use(pipe)


@pytest.mark.timeout(20)
def test_what_comes_from_another_process_is_read_whole():
    reader, writer = os.pipe()
    with subprocess.Popen(["sh", "-c", "sleep 0.3; seq 0 99999"], stdout=writer) as child:
        os.close(writer)
        assert read(f"/dev/fd/{reader}") == CONTENT
        assert child.wait() == 0
    os.close(reader)


def test_files_and_the_null_device_are_read(tmp_path):
    (tmp_path / "file").write_bytes(CONTENT)
    assert read(tmp_path / "file") == CONTENT
    assert read(os.devnull) == b""


def test_endless_devices_and_folders_are_refused(tmp_path):
    with pytest.raises(InputError, match="/dev/zero: a device; expected a file or a pipe"):
        read("/dev/zero")
    with pytest.raises(IsADirectoryError):
        read(tmp_path)
