"""Scores that cost much, kept on disk while a run is under way, so that it resumes."""

from pathlib import Path
from typing import Any

from earmark.errors import InputError
from earmark.formats.files.lines import parse_line
from earmark.judges.judge import Case, Failed, Judge, Score
from earmark.progress import note
from earmark.storage.append import AppendFile, whole_rows
from earmark.storage.digests import of_values


def partial_path(out: Path) -> Path:
    """Return where scores are kept until the output is whole.

    >>> partial_path(Path("judged.jsonl")).name
    'judged.jsonl.partial'
    """
    return out.with_name(f"{out.name}.partial")


def key_of(case: Case) -> str:
    """Return a hash of all that a judge is given of a row, its id excepted."""
    answers = [[answer.text, answer.sounds, answer.prompt] for answer in case.answers]
    return of_values(case.prompt, answers, case.truths, case.language, case.facts)


class KeptScores:
    """Scores by judge and row, appended to a file as they come. A failure is not kept.

    Raises:
        InputError: the file is one of something else, or cannot be read or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._scores: dict[tuple[str, str], list[float]] = {}
        self._file = AppendFile(path, "choose another output")
        self._file.repair()
        if path.is_file():
            for number, (_, raw) in enumerate(whole_rows(path), start=1):
                self._read(raw, f"{path}:{number}")
        if self._scores:
            note(f"{len(self._scores)} rows were judged before; resuming with the rest")

    def get(self, judge: Judge, case: Case) -> list[float] | None:
        """Return the scores that a judge has given a row, if it has."""
        return self._scores.get((judge.signature, key_of(case)))

    def put(self, judge: Judge, case: Case, scores: list[Score]) -> None:
        """Keep the scores of a row, unless the judge failed on one of its answers.

        Raises:
            InputError: the file cannot be written.
        """
        if not any(isinstance(score, Failed) for score in scores):
            row = {"judge": judge.signature, "row": key_of(case), "scores": scores}
            self._file.append(row)

    def remove(self) -> None:
        """Remove the file once the output is whole."""
        self.path.unlink(missing_ok=True)

    def _read(self, raw: bytes, where: str) -> None:
        row: Any = parse_line(raw, where)
        try:
            self._scores[row["judge"], row["row"]] = [float(each) for each in row["scores"]]
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"{where}: not a kept score (judge, row, scores); remove the file to judge all "
                "rows again"
            ) from error
