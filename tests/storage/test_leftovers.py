"""What a killed process left is removed; what anybody else has is not."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from earmark.storage import leftovers
from earmark.storage.atomic import write_text
from earmark.storage.leftovers import host, remove_leftovers, temporary_beside


def dead_pid():
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return child.pid


def test_leftovers_of_dead_processes_of_this_machine_are_removed(tmp_path):
    dead = dead_pid()
    gone = [
        tmp_path / f".{name}.{host()}-{dead}{number}.tmp"
        for name, number in (("a.jsonl", ""), ("model", "-12"))
    ]
    gone[0].touch()
    gone[1].mkdir()
    (gone[1] / "model.safetensors").touch()
    kept = [
        f".a.jsonl.{host()}-{os.getpid()}.tmp",
        f".a.jsonl.{host()}-{os.getppid()}-3.tmp",
        f".a.jsonl.00000000-{dead}.tmp",
        f"a.jsonl.{host()}-{dead}.tmp",
        f".a.jsonl.{dead}.tmp",
        f".a.jsonl.{host()}-{dead}.tmp.bak",
        f".a.jsonl.{host()}-{10**30}.tmp",
    ]
    for name in kept:
        (tmp_path / name).touch()
    assert sorted(remove_leftovers(tmp_path)) == sorted(gone)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(kept)


def test_a_link_among_leftovers_is_removed_and_not_followed(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/file").touch()
    (tmp_path / f".a.{host()}-{dead_pid()}.tmp").symlink_to(tmp_path / "mine")
    remove_leftovers(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]
    assert (tmp_path / "mine/file").exists()


def test_the_next_run_cleans_up_after_one_that_was_killed(tmp_path):
    code = (
        "import os, signal; from earmark.storage.atomic import atomic_folder\n"
        f"with atomic_folder({str(tmp_path / 'model')!r}) as folder:\n"
        "    (folder / 'weights').touch()\n"
        "    os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == -9
    assert [p.name.startswith(".model.") for p in tmp_path.iterdir()] == [True]
    write_text(tmp_path / "scores.json", "{}")
    assert [p.name for p in tmp_path.iterdir()] == ["scores.json"]


def test_a_folder_is_searched_once(tmp_path, monkeypatch):
    searched = []
    monkeypatch.setattr(leftovers, "remove_leftovers", searched.append)
    for name in ("a", "b", "a"):
        temporary_beside(tmp_path / name)
    assert searched == [tmp_path.resolve()]


def test_a_long_name_still_has_a_temporary_one(tmp_path):
    path = tmp_path / ("长" * 80 + ".jsonl")
    write_text(path, "text")
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_threads_that_write_one_file_leave_one_of_their_texts(tmp_path):
    path = tmp_path / "a"
    texts = [str(number) * 100_000 for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda text: write_text(path, text), texts * 5))
    assert path.read_text() in texts
    assert [p.name for p in tmp_path.iterdir()] == ["a"]
