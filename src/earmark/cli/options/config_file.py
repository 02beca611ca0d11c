"""Options from YAML files, as they would be given on the command line."""

from pathlib import Path
from typing import Any, get_args

from cyclopts import App, ArgumentCollection
from cyclopts.config import Dict

from earmark.errors import InputError, KnobError, shortened
from earmark.strict_yaml import Text, read_yaml

# A file that named another would be read, and the other one not.
NOT_IN_A_FILE = ("config", "preset")


def options_of(path: Path) -> Dict:
    """Read a file of options; each value is the text of it, as on the command line.

    Raises:
        InputError: not a mapping of names to values or lists of values; an option twice, under
            whatever spelling; `config` or `preset`, which are options of the command line alone.
    """
    data = read_yaml(path)
    if data is None:
        data = {}
    if not isinstance(data, dict):
        raise InputError(f"{path}: expected options such as `learning_rate: 1e-5`, one a line")
    lines: dict[str, int] = {}
    for key, value in data.items():
        where, name = f"{path}:{key.line}", key.strip("-").replace("-", "_")
        if name in NOT_IN_A_FILE:
            raise InputError(
                f"{where}: '{key}' is not read in a file; give --{name} with the command"
            )
        if name in lines:
            raise InputError(
                f"{where}: '{shortened(key)}' is given a second time; see line {lines[name]}"
            )
        _check_value(value, f"{where}: {shortened(key)}")
        lines[name] = key.line
    return Dict(data, source=str(path), use_commands_as_keys=False)


def _check_value(value: Any, where: str) -> None:
    if not all(isinstance(one, Text) for one in (value if isinstance(value, list) else [value])):
        raise InputError(f"{where}: expected a value, or a list of values; leave it out for none")


def refuse_fractions(app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Refuse a fraction where a whole number is expected; the parser would round it.

    Raises:
        KnobError: names the option, and the file if it comes from one.
    """
    del app, commands
    for argument in arguments:
        hint = argument.hint
        if int not in (hint, *get_args(hint)) or float in get_args(hint):
            continue
        for token in argument.tokens:
            if not _is_whole(token.value):
                place = f"{token.source}: " if token.source not in ("", "cli") else ""
                raise KnobError(
                    f"{place}{token.keyword or argument.name}: expected a whole number, found "
                    f"{shortened(token.value)}"
                )


def _is_whole(text: str) -> bool:
    """Return whether a text is not a number with a fraction; if it is a number is checked later.

    >>> _is_whole("3"), _is_whole("3.0"), _is_whole("1.5"), _is_whole("many")
    (True, True, False, True)
    """
    try:
        return float(text).is_integer()
    except (ValueError, OverflowError):
        return True
