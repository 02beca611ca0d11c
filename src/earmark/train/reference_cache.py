"""Reference log-probabilities, computed once by the route the policy takes, kept on disk.

One JSON line per pair under a hash of everything they depend on: weights, adapter, processor,
number type, token ids, audio. Every process writes a file of its own and reads all of them,
so several may fill the cache at once; a run that was stopped goes on where it was.
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from uuid import uuid4

from earmark.errors import InputError
from earmark.policies.shared_row import Answers
from earmark.train import fingerprint
from earmark.train.rows import Logps


class ReferenceCache:
    """Log-probabilities in nats, one list per pair; for each candidate its sum, or its tokens'."""

    def __init__(self, folder: Path, policy_hash: str) -> None:
        self.folder = folder / "reference" / policy_hash
        self.own = self.folder / f"{os.getpid()}-{uuid4().hex[:8]}.jsonl"
        self.known: dict[str, Logps] = {}
        self.read()

    def read(self) -> None:
        """Read what all processes have written by now."""
        for path in sorted(self.folder.glob("*.jsonl")):
            if path == self.own:
                continue
            for line in path.read_text("utf-8", "replace").splitlines():
                try:
                    row = json.loads(line)
                    self.known[row["key"]] = [_numbers(x) for x in row["logps"]]
                except (ValueError, TypeError, KeyError):
                    continue  # the last line of a run that was killed while writing it

    def add(self, found: Mapping[str, Logps]) -> None:
        """Keep log-probabilities, in memory and on disk.

        Raises:
            InputError: the disk is full or the folder cannot be written.
        """
        lines = "".join(
            json.dumps({"key": k, "logps": [x if len(x) > 1 else x[0] for x in v]}) + "\n"
            for k, v in found.items()
        )
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with open(self.own, "a", encoding="utf-8") as file:
                file.write(lines)
        except OSError as error:
            raise InputError(
                f"{self.folder}: reference log-probabilities cannot be written: "
                f"{error.strerror or error}; free some space or choose another cache_dir"
            ) from error
        self.known.update(found)


def _numbers(value: float | list[float]) -> list[float]:
    return value if isinstance(value, list) else [value]


def row_key(answers: Answers, clip_keys: Sequence[str], by_token: bool = False) -> str:
    """Hash what a pair's log-probabilities depend on besides the policy, and in what detail."""
    key = fingerprint.of_values(answers.prompt, answers.candidates, list(clip_keys))
    return f"{key}/tokens" if by_token else key
