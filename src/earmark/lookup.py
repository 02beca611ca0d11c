"""Look a name up in a table; `module:name` finds an object of the user's own."""

import inspect
import sys
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

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


def summary_of(entry: Callable[..., Any]) -> str:
    """Return the first line of an entry's docstring, for help texts.

    >>> summary_of(imported)
    'Import `module:name`; modules in the current folder are found as well.'
    """
    return (inspect.getdoc(entry) or "").split("\n", 1)[0]


def name_of(own: Callable[..., Any]) -> str:
    """Return what an object of the user's own is called: `module:name`.

    >>> name_of(look_up)
    'earmark.lookup:look_up'
    """
    while isinstance(own, partial):
        own = own.func
    name = getattr(own, "__qualname__", type(own).__qualname__)
    return f"{getattr(own, '__module__', '')}:{name}"


def short_name(own: Callable[..., Any]) -> str:
    """Return the name of an object for a message: without its module.

    >>> short_name(look_up)
    'look_up'
    """
    return name_of(own).partition(":")[2]


def importable_name(own: Any, what: str) -> str:
    """Return the `module:name` that finds an object of the user's own again.

    For what is recorded in a run folder and looked up in each process. A value, which does not
    know its name, is looked for at the top of all modules.

    Raises:
        KnobError: no name finds it, as of a lambda, a nested function or a value inside of one.

    >>> importable_name(look_up, "function"), importable_name("uniform", "weighting")
    ('earmark.lookup:look_up', 'uniform')
    """
    if isinstance(own, str):
        return own
    module, _, attribute = name_of(own).partition(":")
    if getattr(sys.modules.get(module), attribute, None) is own:
        return f"{module}:{attribute}"
    for module, loaded in list(sys.modules.items()):
        for attribute, value in list(getattr(loaded, "__dict__", {}).items()):
            if value is own:
                return f"{module}:{attribute}"
    raise KnobError(
        f"{what} {name_of(own)} cannot be found again by its name, as a run needs; define it at "
        "the top of a module"
    )


class Named(NamedTuple):
    """An entry of a chain: its name (or the object itself), and its knobs as they were written."""

    name: Any
    knobs: dict[str, str]


def parse_chain(text: str) -> list[Named]:
    """Read `NAME[:knob=value],NAME...`, in which a name may be `module:name`.

    A colon begins a knob only where an equals sign follows before the next colon, so that a value
    may hold colons, as URLs do; it cannot hold a comma.

    >>> parse_chain("script,failure:weight=.5:empty=2,mine:judge:url=http://host:80/v1")
    [Named(name='script', knobs={}), Named(name='failure', knobs={'weight': '.5', 'empty': '2'}), \
Named(name='mine:judge', knobs={'url': 'http://host:80/v1'})]

    Raises:
        KnobError: an empty link, a knob that is given twice, or one without a value.
    """
    return [_named(link.strip(), text) for link in text.split(",")]


def _named(link: str, text: str) -> Named:
    first, *parts = link.split(":")
    name, knobs, last = first, dict[str, str](), ""
    for part in parts:
        knob, equals, value = part.partition("=")
        if equals and knob.isidentifier():
            if knob in knobs:
                raise KnobError(f"'{link}': the knob '{knob}' is given twice")
            knobs[knob], last = value, knob
        elif last:
            knobs[last] += f":{part}"
        else:
            name += f":{part}"
    if not name or "=" in name:
        raise KnobError(
            f"'{text}': expected NAME or NAME:knob=value, several with commas, found '{link}'"
        )
    empty = next((knob for knob, value in knobs.items() if not value), None)
    if empty is not None:
        raise KnobError(f"'{link}': the knob '{empty}' has no value")
    return Named(name, knobs)
