"""Check a pairs file: prompts with their audio, chosen and rejected answers."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from earmark.cli.checks.findings import Findings, some
from earmark.errors import InputError
from earmark.formats.files.set_aside import BadRow
from earmark.formats.reading import read
from earmark.pairs.rules import (
    answer_problems,
    audio_parts,
    form_problems,
    part_problems,
    score_problems,
)
from earmark.progress import track
from earmark.records import Pair
from earmark.speech.audio import check_audio
from earmark.speech.audio_path import audio_path
from earmark.text import tokenize


def check_pairs(findings: Findings, max_s: float | None) -> None:
    """Check every pair of a file, and note how many rejected answers show which failure."""
    bad: list[BadRow] = []
    modes: Counter[str] = Counter()
    heard: dict[tuple[str, Any, Any], str | None] = {}
    losers = 0

    def check(pair: Pair, where: str) -> None:
        findings.check_names(pair, where)
        for problem in [*_answer_problems(pair), *_prompt_problems(pair)]:
            findings.error(where, problem)
        for warning in _answer_warnings(pair):
            findings.warn(where, warning)
        heard_from = (*audio_parts(pair.prompt), *audio_parts(pair.rejected_prompt or []))
        sound = (part for part in heard_from if not any(part_problems(part)))
        for part in sound:
            key = (str(part["audio"]), part.get("start_s"), part.get("end_s"))
            if key not in heard:
                heard[key] = sound_problem(findings.source.folder, *key, max_s)
            if heard[key]:
                findings.error(where, f"pair '{pair.id}': {heard[key]}")

    rows = read(Pair, findings.source, check, bad, format=findings.format)
    for pair in track(rows, "checking pairs"):
        findings.rows += 1
        modes.update(pair.failure_modes)
        losers += len(pair.losers)
    findings.facts.append(
        f"{some(findings.rows, 'pair')}, {some(losers, 'rejected answer')}, "
        f"{some(len(heard), 'clip')}"
    )
    if modes:
        found = ", ".join(f"{mode} {n}" for mode, n in modes.most_common())
        findings.facts.append(f"failure modes: {found}")
    findings.add_bad_rows(bad)


def sound_problem(
    folder: Path, audio: str, start_s: float | None, end_s: float | None, max_s: float | None
) -> str | None:
    """Say what is wrong with a clip, or None."""
    try:
        check_audio(audio_path(folder, audio), start_s, end_s, max_s=max_s)
    except InputError as error:
        return str(error)
    return None


def _answer_problems(pair: Pair) -> Iterator[str]:
    """Yield what is wrong with the answers and what goes with them."""
    losers, modes = pair.losers, pair.failure_modes
    yield from answer_problems(pair)
    if modes and len(modes) != len(losers):
        yield (
            f"{some(len(modes), 'failure mode')} for {some(len(losers), 'rejected answer')}; "
            "give one for each"
        )
    for criterion in pair.scores:
        yield from (f"pair '{pair.id}' {each}" for each in score_problems(pair, criterion))
    for index, loser in enumerate(losers):
        is_meant = index < len(modes) and modes[index].startswith("empty")
        if pair.chosen.strip() and not loser.strip() and not is_meant:
            yield (
                f"rejected answer {index + 1} is empty; if silence is the failure meant, "
                "its failure mode is 'empty'"
            )


def _answer_warnings(pair: Pair) -> Iterator[str]:
    """Yield what is allowed but teaches nothing, or the wrong thing."""
    if not pair.chosen.strip() and pair.losers:
        yield "chosen is empty; it should be the transcript (kto alone does without)"
    if not pair.losers and pair.chosen.strip():
        yield "there is no rejected answer; give at least one (kto and sft do without)"
    chosen = tokenize(pair.chosen)
    losers = pair.losers
    for index, loser in enumerate(losers):
        if loser.strip() != pair.chosen.strip() and tokenize(loser) == chosen:
            yield (
                f"rejected answer {index + 1} differs from chosen only in case, script or "
                "punctuation, which the score does not see"
            )
    if len(set(losers)) < len(losers):
        yield "two rejected answers are equal"
    if pair.rejected_prompt == pair.prompt:
        yield "rejected_prompt equals prompt; leave it out"


def _prompt_problems(pair: Pair) -> Iterator[str]:
    """Yield what is wrong with the messages of the prompt, and of that of the rejected side."""
    yield from _problems_of_messages(pair.prompt, "the prompt")
    if pair.rejected_prompt is not None:
        for problem in _problems_of_messages(pair.rejected_prompt, "it"):
            yield f"rejected_prompt: {problem}"


def _problems_of_messages(prompt: list[dict[str, Any]], what: str) -> Iterator[str]:
    """Yield what is wrong with the messages of one prompt."""
    yield from form_problems(prompt)
    if not any(audio_parts(prompt)):
        yield (
            f'{what} has no audio; it needs a content part {{"type": "audio", "audio": PATH}}, '
            "or the model would be trained on text alone"
        )
