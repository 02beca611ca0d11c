"""`earmark validate`: check files before work begins, without doing the work."""

import sys
from pathlib import Path
from typing import Literal

from earmark.cli.startup.later import later
from earmark.errors import InputError
from earmark.progress import output

check_path = later("earmark.cli.checks.path:check_path")

Kind = Literal["auto", "utterances", "hypotheses", "pairs", "candidates"]


def validate(
    *paths: Path,
    kind: Kind = "auto",
    max_seconds: float | None = None,
    limit: int = 50,
) -> None:
    """Check files before work begins, without doing the work.

    Utterances, hypotheses, pairs and candidates in any format that docs/formats.md has, and model
    folders, are recognised by what is in them; FILE@FORMAT names a format. All problems are listed
    with file and line. The exit code is 1 when there is an error.

    Args:
        paths: the files and folders to check.
        kind: what the files hold, where it cannot be seen: a file of only id and text may hold
            utterances (the default) or hypotheses.
        max_seconds: the longest clip the model can hear, in seconds; longer ones are errors.
        limit: how many problems to list for each file.
    """
    if not paths:
        raise InputError("validate needs at least one file: earmark validate utterances.jsonl")
    errors = 0
    for path in paths:
        findings = check_path(path, kind, limit, max_seconds)
        output.print("\n".join(findings.lines()), soft_wrap=True)
        errors += findings.counts["error"]
    if errors:
        sys.exit(1)
