"""Keep what libraries write to the terminal safe: logs, warnings, tracebacks, wrong options."""

import logging
import re
import sys
import traceback
import warnings
from types import TracebackType
from typing import Any

from cyclopts import CycloptsError, CycloptsPanel
from rich.panel import Panel

from earmark.display import visible

LOGIN = re.compile(r"[^\s'\"/@=]*:[^\s'\"/@]*@")


class _SafeRecord(logging.LogRecord):
    """A log record whose message is safe to print."""

    def getMessage(self) -> str:
        return visible(super().getMessage())


def protect_terminal() -> None:
    """Make log records, warnings and tracebacks of this process safe to print.

    Names of files that are no UTF-8, and characters that a terminal lacks, are written as escapes.
    """
    logging.setLogRecordFactory(_SafeRecord)
    written = warnings.formatwarning

    def formatwarning(*parts: Any, **more: Any) -> str:
        return visible(written(*parts, **more))

    warnings.formatwarning = formatwarning
    sys.excepthook = _print_traceback
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def _print_traceback(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    lines = "".join(traceback.format_exception(kind, error, trace))
    sys.stderr.write(visible(lines))


def error_panel(error: CycloptsError) -> Panel:
    """Show what is wrong with a command line, without the password of a URL in it."""
    return CycloptsPanel(without_logins(str(error)))


def without_logins(text: str) -> str:
    """Mask what may be a user name and password before a host.

    >>> without_logins("Unused Tokens: ['http://me:hush@host/v1'].")
    "Unused Tokens: ['http://***@host/v1']."
    """
    return LOGIN.sub("***@", text)
