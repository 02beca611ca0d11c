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


class Side(NamedTuple):
    """A prompt, its clips, and the answers to it as text."""

    messages: Messages
    clips: list[ClipRef]
    answers: list[str]


class EncodedPair(NamedTuple):
    """A pair ready for a row: its id, and its prompt with clips and answers.

    `sides` is one where all answers have one prompt, and two, the chosen one first, where the
    rejected ones have another. `wanted` says for each answer, side after side, whether it is the
    chosen one; an answer beyond it is that of another prompt. `scores` has one number an answer.
    """

    id: str
    sides: list[Side]
    wanted: list[bool]
    scores: list[float] | None = None

    @property
    def clips(self) -> list[ClipRef]:
        """Return the clips of all sides, in their order."""
        return [clip for side in self.sides for clip in side.clips]

    @property
    def answers(self) -> list[str]:
        """Return the answers of all sides, in their order."""
        return [answer for side in self.sides for answer in side.answers]


def audio_parts(pair: Pair, folder: Path) -> list[ClipRef]:
    """Find the clips in a pair's prompts; paths are absolute or relative to `folder`.

    Raises:
        InputError: an audio file does not exist, or what names it is no path.
    """
    prompts = prompts_of(pair)
    return [clip for prompt in prompts for clip in clips_of(pair.id, prompt, folder)]


def prompts_of(pair: Pair) -> list[Messages]:
    """Return the prompts of a pair: one, or that of the rejected answers too where it differs.

    >>> prompts_of(Pair("p", [], "yes", "no"))
    [[]]
    """
    other = pair.rejected_prompt
    return [pair.prompt] if other is None or other == pair.prompt else [pair.prompt, other]


def clips_of(id_: str, prompt: Messages, folder: Path) -> list[ClipRef]:
    """Find the clips in one prompt of a pair.

    Raises:
        InputError: an audio file does not exist, or what names it is no path.
    """
    clips = []
    for part in rules.audio_parts(prompt):
        try:
            path = located(folder, part["audio"])
        except InputError as error:
            raise InputError(f"pair '{id_}': {error}") from error
        if not os.path.lexists(path):
            raise InputError(
                f"pair '{id_}': audio file {shortened(path)} does not exist; put it there "
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
        return EncodedPair(pair.id, self.sides_of(pair, answers, wanted), wanted, scores)

    def sides_of(self, pair: Pair, answers: Sequence[str], wanted: Sequence[bool]) -> list[Side]:
        """Divide a pair by its prompts; a prompt without an answer that is needed is left out.

        An answer of another prompt goes with the last.
        """
        prompts = prompts_of(pair)
        best = sum(wanted) if len(prompts) > 1 else len(answers)
        parts = [list(answers[:best]), list(answers[best:])]
        return [
            Side(prompt, clips_of(pair.id, prompt, self.folder), part)
            for prompt, part in zip(prompts, parts, strict=False)
            if part
        ]

    def mismatched(self, number: int, own: Sequence[str]) -> str:
        """Return the first answer of the pair before, as the answer of another prompt.

        Where that is one of the pair's own answers, an earlier pair's is taken.
        """
        earlier = (
            answers_of(self.pairs[(number - back) % len(self.pairs)], self.needs)[0][0]
            for back in range(1, len(self.pairs))
        )
        return next(answer for answer in earlier if answer not in own)


def tokenize_pair(policy: Policy, pair: EncodedPair, audio_tokens: Sequence[int]) -> list[Answers]:
    """Tokenize prompt and answers, of each side; `audio_tokens` has how many each clip takes."""
    counts = iter(audio_tokens)
    return [
        Answers(
            policy.prompt_ids(side.messages, [next(counts) for _ in side.clips]),
            [policy.answer_ids(side.messages, answer) for answer in side.answers],
        )
        for side in pair.sides
    ]
