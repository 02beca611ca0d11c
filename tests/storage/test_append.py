"""Rows survive a run that was killed while it wrote one, and a disk that is full."""

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from earmark.errors import InputError
from earmark.storage import append
from earmark.storage.append import AppendFile, Row, whole_rows


def rows(path):
    return [json.loads(row.raw) for row in whole_rows(path)]


def test_rows_are_appended_and_found_where_they_start(tmp_path):
    path = tmp_path / "new/rows.jsonl"
    file = AppendFile(path)
    starts = [*file.append({"a": "我"}, {"a": 2}), *file.append({"a": 3})]
    assert [row.start for row in whole_rows(path)] == starts
    assert rows(path) == [{"a": "我"}, {"a": 2}, {"a": 3}]
    assert [row.start for row in whole_rows(path, starts[1])] == starts[1:]
    assert file.append() == []


@pytest.mark.parametrize("torn", [b'{"a": ', b"{", b'{"a": "' + b"x" * 200_000])
def test_a_torn_last_line_is_passed_over_and_then_removed(tmp_path, torn):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"a": 1}\n' + torn)
    assert rows(path) == [{"a": 1}]
    AppendFile(path).append({"a": 2})
    assert path.read_bytes() == b'{"a": 1}\n{"a": 2}\n'


def test_a_file_that_is_one_torn_line_is_emptied(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"a"')
    assert AppendFile(path).repair()
    assert path.read_bytes() == b""


def test_a_last_row_that_lacks_its_end_alone_is_kept(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"a": 1}')
    AppendFile(path).append({"a": 2})
    assert rows(path) == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize("content", [b"one line of notes", b"notes\nand more", b"[1, 2]"])
def test_another_file_is_refused_and_left(tmp_path, content):
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(InputError, match="expected JSON rows, one a line"):
        AppendFile(path).append({"a": 1})
    assert path.read_bytes() == content


def test_a_killed_process_leaves_whole_rows(tmp_path):
    path = tmp_path / "rows.jsonl"
    code = (
        "from earmark.storage.append import AppendFile\n"
        f"file = AppendFile({str(path)!r})\n"
        "while True: file.append({'text': 'x' * 5000})"
    )
    with subprocess.Popen([sys.executable, "-c", code]) as child:
        while not path.exists() or path.stat().st_size < 20_000:
            assert child.poll() is None
        child.send_signal(signal.SIGKILL)
    AppendFile(path).append({"text": "end"})
    found = rows(path)
    assert len(found) >= 4
    assert {row["text"] for row in found} == {"x" * 5000, "end"}


def test_a_full_disk_takes_the_row_back_and_is_named(tmp_path, monkeypatch):
    path = tmp_path / "rows.jsonl"
    file = AppendFile(path, "choose another cache")
    file.append({"a": 1})

    class Full:
        def __init__(self, *_, **__):
            self.file, self.room = open(path, "ab", buffering=0), 4  # noqa: SIM115

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

        def seek(self, *place):
            return self.file.seek(*place)

        def write(self, raw):
            if not self.room:
                raise OSError(28, "No space left on device")
            self.room = 0
            return self.file.write(raw[:4])

    monkeypatch.setattr(append, "open", Full, raising=False)
    with pytest.raises(
        InputError, match=r"rows.jsonl: cannot be written: No space left.*choose another cache"
    ):
        file.append({"a": 2})
    monkeypatch.undo()
    assert path.read_bytes() == b'{"a": 1}\n'


def test_threads_share_a_file(tmp_path):
    file = AppendFile(tmp_path / "rows.jsonl")
    with ThreadPoolExecutor(8) as pool:
        starts = list(pool.map(lambda i: file.append({"i": i})[0], range(200)))
    assert sorted(row["i"] for row in rows(file.path)) == list(range(200))
    at = dict(whole_rows(file.path))
    assert all(json.loads(at[start])["i"] == i for i, start in enumerate(starts))


def test_a_device_is_written_to_and_never_read_or_cut():
    assert AppendFile(os.devnull).append({"a": 1}, {"a": 2}) == [0, 9]
    with pytest.raises(InputError, match="/dev/full: cannot be written: No space left"):
        AppendFile("/dev/full").append({"a": 1})


def test_a_row_is_named_by_its_start(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"a": 1}\n\n{"a": 2}\n')
    assert list(whole_rows(path)) == [Row(0, b'{"a": 1}'), Row(9, b""), Row(10, b'{"a": 2}')]
