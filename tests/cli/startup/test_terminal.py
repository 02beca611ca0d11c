"""What libraries write is safe on a terminal too: logs, warnings, tracebacks."""

import subprocess
import sys

HOSTILE = (
    "import logging, warnings\n"
    "from earmark.cli.startup.terminal import protect_terminal\n"
    "protect_terminal()\n"
    "logging.getLogger('x').warning('log %s', 'a\\x1b[2J')\n"
    "warnings.warn('warning b\\x1b[2J')\n"
    "print('name \\udcff')\n"
    "raise ValueError('error c\\x1b[2J\\u202e')\n"
)


def test_logs_warnings_and_tracebacks_are_safe():
    done = subprocess.run([sys.executable, "-c", HOSTILE], capture_output=True)
    assert done.returncode == 1
    assert done.stdout == b"name \\udcff\n"
    shown = done.stderr.decode()
    error = "ValueError: error c‹U+001B›[2J‹U+202E›"
    for text in ("log a‹U+001B›[2J", "warning b‹U+001B›[2J", error):
        assert text in shown
    assert "\x1b" not in shown
