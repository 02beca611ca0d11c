"""Names of systems, from the files of what they wrote."""

from collections.abc import Sequence
from pathlib import Path


def short_names(paths: Sequence[Path]) -> list[str]:
    """Return a name for each file, without suffix, as short as distinguishes them.

    Files that differ in their suffix alone, and a file given twice, have one name.

    >>> short_names([Path("base.jsonl"), Path("dpo.jsonl")])
    ['base', 'dpo']
    >>> short_names([Path("runs/a/hyps.jsonl"), Path("runs/b/hyps.jsonl")])
    ['a/hyps', 'b/hyps']
    """
    resolved = [path.resolve().with_suffix("") for path in paths]
    depth = 1
    found = [path.name for path in resolved]
    while len(set(found)) < len(set(resolved)):
        depth += 1
        found = ["/".join(path.parts[-depth:]) for path in resolved]
    return found
