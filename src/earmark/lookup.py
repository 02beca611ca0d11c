"""Look a name up in a table; `module:name` finds an object of the user's own."""

import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from earmark.errors import KnobError, did_you_mean

Entry = TypeVar("Entry")


def look_up(table: Mapping[str, Entry], given: str | Entry, what: str) -> Entry:
    """Return an entry of a table, an object that `module:name` names, or `given` if it is one.

    Args:
        table: the entries that ship with Earmark, by name.
        given: a name of the table, `module:name`, or the object itself.
        what: what an entry is, for messages: "objective", "curator", ...

    Raises:
        KnobError: no such name (with the nearest one), or the module or the name is not there.

    >>> look_up({"one": 1}, "one", "number"), look_up({"one": 1}, "math:pi", "number")
    (1, 3.141592653589793)
    """
    if not isinstance(given, str):
        return given
    if given in table:
        return table[given]
    if ":" in given:
        return imported(given, what)
    hint = did_you_mean(given, table)
    raise KnobError(f"no {what} '{given}'; {hint} (one of your own is given as module:name)")


def imported(given: str, what: str) -> Any:
    """Import `module:name`; modules in the current folder are found as well.

    Raises:
        KnobError: the module cannot be imported, or has no such name.
    """
    module, _, name = given.partition(":")
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        found = import_module(module)
    except Exception as error:  # whatever the user's module raises while it is imported
        raise KnobError(
            f"{what} '{given}': module '{module}' cannot be imported: "
            f"{type(error).__name__}: {error}; it should be in the current folder or installed"
        ) from error
    finally:
        sys.path.remove(here)
    if not name or not hasattr(found, name):
        public = [key for key in vars(found) if not key.startswith("_")]
        hint = did_you_mean(name, public)
        raise KnobError(f"{what} '{given}': '{module}' has no '{name}'; {hint}")
    return getattr(found, name)
