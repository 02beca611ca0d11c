"""Check manifests of utterances and files of hypotheses, row by row."""

from collections.abc import Iterator
from pathlib import Path

from earmark.cli.checks.findings import Findings
from earmark.cli.checks.profile import Profile
from earmark.errors import InputError
from earmark.formats.files.set_aside import BadRow
from earmark.formats.reading import read
from earmark.progress import track
from earmark.records import Hypothesis, Utterance
from earmark.speech.audio import check_audio
from earmark.speech.audio_path import audio_path
from earmark.text import tokenize

UTTERANCE_LANGUAGES = ("zh", "en", "mixed")


def check_utterances(findings: Findings, max_s: float | None) -> None:
    """Check a manifest: rows, transcripts, audio; note what the corpus is made of."""
    source, folder = findings.source, findings.source.folder
    profile, bad = Profile(), list[BadRow]()

    def check(row: Utterance, where: str) -> None:
        profile.rows += 1
        findings.check_names(row, where)
        if row.speaker:
            profile.speakers.add(row.speaker)
        _check_text(row, where, findings, profile)
        _check_sound(row, where, findings, profile, folder, max_s)

    rows = read(Utterance, source, check, bad, format=findings.format)
    _read_all(track(rows, f"checking {source.named.name}"))
    findings.rows += profile.rows
    findings.add_bad_rows(bad)
    for warning in profile.warnings():
        findings.warn(str(source), warning)
    findings.facts += profile.facts()


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
    set_aside = 0
    check = findings.check_names
    rows = read(Hypothesis, findings.source, check, bad, format=findings.format)
    for row in track(rows, "checking hypotheses"):
        findings.rows += 1
        set_aside += row.set_aside is not None
        empty += row.set_aside is None and not tokenize(row.text)
    fact = f"hypotheses: {findings.rows}, of them empty: {empty}"
    findings.facts.append(fact + (f", set aside: {set_aside}" if set_aside else ""))
    findings.add_bad_rows(bad)
