"""The scale of a comparison: kept beside its results, which must all have the same."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from earmark.errors import InputError
from earmark.storage.atomic import write_text
from earmark.storage.outputs import check_folder


def check_scale(out: Path, scale: Any) -> None:
    """Store the scale of a folder's results, or refuse to add results of another one.

    Raises:
        InputError: the folder has results of another scale, or something else.
    """
    path, now = out / "scale.json", json.loads(json.dumps(asdict(scale)))
    if not path.is_file():
        unpacked = (out / "results" / "base.json").is_file()
        check_folder(out, unpacked, "an earlier comparison")
        write_text(path, json.dumps(now, indent=1) + "\n")
        return
    before = json.loads(path.read_text("utf-8"))
    changed = [name for name in now if before.get(name) != now[name]]
    if changed:
        raise InputError(
            f"{out}: its results were made with other values of {', '.join(changed)}; "
            "repeat those or choose another --out"
        )
