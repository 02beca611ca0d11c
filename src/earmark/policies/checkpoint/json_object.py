"""Read a file that should hold one JSON object."""

import json
from pathlib import Path
from typing import Any

from earmark.errors import InputError
from earmark.storage.regular import read_regular


def read_object(path: Path) -> tuple[dict[str, Any], str | None]:
    """Read a JSON object; return it, or an empty one with what is wrong."""
    try:
        data = json.loads(read_regular(path).decode("utf-8"))
    except InputError as error:
        return {}, str(error)
    except (ValueError, RecursionError) as error:
        return {}, f"{path}: not JSON in UTF-8: {error}; copy the file again"
    except OSError as error:
        return {}, f"{path}: cannot be read: {error.strerror or error}"
    if not isinstance(data, dict):
        return {}, f"{path}: expected a JSON object, found {type(data).__name__}"
    return data, None
