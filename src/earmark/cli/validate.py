"""`earmark validate`: check files before work begins, without doing the work."""

import sys
from pathlib import Path
from typing import Literal

from earmark.cli.checks.findings import Findings
from earmark.cli.checks.model import check_model
from earmark.cli.startup.later import later
from earmark.errors import InputError
from earmark.formats.reading import open_source, recognise
from earmark.formats.schema.kinds import kind_of
from earmark.policies.checkpoint.folder import is_model
from earmark.progress import output

# They open sound files.
check_candidates = later("earmark.cli.checks.candidates:check_candidates")
check_pairs = later("earmark.cli.checks.pairs:check_pairs")
check_hypotheses = later("earmark.cli.checks.rows:check_hypotheses")
check_utterances = later("earmark.cli.checks.rows:check_utterances")

Kind = Literal["auto", "utterances", "hypotheses", "pairs", "candidates"]


def check_path(path: str | Path, kind: Kind, limit: int, max_seconds: float | None) -> Findings:
    """Check one file or folder and return what was found."""
    findings = Findings(Path(path), kind, limit)
    try:
        if Path(path).is_dir() and is_model(Path(path)):
            findings.kind = "model"
            check_model(findings)
            return findings
        findings.source, chosen = open_source(path)
        findings.format = chosen or recognise(findings.source)
        findings.kind = kind_of(findings.source, findings.format) if kind == "auto" else kind
        if findings.kind == "pairs":
            check_pairs(findings, max_seconds)
        elif findings.kind == "candidates":
            check_candidates(findings, max_seconds)
        elif findings.kind == "hypotheses":
            check_hypotheses(findings)
        else:
            check_utterances(findings, max_seconds)
        if findings.rows == 0:
            findings.error(str(path), "it has no rows")
    except InputError as error:
        place, _, message = str(error).partition(": ")
        findings.error(place, message)
    return findings


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
