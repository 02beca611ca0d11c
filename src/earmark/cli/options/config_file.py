"""Options from YAML files, as they would be given on the command line."""

from pathlib import Path
from typing import Any

from cyclopts.config import Dict

from earmark.errors import InputError, shortened
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
