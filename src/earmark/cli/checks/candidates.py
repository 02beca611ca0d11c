"""Check a file of candidates: prompts and clips, answers, and which criteria all of them have."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from earmark.cli.checks.findings import Findings, some
from earmark.cli.checks.pairs import sound_problem
from earmark.formats.files.set_aside import BadRow
from earmark.formats.reading import read
from earmark.formats.schema.fields import brief
from earmark.pairs.rules import audio_parts, form_problems, is_finite, part_problems
from earmark.progress import track
from earmark.records import Candidate, Candidates


def check_candidates(findings: Findings, max_s: float | None) -> None:
    """Check every row of a file, and note how many candidates have which criterion."""
    bad: list[BadRow] = []
    criteria: Counter[str] = Counter()
    heard: dict[tuple[str, Any, Any], str | None] = {}
    answers = 0

    def check(row: Candidates, where: str) -> None:
        findings.check_names(row, where)
        for problem in _problems(row):
            findings.error(where, problem)
        for warning in _warnings(row):
            findings.warn(where, warning)
        for part in _sounds(row):
            key = (part["audio"], part.get("start_s"), part.get("end_s"))
            if key not in heard:
                heard[key] = sound_problem(findings.source.folder, *key, max_s)
            if heard[key]:
                findings.error(where, f"row '{row.id}': {heard[key]}")

    rows = read(Candidates, findings.source, check, bad, format=findings.format)
    for row in track(rows, "checking candidates"):
        findings.rows += 1
        answers += len(row.candidates)
        for each in row.candidates:
            criteria.update(name for name, score in each.scores.items() if is_finite(score))
    findings.facts.append(
        f"{some(findings.rows, 'prompt')}, {some(answers, 'candidate')}, {some(len(heard), 'clip')}"
    )
    if criteria:
        found = ", ".join(f"{name} {n} of {answers}" for name, n in sorted(criteria.items()))
        findings.facts.append(f"scored by: {found}")
    findings.add_bad_rows(bad)


def _sounds(row: Candidates) -> Iterator[dict[str, Any]]:
    """Yield the clips of a row that are well formed: of its prompt, and of each candidate."""
    for part in audio_parts(row.prompt):
        if not any(part_problems(part)):
            yield part
    for each in row.candidates:
        if each.audio:
            yield {"audio": each.audio}
        for part in each.content if isinstance(each.content, list) else []:
            if part.get("type") == "audio" and not any(part_problems(part)):
                yield part


def _problems(row: Candidates) -> Iterator[str]:
    """Yield what is wrong with a row."""
    yield from form_problems(row.prompt)
    if not row.candidates:
        yield "there is no candidate; give at least two"
    for number, each in enumerate(row.candidates, start=1):
        for part in each.content if isinstance(each.content, list) else []:
            yield from (f"candidate {number}: {problem}" for problem in part_problems(part))
        for criterion, score in each.scores.items():
            if not is_finite(score):
                yield (
                    f"candidate {number}: its score for '{criterion}' should be a finite number, "
                    f"found {brief(score)}; leave the criterion out where a judge failed"
                )


def _warnings(row: Candidates) -> Iterator[str]:
    """Yield what is allowed, but gives no pair."""
    if len(row.candidates) == 1:
        yield (
            "one candidate only; most relations need two (draft_vs_truth needs one and the truth)"
        )
    if len({_key(each) for each in row.candidates}) < len(row.candidates):
        yield "two candidates are equal, which are never paired"
    scored = {name for each in row.candidates for name in each.scores}
    for name in sorted(scored):
        missing = sum(name not in each.scores for each in row.candidates)
        if missing:
            yield f"{missing} of {len(row.candidates)} candidates have no score for '{name}'"


def _key(candidate: Candidate) -> str:
    """Return an answer as text, to compare it with others to the same clip."""
    return f"{candidate.audio} {candidate.content}"
