"""Reference log-probabilities, computed once by the route the policy takes, kept on disk.

One JSON line per pair under a hash of everything they depend on: weights, adapter, processor,
number type, token ids, audio. A run that was stopped goes on where it was.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import torch

from earmark.errors import InputError
from earmark.policies.policy import Policy
from earmark.policies.shared_row import Answers
from earmark.progress import track
from earmark.train import fingerprint
from earmark.train.rows import Logps, Row, Rows, shared_batch


class ReferenceCache:
    """Log-probabilities in nats, one list per pair; for each candidate its sum, or its tokens'."""

    def __init__(self, folder: Path, policy: Policy) -> None:
        self.path = folder / "reference" / f"{fingerprint.of_policy(policy)}.jsonl"
        self.known: dict[str, Logps] = {}
        if self.path.is_file():
            for line in self.path.read_text("utf-8").splitlines():
                try:
                    row = json.loads(line)
                except json.JSONDecodeError:
                    continue  # the last line of a run that was killed while writing it
                self.known[row["key"]] = [_numbers(x) for x in row["logps"]]

    def add(self, found: dict[str, Logps]) -> None:
        """Keep log-probabilities, in memory and on disk."""
        lines = "".join(
            json.dumps({"key": k, "logps": [x if len(x) > 1 else x[0] for x in v]}) + "\n"
            for k, v in found.items()
        )
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with open(self.path, "a", encoding="utf-8") as file:
                file.write("\n" * self._torn() + lines)
        except OSError as error:
            raise InputError(
                f"{self.path}: reference log-probabilities cannot be written: "
                f"{error.strerror or error}; free some space or choose another cache_dir"
            ) from error
        self.known.update(found)

    def _torn(self) -> bool:
        """Tell whether the file ends in the middle of a line."""
        if not self.path.is_file() or self.path.stat().st_size == 0:
            return False
        with open(self.path, "rb") as file:
            file.seek(-1, 2)
            return file.read(1) != b"\n"


def _numbers(value: float | list[float]) -> list[float]:
    return value if isinstance(value, list) else [value]


def row_key(answers: Answers, clip_keys: Sequence[str], by_token: bool = False) -> str:
    """Hash what a pair's log-probabilities depend on besides the policy, and in what detail."""
    key = fingerprint.of_values(answers.prompt, answers.candidates, list(clip_keys))
    return f"{key}/tokens" if by_token else key


@torch.no_grad()
def reference_logps(
    policy: Policy,
    keys: Sequence[str],
    rows: Rows,
    cache: ReferenceCache,
    batch_size: int,
    by_token: bool = False,
) -> list[Logps]:
    """Return the reference's log-probabilities of all rows, computing those not yet known.

    For each candidate that is its sum, or with `by_token` those of its tokens.
    """
    missing = list({key: i for i, key in enumerate(keys) if key not in cache.known}.values())
    starts = range(0, len(missing), batch_size)
    for start in track(starts, "reference log-probabilities", total=len(starts)):
        chunk = missing[start : start + batch_size]
        batch = [rows[i] for i in chunk]
        shared = shared_batch(batch, policy.pad_id).to(policy.device)
        if by_token:
            tokens = policy.shared_token_logps(shared).cpu()
            each = [x.tolist() for x in tokens.split(shared.rows.lengths.tolist())]
        else:
            each = [[x] for x in policy.shared_logps(shared).tolist()]
        cache.add(dict(zip([keys[i] for i in chunk], by_row(each, batch), strict=True)))
    return [cache.known[key] for key in keys]


def by_row(each: list[list[float]], rows: Sequence[Row]) -> list[Logps]:
    """Cut a flat list of candidates into one list a row."""
    flat = iter(each)
    return [[next(flat) for _ in row.answers.candidates] for row in rows]
