"""Links lead to the file that is written; devices, pipes and descriptors are written to."""

import os
import stat
import subprocess
import sys
import threading

import pytest

from earmark.errors import InputError
from earmark.storage.atomic import write_text
from earmark.storage.destination import is_special


def test_a_link_stays_and_the_file_behind_it_is_written(tmp_path):
    real, link, second = tmp_path / "data/real", tmp_path / "link", tmp_path / "second"
    real.parent.mkdir()
    real.write_text("old")
    link.symlink_to("data/real")
    second.symlink_to("link")
    write_text(second, "new")
    assert (second.is_symlink(), link.is_symlink(), real.is_symlink()) == (True, True, False)
    assert real.read_text() == "new"
    assert [p.name for p in real.parent.iterdir()] == ["real"]


def test_a_link_to_nothing_makes_the_file_that_it_names(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "new")
    write_text(tmp_path / "link", "text")
    assert (tmp_path / "new").read_text() == "text"


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o777])
def test_the_mode_of_a_file_that_is_replaced_is_kept(tmp_path, mode):
    path = tmp_path / "a"
    path.write_text("old")
    path.chmod(mode)
    write_text(path, "new")
    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_the_owner_of_a_file_that_is_replaced_is_kept(tmp_path):
    path = tmp_path / "a"
    path.write_text("old")
    os.chown(path, 1234, 2345)
    write_text(path, "new")
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 2345)
    assert path.read_text() == "new"


def test_a_file_that_cannot_be_given_away_is_overwritten_in_place(tmp_path, monkeypatch):
    path, other_owner = tmp_path / "a", os.stat("/").st_uid + 77
    path.write_text("old, and longer")
    inode, found = path.stat().st_ino, os.stat

    def owned(file, **keywords):
        facts = found(file, **keywords)
        if str(file) == str(path):
            facts = os.stat_result((*facts[:4], other_owner, *facts[5:]))
        return facts

    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "stat", owned)
    monkeypatch.setattr(os, "chown", refuse)
    write_text(path, "new")
    monkeypatch.undo()
    assert (path.read_text(), path.stat().st_ino) == ("new", inode)
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_what_nobody_else_may_read_is_not_readable_on_the_way(tmp_path, monkeypatch):
    path, seen = tmp_path / "secret", []
    path.write_text("old")
    path.chmod(0o600)
    monkeypatch.setattr(os, "fsync", lambda _: seen.append(modes(tmp_path)))
    write_text(path, "new")
    assert seen == [{0o600}]
    assert path.read_text() == "new"


def modes(folder):
    return {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


def test_a_device_stays_a_device():
    before = os.stat(os.devnull)
    write_text(os.devnull, "text")
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)
    assert os.stat(os.devnull).st_ino == before.st_ino


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes devices")
def test_a_device_is_neither_replaced_by_root_nor_through_a_link(tmp_path):
    device, link = tmp_path / "null", tmp_path / "link"
    try:
        os.mknod(device, 0o666 | stat.S_IFCHR, os.makedev(1, 3))
        device.write_text("x")
    except OSError:
        pytest.skip("devices are not allowed here")
    link.symlink_to(device)
    for path in (device, link):
        write_text(path, "text")
        assert stat.S_ISCHR(device.stat().st_mode)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link", "null"]


def test_a_full_device_is_an_error_that_names_it():
    with pytest.raises(InputError, match="/dev/full: cannot be written: No space left"):
        write_text("/dev/full", "text")


def test_a_pipe_is_written_to_and_stays(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    write_text(pipe, "text")
    reader.join(10)
    assert read == ["text"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_standard_output_is_continued_where_it_is(tmp_path, name):
    code = (
        "import sys; from earmark.storage.atomic import write_text; print('before'); "
        f"write_text({name!r}, 'text\\n'); print('after')"
    )
    path = tmp_path / "out.txt"
    with open(path, "w") as file:
        subprocess.run([sys.executable, "-c", code], stdout=file, check=True)
    assert path.read_text() == "before\ntext\nafter\n"


def test_what_is_special(tmp_path):
    (tmp_path / "file").touch()
    assert [is_special(p) for p in (tmp_path, tmp_path / "file", tmp_path / "none")] == [False] * 3
    assert [is_special(p) for p in ("/dev/null", "/dev/stdout", "/dev/fd/2")] == [True] * 3


def test_links_in_a_circle_and_folders_are_refused(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(InputError, match="cannot be written"):
        write_text(tmp_path / "a", "text")
    with pytest.raises(InputError, match="a folder; expected the path of a file"):
        write_text(tmp_path, "text")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_read_only_file_is_refused(tmp_path):
    path = tmp_path / "a"
    path.write_text("old")
    path.chmod(0o444)
    with pytest.raises(InputError, match="it is read-only"):
        write_text(path, "new")
