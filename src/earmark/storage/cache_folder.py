"""Where Earmark keeps what it can make again: `earmark` in XDG_CACHE_HOME or ~/.cache."""

import os
from pathlib import Path


def cache_folder(name: str) -> Path:
    """Return the folder for one kind of thing, such as `dictionaries`; it need not exist."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    root = Path(given) if os.path.isabs(given) else Path.home() / ".cache"
    return root / "earmark" / name
