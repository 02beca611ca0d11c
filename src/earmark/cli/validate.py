"""`earmark validate`: check files before work begins, without doing the work."""

import os
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from earmark.cli.checks.findings import Findings
from earmark.cli.checks.model import check_model
from earmark.cli.later import later
from earmark.errors import InputError
from earmark.files import AnyPath, Drained, numbered_lines, parse_line, reopenable
from earmark.policies.checkpoint.folder import is_model
from earmark.progress import output
from earmark.records import MANIFEST
from earmark.speech.manifests import kind_of

# They open sound files.
check_pairs = later("earmark.cli.checks.pairs:check_pairs")
check_hypotheses = later("earmark.cli.checks.rows:check_hypotheses")
check_utterances = later("earmark.cli.checks.rows:check_utterances")

Kind = Literal["auto", "utterances", "hypotheses", "pairs"]

# Fields that one kind of row has and no other; enough rows are read to outvote a typing error.
PAIR_FIELDS = {"prompt", "chosen", "rejected", "failure_modes"}
HYPOTHESIS_FIELDS = {"raw_text", "logprob", "tokens", "made_by"}
SAMPLE_ROWS = 50


def recognise(path: Path | Drained) -> str:
    """Name what a path holds: utterances, hypotheses, pairs, kaldi, nemo, tsv, text or model.

    Raises:
        InputError: nothing is there, or nothing that Earmark knows.
    """
    if isinstance(path, Path) and not os.path.exists(path):
        raise InputError(f"{path}: no such file or folder")
    if isinstance(path, Path) and path.is_dir():
        return "model" if is_model(path) else kind_of(path)
    kind = kind_of(path)
    if kind != "utterances":
        return kind
    fields = [set(row) for row in islice(_objects(path), SAMPLE_ROWS)]
    pairs = sum(len(row & PAIR_FIELDS) for row in fields)
    hypotheses = sum(len(row & HYPOTHESIS_FIELDS) for row in fields if not row & PAIR_FIELDS)
    if pairs:
        return "pairs"
    return "hypotheses" if hypotheses else "utterances"


def _objects(path: AnyPath) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file that are JSON objects; the others are reported later."""
    for number, raw in numbered_lines(path):
        try:
            row = parse_line(raw, f"{path}:{number}")
        except InputError:
            continue
        if isinstance(row, dict):
            yield row


def check_path(path: Path, kind: Kind, limit: int, max_seconds: float | None) -> Findings:
    """Check one file or folder and return what was found."""
    if os.path.isdir(path) and (path / MANIFEST).is_file():
        path /= MANIFEST
    findings = Findings(path, kind, limit)
    try:
        findings.source = reopenable(path)
        findings.kind = recognise(findings.source) if kind == "auto" else kind
        if findings.kind == "model":
            check_model(findings)
            return findings
        if findings.kind == "pairs":
            check_pairs(findings, max_seconds)
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

    Utterances, hypotheses and pairs (JSONL), Kaldi folders and text files, NeMo manifests, TSV
    files, and model folders are recognised by what is in them. All problems are listed with
    file and line. The exit code is 1 when there is an error.

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
