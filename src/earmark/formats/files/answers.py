"""Keep a chat model's answers on disk, so that a stopped run continues where it was."""

from pathlib import Path

from earmark.errors import InputError
from earmark.formats.files.lines import parse_line
from earmark.progress import note
from earmark.storage.append import AppendFile, whole_rows
from earmark.storage.destination import is_special


class AnswerFile:
    """Answers by model and prompt, one JSON object a line, appended as they come.

    A run that is killed while it writes leaves half a line; that line is dropped when the
    file is opened again. Safe to share between threads. Holds no credentials.

    Raises:
        InputError: the file cannot be read or written, or a whole line of it is not an answer.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._answers: dict[tuple[str, str], str] = {}
        self._file = AppendFile(self.path, "choose another file for the answers")
        if self._file.repair():
            note(f"{self.path}: dropped the last line, which an interrupted run left unfinished")
        self._load()
        self._file.append()

    def __len__(self) -> int:
        """Return how many answers are kept."""
        return len(self._answers)

    def get(self, model: str, prompt: str) -> str | None:
        """Return the answer that this model gave to this prompt, if it is known."""
        return self._answers.get((model, prompt))

    def put(self, model: str, prompt: str, answer: str) -> None:
        """Keep an answer, in memory and on disk.

        Raises:
            InputError: the file cannot be written.
        """
        self._answers[model, prompt] = answer
        self._file.append({"model": model, "prompt": prompt, "answer": answer})

    def _load(self) -> None:
        """Read the answers that are there."""
        if is_special(self.path) or not self.path.exists():
            return
        try:
            rows = list(whole_rows(self.path))
        except OSError as error:
            raise InputError(
                f"{self.path}: cannot be read: {error.strerror or error}; choose another file"
            ) from error
        for number, (_, raw) in enumerate(rows, start=1):
            if not raw.strip():
                continue
            try:
                row = parse_line(raw, f"{self.path}:{number}")
                self._answers[row["model"], row["prompt"]] = str(row["answer"])
            except (InputError, KeyError, TypeError) as error:
                raise InputError(
                    f"{self.path}:{number}: not a kept answer (model, prompt, answer); "
                    "choose another file, or delete this one to ask again"
                ) from error
