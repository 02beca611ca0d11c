"""What must be a file is refused, and not waited for, where it is a pipe or a device."""

import os

import pytest

from earmark.errors import InputError
from earmark.storage.append import AppendFile, whole_rows
from earmark.storage.digests import of_bytes, of_file
from earmark.storage.regular import open_regular, read_regular


@pytest.mark.timeout(10)
@pytest.mark.parametrize(
    "read", [open_regular, read_regular, of_file, lambda p: list(whole_rows(p))]
)
def test_pipes_devices_and_folders_are_refused(tmp_path, read):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("pipe")
    for path in (tmp_path / "pipe", tmp_path / "link", tmp_path, "/dev/zero"):
        with pytest.raises(InputError, match="a pipe, a device or a folder; expected a file"):
            read(path)


@pytest.mark.timeout(10)
def test_rows_are_not_appended_to_a_pipe(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="a pipe; expected a file"):
        AppendFile(tmp_path / "pipe")


def test_files_are_read_through_links(tmp_path):
    (tmp_path / "file").write_bytes(b"abc" * 100_000)
    (tmp_path / "link").symlink_to("file")
    assert read_regular(tmp_path / "link") == b"abc" * 100_000
    assert of_file(tmp_path / "link") == of_bytes(b"abc" * 100_000)


def test_refused_files_leave_no_descriptor_open(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        with pytest.raises(InputError):
            read_regular(tmp_path / "pipe")
    assert len(os.listdir("/proc/self/fd")) == before
