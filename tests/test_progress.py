"""Text of others reaches the terminal as text: no escape sequence, no reversal, no markup."""

import contextlib
import io
import re
import subprocess
import sys

import pytest
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from earmark.cli import main
from earmark.display import ACTING, visible
from earmark.errors import InputError
from earmark.progress import TextConsole, note, progress_bar, track, write_output

HOSTILE = (
    "a\x1b[2Jb\x9b5mc\x07d\x08e\re\u202ef\u2066g\u200fh\x00i\x7fj\u2028k\ufeffl\udcffm[/b]:smile:"
)
SHOWN = visible(HOSTILE)


def printed(renderable, **options):
    file = io.StringIO()
    TextConsole(file=file, width=200, **options).print(renderable)
    return file.getvalue()


def table(text):
    made = Table(text, title=text, caption=text)
    made.add_row(text)
    made.add_row(Text(text))
    return made


@pytest.mark.parametrize(
    "renderable",
    [HOSTILE, Text(HOSTILE), table(HOSTILE), Panel(Text(HOSTILE), title=Text(HOSTILE))],
    ids=["str", "Text", "Table", "Panel"],
)
@pytest.mark.parametrize("terminal", [True, False])
def test_whatever_is_printed_is_safe(renderable, terminal):
    shown = printed(renderable, force_terminal=terminal, color_system=None)
    assert "a‹U+001B›[2Jb‹U+009B›5mc" in shown
    assert "m[/b]:smile:" in shown
    assert not ACTING.search(shown)


def test_styles_of_our_own_are_left():
    made = Table("name")
    made.add_row("x\x1b[31m", style="bold")
    assert re.findall(r"\x1b\[[0-9;]*m", printed(made, force_terminal=True))
    assert "\x1b[31m" not in printed(made, force_terminal=True)


def test_notes_and_progress_are_safe(capsys):
    note(HOSTILE)
    shown = capsys.readouterr().err
    assert shown == SHOWN + "\n"
    with progress_bar() as bar:
        bar.add_task(HOSTILE, total=3)
        bar.refresh()
    assert list(track([1], HOSTILE)) == [1]
    assert not ACTING.search(capsys.readouterr().err)


class Full(io.StringIO):
    def write(self, text):
        raise OSError(28, "No space left on device")


def test_a_full_device_is_an_error_on_standard_output_alone(monkeypatch):
    with pytest.raises(InputError, match="standard output: cannot be written: No space left"):
        TextConsole(file=Full()).print("x")
    TextConsole(file=Full(), stderr=True).print("x")
    monkeypatch.setattr(sys, "stdout", Full())
    with pytest.raises(InputError, match="standard output: cannot be written: No space left"):
        write_output("x")


@pytest.mark.parametrize("more", [(), ("--json", "-")])
def test_a_command_says_that_its_output_has_no_room(tmp_path, more):
    (tmp_path / "t.jsonl").write_text('{"id": "a", "text": "我们 meeting"}\n')
    files = ("--truth", "t.jsonl", "--hyp", "t.jsonl", "--resamples", "100")
    command = [sys.executable, "-m", "earmark", "score", *files, *more]
    with open("/dev/full", "w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, cwd=tmp_path)
    assert done.returncode == 1
    assert b"standard output: cannot be written: No space left on device" in done.stderr
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr


NAME = b"h\x1b[2J\xff[b].jsonl".decode("utf-8", "surrogateescape")
FILES = ("--truth", "t.jsonl", "--hyp", NAME, "--hyp", "t.jsonl", "--resamples", "100")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("earmark.cli.protect_terminal", lambda: None)
    for name in ("t.jsonl", NAME):
        (tmp_path / name).write_text('{"id": "a\\u001b[2J", "text": "我们 x\\u009bm"}\n', "utf-8")
    return tmp_path


def shown_by(arguments, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["earmark", *arguments])
    with contextlib.suppress(SystemExit):
        main()
    captured = capsys.readouterr()
    return captured.out + captured.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("compare", *FILES),
        ("compare", *FILES, "--json", "-"),
        ("score", *FILES[:4], "--resamples", "100", "--show", "1"),
        ("score", "--truth", NAME + "x", "--hyp", NAME),
        ("validate", NAME),
        ("validate", NAME + "x"),
        ("validate", "--kind", NAME),
        ("score", NAME, "http://me:hush-hush@host/" + NAME),
        ("score", "--truth", "x" * 5000, "--hyp", "t.jsonl"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_no_command_shows_a_hostile_name_or_a_login_raw(folder, arguments, monkeypatch, capsys):
    shown = shown_by(arguments, monkeypatch, capsys)
    assert len(shown) > 20
    assert not ACTING.search(shown)
    assert "hush-hush" not in shown


def test_a_name_that_cannot_be_written_as_utf_8_is_refused(folder, monkeypatch, capsys):
    shown = shown_by(("compare", *FILES, "--json", "x.json"), monkeypatch, capsys)
    expected = r"error: x.json: cannot be written as UTF-8: a text or a file's name holds \udcff"
    assert expected in shown
    assert not (folder / "x.json").exists()
