"""Check one file or folder, whatever it holds."""

from pathlib import Path
from typing import Literal

from earmark.cli.checks.findings import Findings
from earmark.cli.checks.model import check_model
from earmark.cli.startup.later import later
from earmark.errors import InputError
from earmark.formats.reading import open_source, recognise
from earmark.formats.schema.kinds import kind_of
from earmark.policies.checkpoint.folder import is_model

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
