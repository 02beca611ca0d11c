"""Write a result as strict JSON, to a file or to standard output."""

import sys
from json import dumps
from typing import Any

from earmark.files import write_text


def write_json(value: Any, target: str) -> None:
    """Write JSON to a file, or to standard output if the target is `-`; never NaN or Infinity."""
    text = dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    if target == "-":
        sys.stdout.write(text)
    else:
        write_text(target, text)
