"""Keep a chat model's answers on disk, so that a stopped run continues where it was."""

import json
import os
from pathlib import Path
from threading import Lock

from earmark.errors import InputError
from earmark.files import parse_line
from earmark.progress import note


class AnswerFile:
    """Answers by model and prompt, one JSON object a line, appended as they come.

    A run that is killed while it writes leaves half a line; that line is dropped when the
    file is opened again. Safe to share between threads. Holds no credentials.

    Raises:
        InputError: the file cannot be read or written, or a whole line of it is not an answer.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._lock = Lock()
        self._answers: dict[tuple[str, str], str] = {}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.touch()
            os.truncate(self.path, self._load(self.path.read_bytes()))
        except OSError as error:
            raise self._unusable(error) from error

    def __len__(self) -> int:
        """Return how many answers are kept."""
        return len(self._answers)

    def get(self, model: str, prompt: str) -> str | None:
        """Return the answer that this model gave to this prompt, if it is known."""
        return self._answers.get((model, prompt))

    def put(self, model: str, prompt: str, answer: str) -> None:
        """Keep an answer, in memory and on disk."""
        row = {"model": model, "prompt": prompt, "answer": answer}
        line = json.dumps(row, ensure_ascii=False).encode() + b"\n"
        with self._lock:
            self._answers[model, prompt] = answer
            try:
                with open(self.path, "ab") as file:
                    file.write(line)
            except OSError as error:
                raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> InputError:
        """Say that the file cannot be used."""
        return InputError(
            f"{self.path}: answers cannot be kept here: {error.strerror or error}; "
            "free some space or choose another file"
        )

    def _load(self, content: bytes) -> int:
        """Read the complete lines; return how many bytes they take."""
        whole = content.rfind(b"\n") + 1
        for number, line in enumerate(content[:whole].splitlines(), start=1):
            try:
                row = parse_line(line, f"{self.path}:{number}")
                self._answers[row["model"], row["prompt"]] = str(row["answer"])
            except (InputError, KeyError, TypeError) as error:
                raise InputError(
                    f"{self.path}:{number}: not a kept answer (model, prompt, answer); "
                    "choose another file, or delete this one to ask again"
                ) from error
        if whole < len(content):
            note(f"{self.path}: dropped the last line, which an interrupted run left unfinished")
        return whole
