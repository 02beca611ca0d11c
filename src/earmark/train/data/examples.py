"""From a pair to what a row is made of: clips, answers, token ids; refuse what cannot be used."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from earmark.errors import InputError, shortened
from earmark.objectives.contract.signature import Contract
from earmark.pairs import rules
from earmark.pairs.pair_file import Pairs
from earmark.policies.policy import Messages, Policy
from earmark.policies.rows.shared_row import Answers
from earmark.records import Pair
from earmark.speech.audio_path import located
from earmark.train.data.clip import ClipRef
from earmark.train.data.criterion import Criterion, one_score_each


class EncodedPair(NamedTuple):
    """A pair ready for a row: its id, its prompt, its clips, its answers as text.

    `wanted` says for each answer whether it is the chosen one; an answer beyond it is that of
    another prompt. `scores` has one number an answer.
    """

    id: str
    messages: Messages
    clips: list[ClipRef]
    answers: list[str]
    wanted: list[bool]
    scores: list[float] | None = None


def audio_parts(pair: Pair, folder: Path) -> list[ClipRef]:
    """Find the clips in a pair's prompt; paths are absolute or relative to `folder`.

    Raises:
        InputError: an audio file does not exist, or what names it is no path.
    """
    clips = []
    for part in rules.audio_parts(pair.prompt):
        try:
            path = located(folder, part["audio"])
        except InputError as error:
            raise InputError(f"pair '{pair.id}': {error}") from error
        if not os.path.lexists(path):
            raise InputError(
                f"pair '{pair.id}': audio file {shortened(path)} does not exist; put it there "
                f"or correct the pair's path, which starts at {folder} (the pairs file's folder) "
                "if relative"
            )
        clips.append(ClipRef(path, part.get("start_s"), part.get("end_s")))
    return clips


def answers_of(pair: Pair, needs: Contract) -> tuple[list[str], list[bool]]:
    """Return a pair's answers as far as the objective needs them, and which of them is wanted.

    Blanks at either end are left out, as chat templates do.

    Raises:
        InputError: an empty answer, or a rejected answer that equals the chosen one.
    """
    compares, single = needs.compares, needs.takes_single_answers
    for problem in rules.answer_problems(pair, compares=compares, single=single):
        raise InputError(f"pair '{pair.id}': {problem}")
    chosen = pair.chosen.strip()
    wanted = [True] * bool(chosen)
    losers = [answer.strip() for answer in pair.losers] if compares else []
    answers = [*([chosen] if wanted else []), *losers]
    return answers, wanted + [False] * len(losers)


class EncodedPairs:
    """The pairs as an objective needs them, made on demand."""

    def __init__(
        self, pairs: Pairs, folder: Path, needs: Contract, criterion: Criterion | None = None
    ) -> None:
        self.pairs = pairs
        self.folder = folder
        self.needs = needs
        self.criterion = criterion

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.pairs)

    def __getitem__(self, number: int) -> EncodedPair:
        """Find the clips of a pair and its answers."""
        pair = self.pairs[number]
        answers, wanted = answers_of(pair, self.needs)
        if self.needs.needs_mismatched:
            answers = [*answers, self.mismatched(number, answers)]
        scores = one_score_each(pair, self.criterion) if self.criterion else None
        clips = audio_parts(pair, self.folder)
        return EncodedPair(pair.id, pair.prompt, clips, answers, wanted, scores)

    def mismatched(self, number: int, own: Sequence[str]) -> str:
        """Return the first answer of the pair before, as the answer of another prompt.

        Where that is one of the pair's own answers, an earlier pair's is taken.
        """
        earlier = (
            answers_of(self.pairs[(number - back) % len(self.pairs)], self.needs)[0][0]
            for back in range(1, len(self.pairs))
        )
        return next(answer for answer in earlier if answer not in own)


def tokenize_pair(policy: Policy, pair: EncodedPair, audio_tokens: Sequence[int]) -> Answers:
    """Tokenize prompt and answers; `audio_tokens` says how many tokens each clip takes."""
    return Answers(
        policy.prompt_ids(pair.messages, audio_tokens),
        [policy.answer_ids(pair.messages, answer) for answer in pair.answers],
    )
