"""Write a result as strict JSON, to a file or to standard output."""

import re
from json import dumps
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from earmark.display import ACTING
from earmark.errors import KnobError
from earmark.progress import write_output
from earmark.storage.atomic import write_text
from earmark.storage.outputs import Kind, Output

# A lone `-` would else be taken for the beginning of the next flag.
JsonTarget = Annotated[str | None, Parameter(allow_leading_hyphen=True)]


def check_target(target: str | None) -> None:
    """Refuse a flag where the file of `--json` should be.

    Raises:
        KnobError: the target begins with a hyphen and is not `-`.
    """
    if target and target.startswith("-") and target != "-":
        raise KnobError(f"--json needs a file, or - for standard output; found {target}")


def json_output(target: str | None, kind: Kind) -> list[Output]:
    """Return the file of `--json`, if there is one."""
    return [] if target in (None, "-") else [Output(Path(str(target)), kind)]


def _escape(match: re.Match[str]) -> str:
    return dumps(match[0])[1:-1]


def write_json(value: Any, target: str) -> None:
    """Write JSON to a file, or to standard output if the target is `-`; never NaN or Infinity."""
    text = dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    if target == "-":
        write_output(ACTING.sub(_escape, text))
    else:
        write_text(target, text)
