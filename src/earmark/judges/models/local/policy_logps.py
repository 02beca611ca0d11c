"""Log-probabilities of answers under a policy; the answers to a prompt share its row."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch

from earmark.errors import InputError, KnobError
from earmark.judges.judge import Answer, Case, Failed, Messages, failed, text_of
from earmark.pairs.rules import audio_parts, form_problems
from earmark.policies.audio import audio_policy
from earmark.policies.checkpoint.library_errors import one_message
from earmark.policies.checkpoint.weights_hash import adapter_hash, hash_of_model
from earmark.policies.load import load_policy
from earmark.policies.policy import Features, Policy, SharedBatch
from earmark.policies.rows.shared_row import Answers, lay_out
from earmark.speech.audio import read_audio
from earmark.speech.audio_path import located


class Logp(NamedTuple):
    """The summed log-probability of an answer, in nats, and its tokens, the end among them."""

    value: float
    tokens: int


class _Row(NamedTuple):
    """A prompt with some answers to it, as tokens, and where they are: a case and its answers."""

    case: int
    answers: list[int]
    ids: Answers
    clips: list[Features]


class PolicyLogps:
    """A policy that gives answers their log-probabilities.

    Raises:
        InputError: not a whole model, or an adapter of another one.
        KnobError: no such device or number type, or a batch of nothing.
    """

    def __init__(
        self, model: str, adapter: str | None, device: str, dtype: str, batch_size: int
    ) -> None:
        if batch_size < 1:
            raise KnobError(f"batch_size is {batch_size}; expected 1 or more")
        self.policy: Policy = load_policy(model, adapter, dtype=dtype, device=device)
        self.batch_size = batch_size
        of_adapter = f"+{adapter_hash(Path(adapter))}" if adapter else ""
        self.weights = f"{hash_of_model(model)}{of_adapter}"

    def of(self, cases: Sequence[Case]) -> list[list[Logp | Failed]]:
        """Return the log-probability of each answer of each case, or why there is none."""
        found: list[list[Logp | Failed]] = [[Failed("not scored")] * len(c.answers) for c in cases]
        rows: list[_Row] = []
        for number, case in enumerate(cases):
            for prompt, places in _by_prompt(case):
                try:
                    rows.append(self._row(number, case, prompt, places))
                except InputError as error:
                    for place in places:
                        found[number][place] = failed(error)
            for place, answer in enumerate(case.answers):
                if answer.text is None:
                    found[number][place] = Failed("the answer has no text")
        for start in range(0, len(rows), self.batch_size):
            few = rows[start : start + self.batch_size]
            logps = iter(self._compute(few))
            for row in few:
                for place, ids in zip(row.answers, row.ids.candidates, strict=True):
                    found[row.case][place] = Logp(next(logps), len(ids))
        return found

    def _row(self, number: int, case: Case, prompt: Messages, places: list[int]) -> _Row:
        """Tokenize a prompt and its answers.

        Raises:
            InputError: a clip that cannot be heard, or a row that is too long.
        """
        messages: Any = [dict(message) for message in prompt]
        for problem in form_problems(messages):
            raise InputError(problem)
        clips = [self._features(case, part) for part in audio_parts(messages)]
        counts = [audio_policy(self.policy).audio_tokens(clip) for clip in clips]
        texts = [text_of(case.answers[place]).strip() for place in places]
        with one_message(f"'{case.id}'", "put into the model's chat template"):
            ids = Answers(
                self.policy.prompt_ids(messages, counts),
                [self.policy.answer_ids(messages, text) for text in texts],
            )
        length = len(ids.prompt) + max(map(len, ids.candidates))
        longest = self.policy.longest_row
        if longest is not None and length > longest:
            raise InputError(
                f"prompt and longest answer have {length} tokens; the model reads {longest}"
            )
        return _Row(number, places, ids, clips)

    def _features(self, case: Case, part: dict[str, Any]) -> Features:
        policy = audio_policy(self.policy)
        path = located(case.folder, part["audio"])
        clip = read_audio(path, part.get("start_s"), part.get("end_s"))
        policy.check_length(clip, where=str(path))
        return policy.features(clip)

    @torch.no_grad()
    def _compute(self, rows: Sequence[_Row]) -> list[float]:
        batch = SharedBatch(
            lay_out([row.ids for row in rows], self.policy.pad_id),
            [clip for row in rows for clip in row.clips],
        ).to(self.policy.device)
        return [float(each) for each in self.policy.network(shared=batch)]


def _by_prompt(case: Case) -> Iterator[tuple[Messages, list[int]]]:
    """Yield each prompt of a case with the places of the answers to it that are texts."""
    texts = [(n, answer) for n, answer in enumerate(case.answers) if answer.text is not None]
    done: set[int] = set()
    for number, answer in texts:
        if number not in done:
            same = [n for n, other in texts if _prompt(case, other) == _prompt(case, answer)]
            done.update(same)
            yield _prompt(case, answer), same


def _prompt(case: Case, answer: Answer) -> Messages:
    return case.prompt if answer.prompt is None else answer.prompt
