"""Check manifests of utterances and files of hypotheses, row by row."""

import os
from collections.abc import Iterator
from pathlib import Path

from earmark.cli.checks.findings import Findings
from earmark.cli.checks.profile import Profile
from earmark.errors import InputError
from earmark.files import AnyPath, BadRow, numbered_lines, read_records
from earmark.progress import track
from earmark.records import Hypothesis, Utterance
from earmark.speech.audio import check_audio
from earmark.speech.audio_path import audio_path
from earmark.speech.manifests import read_manifest
from earmark.text import tokenize

UTTERANCE_LANGUAGES = ("zh", "en", "mixed")


def check_utterances(findings: Findings, max_s: float | None) -> None:
    """Check a manifest: rows, transcripts, audio; note what the corpus is made of."""
    path = findings.path
    folder = path if path.is_dir() else path.parent
    profile, bad = Profile(), list[BadRow]()

    def check(row: Utterance, where: str) -> None:
        profile.rows += 1
        if row.speaker:
            profile.speakers.add(row.speaker)
        _check_text(row, where, findings, profile)
        _check_sound(row, where, findings, profile, folder, max_s)

    rows = read_manifest(findings.source, check, bad)
    _read_all(track(rows, f"checking {path.name}", _line_count(findings.source)))
    findings.rows += profile.rows
    findings.add_bad_rows(bad)
    for warning in profile.warnings():
        findings.warn(str(path), warning)
    findings.facts += profile.facts()


def _line_count(path: AnyPath) -> int | None:
    """Count the lines of a file, for the progress bar; a folder's are not known."""
    return None if os.path.isdir(path) else sum(1 for _ in numbered_lines(path))


def _read_all(rows: Iterator[object]) -> None:
    """Run an iterator for its checks alone."""
    for _ in rows:
        pass


def _check_text(row: Utterance, where: str, findings: Findings, profile: Profile) -> None:
    """Check that a transcript says something, in the language the row names."""
    if row.text is None:
        profile.without_text += 1
        return
    tokens = tokenize(row.text)
    if not tokens:
        findings.error(
            where,
            f"the transcript of '{row.id}' is empty (found {row.text!r}); "
            "write what was said, or remove the row",
        )
        return
    found = profile.add_tokens(tokens)
    if row.language is not None and row.language not in UTTERANCE_LANGUAGES:
        expected = ", ".join(UTTERANCE_LANGUAGES)
        findings.warn(where, f"language is '{row.language}'; expected one of {expected}")
    elif row.language in ("zh", "en") and found not in (row.language, "other"):
        findings.warn(where, f"language is '{row.language}', but the transcript is {found}")


def _check_sound(
    row: Utterance,
    where: str,
    findings: Findings,
    profile: Profile,
    folder: Path,
    max_s: float | None,
) -> None:
    """Check that a clip is there, is whole, and can be heard."""
    if row.audio is None:
        profile.without_audio += 1
        return
    try:
        path = audio_path(folder, row.audio)
        profile.add_audio(check_audio(path, row.start_s, row.end_s, max_s=max_s))
    except InputError as error:
        findings.error(where, str(error))


def check_hypotheses(findings: Findings) -> None:
    """Check a file of hypotheses; an empty one is no error, for a model may write nothing."""
    bad: list[BadRow] = []
    empty = 0
    for row in track(read_records(Hypothesis, findings.source, None, bad), "checking hypotheses"):
        findings.rows += 1
        empty += not tokenize(row.text)
    findings.facts.append(f"hypotheses: {findings.rows}, of them empty: {empty}")
    findings.add_bad_rows(bad)
